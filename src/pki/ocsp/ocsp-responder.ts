/**
 * Who signed an OCSP response, and whether that signer may (RFC 6960 4.2.2.2): the CA that issued the certificate, or a delegate that this
 * very key certified for OCSP signing. A responder never vouches for itself: CRLs decide on it, with id-pkix-ocsp-nocheck those at hand.
 */
import { unrecorded } from '../../explanation/steps.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { namedPurposes } from '../certificate/key-purposes.ts';
import type { Subject } from '../crl/crl-subject.ts';
import { oids } from '../encoding/oids.ts';
import type { IssuerPool } from '../path/issuer-pool.ts';
import { type PathInputs, validatePath } from '../path/path-validator.ts';
import type { SignatureChecks } from '../path/signature-checks.ts';
import { keyHashOf } from './key-hash.ts';
import type { OcspResponse, ResponderId } from './ocsp-response.ts';

export interface ResponderContext {
  /** Where certificates of responders are looked for that the response does not bring along. */
  readonly pool: IssuerPool;
  /** Responders the site trusts by themselves, whichever CA certified them (RFC 6960 4.2.2.2 criterion 1). Default: none. */
  readonly pinned?: readonly Certificate[] | undefined;
  readonly signatures: SignatureChecks;
  readonly time: Date;
  /** Why the status of a responder’s certificate is not good by CRLs; undefined when it is good. */
  readonly delegateProblem: (delegate: Subject) => Promise<string | undefined>;
  /** Whether a CRL at hand revokes it; nothing is retrieved for that. */
  readonly isDelegateRevoked: (delegate: Subject) => Promise<boolean>;
}

/**
 * The certificate whose key signed the response and which is allowed to; a string: why no certificate qualifies.
 * @throws BudgetExceededError
 */
export async function findResponder(
  response: OcspResponse,
  subject: Subject,
  context: ResponderContext,
): Promise<Certificate | string> {
  const { issuer } = subject;
  const { responderId } = response;
  const { pinned = [], time, pool } = context;
  if (matches(responderId, issuer) && isSignedBy(response, issuer, context)) return issuer;
  const { certificates, unreadable } = response.brought.read();
  let problem = 'it is signed neither by the issuer nor by a responder whose certificate is at hand';
  if (unreadable !== undefined) problem += `; a certificate that it brings along cannot be read: ${unreadable}`;
  for (const certificate of pinned) {
    if (!matches(responderId, certificate) || !isSignedBy(response, certificate, context)) continue;
    if (time >= certificate.notBefore && time <= certificate.notAfter) return certificate;
    problem = 'the pinned certificate of its signer is not valid at this time';
  }
  const known =
    responderId.kind === 'byName' ? pool.bySubject(responderId.name.key) : pool.byKeyHash(responderId.keyHash);
  for (const certificate of [...certificates, ...known.map(({ certificate }) => certificate)]) {
    if (!matches(responderId, certificate) || !isSignedBy(response, certificate, context)) continue;
    const refusal = await delegateRefusal(certificate, subject, context);
    if (!refusal) return certificate;
    problem = refusal;
  }
  return problem;
}

/** Why this certificate does not make its holder a responder for what the issuer of the subject issued. */
async function delegateRefusal(
  certificate: Certificate,
  { issuer, above, trustAnchor }: Subject,
  context: ResponderContext,
): Promise<string | undefined> {
  const { signatures, time } = context;
  if (certificate.issuer.key !== issuer.subject.key || signatures.refusal(certificate, issuer))
    return 'the certificate of its signer was not issued by the issuer of the certificate in question';
  // anyExtendedKeyUsage delegates nothing (RFC 6960 4.2.2.2), and neither does an extension of the CA above.
  const isForOcsp =
    certificate.extendedKeyUsage?.includes(oids.ocspSigning) && namedPurposes(certificate)?.includes(oids.ocspSigning);
  if (!isForOcsp) return 'the certificate of its signer is not for OCSP signing';
  if (certificate.basicConstraints?.ca) return 'the certificate of its signer is that of another CA';
  const path = { certificates: [certificate, ...above.slice(0, -1)], trustAnchor };
  const result = validatePath(path, { ...delegateInputs, time }, { signatures, steps: unrecorded });
  if (result.outcome === 'invalid') return `the certificate of its signer is not valid: ${result.denial.detail}`;
  const delegate = { certificate, issuer, above, trustAnchor };
  // RFC 6960 4.2.2.2.1 spares the asking; it does not make us deaf to what we know.
  if (certificate.extensions.has(oids.ocspNoCheck))
    return (await context.isDelegateRevoked(delegate)) ? 'the certificate of its signer is revoked' : undefined;
  const problem = await context.delegateProblem(delegate);
  return problem && `the status of its signer is not known to be good: ${problem}`;
}

const delegateInputs: Omit<PathInputs, 'time'> = {
  userInitialPolicySet: new Set([oids.anyPolicy]),
  initialExplicitPolicy: false,
  initialPolicyMappingInhibit: false,
  initialAnyPolicyInhibit: false,
  // Checked on the delegate itself: CAs whose own purposes are limited to logon do delegate OCSP signing.
  purposes: [],
  endEntityKeyUsage: 'digitalSignature',
};

function isSignedBy(response: OcspResponse, signer: Certificate, { signatures }: ResponderContext): boolean {
  const { responseData: data, signatureAlgorithm: algorithm, signature, sha256: identity } = response;
  const signed = { data, algorithm, signature, identity };
  return signatures.verifier.verify(signed, signatures.keyOf(signer), signatures.budget).outcome === 'valid';
}

/** RFC 6960 4.2.2.3: the responder is named by its subject or by the SHA-1 of its key. */
function matches(responderId: ResponderId, certificate: Certificate): boolean {
  if (responderId.kind === 'byName') return responderId.name.key === certificate.subject.key;
  const keyHash = keyHashOf(certificate);
  return keyHash?.equals(responderId.keyHash) === true;
}
