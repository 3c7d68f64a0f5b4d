/** The gateway's own certificates and keys: read, checked against each other and the clock before anything starts. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { SettingPath } from '../schema-faults/setting-path.ts';
import type { MaterialReader } from './material.ts';

export interface ServerIdentity {
  /** PEM: the server's certificate, then its intermediates. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
}

const dayMilliseconds = 86_400_000;
const renewalDays = 30;
const leastRsaBits = 2048;

/** Two settings that name a certificate and its key. */
export interface IdentityFiles {
  readonly certificate: { readonly setting: SettingPath; readonly file: string };
  readonly key: { readonly setting: SettingPath; readonly file: string };
}

/** Any TLS identity of ours, as server or client. */
export function readIdentity(reader: MaterialReader, files: IdentityFiles, now: Date): ServerIdentity | undefined {
  const { setting: certificateSetting } = files.certificate;
  const { setting: keySetting } = files.key;
  const certificate = reader.text(certificateSetting, files.certificate.file);
  const privateKey = reader.secret(keySetting, files.key.file);
  if (certificate === undefined || privateKey === undefined) return undefined;

  const parsed = attempt(() => new X509Certificate(certificate));
  const key = attempt(() => createPrivateKey(privateKey));
  if (!parsed)
    reader.source.fault(certificateSetting, 'is not a PEM certificate', 'Give the certificate chain in PEM.');
  if (!key)
    reader.source.fault(
      keySetting,
      'is not a PEM private key without a pass phrase',
      'Give the key in PEM, unencrypted.',
    );
  if (!parsed || !key) return undefined;

  if (!parsed.checkPrivateKey(key)) {
    reader.source.fault(
      keySetting,
      'is not the key of the certificate',
      'Name the key the certificate was issued for.',
    );
  }
  checkStrength(reader, certificateSetting, key);
  checkValidity(reader, certificateSetting, parsed, now);
  return { certificate, privateKey };
}

function checkStrength(reader: MaterialReader, setting: SettingPath, key: KeyObject): void {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits === undefined || bits >= leastRsaBits) return;
  reader.source.fault(setting, `has an RSA key of ${bits} bits`, `Have it issued for RSA-${leastRsaBits} or P-256.`);
}

function checkValidity(reader: MaterialReader, setting: SettingPath, certificate: X509Certificate, now: Date): void {
  const notAfter = certificate.validToDate;
  const notBefore = certificate.validFromDate;
  if (now > notAfter) {
    reader.source.fault(setting, `expired at ${notAfter.toISOString()}`, 'Renew the certificate.');
  } else if (now < notBefore) {
    reader.source.fault(setting, `is not valid before ${notBefore.toISOString()}`, 'Check the clock of this machine.');
  } else if (notAfter.getTime() - now.getTime() < renewalDays * dayMilliseconds) {
    reader.source.warning(setting, `expires at ${notAfter.toISOString()}`, 'Renew the certificate soon.');
  }
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
