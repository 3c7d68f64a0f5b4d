import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { implicit, integer, namedBits, objectIdentifier, sequence } from '../../support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
  directoryName,
  extension,
  type Issued,
  intermediate,
  issue,
  nameConstraints,
  person,
  purposes,
  root,
} from '../../support/handmade-certificates.ts';
import { type Setting, validatorFor, verdictOf } from './validator.ts';

const policies = (...list: readonly string[]) =>
  extension(oids.certificatePolicies, sequence(...list.map((oid) => sequence(objectIdentifier(oid)))));
const mapping = (from: string, to: string) =>
  extension(oids.policyMappings, sequence(sequence(objectIdentifier(from), objectIdentifier(to))));
const count = (value: number) => Buffer.of(value);
const requireExplicitPolicy = (skip: number) =>
  extension(oids.policyConstraints, sequence(implicit(0, count(skip))), true);
const inhibitPolicyMapping = extension(oids.policyConstraints, sequence(implicit(1, count(0))), true);
const inhibitAnyPolicy = extension(oids.inhibitAnyPolicy, integer(0), true);
const { anyPolicy } = oids;
const notAcceptable = 'certificate-policy-not-acceptable';

interface Chain {
  /** Extensions of the trust anchor, of the CA below it and of the end entity. */
  readonly anchor?: readonly Buffer[];
  readonly middle?: readonly Buffer[];
  readonly holder?: readonly Buffer[];
  readonly site?: Partial<Setting>;
}

const chainOf = ({ anchor = [], middle = [], holder = [] }: Chain) => {
  const top = root('Constrained', anchor);
  const issuing = intermediate(top, 'Issuing', middle);
  return { anchors: [top], sent: [person(issuing, holder), issuing] };
};

async function verdict(chain: Chain): Promise<string> {
  const { anchors, sent } = chainOf(chain);
  return verdictOf({ anchors, ...chain.site }, sent);
}

const asserting = (policy: string) => ({ middle: [policies(policy)], holder: [policies(policy)] });

describe('what a trust anchor says of policies limits the paths below it (RFC 5937 3)', () => {
  it.each<[string, string, Chain]>([
    ['an explicit policy is required, and none is asserted', notAcceptable, { anchor: [requireExplicitPolicy(0)] }],
    [
      'an explicit policy is required, and one is asserted',
      'valid',
      { anchor: [requireExplicitPolicy(0)], ...asserting('1.2.3') },
    ],
    ['an explicit policy is required after one certificate', notAcceptable, { anchor: [requireExplicitPolicy(1)] }],
    ['an explicit policy is required beyond the path', 'valid', { anchor: [requireExplicitPolicy(5)] }],
    [
      'the policy below is not among the anchor’s, and one is required',
      notAcceptable,
      { anchor: [policies('1.2.4'), requireExplicitPolicy(0)], ...asserting('1.2.3') },
    ],
    [
      'the policy below is not among the anchor’s, and the site asks for it',
      notAcceptable,
      { anchor: [policies('1.2.4')], ...asserting('1.2.3'), site: { acceptedPolicies: ['1.2.3'] } },
    ],
    [
      'the policy below is among the anchor’s',
      'valid',
      { anchor: [policies('1.2.4', '1.2.3')], ...asserting('1.2.3'), site: { acceptedPolicies: ['1.2.3'] } },
    ],
    [
      'the anchor asserts anyPolicy',
      'valid',
      { anchor: [policies(anyPolicy)], ...asserting('1.2.3'), site: { acceptedPolicies: ['1.2.3'] } },
    ],
    [
      'the anchor asserts anyPolicy where the site lets it stand for nothing in CA certificates',
      'valid',
      {
        anchor: [policies(anyPolicy)],
        ...asserting('1.2.3'),
        site: { acceptedPolicies: ['1.2.3'], inhibitAnyPolicy: true },
      },
    ],
    [
      'mapping is inhibited, and the CA below maps',
      notAcceptable,
      {
        anchor: [inhibitPolicyMapping],
        middle: [policies('1.2.3'), mapping('1.2.3', '1.2.4')],
        holder: [policies('1.2.4')],
        site: { acceptedPolicies: ['1.2.3'] },
      },
    ],
    [
      'anyPolicy is inhibited, and the CA below has it alone',
      notAcceptable,
      {
        anchor: [inhibitAnyPolicy],
        middle: [policies(anyPolicy)],
        holder: [policies('1.2.3')],
        site: { acceptedPolicies: ['1.2.3'] },
      },
    ],
    ['the anchor maps anyPolicy', notAcceptable, { anchor: [policies(anyPolicy), mapping(anyPolicy, '1.2.3')] }],
    [
      'the anchor maps a policy to that of those below',
      'valid',
      {
        anchor: [policies('1.2.3'), mapping('1.2.3', '1.2.4')],
        ...asserting('1.2.4'),
        site: { acceptedPolicies: ['1.2.3'] },
      },
    ],
    [
      'the anchor has mapped the policy away',
      notAcceptable,
      {
        anchor: [policies('1.2.3'), mapping('1.2.3', '1.2.4')],
        ...asserting('1.2.3'),
        site: { acceptedPolicies: ['1.2.3'] },
      },
    ],
  ])('%s', async (_rule, code, chain) => {
    expect(await verdict(chain)).toBe(code);
  });

  it('and a mapped policy is reported by the anchor’s name for it', async () => {
    const { anchors, sent } = chainOf({
      anchor: [policies('1.2.3'), mapping('1.2.3', '1.2.4')],
      ...asserting('1.2.4'),
    });
    const result = await validatorFor({ anchors }).validate(
      sent.map(({ der }) => der),
      unrecorded,
    );
    expect(result).toMatchObject({ certificate: { policies: ['1.2.3'] } });
  });
});

