/** What a site hands to its FTP server: its settings as they were decoded, and the TLS identity they name. */
import type { LoadedSite } from '../config/load.ts';
import type { RenewableOptions } from '../ftp/server-options.ts';
import { encodeCertificatePem } from '../pki/encoding/pem.ts';

export function serverOptions({ settings, server, trustAnchors }: LoadedSite): RenewableOptions {
  return { site: settings, identity: { ...server, caNames: trustAnchors.map(({ der }) => encodeCertificatePem(der)) } };
}
