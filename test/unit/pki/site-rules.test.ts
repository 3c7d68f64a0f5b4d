import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { objectIdentifier, sequence, utf8 } from '../../support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
  dnsName,
  emailName,
  extension,
  intermediate,
  issue,
  type Keys,
  nameConstraints,
  otherName,
  person,
  root,
  sha256,
  subjectAltName,
  uriName,
} from '../../support/handmade-certificates.ts';
import { rsaKeys } from '../../support/keys.ts';
import { validatorFor, verdictOf } from './validator.ts';

const anchor = root();
const middle = intermediate(anchor);
const policies = (...list: readonly string[]) =>
  extension(oids.certificatePolicies, sequence(...list.map((oid) => sequence(objectIdentifier(oid)))));

describe('site rules', () => {
  it('keys on a Brainpool curve count where the site lists it, at the card and above', async () => {
    const keys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' });
    const curved = issue(commonName('Curved'), undefined, { keys: keys(), extensions: [ca(), caUsage] });
    const holder = person(curved, [], { keys: keys() });
    const keyTypes = ['brainpoolP256r1' as const];
    expect(await verdictOf({ anchors: [curved] }, [holder])).toBe('algorithm-not-acceptable');
    const listing = { digests: ['sha256' as const], keyTypes, minimumRsaBits: 2048 };
    expect(await verdictOf({ anchors: [curved], algorithms: listing }, [holder])).toBe('valid');
  });

  it('a forbidden policy refuses the end entity that asserts it, whatever else it asserts', async () => {
    const site = { anchors: [anchor], forbiddenPolicies: ['1.2.7'] };
    expect(await verdictOf(site, [person(anchor, [policies('1.2.3', '1.2.7')])])).toBe(
      'certificate-policy-not-acceptable',
    );
    expect(await verdictOf(site, [person(anchor, [policies('1.2.3')])])).toBe('valid');
    expect(await verdictOf(site, [person(anchor)])).toBe('valid');
  });

  it('a forbidden policy refuses although no policy is required and the CA above lacks it', async () => {
    const site = { anchors: [anchor], forbiddenPolicies: ['1.2.7'] };
    expect(await verdictOf(site, [person(middle, [policies('1.2.7')]), middle])).toBe(
      'certificate-policy-not-acceptable',
    );
  });

  it('a forbidden policy refuses an end entity whose own policy is mapped to it', async () => {
    const mapping = extension(
      oids.policyMappings,
      sequence(sequence(objectIdentifier('1.2.7'), objectIdentifier('1.2.8'))),
    );
    const mapper = intermediate(anchor, 'Mapper', [policies('1.2.3', '1.2.7'), mapping]);
    const site = { anchors: [anchor], forbiddenPolicies: ['1.2.7'] };
    expect(await verdictOf(site, [person(mapper, [policies('1.2.8')]), mapper])).toBe(
      'certificate-policy-not-acceptable',
    );
    expect(await verdictOf(site, [person(mapper, [policies('1.2.3')]), mapper])).toBe('valid');
  });

  it('accepted issuers are told by the SHA-256 of their certificate, in either case', async () => {
    const site = { anchors: [anchor], acceptedIssuers: [sha256(middle.der).toUpperCase()] };
    expect(await verdictOf(site, [person(middle), middle])).toBe('valid');
    expect(await verdictOf(site, [person(anchor)])).toBe('issuer-not-acceptable');
    const below = intermediate(middle, 'Below');
    expect(await verdictOf(site, [person(below), below, middle])).toBe('issuer-not-acceptable');
  });

  it('an explicit policy can be required without naming one', async () => {
    const site = { anchors: [anchor], requireExplicitPolicy: true };
    expect(await verdictOf(site, [person(anchor)])).toBe('certificate-policy-not-acceptable');
    expect(await verdictOf(site, [person(anchor, [policies('1.2.3')])])).toBe('valid');
  });

  it('policy mapping and anyPolicy can be inhibited from the start', async () => {
    const mapping = extension(
      oids.policyMappings,
      sequence(sequence(objectIdentifier('1.2.3'), objectIdentifier('1.2.4'))),
    );
    const mapper = intermediate(anchor, 'Mapper', [policies('1.2.3'), mapping]);
    const site = { anchors: [anchor], acceptedPolicies: ['1.2.3'] };
    const mapped = [person(mapper, [policies('1.2.4')]), mapper];
    expect(await verdictOf(site, mapped)).toBe('valid');
    expect(await verdictOf({ ...site, inhibitPolicyMapping: true }, mapped)).toBe('certificate-policy-not-acceptable');
    const general = intermediate(anchor, 'General', [policies(oids.anyPolicy)]);
    const any = [person(general, [policies('1.2.3')]), general];
    expect(await verdictOf(site, any)).toBe('valid');
    expect(await verdictOf({ ...site, inhibitAnyPolicy: true }, any)).toBe('certificate-policy-not-acceptable');
  });
});