describe('what else a trust anchor says limits the paths below it', () => {
  const anchorWith = (...extensions: readonly Buffer[]) => issue(commonName('Limited'), undefined, { extensions });
  const usage = (...bits: readonly number[]) => extension(oids.keyUsage, namedBits(...bits), true);

  it.each<[string, string, Issued]>([
    ['a key usage without keyCertSign', 'key-usage-violated', anchorWith(ca(), usage(0, 6))],
    ['a path length of 0', 'basic-constraints-violated', anchorWith(ca(0), caUsage)],
    ['purposes of which none is asked for', 'extended-key-usage-missing', anchorWith(ca(), purposes(oids.serverAuth))],
    [
      'a critical extension that is not processed',
      'critical-extension-unknown',
      anchorWith(ca(), extension('1.2.3.4', integer(1), true)),
    ],
    ['nothing, for it is of version 3 without extensions', 'valid', anchorWith()],
  ])('%s', async (_rule, code, anchor) => {
    const issuing = intermediate(anchor);
    expect(await verdictOf({ anchors: [anchor] }, [person(issuing), issuing])).toBe(code);
  });
});

describe('of several trust anchors', () => {
  const outside = nameConstraints([], [directoryName(commonName('Person'))]);
  const strict = issue(commonName('Twin'), undefined, { extensions: [ca(), caUsage, outside] });
  const lax = issue(commonName('Twin'), undefined, { extensions: [ca(), caUsage], keys: strict.keys });
  const otherName = issue(commonName('Other'), undefined, { extensions: [ca(), caUsage], keys: strict.keys });
  const shallow = issue(commonName('Twin'), undefined, { extensions: [ca(0), caUsage], keys: strict.keys });
  const explicit = issue(commonName('Twin'), undefined, {
    extensions: [ca(), caUsage, requireExplicitPolicy(0)],
    keys: strict.keys,
  });
  const above = root('Above');
  const crossed = issue(commonName('Twin'), above, { extensions: [ca(), caUsage], keys: strict.keys });
  const issuing = intermediate(strict);
  const holder = person(issuing);

  it.each<[string, string, readonly Issued[], readonly Issued[]]>([
    ['one given twice counts once', 'valid', [lax, lax], []],
    ['one without constraints counts beside its twin that has some', 'valid', [strict, lax], []],
    ['and in the other order', 'valid', [lax, strict], []],
    [
      'the same key under another name does not count for this one',
      'name-constraints-violated',
      [strict, otherName],
      [],
    ],
    ['a twin that the card holder sends does not count', 'name-constraints-violated', [strict], [lax]],
    ['nor against a path length', 'basic-constraints-violated', [shallow], [lax]],
    ['nor against a required policy', 'certificate-policy-not-acceptable', [explicit], [lax]],
    ['nor does one that an unknown CA certified', 'name-constraints-violated', [strict], [crossed, above]],
    ['a cross certificate counts as it stands, its issuer unknown', 'valid', [crossed], []],
    ['a cross certificate counts where its issuer is an anchor too', 'valid', [above, crossed], []],
    ['a cross certificate below an anchor counts beside a stricter twin', 'valid', [strict, above], [crossed]],
    ['a self-signed twin that is sent takes no constraint from a cross certificate', 'valid', [crossed], [strict]],
  ])('%s', async (_rule, code, anchors, sent) => {
    expect(await verdictOf({ anchors }, [holder, issuing, ...sent])).toBe(code);
  });

  it('the one whose constraints the path keeps is named', async () => {
    const result = await validatorFor({ anchors: [strict, lax] }).validate([holder.der, issuing.der], unrecorded);
    const named = createHash('sha256').update(lax.der).digest('hex');
    expect(result.outcome === 'valid' && result.certificate.trustAnchor.sha256).toBe(named);
  });

  it.each<[string, readonly Issued[]]>([
    ['itself', [holder]],
    ['what its key has signed', [person(holder)]],
    ['what a CA has signed that its key certified', [person(intermediate(holder)), intermediate(holder)]],
  ])('an end entity’s certificate certifies nothing: %s', async (_what, chain) => {
    expect(await verdictOf({ anchors: [holder] }, chain)).not.toBe('valid');
  });
});
