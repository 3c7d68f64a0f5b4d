import { describe, expect, it } from 'vitest';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import { defaultAlgorithmPolicy } from '../../../src/pki/certificate/algorithms.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { integer, namedBits, objectIdentifier, sequence } from '../../support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
  days,
  digitalSignature,
  extension,
  type Issued,
  issue,
  newKeys,
  person,
  purposes,
  root,
} from '../../support/handmade-certificates.ts';
import { rsaKeys } from '../../support/keys.ts';
import { codeOf, validatorFor, verdictOf } from './validator.ts';

const ofKeys = (subject: Buffer, keys = newKeys()): Issued => ({ subject, keys, der: Buffer.alloc(0) });

/** CAs of one name, each certified by the next, so that the search for a path exhausts its budget. */
const ringKeys = Array.from({ length: 20 }, newKeys);
const ringSigner = (index: number) => ofKeys(commonName('Mirror'), ringKeys[index % 20]);
const ring = ringKeys.map((keys, index) =>
  issue(commonName('Mirror'), ringSigner(index + 1), { keys, extensions: [ca(), caUsage] }),
);

/** Ten trust anchors of one name that have certified one CA, whose paths all fail for want of a policy. */
const anchors = Array.from({ length: 10 }, (_, index) => root(`Root ${index}`));
const bridge = ofKeys(commonName('Bridge'));
const crossed = anchors.map((anchor) =>
  issue(bridge.subject, anchor, { keys: bridge.keys, extensions: [ca(), caUsage] }),
);

const usage = (...bits: readonly number[]) => extension(oids.keyUsage, namedBits(...bits), true);
const login = purposes(oids.clientAuth);
const shortRsa = rsaKeys(1024);

type Make = (issuer: Issued) => Issued;
const holding =
  (...extensions: readonly Buffer[]): Make =>
  (issuer) =>
    issue(commonName('Holder'), issuer, { extensions });

const faults: readonly (readonly [string, string, Make])[] = [
  ['an encryption certificate by key usage', 'key-usage-violated', holding(usage(2), login)],
  [
    'an encryption certificate by purpose',
    'extended-key-usage-missing',
    holding(digitalSignature, purposes(oids.emailProtection)),
  ],
  ['a certificate without any purpose', 'extended-key-usage-missing', holding(digitalSignature)],
  [
    'a critical extension that is not processed',
    'critical-extension-unknown',
    holding(login, extension('1.2.3.4', integer(1), true)),
  ],
  ['an expired certificate', 'certificate-expired', (issuer) => person(issuer, [], { notAfter: days(-1) })],
  ['a certificate not yet valid', 'certificate-not-yet-valid', (issuer) => person(issuer, [], { notBefore: days(1) })],
  ['a key that is too short', 'algorithm-not-acceptable', (issuer) => person(issuer, [], { keys: shortRsa })],
];

describe.each(faults)('%s', (_what, code, make) => {
  it('is told although a search exhausts its budget', async () => {
    expect(await verdictOf({ anchors: [root()], intermediates: ring }, [make(ringSigner(0))])).toBe(code);
  });

  it('is told although every path of many anchors lacks a policy', async () => {
    const site = { anchors, intermediates: crossed, acceptedPolicies: ['1.2.3'] };
    expect(await verdictOf(site, [make(bridge)])).toBe(code);
  });

  it('is told although no issuer is known', async () => {
    expect(await verdictOf({ anchors: [root()] }, [make(ofKeys(commonName('Unknown CA')))])).toBe(code);
  });
});

describe('without a fault of the end entity', () => {
  it('the same searches end for the paths', async () => {
    expect(await verdictOf({ anchors: [root()], intermediates: ring }, [person(ringSigner(0))])).toBe(
      'path-budget-exceeded',
    );
    const site = { anchors, intermediates: crossed, acceptedPolicies: ['1.2.3'] };
    expect(await verdictOf(site, [person(bridge)])).toBe('certificate-policy-not-acceptable');
  });

  it('a policy that the site forbids is told first', async () => {
    const policies = extension(oids.certificatePolicies, sequence(sequence(objectIdentifier('1.2.7'))));
    const site = { anchors: [root()], forbiddenPolicies: ['1.2.7'] };
    expect(await verdictOf(site, [person(ofKeys(commonName('Unknown CA')), [policies])])).toBe(
      'certificate-policy-not-acceptable',
    );
  });
});

describe('an explanation', () => {
  it('of an end entity’s own fault names the rule', async () => {
    const steps = recordingSteps();
    const holder = issue(commonName('Holder'), root(), { extensions: [usage(2), login] });
    expect(codeOf(await validatorFor({ anchors }).validate([holder.der], steps))).toBe('key-usage-violated');
    expect(steps.steps.filter(({ verdict }) => verdict === 'failed')).toMatchObject([
      { check: 'key usage', citation: 'RFC 5280 4.2.1.3' },
    ]);
  });

  it('of a search given up carries the most telling refusal before', async () => {
    const expired = issue(commonName('Mirror'), anchors[0], {
      keys: ringKeys[0]!,
      extensions: [ca(), caUsage, extension(oids.subjectKeyIdentifier, Buffer.of(4, 1, 7))],
      notAfter: days(-1),
    });
    const identifier = extension(oids.authorityKeyIdentifier, sequence(Buffer.of(0x80, 1, 7)));
    const site = { anchors, intermediates: [...ring, expired] };
    const result = await validatorFor(site).validate([person(ringSigner(0), [identifier]).der], unrecorded);
    expect(result).toMatchObject({
      denial: {
        code: 'path-budget-exceeded',
        detail: expect.stringMatching(/given up: .*Before that, the best path was refused \(certificate-expired\)/),
        facts: { before: 'certificate-expired', beforeSubject: 'CN=Mirror' },
      },
    });
  });

  it('but one whose signature the site does not take is refused for it, though no issuer is at hand', async () => {
    const site = { anchors, algorithms: { ...defaultAlgorithmPolicy, digests: ['sha384' as const] } };
    expect(await verdictOf(site, [person(root('Stranger'))])).toBe('algorithm-not-acceptable');
    expect(await verdictOf({ anchors }, [person(root('Stranger'))])).toBe('path-not-found');
  });
});
