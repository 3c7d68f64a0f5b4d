/** The entry to certificate validation: a peer's certificates in, a ValidatedCertificate or the most telling denial out. */
import type { Clock } from '../../clock.ts';
import { type Denial, denial } from '../../denial.ts';
import type { StepRecorder } from '../../explanation/steps.ts';
import type { Logger } from '../../operations/log.ts';
import type { AlgorithmPolicy } from '../certificate/algorithms.ts';
import { type Certificate, parseCertificate } from '../certificate/certificate.ts';
import { SignatureVerifier } from '../certificate/signature.ts';
import type { CrlFile } from '../crl/crl-source.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import { formatRfc4514 } from '../names/distinguished-name.ts';
import { subjectIdentity } from '../names/subject-identity.ts';
import { type IssuerRetrievalOptions, IssuerSource } from '../retrieval/issuer-source.ts';
import { type RevocationOptions, RevocationPolicy } from '../revocation/revocation-policy.ts';
import { Budget } from './budget.ts';
import { IssuerPool } from './issuer-pool.ts';
import { decidePath, type PathDecision } from './path-decision.ts';
import type { PathSettings } from './path-settings.ts';
import type { PathInputs } from './path-validator.ts';
import { SignatureChecks } from './signature-checks.ts';
import { markValidated, type ValidatedCertificate } from './validated-certificate.ts';

export type ValidationResult =
  | { readonly outcome: 'valid'; readonly certificate: ValidatedCertificate }
  /** `certificate` is there when the end entity could at least be parsed, so that the record can name it. */
  | { readonly outcome: 'invalid'; readonly denial: Denial; readonly certificate?: Certificate };

export interface CertificateValidator {
  /** `peerCertificates`: DER, end entity first; the rest is untrusted material for path building. Never rejects for anything a peer sent. */
  validate(peerCertificates: readonly Buffer[], steps: StepRecorder): Promise<ValidationResult>;
}

