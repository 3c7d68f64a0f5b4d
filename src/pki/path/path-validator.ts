/**
 * RFC 5280 section 6.1: validates one certification path. Revocation (6.1.3 (a)(3)) is checked afterwards, for a path that is
 * valid otherwise. The trust anchor is a certificate whose own validity and constraints are applied as well (RFC 5937).
 */
import { type Denial, denial } from '../../denial.ts';
import { type StepRecorder, unrecorded } from '../../explanation/steps.ts';
import { type Certificate, isSelfIssued } from '../certificate/certificate.ts';
import { certificateFacts } from '../certificate/certificate-facts.ts';
import type { NameConstraints } from '../certificate/extensions.ts';
import { purposesLeftBy } from '../certificate/key-purposes.ts';
import { oids } from '../encoding/oids.ts';
import { nameConstraintsRefusal } from '../names/name-constraints.ts';
import {
  anyPolicyMappingRefusal,
  type CheckFault,
  caRefusal,
  criticalExtensionRefusal,
  keyUsageRefusal,
  validityRefusal,
} from './certificate-checks.ts';
import {
  type EndEntityDemands,
  endEntityPurposeRefusal,
  forbiddenPolicyRefusal,
  keyRefusal,
} from './end-entity-checks.ts';
import { PolicyGraph } from './policy-graph.ts';
import type { SignatureChecks } from './signature-checks.ts';

export interface CertificationPath {
  /** End entity first, the certificate issued by the trust anchor last. */
  readonly certificates: readonly Certificate[];
  readonly trustAnchor: Certificate;
}

/** The inputs of RFC 5280 6.1.1 besides the path, and what this relying party demands. */
export interface PathInputs extends EndEntityDemands {
  /** user-initial-policy-set, dotted OIDs; with anyPolicy in it, any. */
  readonly userInitialPolicySet: ReadonlySet<string>;
  readonly initialExplicitPolicy: boolean;
  readonly initialPolicyMappingInhibit: boolean;
  readonly initialAnyPolicyInhibit: boolean;
  /** SHA-256 (lower-case hexadecimal) of the CA certificates that may stand right above the end entity; empty: any. */
  readonly acceptedIssuers?: ReadonlySet<string>;
}

export interface PathTools {
  readonly signatures: SignatureChecks;
  readonly steps: StepRecorder;
}

type PathResult =
  | { readonly outcome: 'valid'; readonly userConstrainedPolicySet: ReadonlySet<string> }
  | { readonly outcome: 'invalid'; readonly denial: Denial };

/** @throws BudgetExceededError */
export function validatePath(path: CertificationPath, inputs: PathInputs, tools: PathTools): PathResult {
  const validation = new PathValidation(path, inputs, tools);
  const refusal = validation.run();
  if (refusal) return { outcome: 'invalid', denial: refusal };
  return { outcome: 'valid', userConstrainedPolicySet: validation.userConstrainedPolicySet };
}

/** The state variables of RFC 5280 6.1.2, and one method for each step. */
class PathValidation {
  readonly #path: CertificationPath;
  readonly #inputs: PathInputs;
  readonly #tools: PathTools;
  readonly #policyGraph = new PolicyGraph();
  readonly #nameConstraints: NameConstraints[] = [];
  #purposes: readonly string[];
  #explicitPolicy: number;
  #inhibitAnyPolicy: number;
  #policyMapping: number;
  #maximumPathLength: number;

  constructor(path: CertificationPath, inputs: PathInputs, tools: PathTools) {
    this.#path = path;
    this.#inputs = inputs;
    this.#tools = tools;
    const n = path.certificates.length;
    this.#purposes = inputs.purposes;
    this.#explicitPolicy = inputs.initialExplicitPolicy ? 0 : n + 1;
    this.#inhibitAnyPolicy = inputs.initialAnyPolicyInhibit ? 0 : n + 1;
    this.#policyMapping = inputs.initialPolicyMappingInhibit ? 0 : n + 1;
    this.#maximumPathLength = n;
  }

  get userConstrainedPolicySet(): ReadonlySet<string> {
    return this.#policyGraph.userConstrainedPolicySet(this.#inputs.userInitialPolicySet);
  }

