/**
 * OpenSSL's 59 cases of OCSP responses (RFC 6960): right ones, and ones with a wrong signature, responder, delegate, CertID or issuer.
 * Each is asked about the certificate it is for, when it was made; OpenSSL's own run judges responders but no dates of answers.
 */

import { describe, expect, it } from 'vitest';
import { unrecorded } from '../../src/explanation/steps.ts';
import { type AlgorithmPolicy, defaultAlgorithmPolicy } from '../../src/pki/certificate/algorithms.ts';
import type { Certificate } from '../../src/pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../src/pki/certificate/signature.ts';
import { subjectAt } from '../../src/pki/crl/crl-subject.ts';
import { MalformedError } from '../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../src/pki/encoding/oids.ts';
import { readCertificates } from '../../src/pki/encoding/pem.ts';
import { checkOcspResponse } from '../../src/pki/ocsp/ocsp-check.ts';
import { parseOcspResponse } from '../../src/pki/ocsp/ocsp-response.ts';
import { Budget } from '../../src/pki/path/budget.ts';
import { IssuerPool } from '../../src/pki/path/issuer-pool.ts';
import { certificationPaths } from '../../src/pki/path/path-builder.ts';
import { validatePath } from '../../src/pki/path/path-validator.ts';
import { SignatureChecks } from '../../src/pki/path/signature-checks.ts';
import { seconds } from '../../src/settings/units.ts';
import { readVector, skipReason } from './vectors.ts';

interface OcspCase {
  readonly group: string;
  readonly title: string;
  readonly response: string;
  readonly ca: string;
  readonly untrusted: string;
  readonly exit: 0 | 1;
  readonly noCertChecks: boolean;
}

/** Cases whose published result is not ours. */
const exceptions: Readonly<Record<string, string>> = {};

const algorithms: AlgorithmPolicy = {
  ...defaultAlgorithmPolicy,
  digests: [...defaultAlgorithmPolicy.digests, 'sha1'],
};
const verifier = new SignatureVerifier(algorithms);

function certificates(name: string): readonly [Certificate, ...Certificate[]] {
  const [first, ...others] = readCertificates(readVector(`openssl-ocsp/${name}`));
  if (!first) throw new Error(`${name} holds no certificate`);
  return [first, ...others];
}

/** `good`, or why not. @param time default: when the response was made */
async function statusIn(test: OcspCase, time?: Date, delegateProblem?: string): Promise<string> {
  const der = Buffer.from(readVector(`openssl-ocsp/${test.response}`).toString('latin1'), 'base64');
  try {
    const response = parseOcspResponse(der, test.response);
    if (typeof response === 'string') return response;
    const now = time ?? response.producedAt;
    const signatures = new SignatureChecks(verifier, new Budget({ now: () => now }));
    const series = /N?D\d/.exec(test.response)?.[0] ?? '';
    const [endEntity] = certificates(`${series}_Cert_${series.endsWith('2') ? 'ICA' : 'EE'}.pem`);
    const [trustAnchor] = certificates(test.ca);
    // Like the option -partial_chain: the CA of the case is trusted as it is, and what is untrusted needs a path to it.
    const above = test.untrusted ? pathTo(certificates(test.untrusted), trustAnchor, now, signatures) : [];
    if (typeof above === 'string') return above;
    const subject = subjectAt({ certificates: [endEntity, ...above], trustAnchor }, 0);
    if (!subject) return 'no subject';
    const status = await checkOcspResponse(response, subject, {
      pool: new IssuerPool([trustAnchor], above),
      signatures,
      time: now,
      // The vectors bring no CRLs for the one delegate that needs them.
      delegateProblem: async () => delegateProblem,
      isDelegateRevoked: async () => false,
      limits: { clockSkew: seconds(0), maximumAge: seconds(0) },
      freshness: seconds(0),
      grace: seconds(0),
    });
    return status.status === 'unknown' ? status.problems.join('; ') : status.status;
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}

function pathTo(
  [issuer, ...others]: readonly [Certificate, ...Certificate[]],
  trustAnchor: Certificate,
  time: Date,
  signatures: SignatureChecks,
) {
  const inputs = {
    time,
    userInitialPolicySet: new Set([oids.anyPolicy]),
    initialExplicitPolicy: false,
    initialPolicyMappingInhibit: false,
    initialAnyPolicyInhibit: false,
    purposes: [],
    endEntityKeyUsage: 'cRLSign' as const,
  };
  const search = { pool: new IssuerPool([trustAnchor], others), signatures, time, onRefusal: () => undefined };
  for (const path of certificationPaths(issuer, search))
    if (validatePath(path, inputs, { signatures, steps: unrecorded }).outcome === 'valid') return path.certificates;
  return 'no path leads from the issuer to the CA of the case';
}

describe.skipIf(skipReason)(`OpenSSL OCSP${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  const file = () => JSON.parse(readVector('openssl-ocsp/tests.json').toString());
  const { tests: cases, attime }: { readonly tests: readonly OcspCase[]; readonly attime: number } = skipReason
    ? { tests: [], attime: 0 }
    : file();

  it('has all 59 cases', () => expect(cases).toHaveLength(59));

  it.each(cases.map((test, index) => [`${index + 1} ${test.group}; ${test.title}`, test] as const))(
    '%s',
    async (name, test) => {
      const found = await statusIn(test);
      const agrees = (found === 'good') === (test.exit === 0);
      const exception = exceptions[name.split(' ')[0] ?? ''];
      expect(agrees, exception ? `no longer an exception: ${exception}` : found).toBe(!exception);
    },
  );

  it('believes no answer of the suite past its end, as at the time the suite names', async () => {
    const right = cases.filter(({ exit, response }) => exit === 0 && response !== 'D2.ors');
    const found = await Promise.all(right.map((test) => statusIn(test, new Date(attime * 1000))));
    expect(found.filter((status) => !/it held until/.test(status))).toEqual([]);
  });

  it('believes no delegate without id-pkix-ocsp-nocheck whose own status is not known', async () => {
    const right = cases.filter(({ exit }) => exit === 0);
    const found = await Promise.all(right.map((test) => statusIn(test, undefined, 'no CRL')));
    const refused = right.filter((_, index) => found[index] !== 'good').map(({ response }) => response);
    expect([...new Set(refused)]).toEqual(['D3.ors']);
  });
});
