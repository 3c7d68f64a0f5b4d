/** What a step or a denial says of the certificate it is about. */
import type { Facts } from '../../explanation/steps.ts';
import { formatRfc4514 } from '../names/distinguished-name.ts';
import { serialNumberText } from '../names/serial-number-text.ts';
import type { Certificate } from './certificate.ts';

/** Subject, issuer, serial number and SHA-256; computed once for a certificate, since every step shows them. */
export function certificateFacts(certificate: Certificate): Facts {
  certificate.derived.facts ??= {
    subject: formatRfc4514(certificate.subject),
    issuer: formatRfc4514(certificate.issuer),
    serialNumber: serialNumberText(certificate.serialNumber),
    sha256: certificate.sha256,
  };
  return certificate.derived.facts;
}
