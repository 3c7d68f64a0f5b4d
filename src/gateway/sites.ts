/** What a site hands to its FTP server: its settings as they were decoded, and the TLS identity they name. */
import type { LoadedSite } from '../config/load.ts';
import type { IpSecurity } from '../ftp/admission/ip-security.ts';
import type { RenewableOptions } from '../ftp/server-options.ts';
import type { LogPlace } from '../operations/site-log/site-log.ts';
import { encodeCertificatePem } from '../pki/encoding/pem.ts';
import { type OwnCertificate, readOwnCertificate } from '../pki/ocsp/own-certificate.ts';

/** @param serverIpSecurity of the whole server */
export function serverOptions(
  { settings, server, furtherServers, trustAnchors }: LoadedSite,
  serverIpSecurity: IpSecurity,
): RenewableOptions {
  return {
    site: settings,
    serverIpSecurity,
    identity: {
      ...server,
      furtherIdentities: furtherServers,
      caNames: trustAnchors.map(({ der }) => encodeCertificatePem(der)),
    },
  };
}

/** Of which clients are told the status; a site that cannot find it out has not been loaded. */
export function stapledCertificates({ settings, server, furtherServers }: LoadedSite): readonly OwnCertificate[] {
  if (!settings.ssl.ocspStapling) return [];
  return [server, ...furtherServers]
    .map(({ certificate }) => readOwnCertificate(certificate))
    .filter((own) => typeof own !== 'string');
}

/** @returns where the log of the site is written, undefined for a site without one */
export function logPlaceOf({ settings: { logFile }, logDirectory }: LoadedSite): LogPlace | undefined {
  return logFile && logDirectory !== undefined ? { settings: logFile, directory: logDirectory } : undefined;
}
