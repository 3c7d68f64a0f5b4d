/** RFC 5280 6.1, step by step: what each certificate counts down, and what a path must satisfy at its end. */
import { describe, expect, it } from 'vitest';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import { defaultAlgorithmPolicy } from '../../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../../src/pki/certificate/signature.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { Budget } from '../../../src/pki/path/budget.ts';
import { type PathInputs, validatePath } from '../../../src/pki/path/path-validator.ts';
import { SignatureChecks } from '../../../src/pki/path/signature-checks.ts';
import { boolean, der, implicit, integer, objectIdentifier, sequence } from '../../support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
  days,
  dnsName,
  extension,
  type Issued,
  intermediate,
  issue,
  nameConstraints,
  now,
  person,
  root,
  subjectAltName,
} from '../../support/handmade-certificates.ts';

const { anyPolicy } = oids;
const anchor = root();
const policies = (...list: readonly string[]) =>
  extension(oids.certificatePolicies, sequence(...list.map((oid) => sequence(objectIdentifier(oid)))));
const mapping = (from: string, to: string) =>
  extension(oids.policyMappings, sequence(sequence(objectIdentifier(from), objectIdentifier(to))));
const requireExplicit = (skip: number) =>
  extension(oids.policyConstraints, sequence(implicit(0, Buffer.of(skip))), true);
const inhibitMapping = (skip: number) =>
  extension(oids.policyConstraints, sequence(implicit(1, Buffer.of(skip))), true);
const inhibitAny = (skip: number) => extension(oids.inhibitAnyPolicy, integer(skip), true);
/** A CA that certifies a new key of itself. */
const selfIssued = (issuer: Issued, extra: readonly Buffer[] = []) =>
  issue(issuer.subject, issuer, { extensions: [ca(), caUsage, ...extra] });

const inputs: PathInputs = {
  time: now,
  userInitialPolicySet: new Set([anyPolicy]),
  initialExplicitPolicy: false,
  initialPolicyMappingInhibit: false,
  initialAnyPolicyInhibit: false,
  purposes: [],
  endEntityKeyUsage: 'digitalSignature',
};

/** `valid`, or the code of the refusal. @param chain trust anchor first */
function verdictOf(chain: readonly Issued[], change: Partial<PathInputs> = {}, steps = unrecorded): string {
  const [trustAnchor, ...certificates] = chain.map(({ der }) => parseCertificate(der));
  if (!trustAnchor) throw new Error('a path has a trust anchor');
  const signatures = new SignatureChecks(new SignatureVerifier(defaultAlgorithmPolicy), new Budget({ now: () => now }));
  const path = { trustAnchor, certificates: certificates.toReversed() };
  const result = validatePath(path, { ...inputs, ...change }, { signatures, steps });
  return result.outcome === 'valid' ? result.outcome : result.denial.code;
}

/** A chain from the trust anchor down to a person: of each certificate its extensions, or `self` for a self-issued one. */
type Step = readonly Buffer[] | { readonly self: readonly Buffer[] };
function chainOf(steps: readonly Step[], holder: readonly Buffer[] = [], top: Issued = anchor): readonly Issued[] {
  const chain = [top];
  for (const step of steps) {
    const above = chain.at(-1) ?? top;
    chain.push('self' in step ? selfIssued(above, step.self) : intermediate(above, `CA ${chain.length}`, step));
  }
  return [...chain, person(chain.at(-1) ?? top, holder)];
}

const noPolicy = 'certificate-policy-not-acceptable';
const gold = policies('1.2.1');
const silver = policies('1.2.2');
const any = policies(anyPolicy);

