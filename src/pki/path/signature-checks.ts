/** The signatures of certificates as one login checks them: each pair of certificate and issuer key at most once, under its budget. */
import { type Denial, denial } from '../../denial.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { certificateFacts } from '../certificate/certificate-facts.ts';
import { octetsText, type SignatureVerifier } from '../certificate/signature.ts';
import { inheritsParameters, workingPublicKey } from '../certificate/working-key.ts';
import type { Budget } from './budget.ts';

export class SignatureChecks {
  readonly budget: Budget;
  readonly verifier: SignatureVerifier;
  readonly #inherited = new Map<Certificate, Buffer>();
  readonly #refusals = new Map<Certificate, Map<string, Denial | undefined>>();

  constructor(verifier: SignatureVerifier, budget: Budget) {
    this.verifier = verifier;
    this.budget = budget;
  }

  /** RFC 5280 6.1.3 (a)(1). Undefined when the signature verifies with the key of `issuer`. @throws BudgetExceededError */
  refusal(certificate: Certificate, issuer: Certificate): Denial | undefined {
    const spki = this.keyOf(issuer);
    const key = octetsText(spki);
    const known = this.#refusals.get(certificate) ?? new Map<string, Denial | undefined>();
    this.#refusals.set(certificate, known);
    if (!known.has(key)) known.set(key, this.#check(certificate, spki));
    return known.get(key);
  }

  /**
   * Whether a path may be looked for above `issuer` (likewise). A key that inherits its parameters can verify only once the
   * path is known, so it is let through here; path validation decides. @throws BudgetExceededError
   */
  refusalWhileBuilding(certificate: Certificate, issuer: Certificate): Denial | undefined {
    return inheritsParameters(issuer.subjectPublicKeyInfo) ? undefined : this.refusal(certificate, issuer);
  }

  /** The public key of a certificate, on the path validated last if it inherits its parameters. DER of SubjectPublicKeyInfo. */
  keyOf(certificate: Certificate): Buffer {
    return this.#inherited.get(certificate) ?? certificate.subjectPublicKeyInfo;
  }

  /** RFC 5280 6.1.4 (d) to (f): `certificate` stands below `issuer` on a path. */
  setWorkingKey(certificate: Certificate, issuer: Certificate): Buffer {
    const spki = certificate.subjectPublicKeyInfo;
    const working = workingPublicKey(spki, this.keyOf(issuer));
    if (working === spki) this.#inherited.delete(certificate);
    else this.#inherited.set(certificate, working);
    return working;
  }

  #check(certificate: Certificate, spki: Buffer): Denial | undefined {
    const signed = {
      data: certificate.tbsCertificate,
      algorithm: certificate.signatureAlgorithm,
      signature: certificate.signature,
      isOfPeer: true,
      // End entities come once; only CA certificates are worth remembering beyond this login.
      identity: certificate.basicConstraints?.ca ? certificate.sha256 : undefined,
    };
    const result = this.verifier.verify(signed, spki, this.budget);
    if (result.outcome === 'valid') return undefined;
    const facts = certificateFacts(certificate);
    return result.outcome === 'invalid'
      ? denial('signature-invalid', 'The signature does not verify with the key of the issuer.', facts)
      : denial('algorithm-not-acceptable', `The signature is not acceptable: ${result.reason}.`, facts);
  }
}