describe('keys', () => {
  it('an end entity with a key shorter than the site takes is refused although it signs no certificate', async () => {
    expect(await verdictOf({ anchors: [anchor] }, [person(anchor, [], { keys: rsaKeys(1024) })])).toBe(
      'algorithm-not-acceptable',
    );
    expect(await verdictOf({ anchors: [anchor] }, [person(anchor, [], { keys: rsaKeys(2048) })])).toBe('valid');
  });

  it.each([
    ['ml-dsa-44', oids.mlDsa44],
    ['ml-dsa-65', oids.mlDsa65],
    ['ml-dsa-87', oids.mlDsa87],
  ] as const)(
    '%s signs certificates where OpenSSL has it, and is refused where the site leaves it out',
    async (name, oid) => {
      const keys = mlDsaKeys(name);
      if (!keys) return;
      const authority = issue(commonName('Root'), undefined, {
        extensions: [ca(), caUsage],
        keys: { ...keys, scheme: { algorithm: sequence(objectIdentifier(oid)), digest: null } },
      });
      expect(await verdictOf({ anchors: [authority] }, [person(authority)])).toBe('valid');
      const classical = { digests: ['sha256' as const], keyTypes: ['ec' as const], minimumRsaBits: 2048 };
      expect(await verdictOf({ anchors: [authority], algorithms: classical }, [person(authority)])).toBe(
        'algorithm-not-acceptable',
      );
    },
  );
});

/** Undefined where the OpenSSL under Node is older than 3.5. */
function mlDsaKeys(name: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'): Keys | undefined {
  try {
    return generateKeyPairSync(name);
  } catch {
    return undefined;
  }
}

describe('names under constraints', () => {
  const elsewhere = nameConstraints([], [uriName('elsewhere.example')]);
  const mail = nameConstraints([emailName('corp.example')]);
  const smtp = (text: string) => otherName(oids.smtpUtf8Mailbox, utf8(text));

  it.each([
    [
      'a malformed dNSName, although only URIs are constrained',
      elsewhere,
      dnsName('not a host'),
      'name-constraints-violated',
    ],
    ['a malformed rfc822Name likewise', elsewhere, emailName('no mailbox'), 'name-constraints-violated'],
    [
      'an SmtpUTF8Mailbox outside the rfc822Name subtree',
      mail,
      smtp('jürgen@other.example'),
      'name-constraints-violated',
    ],
    [
      'an SmtpUTF8Mailbox of another string type',
      mail,
      otherName(oids.smtpUtf8Mailbox, dnsName('x')),
      'name-constraints-violated',
    ],
    ['an SmtpUTF8Mailbox inside it, which passes', mail, smtp('jürgen@corp.example'), 'valid'],
    [
      'an rfc822Name where a constraint is wrongly given as SmtpUTF8Mailbox',
      nameConstraints([], [smtp('jürgen@other.example')]),
      emailName('a@corp.example'),
      'name-constraints-violated',
    ],
  ])('%s', async (_rule, constraints, name, expected) => {
    const constrained = intermediate(anchor, 'Constrained', [constraints]);
    expect(await verdictOf({ anchors: [anchor] }, [person(constrained, [subjectAltName(name)]), constrained])).toBe(
      expected,
    );
  });

  it('a refusal names the name and the subtree, however long a stranger made them', async () => {
    const constraints = nameConstraints([], [uriName('host.example')]);
    const constrained = intermediate(anchor, 'Constrained', [constraints]);
    const long = `http://host.example/${'x'.repeat(50_000)}`;
    const result = await validatorFor({ anchors: [anchor] }).validate(
      [person(constrained, [subjectAltName(uriName(long))]).der, constrained.der],
      unrecorded,
    );
    expect(result.outcome === 'invalid' && result.denial.detail).toMatch(
      /^uniformResourceIdentifier "http:\/\/host\.example\/x{100,}… .*subtree uniformResourceIdentifier "host\.example"\.$/,
    );
    expect(result.outcome === 'invalid' && result.denial.detail.length).toBeLessThan(600);
  });
});