describe('requireExplicitPolicy (RFC 5280 4.2.1.11, 6.1.4 (h) and (i), 6.1.5 (a) and (b))', () => {
  it.each<[rule: string, code: string, chain: readonly Issued[]]>([
    ['of 0 in a CA demands a policy of what is below', noPolicy, chainOf([[gold, requireExplicit(0)]])],
    ['of 0 is met by a path with a policy', 'valid', chainOf([[gold, requireExplicit(0)]], [gold])],
    [
      'of 1 in the CA above the end entity demands one, the end entity counting',
      noPolicy,
      chainOf([[gold, requireExplicit(1)]]),
    ],
    ['of 2 in the CA above the end entity does not', 'valid', chainOf([[gold, requireExplicit(2)]])],
    ['of 2 counts a CA between', noPolicy, chainOf([[gold, requireExplicit(2)], [gold]])],
    ['of 2 does not count a self-issued CA', 'valid', chainOf([[gold, requireExplicit(2)], { self: [gold] }])],
    ['of 0 in the end entity itself demands one', noPolicy, chainOf([[gold]], [requireExplicit(0)])],
    ['of 0 in the end entity is met by a policy', 'valid', chainOf([[gold]], [gold, requireExplicit(0)])],
    ['of 1 in the end entity itself does not', 'valid', chainOf([[gold]], [requireExplicit(1)])],
    [
      'of 1 is not raised by a larger one below',
      noPolicy,
      chainOf([
        [gold, requireExplicit(1)],
        [gold, requireExplicit(5)],
      ]),
    ],
    [
      'of the trust anchor counts, not counting the anchor (RFC 5937 3)',
      noPolicy,
      chainOf([], [], root('Explicit', [requireExplicit(0)])),
    ],
  ])('%s', (_rule, code, chain) => {
    expect(verdictOf(chain)).toBe(code);
  });

  it('by the site demands a policy from the first certificate on', () => {
    const explicit = { initialExplicitPolicy: true };
    expect(verdictOf(chainOf([[]], [gold]), explicit)).toBe(noPolicy);
    expect(verdictOf(chainOf([[gold]], []), explicit)).toBe(noPolicy);
    expect(verdictOf(chainOf([[gold]], [gold]), explicit)).toBe('valid');
    expect(verdictOf(chainOf([[gold]], [gold]), { ...explicit, userInitialPolicySet: new Set(['1.2.2']) })).toBe(
      noPolicy,
    );
  });
});

describe('inhibitAnyPolicy (RFC 5280 4.2.1.14, 6.1.3 (d)(2), 6.1.4 (j))', () => {
  const explicit = { initialExplicitPolicy: true };
  it.each<[rule: string, code: string, chain: readonly Issued[]]>([
    ['absent lets anyPolicy stand for any', 'valid', chainOf([[gold]], [any])],
    ['of 0 ends anyPolicy in the next', noPolicy, chainOf([[gold, inhibitAny(0)]], [any])],
    ['of 1 lets it through in the next', 'valid', chainOf([[gold, inhibitAny(1)]], [any])],
    ['of 1 ends it in the one after', noPolicy, chainOf([[gold, inhibitAny(1)], [gold]], [any])],
    ['of 0 lets it through in a self-issued CA', 'valid', chainOf([[gold, inhibitAny(0)], { self: [any] }], [gold])],
    ['of 1 does not count a self-issued CA', 'valid', chainOf([[gold, inhibitAny(1)], { self: [gold] }], [any])],
    ['of the trust anchor counts (RFC 5937 3)', noPolicy, chainOf([[any]], [gold], root('No any', [inhibitAny(0)]))],
  ])('%s', (_rule, code, chain) => {
    expect(verdictOf(chain, explicit)).toBe(code);
  });

  it('by the site ends anyPolicy everywhere, of a self-issued end entity too', () => {
    const site = { ...explicit, initialAnyPolicyInhibit: true };
    expect(verdictOf(chainOf([[any]], [gold]), site)).toBe(noPolicy);
    const middle = intermediate(anchor, 'CA', [gold]);
    expect(verdictOf([anchor, middle, issue(middle.subject, middle, { extensions: [any] })], site)).toBe(noPolicy);
    expect(verdictOf([anchor, middle, issue(middle.subject, middle, { extensions: [gold] })], site)).toBe('valid');
  });
});