  run(): Denial | undefined {
    const { certificates, trustAnchor } = this.#path;
    let issuer = trustAnchor;
    let refusal = this.#processTrustAnchor(trustAnchor);
    for (let depth = certificates.length - 1; depth >= 0 && !refusal; depth--) {
      const certificate = certificates[depth];
      if (!certificate) break;
      const isEndEntity = depth === 0;
      refusal =
        this.#processCertificate(certificate, issuer, isEndEntity) ??
        (isEndEntity ? this.#wrapUp(certificate, issuer) : this.#prepareForNext(certificate, issuer));
      issuer = certificate;
    }
    return refusal;
  }

  /** RFC 5937 3: what a trust anchor's certificate says limits the paths below it; the counters do not count the anchor itself. */
  #processTrustAnchor(anchor: Certificate): Denial | undefined {
    const pathLength = anchor.basicConstraints?.pathLength;
    if (pathLength !== undefined) this.#maximumPathLength = Math.min(this.#maximumPathLength, pathLength);
    return (
      this.#check(anchor, 'trust anchor validity', 'RFC 5937 3', validityRefusal(anchor, this.#inputs.time)) ??
      // A certificate without the extension may be an anchor, as roots of version 1 are; one that says it is no CA may not.
      this.#check(anchor, 'trust anchor CA flag', 'RFC 5937 3', anchor.basicConstraints && caRefusal(anchor)) ??
      this.#check(anchor, 'trust anchor key usage', 'RFC 5937 3', keyUsageRefusal(anchor, 'keyCertSign')) ??
      this.#check(anchor, 'trust anchor extended key usage', 'RFC 5280 4.2.1.12', this.#narrowPurposes(anchor)) ??
      this.#check(anchor, 'trust anchor critical extensions', 'RFC 5937 3', criticalExtensionRefusal(anchor)) ??
      this.#check(anchor, 'trust anchor policies', 'RFC 5937 3', this.#anchorPolicies(anchor)) ??
      this.#constrain(anchor, 0)
    );
  }

