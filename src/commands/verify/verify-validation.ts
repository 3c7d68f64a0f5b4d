/** `cardgate verify`: one validation, and what it found as JSON. Nothing is retrieved from the network. */
import { z } from 'zod';
import { type Denial, denialEntry } from '../../denial.ts';
import { recordingSteps, type Step } from '../../explanation/steps.ts';
import { silentLogger } from '../../operations/log.ts';
import { defaultAlgorithmPolicy } from '../../pki/certificate/algorithms.ts';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import { certificateFacts } from '../../pki/certificate/certificate-facts.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import {
  type CertificateValidator,
  type CertificateValidatorOptions,
  createCertificateValidator,
} from '../../pki/path/certificate-validator.ts';
import { type PathSettings, pathSettings } from '../../pki/path/path-settings.ts';
import type { RevocationEvidence, ValidatedCertificate } from '../../pki/path/validated-certificate.ts';
import { revocationSettings } from '../../pki/revocation/revocation-settings.ts';
import type { LeftOut } from './verify-material.ts';
import type { RevocationChoice, VerifySettings } from './verify-request.ts';
import { VerifyUsageError } from './verify-usage-error.ts';

interface Circumstances {
  readonly at: Date;
  readonly steps: readonly Step[];
  /** What was given and could not be read. */
  readonly leftOut: readonly LeftOut[];
}

export type Verification = Circumstances &
  (
    | { readonly outcome: 'valid'; readonly certificate: ValidatedCertificate }
    | { readonly outcome: 'refused'; readonly denial: Denial; readonly certificate?: Certificate | undefined }
  );

export interface Verifier {
  /** @param peerCertificates DER, end entity first; the rest is untrusted */
  verify(peerCertificates: readonly Buffer[]): Promise<Verification>;
}

/** @param now the present. @throws VerifyUsageError when a CRL or an OCSP response cannot be read */
export function createVerifier(settings: VerifySettings, now: () => Date): Verifier {
  const clock = { now: () => settings.at ?? now() };
  let validator: CertificateValidator;
  try {
    validator = createCertificateValidator({
      trustAnchors: settings.trustAnchors,
      intermediates: settings.untrusted,
      crls: settings.crls,
      settings: pathSettingsOf(settings),
      algorithms: defaultAlgorithmPolicy,
      revocation: revocationOf(settings),
      clock,
      logger: silentLogger,
    });
  } catch (error) {
    if (error instanceof MalformedError) throw new VerifyUsageError(error.message);
    throw error;
  }
  return {
    verify: async (peerCertificates) => {
      const recorder = recordingSteps();
      const at = clock.now();
      const result = await validator.validate(peerCertificates, recorder);
      const circumstances: Circumstances = { at, steps: recorder.steps, leftOut: settings.leftOut };
      if (result.outcome === 'valid') return { outcome: 'valid', certificate: result.certificate, ...circumstances };
      const { denial, certificate } = result;
      return { outcome: 'refused', denial, ...circumstances, certificate };
    },
  };
}

/** As a site without settings of its own has them, but for what the command line says. */
function pathSettingsOf({ purposes, policies, ...rules }: VerifySettings): PathSettings {
  const { requireExplicitPolicy, inhibitPolicyMapping, inhibitAnyPolicy } = rules;
  const defaults = z.strictObject(pathSettings).parse({});
  return {
    ...defaults,
    requiredExtendedKeyUsage: purposes,
    acceptedPolicies: policies,
    requireExplicitPolicy,
    inhibitPolicyMapping,
    inhibitAnyPolicy,
  };
}

const methods: Readonly<Record<Exclude<RevocationChoice, 'off'>, readonly ('crl' | 'ocsp')[]>> = {
  crl: ['crl'],
  ocsp: ['ocsp'],
  both: ['ocsp', 'crl'],
};

function revocationOf(settings: VerifySettings): CertificateValidatorOptions['revocation'] {
  const { crls, ocspResponses } = settings;
  const choice = settings.revocation ?? (crls.length + ocspResponses.length > 0 ? 'both' : 'off');
  if (choice === 'off') return { settings: revocationSettings.parse({ validationFlags: ['NoRevocationCheck'] }) };
  // What was kept is asked about as it was then, so it may be as old as its own nextUpdate allows.
  return { settings: revocationSettings.parse({ revocation: { methods: methods[choice] } }), ocspFiles: ocspResponses };
}

/** The clause that the refusal rests on: that of the failed step about the same certificate. */
export function citationOf({ denial, steps }: Extract<Verification, { outcome: 'refused' }>): string | undefined {
  const failed = steps.findLast(
    ({ verdict, facts }) => verdict === 'failed' && facts?.['sha256'] === denial.facts['sha256'],
  );
  return failed?.citation;
}

/** @param withSteps whether every check is listed */
export function verificationJson(verification: Verification, withSteps: boolean): object {
  const { at, steps, leftOut } = verification;
  const checks = { leftOut: leftOut.length > 0 ? leftOut : undefined, steps: withSteps ? steps : undefined };
  if (verification.outcome === 'valid') {
    const { path, trustAnchor, policies, evidence } = verification.certificate;
    return {
      valid: true,
      at,
      path: path.map(certificateFacts),
      trustAnchor: { subject: trustAnchor.name, sha256: trustAnchor.sha256 },
      policies,
      evidence: evidence.map((found) => ({ ...found, ageSeconds: ageSeconds(found, at) })),
      ...checks,
    };
  }
  const { denial, certificate } = verification;
  return {
    valid: false,
    at,
    certificate: certificate && certificateFacts(certificate),
    denial: { ...denial, meaning: denialEntry(denial.code).meaning, citation: citationOf(verification) },
    ...checks,
  };
}

export function ageSeconds({ thisUpdate }: RevocationEvidence, at: Date): number | undefined {
  return thisUpdate && Math.floor((at.getTime() - thisUpdate.getTime()) / 1000);
}