describe('a number beyond what a path can have is no limit (RFC 5280 4.2.1.9, 4.2.1.11, 4.2.1.14: up to MAX)', () => {
  const explicit = { initialExplicitPolicy: true };
  const constraint = (number: number, skip: bigint) =>
    extension(oids.policyConstraints, sequence(implicit(number, integer(skip).subarray(2))), true);
  const pathLength = (length: bigint) =>
    extension(oids.basicConstraints, sequence(boolean(true), integer(length)), true);
  it.each([2n ** 31n - 1n, 2n ** 31n, 2n ** 63n, 2n ** 64n, 2n ** 800n])('%s', (number) => {
    const mapped = [gold, mapping('1.2.1', '1.2.2')];
    expect(verdictOf(chainOf([[constraint(0, number)]], []))).toBe('valid');
    expect(verdictOf(chainOf([[gold, constraint(1, number)], mapped], [silver]), explicit)).toBe('valid');
    const inhibited = extension(oids.inhibitAnyPolicy, integer(number), true);
    expect(verdictOf(chainOf([[gold, inhibited]], [any]), explicit)).toBe('valid');
    const long = issue(commonName('Long'), anchor, { extensions: [pathLength(number), caUsage] });
    const below = intermediate(long, 'Below');
    expect(verdictOf([anchor, long, below, person(below)])).toBe('valid');
  });

  it.each([-1, -128])('%s is refused', (number) => {
    const negative = der(0x02, Buffer.of(number & 0xff));
    const bad = issue(commonName('Bad'), anchor, { extensions: [extension(oids.inhibitAnyPolicy, negative, true)] });
    expect(() => parseCertificate(bad.der)).toThrow('negative');
  });
});

describe('inhibitPolicyMapping (RFC 5280 4.2.1.11, 6.1.4 (b))', () => {
  const explicit = { initialExplicitPolicy: true };
  it.each<[rule: string, code: string, chain: readonly Issued[]]>([
    ['absent lets a CA map', 'valid', chainOf([[gold, mapping('1.2.1', '1.2.2')]], [silver])],
    [
      'of 0 ends the mapped policy in the CA below',
      noPolicy,
      chainOf(
        [
          [gold, inhibitMapping(0)],
          [gold, mapping('1.2.1', '1.2.2')],
        ],
        [silver],
      ),
    ],
    [
      'of 1 lets the CA below map',
      'valid',
      chainOf(
        [
          [gold, inhibitMapping(1)],
          [gold, mapping('1.2.1', '1.2.2')],
        ],
        [silver],
      ),
    ],
    [
      'of the trust anchor counts (RFC 5937 3)',
      noPolicy,
      chainOf([[gold, mapping('1.2.1', '1.2.2')]], [silver], root('No mapping', [inhibitMapping(0)])),
    ],
  ])('%s', (_rule, code, chain) => {
    expect(verdictOf(chain, explicit)).toBe(code);
  });

  it('by the site ends the mapped policy', () => {
    const site = { ...explicit, initialPolicyMappingInhibit: true };
    expect(verdictOf(chainOf([[gold, mapping('1.2.1', '1.2.2')]], [silver]), site)).toBe(noPolicy);
  });

  it.each([
    ['from', anyPolicy, '1.2.2'],
    ['to', '1.2.1', anyPolicy],
  ])('a mapping %s anyPolicy is refused, whatever is demanded (RFC 5280 6.1.4 (a))', (_side, from, to) => {
    expect(verdictOf(chainOf([[gold, mapping(from, to)]], [gold]))).toBe(noPolicy);
  });
});

describe('pathLenConstraint (RFC 5280 4.2.1.9, 6.1.4 (l) and (m))', () => {
  const withLength = (issuer: Issued | undefined, length: number, label = 'Short') =>
    issue(commonName(label), issuer, { extensions: [ca(length), caUsage] });
  const tooLong = 'basic-constraints-violated';

  it('of 0 allows an end entity and a self-issued CA below, and no other CA', () => {
    const short = withLength(anchor, 0);
    expect(verdictOf([anchor, short, person(short)])).toBe('valid');
    const renewed = selfIssued(short);
    expect(verdictOf([anchor, short, renewed, person(renewed)])).toBe('valid');
    const more = intermediate(short, 'More');
    expect(verdictOf([anchor, short, more, person(more)])).toBe(tooLong);
  });

  it('of 1 allows one CA below, which cannot raise it', () => {
    const one = withLength(anchor, 1);
    const two = withLength(one, 5, 'Two');
    const three = intermediate(two, 'Three');
    expect(verdictOf([anchor, one, two, person(two)])).toBe('valid');
    expect(verdictOf([anchor, one, two, three, person(three)])).toBe(tooLong);
  });

  it('of the trust anchor counts (RFC 5937 3)', () => {
    const top = withLength(undefined, 0);
    const more = intermediate(top, 'More');
    expect(verdictOf([top, person(top)])).toBe('valid');
    expect(verdictOf([top, more, person(more)])).toBe(tooLong);
  });
});