  /** An anchor without certificatePolicies does not limit them, and anyPolicy in one is the trust that was put into it. */
  #anchorPolicies(anchor: Certificate): CheckFault | undefined {
    if (anchor.certificatePolicies) this.#addPolicies(anchor.certificatePolicies, true);
    return this.#mapPolicies(anchor);
  }

  /** RFC 5280 6.1.3. */
  #processCertificate(certificate: Certificate, issuer: Certificate, isEndEntity: boolean): Denial | undefined {
    const { signatures } = this.#tools;
    return (
      this.#check(certificate, 'signature', 'RFC 5280 6.1.3 (a)(1)', signatures.refusal(certificate, issuer)) ??
      this.#check(certificate, 'validity', 'RFC 5280 6.1.3 (a)(2)', validityRefusal(certificate, this.#inputs.time)) ??
      this.#check(certificate, 'issuer name', 'RFC 5280 6.1.3 (a)(4)', this.#issuerName(certificate, issuer)) ??
      this.#check(certificate, 'name constraints', 'RFC 5280 6.1.3 (b), (c)', this.#names(certificate, isEndEntity)) ??
      this.#check(certificate, 'policies', 'RFC 5280 6.1.3 (d) to (f)', this.#policies(certificate, isEndEntity))
    );
  }

  /** RFC 5280 6.1.4. */
  #prepareForNext(certificate: Certificate, issuer: Certificate): Denial | undefined {
    return (
      this.#check(certificate, 'policy mappings', 'RFC 5280 6.1.4 (a), (b)', this.#mapPolicies(certificate)) ??
      this.#check(certificate, 'CA key', 'RFC 5280 6.1.4 (d) to (f)', this.#workingKey(certificate, issuer)) ??
      this.#check(certificate, 'basic constraints', 'RFC 5280 6.1.4 (k)', caRefusal(certificate)) ??
      this.#check(certificate, 'path length', 'RFC 5280 6.1.4 (l), (m)', this.#pathLength(certificate)) ??
      this.#check(certificate, 'key usage', 'RFC 5280 6.1.4 (n)', keyUsageRefusal(certificate, 'keyCertSign')) ??
      this.#check(certificate, 'extended key usage', 'RFC 5280 4.2.1.12', this.#narrowPurposes(certificate)) ??
      this.#check(certificate, 'critical extensions', 'RFC 5280 6.1.4 (o)', criticalExtensionRefusal(certificate)) ??
      this.#constrain(certificate, isSelfIssued(certificate) ? 0 : 1)
    );
  }

  /** RFC 5280 6.1.5. */
  #wrapUp(certificate: Certificate, issuer: Certificate): Denial | undefined {
    if (this.#explicitPolicy > 0) this.#explicitPolicy--;
    if (certificate.policyConstraints?.requireExplicitPolicy === 0) this.#explicitPolicy = 0;
    return (
      this.#check(certificate, 'critical extensions', 'RFC 5280 6.1.5 (f)', criticalExtensionRefusal(certificate)) ??
      this.#check(
        certificate,
        'key usage',
        'RFC 5280 4.2.1.3',
        keyUsageRefusal(certificate, this.#inputs.endEntityKeyUsage),
      ) ??
      this.#check(
        certificate,
        'end entity key',
        'RFC 5280 6.1.5 (c) to (e)',
        this.#endEntityKey(certificate, issuer),
      ) ??
      this.#check(certificate, 'extended key usage', 'RFC 5280 4.2.1.12', this.#endEntityPurposes(certificate)) ??
      this.#check(certificate, 'accepted issuers', 'site setting acceptedIssuers', this.#issuerAccepted(issuer)) ??
      this.#check(certificate, 'forbidden policies', 'site setting forbiddenPolicies', this.#forbidden(certificate)) ??
      this.#check(certificate, 'acceptable policies', 'RFC 5280 6.1.5 (g)', this.#acceptablePolicies())
    );
  }

  #issuerName(certificate: Certificate, issuer: Certificate): CheckFault | undefined {
    if (certificate.issuer.key === issuer.subject.key) return undefined;
    return { code: 'path-not-found', detail: 'The issuer name is not the subject name of the certificate above.' };
  }

  #names(certificate: Certificate, isEndEntity: boolean): CheckFault | undefined {
    if (isSelfIssued(certificate) && !isEndEntity) return undefined;
    const detail = nameConstraintsRefusal(certificate, this.#nameConstraints, this.#tools.signatures.budget);
    return detail ? { code: 'name-constraints-violated', detail: `${detail}.` } : undefined;
  }

  #policies(certificate: Certificate, isEndEntity: boolean): CheckFault | undefined {
    const anyPolicyCounts = this.#inhibitAnyPolicy > 0 || (!isEndEntity && isSelfIssued(certificate));
    this.#addPolicies(certificate.certificatePolicies, anyPolicyCounts);
    return this.#explicitPolicy > 0 || !this.#policyGraph.isNull ? undefined : noPolicy;
  }

  #addPolicies(policies: readonly string[] | undefined, anyPolicyCounts: boolean): void {
    // Every policy of the depth above may come down by anyPolicy, so what is there counts as well.
    const width = (policies?.length ?? 0) + this.#policyGraph.width;
    this.#tools.signatures.budget.spend('policyLevels', policyCost * width);
    this.#policyGraph.addCertificate(policies, anyPolicyCounts);
  }

  #mapPolicies(certificate: Certificate): CheckFault | undefined {
    const { policyMappings } = certificate;
    const refusal = anyPolicyMappingRefusal(certificate);
    if (refusal || policyMappings.length === 0) return refusal;
    this.#tools.signatures.budget.spend('policyLevels', policyCost * (policyMappings.length + this.#policyGraph.width));
    this.#policyGraph.map(policyMappings, this.#policyMapping > 0);
    return undefined;
  }

  #workingKey(certificate: Certificate, issuer: Certificate): CheckFault | undefined {
    const { signatures } = this.#tools;
    const reason = signatures.verifier.keyRefusal(signatures.setWorkingKey(certificate, issuer));
    return reason ? { code: 'algorithm-not-acceptable', detail: `Its key is not acceptable: ${reason}.` } : undefined;
  }

  #endEntityKey(certificate: Certificate, issuer: Certificate): CheckFault | undefined {
    const { signatures } = this.#tools;
    return keyRefusal(signatures.setWorkingKey(certificate, issuer), signatures.verifier);
  }

  #issuerAccepted({ sha256 }: Certificate): CheckFault | undefined {
    const { acceptedIssuers } = this.#inputs;
    if (!acceptedIssuers || acceptedIssuers.size === 0 || acceptedIssuers.has(sha256)) return undefined;
    return { code: 'issuer-not-acceptable', detail: `The site does not accept the issuing CA with SHA-256 ${sha256}.` };
  }

  #forbidden({ certificatePolicies = [] }: Certificate): CheckFault | undefined {
    const { forbiddenPolicies } = this.#inputs;
    if (!forbiddenPolicies || forbiddenPolicies.size === 0) return undefined;
    // A policy of another domain may stand for a forbidden one by mapping.
    const mapped = this.#policyGraph.userConstrainedPolicySet(new Set([oids.anyPolicy]));
    return forbiddenPolicyRefusal([...certificatePolicies, ...mapped], forbiddenPolicies);
  }

  #pathLength(certificate: Certificate): CheckFault | undefined {
    if (!isSelfIssued(certificate)) {
      if (this.#maximumPathLength <= 0)
        return { code: 'basic-constraints-violated', detail: 'The path is longer than a CA above allows.' };
      this.#maximumPathLength--;
    }
    const pathLength = certificate.basicConstraints?.pathLength;
    if (pathLength !== undefined) this.#maximumPathLength = Math.min(this.#maximumPathLength, pathLength);
    return undefined;
  }

  #narrowPurposes(certificate: Certificate): CheckFault | undefined {
    if (this.#purposes.length === 0) return undefined;
    const left = purposesLeftBy(certificate, this.#purposes);
    if ('code' in left) return left;
    this.#purposes = left;
    return undefined;
  }

  #endEntityPurposes(certificate: Certificate): CheckFault | undefined {
    const { endEntityKeyUsage } = this.#inputs;
    return endEntityPurposeRefusal(certificate, { purposes: this.#purposes, endEntityKeyUsage });
  }

  /** RFC 5280 6.1.4 (g) to (j): the constraints of this CA on those below. @param step by which it counts down the counters */
  #constrain({ nameConstraints, policyConstraints = {}, inhibitAnyPolicy }: Certificate, step: 0 | 1): undefined {
    if (nameConstraints) this.#nameConstraints.push(nameConstraints);
    const lower = (counter: number, bound = Number.POSITIVE_INFINITY) => Math.min(Math.max(counter - step, 0), bound);
    this.#explicitPolicy = lower(this.#explicitPolicy, policyConstraints.requireExplicitPolicy);
    this.#policyMapping = lower(this.#policyMapping, policyConstraints.inhibitPolicyMapping);
    this.#inhibitAnyPolicy = lower(this.#inhibitAnyPolicy, inhibitAnyPolicy);
    return undefined;
  }

  #acceptablePolicies(): CheckFault | undefined {
    return this.#explicitPolicy > 0 || this.userConstrainedPolicySet.size > 0 ? undefined : noPolicy;
  }

  #check(certificate: Certificate, check: string, citation: string, fault: CheckFault | undefined): Denial | undefined {
    // A login without an explanation need not put into words what it passed.
    if (!fault && this.#tools.steps === unrecorded) return undefined;
    const facts = certificateFacts(certificate);
    if (!fault) {
      this.#tools.steps.record({ stage: 'certificate', check, verdict: 'passed', citation, facts });
      return undefined;
    }
    const { code, detail } = fault;
    this.#tools.steps.record({ stage: 'certificate', check, verdict: 'failed', citation, facts: { ...facts, detail } });
    return denial(code, detail, facts);
  }
}

/** Microseconds for one policy at one depth, for the budget. */
const policyCost = 0.5;

const noPolicy: CheckFault = {
  code: 'certificate-policy-not-acceptable',
  detail: 'No acceptable certificate policy holds for the whole path.',
};
