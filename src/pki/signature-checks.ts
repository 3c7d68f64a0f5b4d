/** The signatures of certificates as one login checks them: each pair of certificate and issuer key at most once, under its budget. */
import { type Denial, denial } from '../denial.ts';
import type { Budget } from './budget.ts';
import type { Certificate } from './certificate.ts';
import { certificateFacts } from './certificate-facts.ts';
import type { SignatureVerifier } from './signature.ts';

export class SignatureChecks {
  readonly budget: Budget;
  readonly verifier: SignatureVerifier;
  readonly #refusals = new Map<Certificate, Map<string, Denial | undefined>>();

  constructor(verifier: SignatureVerifier, budget: Budget) {
    this.verifier = verifier;
    this.budget = budget;
  }

  /** RFC 5280 6.1.3 (a)(1). Undefined when the signature verifies with the key of `issuer`. @throws BudgetExceededError */
  refusal(certificate: Certificate, issuer: Certificate): Denial | undefined {
    const key = issuer.subjectPublicKeyInfo.toString('latin1');
    const known = this.#refusals.get(certificate) ?? new Map<string, Denial | undefined>();
    this.#refusals.set(certificate, known);
    if (!known.has(key)) known.set(key, this.#check(certificate, issuer));
    return known.get(key);
  }

  #check(certificate: Certificate, issuer: Certificate): Denial | undefined {
    const signed = {
      data: certificate.tbsCertificate,
      algorithm: certificate.signatureAlgorithm,
      signature: certificate.signature,
      // End entities come once; only CA certificates are worth remembering beyond this login.
      ...(certificate.basicConstraints?.ca && { identity: certificate.sha256 }),
    };
    const result = this.verifier.verify(signed, issuer.subjectPublicKeyInfo, this.budget);
    if (result.outcome === 'valid') return undefined;
    const facts = certificateFacts(certificate);
    return result.outcome === 'invalid'
      ? denial('signature-invalid', 'The signature does not verify with the key of the issuer.', facts)
      : denial('algorithm-not-acceptable', `The signature is not acceptable: ${result.reason}.`, facts);
  }
}
