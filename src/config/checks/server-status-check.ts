/** Whether the status of a server's certificate can be told to clients in the handshake, and whether it must be (RFC 7633). */
import { X509Certificate } from 'node:crypto';
import { hostNamesOf } from '../../ftp/tls/tls-settings.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { oids } from '../../pki/encoding/oids.ts';
import { readCertificates } from '../../pki/encoding/pem.ts';
import { readOwnCertificate } from '../../pki/ocsp/own-certificate.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';

/** @param setting names the file @param pem the server’s certificate, then its intermediates */
export function checkServerStatus(source: YamlSource, setting: SettingPath, pem: string, isStapled: boolean): void {
  if (!isStapled) {
    if (demandsStatus(pem)) {
      source.warning(
        setting,
        'demands that the server tells its status in the handshake (TLS feature): some clients refuse it without',
        'Set ssl.ocspStapling to true.',
      );
    }
    return;
  }
  const own = readOwnCertificate(pem);
  if (typeof own !== 'string') return;
  source.fault(
    setting,
    `has no status that can be retrieved for ocspStapling: ${own}`,
    'Name a file with the server’s certificate, which names an OCSP responder by http, and then its issuer’s; or set ocspStapling to false.',
  );
}

/**
 * Node does not tell which of several kinds of keys a client is about to be shown.
 * @param setting `ssl` of the site
 * @param servers that of the site itself first
 */
export function checkStapledTwins(
  source: YamlSource,
  setting: SettingPath,
  servers: readonly { readonly certificate: string }[],
): void {
  const names = servers.map(({ certificate }) => hostNamesOf(new X509Certificate(certificate)));
  const twin = names.findIndex((name, index) => index > 0 && name === names[0]);
  if (twin < 1) return;
  source.fault(
    [...setting, 'furtherCertificates', twin - 1, 'serverCertificate'],
    'has another kind of key for the names of the site’s own certificate: with ocspStapling clients can be told the status of the wrong one',
    'Remove it, or set ocspStapling to false.',
  );
}

function demandsStatus(pem: string): boolean {
  try {
    return readCertificates(Buffer.from(pem))[0]?.extensions.has(oids.tlsFeature) === true;
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}
