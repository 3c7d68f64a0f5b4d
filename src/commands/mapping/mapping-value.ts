/** `cardgate mapping value`: the strings to store at an account, to be copied as they stand. It validates nothing. */
import { readFileSync } from 'node:fs';
import { type CertificateMappings, certificateMappings } from '../../mapping/stored/certificate-mappings.ts';
import { parseCertificate } from '../../pki/certificate/certificate.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { readCertificateBlocks } from '../../pki/encoding/pem.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { wholeText } from '../whole-text.ts';

export function mappingValue(file: string, { json }: { readonly json: boolean }, terminal: Terminal): ExitCode {
  try {
    const [der] = readCertificateBlocks(readFileSync(file));
    if (!der) throw new MalformedError('holds no certificate');
    const values = certificateMappings(parseCertificate(der));
    terminal.write(json ? `${JSON.stringify(values, null, 2)}\n` : textOf(values));
    return exitCode.done;
  } catch (error) {
    if (!(error instanceof MalformedError) && !(error instanceof Error && 'code' in error)) throw error;
    terminal.writeError(`${file}: ${error.message}\nGive a certificate in PEM or DER.\n`);
    return exitCode.usage;
  }
}

function textOf(values: CertificateMappings): string {
  const { altSecurityIdentities, ipaCertMapData, exactMatchFilter } = values;
  const withStrength = (wanted: 'strong' | 'weak') =>
    altSecurityIdentities.filter(({ strength }) => strength === wanted).map(({ value }) => `  ${wholeText(value)}`);
  const lines = [
    `Subject        ${wholeText(values.subject)}`,
    `Issuer         ${wholeText(values.issuer)}`,
    `Serial number  ${values.serialNumber}`,
    '',
    'altSecurityIdentities, strong: store one of these',
    ...withStrength('strong'),
    '',
    'altSecurityIdentities, weak: names only, refused unless something else proves them',
    ...withStrength('weak'),
    '',
    'SHA-256 of the certificate, for an account file or fingerprintAttribute',
    `  ${values.sha256}`,
    '',
    'ipaCertMapData of FreeIPA',
    `  ${ipaCertMapData === undefined ? 'none: the subject is empty' : wholeText(ipaCertMapData)}`,
    '',
    'Filter that finds the certificate in OpenLDAP (userCertificate;binary holds the certificate itself)',
    `  ${exactMatchFilter === undefined ? 'none: OpenLDAP cannot match this issuer; store the SHA-256' : wholeText(exactMatchFilter)}`,
  ];
  return `${lines.join('\n')}\n`;
}
