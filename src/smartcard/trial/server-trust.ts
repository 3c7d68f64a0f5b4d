/** Whom the trial believes that it is the server: authorities out of a file, or those that Node and the system trust. */
import { readFileSync } from 'node:fs';
import { getCACertificates, rootCertificates } from 'node:tls';
import type { Clock } from '../../clock.ts';
import { errorMessage } from '../../error-message.ts';
import { readableCertificates } from '../../pki/certificate/certificate.ts';
import { encodeCertificatePem, readCertificateBlocks } from '../../pki/encoding/pem.ts';
import { CardError } from '../card/card-error.ts';
import {
  createServerVerifier,
  ServerCertificateRefused,
  type ServerRefusal,
} from '../tls13/handshake/server-verifier.ts';
import type { ServerVerification } from '../tls13/tls13-session.ts';
import { type FindingCode, finding, type TrialFinding } from './trial-findings.ts';

export interface ServerTrust {
  /** Always the same function: a TLS session resumes only under it. */
  readonly verify: ServerVerification;
  readonly pem: string;
  /** DER of the authorities. */
  readonly authorities: readonly Buffer[];
}

/**
 * @param file PEM or DER; absent: the authorities of Node and of the system
 * @throws CardError when the file cannot be read or holds no certificate
 */
export function serverTrust({ file, host, clock }: { file?: string; host: string; clock: Clock }): ServerTrust {
  const authorities = file === undefined ? defaultAuthorities() : readAuthorities(file);
  const pem = authorities.map(encodeCertificatePem).join('');
  return { verify: createServerVerifier({ trustAnchors: Buffer.from(pem), host, clock }), pem, authorities };
}

/** DER of the certificates of a file. @throws CardError */
export function readAuthorities(file: string): readonly Buffer[] {
  try {
    return readCertificateBlocks(readFileSync(file));
  } catch (error) {
    throw new CardError(`${file}: ${errorMessage(error)}`, 'Name a file with certificates in PEM or DER.', error);
  }
}

/** Those that a strict reader can read; old roots that it cannot are left out. */
function defaultAuthorities(): readonly Buffer[] {
  const all = [...rootCertificates, ...systemAuthorities()];
  const ders = [...new Set(all)].flatMap((pem) => readCertificateBlocks(Buffer.from(pem)));
  return readableCertificates(ders).map(({ der }) => der);
}

/** getCACertificates came with Node 22.15; before, there is no way to ask for those of the system. */
function systemAuthorities(): readonly string[] {
  return typeof getCACertificates === 'function' ? getCACertificates('system') : [];
}

const codes: Partial<Record<ServerRefusal, FindingCode>> = {
  'certificate-expired': 'server-certificate-expired',
  'certificate-not-yet-valid': 'server-certificate-not-yet-valid',
  'host-mismatch': 'server-certificate-wrong-name',
  'path-not-found': 'server-certificate-untrusted',
};

/** What it means that a server was refused; undefined for any other error. */
export function serverRefusalFinding(error: unknown): TrialFinding | undefined {
  if (!(error instanceof ServerCertificateRefused)) return undefined;
  return finding(codes[error.reason] ?? 'server-certificate-invalid', error.message);
}
