import { describe, expect, it } from 'vitest';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { integer, name, namedBits, objectIdentifier, sequence, utf8 } from '../../support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
  constrained,
  days,
  digitalSignature,
  directoryName,
  dnsName,
  emailName,
  extension,
  type Issued,
  intermediate,
  issue,
  nameConstraints,
  otherName,
  person,
  purposes,
  root,
  subjectAltName,
  uriName,
} from '../../support/handmade-certificates.ts';
import { codeOf, validatorFor, verdictOf } from './validator.ts';

const anchor = root();
const middle = intermediate(anchor);
const trusting = { anchors: [anchor] };

const below = (constraints: Buffer, names: readonly Buffer[]) => constrained(anchor, constraints, names);

describe('every rule refuses', () => {
  const cases: readonly (readonly [string, string, () => readonly Issued[]])[] = [
    ['an unknown root', 'path-not-found', () => [person(root('Stranger'))]],
    ['another CA of the same name', 'signature-invalid', () => [person(root('Root'))]],
    [
      'a certificate not yet valid',
      'certificate-not-yet-valid',
      () => [person(middle, [], { notBefore: days(1) }), middle],
    ],
    [
      'an expired intermediate',
      'certificate-expired',
      () => {
        const old = issue(commonName('Old'), anchor, { extensions: [ca(), caUsage], notAfter: days(-1) });
        return [person(old), old];
      },
    ],
    [
      'an end entity that signs another',
      'basic-constraints-violated',
      () => {
        const holder = person(anchor);
        return [person(holder), holder];
      },
    ],
    [
      'a path longer than a CA allows',
      'basic-constraints-violated',
      () => {
        const short = issue(commonName('Short'), anchor, { extensions: [ca(0), caUsage] });
        const more = intermediate(short, 'More');
        return [person(more), more, short];
      },
    ],
    [
      'a CA without keyCertSign',
      'key-usage-violated',
      () => {
        const weak = issue(commonName('Weak'), anchor, {
          extensions: [ca(), extension(oids.keyUsage, namedBits(6), true)],
        });
        return [person(weak), weak];
      },
    ],
    [
      'a key that is not for signing',
      'key-usage-violated',
      () => [
        issue(commonName('x'), anchor, {
          extensions: [extension(oids.keyUsage, namedBits(2), true), purposes(oids.clientAuth)],
        }),
      ],
    ],
    [
      'an end entity for servers only',
      'extended-key-usage-missing',
      () => [issue(commonName('x'), anchor, { extensions: [digitalSignature, purposes(oids.serverAuth)] })],
    ],
    [
      'an end entity without purposes',
      'extended-key-usage-missing',
      () => [issue(commonName('x'), anchor, { extensions: [digitalSignature] })],
    ],
    [
      'an end entity for any purpose',
      'extended-key-usage-missing',
      () => [issue(commonName('x'), anchor, { extensions: [purposes(oids.anyExtendedKeyUsage)] })],
    ],
    [
      'a CA that is for other purposes',
      'extended-key-usage-missing',
      () => {
        const mail = intermediate(anchor, 'Mail', [purposes(oids.emailProtection)]);
        return [person(mail), mail];
      },
    ],
    [
      'an unknown critical extension of the end entity',
      'critical-extension-unknown',
      () => [person(anchor, [extension('1.2.3.4', integer(1), true)])],
    ],
    [
      'an unknown critical extension of a CA',
      'critical-extension-unknown',
      () => {
        const odd = intermediate(anchor, 'Odd', [extension('1.2.3.4', integer(1), true)]);
        return [person(odd), odd];
      },
    ],
    [
      'one good and one bad dNSName',
      'name-constraints-violated',
      () => below(nameConstraints([dnsName('good.example')]), [dnsName('a.good.example'), dnsName('bad.example')]),
    ],
    [
      'a CA that widens what the one above permits',
      'name-constraints-violated',
      () => {
        const narrow = intermediate(anchor, 'Narrow', [nameConstraints([dnsName('a.example')])]);
        const wide = intermediate(narrow, 'Wide', [nameConstraints([dnsName('a.example'), dnsName('b.example')])]);
        return [person(wide, [subjectAltName(dnsName('b.example'))]), wide, narrow];
      },
    ],
    [
      'an excluded e-mail address in the subject',
      'name-constraints-violated',
      () => {
        const narrow = intermediate(anchor, 'Narrow', [nameConstraints([], [emailName('evil.example')])]);
        return [
          issue(name([[oids.emailAddress, 'a@evil.example']]), narrow, { extensions: [purposes(oids.clientAuth)] }),
          narrow,
        ];
      },
    ],
    [
      'an excluded directory name among the alternative names',
      'name-constraints-violated',
      () =>
        below(nameConstraints([], [directoryName(name([[oids.organizationName, 'Evil']]))]), [
          directoryName(name([[oids.organizationName, 'EVIL']], [[oids.commonName, 'x']])),
        ]),
    ],
    [
      'a subject outside the permitted directory names',
      'name-constraints-violated',
      () => below(nameConstraints([directoryName(name([[oids.organizationName, 'Good']]))]), []),
    ],
    [
      'a malformed name where names of its form are excluded',
      'name-constraints-violated',
      () => below(nameConstraints([], [dnsName('bad.example')]), [dnsName('bad example')]),
    ],
    [
      'a user principal name outside the permitted domain',
      'name-constraints-violated',
      () =>
        below(nameConstraints([otherName(oids.userPrincipalName, utf8('@a.example'))]), [
          otherName(oids.userPrincipalName, utf8('x@b.example')),
        ]),
    ],
    [
      'a constrained name of a form not processed',
      'name-constraints-violated',
      () => below(nameConstraints([otherName('1.2.3', utf8('a'))]), [otherName('1.2.3', utf8('a'))]),
    ],
    [
      'a wildcard that may stand for an excluded name',
      'name-constraints-violated',
      () => below(nameConstraints([], [dnsName('x.a.example')]), [dnsName('*.a.example')]),
    ],
    [
      'a URI without a host where URIs are constrained',
      'name-constraints-violated',
      () => below(nameConstraints([uriName('a.example')]), [uriName('urn:x')]),
    ],
    [
      'a name below the constraints of the trust anchor',
      'name-constraints-violated',
      () => [person(constrainedRoot, [subjectAltName(dnsName('b.example'))])],
    ],
  ];
  const constrainedRoot = root('Constrained root', [nameConstraints([dnsName('a.example')])]);

  it.each(cases)('%s', async (_rule, code, chain) => {
    const sent = chain();
    const steps = recordingSteps();
    const validator = validatorFor({ anchors: [anchor, constrainedRoot] });
    expect(
      codeOf(
        await validator.validate(
          sent.map(({ der }) => der),
          steps,
        ),
      ),
    ).toBe(code);
  });

  it('a trust anchor that says it is no CA', async () => {
    const person0 = issue(commonName('Self'), undefined, {
      extensions: [extension(oids.basicConstraints, sequence(), true)],
    });
    expect(await verdictOf({ anchors: [person0] }, [person(person0)])).toBe('basic-constraints-violated');
  });

  it('an expired trust anchor', async () => {
    const old = issue(commonName('Old root'), undefined, { extensions: [ca(), caUsage], notAfter: days(-1) });
    expect(await verdictOf({ anchors: [old] }, [person(old)])).toBe('certificate-expired');
  });

  it('a certificate without an accepted policy', async () => {
    const policy = (oid: string) => extension(oids.certificatePolicies, sequence(sequence(objectIdentifier(oid))));
    const issuing = intermediate(anchor, 'Issuing', [policy('1.2.3')]);
    const setting = { ...trusting, acceptedPolicies: ['1.2.3'] };
    const other = { ...trusting, acceptedPolicies: ['1.2.9'] };
    expect(await verdictOf(other, [person(issuing, [policy('1.2.3')]), issuing])).toBe(
      'certificate-policy-not-acceptable',
    );
    expect(await verdictOf(setting, [person(issuing, [policy('1.2.3')]), issuing])).toBe('valid');
    expect(await verdictOf(setting, [person(issuing, [policy('1.2.4')]), issuing])).toBe(
      'certificate-policy-not-acceptable',
    );
    expect(await verdictOf(setting, [person(issuing), issuing])).toBe('certificate-policy-not-acceptable');
    expect(await verdictOf(setting, [person(middle, [policy('1.2.3')]), middle])).toBe(
      'certificate-policy-not-acceptable',
    );
  });

  it('but not a CA that is for any purpose', async () => {
    const general = intermediate(anchor, 'General', [purposes(oids.anyExtendedKeyUsage)]);
    expect(await verdictOf(trusting, [person(general), general])).toBe('valid');
  });

  it('a CA for other purposes, and names it in the refusal', async () => {
    const mail = intermediate(anchor, 'Mail', [purposes(oids.emailProtection)]);
    const result = await validatorFor(trusting).validate([person(mail).der, mail.der], unrecorded);
    expect(result).toMatchObject({ denial: { facts: { subject: 'CN=Mail' } } });
  });

  it('a weak signature or key, unless the site’s policy takes it', async () => {
    const onlyEd25519 = { digests: [], keyTypes: ['ed25519' as const], minimumRsaBits: 2048 };
    expect(await verdictOf({ ...trusting, algorithms: onlyEd25519 }, [person(anchor)])).toBe(
      'algorithm-not-acceptable',
    );
  });
});
