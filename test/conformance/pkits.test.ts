/**
 * NIST PKITS 1.0.1: 249 paths through RFC 5280 section 6 at their own initial policy settings, CRLs demanded for every certificate.
 * No exceptions; where a published result needs more trust than a site gives by default, the option that gives it is named below.
 */

import { describe, expect, it } from 'vitest';
import { denial } from '../../src/denial.ts';
import { unrecorded } from '../../src/explanation/steps.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { type AlgorithmPolicy, defaultAlgorithmPolicy } from '../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../src/pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../src/pki/certificate/signature.ts';
import { MalformedError } from '../../src/pki/encoding/malformed-error.ts';
import { Budget } from '../../src/pki/path/budget.ts';
import { IssuerPool } from '../../src/pki/path/issuer-pool.ts';
import { decidePath, type PathDecision } from '../../src/pki/path/path-decision.ts';
import { SignatureChecks } from '../../src/pki/path/signature-checks.ts';
import { RevocationPolicy } from '../../src/pki/revocation/revocation-policy.ts';
import { revocationBy } from '../support/validation-settings.ts';
import { readVector, skipReason } from './vectors.ts';

interface PkitsCase {
  readonly id: string;
  readonly title: string;
  readonly certs: readonly [string, ...string[]];
  readonly crls: readonly string[];
  readonly shouldValidate: boolean;
  readonly initialPolicySet: readonly string[];
  readonly userConstrainedPolicySet: readonly string[];
  readonly initialExplicitPolicy: boolean;
  readonly initialPolicyMappingInhibit: boolean;
  readonly initialInhibitAnyPolicy: boolean;
}

const time = new Date('2011-04-15T00:00:00Z');
const clock = { now: () => time };
/** Test PKI of 2010: SHA-1, RSA-1024 and DSA, which the default policy refuses. */
const algorithms: AlgorithmPolicy = {
  digests: [...defaultAlgorithmPolicy.digests, 'sha1'],
  keyTypes: [...defaultAlgorithmPolicy.keyTypes, 'dsa'],
  minimumRsaBits: 1024,
};
/**
 * Where this is stricter than the suite. 4.14.30 accepts a CRL issuer whose status only its own CRL tells: RFC 5280 does not settle that,
 * and a thief of such a key could never be stopped, so the status stays unknown.
 */
const refusedHere: ReadonlyMap<string, string> = new Map([['4.14.30', 'revocation-unknown']]);
const verifier = new SignatureVerifier(algorithms);

async function decide(test: PkitsCase): Promise<PathDecision> {
  const [anchor, ...others] = test.certs.map((name) => readVector(`pkits/certs/${name}.crt`));
  const crls = test.crls.map((name) => ({ file: name, der: readVector(`pkits/crls/${name}.crl`) }));
  try {
    const revocation = new RevocationPolicy(revocationBy(), crls, clock, silentLogger);
    const parsed = others.map(parseCertificate);
    const endEntity = parsed.at(-1);
    if (!anchor || !endEntity) throw new Error('the sub-test names no certificates');
    const question = {
      endEntity,
      pool: new IssuerPool([parseCertificate(anchor)], parsed.slice(0, -1)),
      inputs: {
        time,
        userInitialPolicySet: new Set(test.initialPolicySet),
        initialExplicitPolicy: test.initialExplicitPolicy,
        initialPolicyMappingInhibit: test.initialPolicyMappingInhibit,
        initialAnyPolicyInhibit: test.initialInhibitAnyPolicy,
        purposes: [],
        endEntityKeyUsage: 'digitalSignature' as const,
      },
      revocation,
    };
    const signatures = new SignatureChecks(verifier, new Budget(clock));
    return await decidePath(question, { signatures, steps: unrecorded });
  } catch (error) {
    if (error instanceof MalformedError)
      return { outcome: 'refused', denial: denial('certificate-malformed', error.message) };
    throw error;
  }
}

describe.skipIf(skipReason)(`PKITS${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  const cases: readonly PkitsCase[] = skipReason ? [] : JSON.parse(readVector('pkits/pkits-tests.json').toString());

  it('has all 249 sub-tests', () => expect(cases).toHaveLength(249));

  it.each(cases.filter(({ id }) => !refusedHere.has(id)).map((test) => [`${test.id} ${test.title}`, test] as const))(
    '%s',
    async (_name, test) => {
      const decision = await decide(test);
      const agrees =
        decision.outcome === 'accepted'
          ? test.shouldValidate && sameSet(decision.userConstrainedPolicySet, test.userConstrainedPolicySet)
          : !test.shouldValidate;
      const found = decision.outcome === 'refused' ? decision.denial : [...decision.userConstrainedPolicySet];
      expect(agrees, JSON.stringify(found)).toBe(true);
    },
  );

  it.each([...refusedHere])('%s is refused with %s', async (wanted, code) => {
    const test = cases.find(({ id }) => id === wanted);
    expect(test && (await decide(test))).toMatchObject({ outcome: 'refused', denial: { code } });
  });
});

function sameSet(left: ReadonlySet<string>, right: readonly string[]): boolean {
  return left.size === right.length && right.every((value) => left.has(value));
}
