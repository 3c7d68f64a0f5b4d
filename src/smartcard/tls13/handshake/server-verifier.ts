/**
 * Judges the certificate of a server: this project's path validation under the trust anchors of the caller, and its names.
 * Revocation is not asked, and the common name of the subject never counts as a name.
 */

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Clock } from '../../../clock.ts';
import type { DenialCode } from '../../../denial.ts';
import { unrecorded } from '../../../explanation/steps.ts';
import { silentLogger } from '../../../operations/log.ts';
import { printable } from '../../../operations/printable.ts';
import { defaultAlgorithmPolicy } from '../../../pki/certificate/algorithms.ts';
import { oids } from '../../../pki/encoding/oids.ts';
import { readCertificates } from '../../../pki/encoding/pem.ts';
import { createCertificateValidator } from '../../../pki/path/certificate-validator.ts';
import { pathSettings } from '../../../pki/path/path-settings.ts';
import { revocationSettings } from '../../../pki/revocation/revocation-settings.ts';
import type { AlertName } from '../alerts.ts';
import { TlsError } from '../tls-error.ts';
import type { ServerVerification } from '../tls13-session.ts';

export interface ServerVerifierOptions {
  /** PEM with one or several certificates, or the DER of one: the authorities that may certify the server. */
  readonly trustAnchors: Buffer;
  /** The DNS name or IP address that the person asked for. */
  readonly host: string;
  readonly clock: Clock;
}

export type ServerRefusal = DenialCode | 'host-mismatch';

interface VerifierAnswer {
  readonly alert: AlertName;
  readonly remedy: string;
}

const askOwner = 'Tell who runs the server; do not log in until it is mended.';

const answers: Partial<Record<ServerRefusal, VerifierAnswer>> = {
  'host-mismatch': {
    alert: 'bad_certificate',
    remedy: 'Use the name that is in the certificate; if it is the right one, the certificate lacks it.',
  },
  'certificate-expired': {
    alert: 'certificate_expired',
    remedy: 'Tell who runs the server to renew it; and check the clock of this machine.',
  },
  'certificate-not-yet-valid': { alert: 'certificate_expired', remedy: 'Check the clock of this machine.' },
  'path-not-found': {
    alert: 'unknown_ca',
    remedy:
      'Give the certificate of the authority that issued it as a trust anchor; the server sends those in between.',
  },
  'extended-key-usage-missing': {
    alert: 'unsupported_certificate',
    remedy: 'Tell who runs the server: its certificate must be for server authentication.',
  },
};

/** A server's certificate is not acceptable; the message says which rule it breaks, with the values. */
export class ServerCertificateRefused extends TlsError {
  readonly reason: ServerRefusal;

  constructor(host: string, reason: ServerRefusal, detail: string) {
    const { alert, remedy } = answers[reason] ?? { alert: 'bad_certificate', remedy: askOwner };
    super('ERR_TLS_SERVER_CERTIFICATE', `The certificate of ${host} is refused (${reason}): ${detail}`, remedy, alert);
    this.reason = reason;
  }
}

const serverRules = {
  settings: z.strictObject(pathSettings).parse({ requiredExtendedKeyUsage: [oids.serverAuth] }),
  algorithms: defaultAlgorithmPolicy,
  revocation: { settings: revocationSettings.parse({ validationFlags: ['NoRevocationCheck'] }) },
};

/**
 * A `verifyServer` for one host. It rejects with ServerCertificateRefused.
 * @throws MalformedError when the trust anchors cannot be read
 */
export function createServerVerifier({ trustAnchors, host, clock }: ServerVerifierOptions): ServerVerification {
  const validator = createCertificateValidator({
    trustAnchors: readCertificates(trustAnchors),
    intermediates: [],
    crls: [],
    ...serverRules,
    clock,
    logger: silentLogger,
  });
  return async (chain) => {
    const result = await validator.validate(chain, unrecorded);
    if (result.outcome === 'invalid')
      throw new ServerCertificateRefused(host, result.denial.code, result.denial.detail);
    // What was validated, not merely what was sent.
    const certificate = new X509Certificate(result.certificate.certificate.der);
    if (isNamed(certificate, host)) return;
    const names = certificate.subjectAltName ?? 'no host: it has no subject alternative name';
    throw new ServerCertificateRefused(host, 'host-mismatch', `It is for ${printable(names)}.`);
  };
}

function isNamed(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined;
  return certificate.checkHost(host, { subject: 'never', partialWildcards: false }) !== undefined;
}