export interface CertificateValidatorOptions {
  /** Every person these CAs certify may log in if a mapping leads to an account; keep the list narrow. */
  readonly trustAnchors: readonly Certificate[];
  /** CA and CRL issuer certificates that clients do not send. They are not trusted, only used to find paths. */
  readonly intermediates: readonly Certificate[];
  readonly crls: readonly CrlFile[];
  readonly settings: PathSettings;
  readonly algorithms: AlgorithmPolicy;
  readonly revocation: RevocationOptions;
  /** Where issuers are looked for that the peer did not send; absent: nowhere. */
  readonly issuerRetrieval?: IssuerRetrievalOptions | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** No real chain has more; a longer one is an attempt to keep the path builder busy. */
const maximumPeerCertificates = 16;
/** OpenSSL takes 100 KiB from a TLS peer; this is the same bound for every other caller. Ten certificates with ML-DSA fit. */
const maximumPeerOctets = 102_400;

/** @throws MalformedError when a CRL cannot be read */
export function createCertificateValidator(options: CertificateValidatorOptions): CertificateValidator {
  const { trustAnchors, intermediates, settings, clock, logger } = options;
  const configured = new IssuerPool(trustAnchors, intermediates);
  const verifier = new SignatureVerifier(options.algorithms);
  const revocation = new RevocationPolicy(options.revocation, options.crls, clock, logger);
  const issuers = options.issuerRetrieval && new IssuerSource(options.issuerRetrieval, clock);
  const anyPolicyWillDo = settings.acceptedPolicies.length === 0;
  const inputs: Omit<PathInputs, 'time'> = {
    userInitialPolicySet: new Set(anyPolicyWillDo ? [oids.anyPolicy] : settings.acceptedPolicies),
    initialExplicitPolicy: settings.requireExplicitPolicy ?? !anyPolicyWillDo,
    initialPolicyMappingInhibit: settings.inhibitPolicyMapping,
    initialAnyPolicyInhibit: settings.inhibitAnyPolicy,
    purposes: settings.requiredExtendedKeyUsage,
    endEntityKeyUsage: 'digitalSignature',
    forbiddenPolicies: new Set(settings.forbiddenPolicies),
    acceptedIssuers: new Set(settings.acceptedIssuers),
  };

  return {
    async validate(peerCertificates, steps) {
      const [first, ...others] = peerCertificates;
      if (!first)
        return { outcome: 'invalid', denial: denial('certificate-missing', 'The client sent no certificate.') };
      // The certificate whose key TLS proved is the first; no other may ever take its place.
      const endEntity = readEndEntity(first, steps);
      if (!('certificate' in endEntity)) return { outcome: 'invalid', denial: endEntity.denial };
      const { certificate } = endEntity;
      if (endEntity.denial) return { outcome: 'invalid', denial: endEntity.denial, certificate };
      if (others.length >= maximumPeerCertificates) {
        const detail = `The client sent more than ${maximumPeerCertificates} certificates.`;
        return { outcome: 'invalid', denial: denial('path-budget-exceeded', detail), certificate };
      }
      const octets = peerCertificates.reduce((sum, { length }) => sum + length, 0);
      if (octets > maximumPeerOctets) {
        const detail = `The client sent certificates of ${octets} octets; ${maximumPeerOctets} are the limit.`;
        return { outcome: 'invalid', denial: denial('path-budget-exceeded', detail), certificate };
      }
      const pool = new IssuerPool([], readOthers(others, steps), configured);
      const time = clock.now();
      const signatures = new SignatureChecks(verifier, new Budget(clock));
      const question = {
        endEntity: certificate,
        pool,
        inputs: { ...inputs, time },
        revocation,
        issuers,
      };
      const decision = await decidePath(question, { signatures, steps });
      if (decision.outcome === 'refused') return { outcome: 'invalid', denial: decision.denial, certificate };
      return { outcome: 'valid', certificate: validated(certificate, decision, time) };
    },
  };
}

function readEndEntity(
  der: Buffer,
  steps: StepRecorder,
): { readonly certificate: Certificate; readonly denial?: Denial } | { readonly denial: Denial } {
  const refuse = (error: unknown): Denial => {
    if (!(error instanceof MalformedError)) throw error;
    const facts = { detail: error.message };
    steps.record({ stage: 'certificate', check: 'encoding', verdict: 'failed', citation: 'RFC 5280 4.1', facts });
    return denial('certificate-malformed', `The certificate cannot be read without doubt: ${error.message}.`);
  };
  let certificate: Certificate;
  try {
    certificate = parseCertificate(der);
  } catch (error) {
    return { denial: refuse(error) };
  }
  try {
    subjectIdentity(certificate);
  } catch (error) {
    return { certificate, denial: refuse(error) };
  }
  steps.record({ stage: 'certificate', check: 'encoding', verdict: 'passed', citation: 'RFC 5280 4.1' });
  return { certificate };
}

/** What else the peer sent is only help, so what cannot be read is left out. */
function readOthers(others: readonly Buffer[], steps: StepRecorder): readonly Certificate[] {
  return others.flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const facts = { detail: error.message };
      steps.record({ stage: 'certificate', check: 'further certificate of the peer', verdict: 'noted', facts });
      return [];
    }
  });
}

function validated(
  certificate: Certificate,
  { path, userConstrainedPolicySet, evidence }: Extract<PathDecision, { outcome: 'accepted' }>,
  validatedAt: Date,
): ValidatedCertificate {
  return markValidated({
    certificate,
    path: path.certificates,
    trustAnchor: {
      name: formatRfc4514(path.trustAnchor.subject),
      sha256: path.trustAnchor.sha256,
      subjectPublicKeyInfo: path.trustAnchor.subjectPublicKeyInfo,
    },
    policies: userConstrainedPolicySet.has(oids.anyPolicy) ? 'any-policy' : [...userConstrainedPolicySet],
    evidence,
    validatedAt,
  });
}