describe('name constraints along a path (RFC 5280 6.1.3 (b), 6.1.4 (g))', () => {
  const constraints = nameConstraints([dnsName('a.example')]);
  const bad = subjectAltName(dnsName('b.example'));
  it.each<[rule: string, code: string, chain: readonly Issued[]]>([
    ['bind the end entity', 'name-constraints-violated', chainOf([[constraints]], [bad])],
    ['bind a CA below', 'name-constraints-violated', chainOf([[constraints], [bad]])],
    ['spare a self-issued CA', 'valid', chainOf([[constraints], { self: [bad] }])],
    ['do not bind the CA that states them', 'valid', chainOf([[constraints, bad]])],
  ])('%s', (_rule, code, chain) => {
    expect(verdictOf(chain)).toBe(code);
  });

  it('bind a self-issued end entity', () => {
    const middle = intermediate(anchor, 'CA', [constraints]);
    const end = issue(middle.subject, middle, { extensions: [bad] });
    expect(verdictOf([anchor, middle, end])).toBe('name-constraints-violated');
  });
});

describe('each certificate of a path', () => {
  it('has the name of the one above as its issuer (RFC 5280 6.1.3 (a)(4))', () => {
    const renamed = issue(commonName('Renamed'), undefined, { keys: anchor.keys, extensions: [ca(), caUsage] });
    expect(verdictOf([renamed, person(anchor)])).toBe('path-not-found');
    expect(verdictOf([anchor, person(anchor)])).toBe('valid');
  });

  it.each<[string, Date, string]>([
    ['the second before it begins', new Date(days(-10).getTime() - 1000), 'certificate-not-yet-valid'],
    ['the second in which it begins', days(-10), 'valid'],
    ['the second in which it ends', new Date(days(10).getTime() + 999), 'valid'],
    ['the second after', new Date(days(10).getTime() + 1000), 'certificate-expired'],
  ])('is judged by its period to the second: %s (RFC 5280 4.1.2.5)', (_moment, time, code) => {
    expect(verdictOf([anchor, person(anchor)], { time })).toBe(code);
  });

  it('leaves a step for every check it passed, and for the one it failed', () => {
    const passed = recordingSteps();
    const [first, middle] = [anchor, intermediate(anchor)];
    expect(verdictOf([first, middle, person(middle)], {}, passed)).toBe('valid');
    expect(passed.steps.every(({ stage, verdict }) => stage === 'certificate' && verdict === 'passed')).toBe(true);
    const checks = passed.steps.map(({ check }) => check);
    for (const check of ['signature', 'validity', 'issuer name', 'name constraints', 'policies'])
      expect(checks.filter((name) => name === check)).toHaveLength(2);
    const failed = recordingSteps();
    verdictOf([first, person(first)], { time: days(20) }, failed);
    expect(failed.steps.at(-1)).toMatchObject({
      stage: 'certificate',
      check: 'trust anchor validity',
      verdict: 'failed',
      facts: { subject: 'CN=Root', detail: expect.stringContaining('It expired') },
    });
  });
});

describe('an end entity that signs CRLs', () => {
  const crlSigner = (...list: readonly Buffer[]) => issue(commonName('CRLs'), anchor, { extensions: list });
  const eku = (critical: boolean, ...list: readonly string[]) =>
    extension(oids.extendedKeyUsage, sequence(...list.map(objectIdentifier)), critical);
  it.each<[rule: string, code: string, holder: Issued]>([
    ['with critical purposes is refused', 'extended-key-usage-missing', crlSigner(eku(true, oids.clientAuth))],
    ['with critical purposes and any is not', 'valid', crlSigner(eku(true, oids.clientAuth, oids.anyExtendedKeyUsage))],
    ['with purposes that are not critical is not', 'valid', crlSigner(eku(false, oids.clientAuth))],
    ['that is a CA is not', 'valid', crlSigner(ca(), eku(true, oids.clientAuth))],
  ])('%s (RFC 5280 4.2.1.12)', (_rule, code, holder) => {
    expect(verdictOf([anchor, holder], { endEntityKeyUsage: 'cRLSign' })).toBe(code);
    // One that logs in with no purpose demanded is not asked for any.
    expect(verdictOf([anchor, holder])).toBe('valid');
  });
});
