import { describe, expect, it } from 'vitest';
import { recordingSteps, unrecorded } from '../../../src/explanation.ts';
import { oids } from '../../../src/pki/oids.ts';
import { integer, name, namedBits, objectIdentifier, octetString, sequence, utf8 } from '../../support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
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
  newKeys,
  otherName,
  person,
  purposes,
  root,
  sha256,
  subjectAltName,
  uriName,
} from './authority.ts';
import { codeOf, validatorFor, verdictOf } from './validator.ts';

const anchor = root();
const middle = intermediate(anchor);
const trusting = { anchors: [anchor] };

/** A person below an intermediate with these extensions. */
const below = (constraints: Buffer, names: readonly Buffer[]): readonly Issued[] => {
  const constrained = intermediate(anchor, 'Constrained', [constraints]);
  return [person(constrained, names.length > 0 ? [subjectAltName(...names)] : []), constrained];
};

describe('a good certificate', () => {
  it('is accepted, with its path, anchor and evidence', async () => {
    const holder = person(middle);
    const steps = recordingSteps();
    const result = await validatorFor(trusting).validate([holder.der, middle.der], steps);
    expect(result).toMatchObject({
      outcome: 'valid',
      certificate: {
        certificate: { sha256: sha256(holder.der) },
        path: [{ sha256: sha256(holder.der) }, { sha256: sha256(middle.der) }],
        trustAnchor: { name: 'CN=Root', sha256: sha256(anchor.der) },
        policies: [],
        evidence: [
          { certificateSha256: sha256(holder.der), status: 'not-checked', method: 'none' },
          { certificateSha256: sha256(middle.der), status: 'not-checked', method: 'none' },
        ],
      },
    });
    expect(steps.steps.every(({ verdict }) => verdict !== 'failed')).toBe(true);
    expect(steps.steps.map(({ citation }) => citation)).toContain('RFC 5280 6.1.3 (a)(1)');
  });

  it.each([
    ['the client sends the chain in any order and with strangers', [middle, anchor, root('Stranger')]],
    ['the client sends garbage beside', [Buffer.from('3000', 'hex'), middle]],
  ])('is accepted when %s', async (_rule, others) => {
    expect(await verdictOf(trusting, [person(middle), ...others])).toBe('valid');
  });

  it('is accepted when only the site knows the intermediate', async () => {
    expect(await verdictOf({ ...trusting, intermediates: [middle] }, [person(middle)])).toBe('valid');
  });
});

describe('the certificate validated is the one TLS proved', () => {
  const expired = person(middle, [], { notAfter: days(-1) });
  it('an expired end entity does not pass because the client repeats it', async () => {
    expect(await verdictOf(trusting, [expired, middle, expired])).toBe('certificate-expired');
  });

  it('a good certificate further back does not stand in for a bad first one', async () => {
    expect(await verdictOf(trusting, [expired, person(middle), middle])).toBe('certificate-expired');
  });

  it('no certificate is no login', async () => {
    expect(await verdictOf(trusting, [])).toBe('certificate-missing');
  });

  it('the trust anchor itself is nobody’s card', async () => {
    const self = root('Self', [purposes(oids.clientAuth)]);
    expect(await verdictOf({ anchors: [self] }, [self])).toBe('path-not-found');
  });

  it('garbage is malformed', async () => {
    expect(await verdictOf(trusting, [Buffer.from('not a certificate')])).toBe('certificate-malformed');
  });

  it('an identity that cannot be read makes it malformed, and the record can still name it', async () => {
    const doubtful = person(middle, [subjectAltName(otherName(oids.userPrincipalName, utf8('a\0b')))]);
    const result = await validatorFor(trusting).validate([doubtful.der, middle.der], unrecorded);
    expect(codeOf(result)).toBe('certificate-malformed');
    expect(result).toMatchObject({ certificate: { sha256: sha256(doubtful.der) } });
  });
});

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

  it('an expired trust anchor', async () => {
    const old = issue(commonName('Old root'), undefined, { extensions: [ca(), caUsage], notAfter: days(-1) });
    expect(await verdictOf({ anchors: [old] }, [person(old)])).toBe('certificate-expired');
  });

  it('a certificate without an accepted policy', async () => {
    const policy = (oid: string) => extension(oids.certificatePolicies, sequence(sequence(objectIdentifier(oid))));
    const issuing = intermediate(anchor, 'Issuing', [policy('1.2.3')]);
    const setting = { ...trusting, acceptedPolicies: ['1.2.3'] };
    expect(await verdictOf(setting, [person(issuing, [policy('1.2.3')]), issuing])).toBe('valid');
    expect(await verdictOf(setting, [person(issuing, [policy('1.2.4')]), issuing])).toBe(
      'certificate-policy-not-acceptable',
    );
    expect(await verdictOf(setting, [person(issuing), issuing])).toBe('certificate-policy-not-acceptable');
    expect(await verdictOf(setting, [person(middle, [policy('1.2.3')]), middle])).toBe(
      'certificate-policy-not-acceptable',
    );
  });

  it('a weak signature or key, unless the site’s policy takes it', async () => {
    const onlyEd25519 = { digests: [], keyTypes: ['ed25519' as const], minimumRsaBits: 2048 };
    expect(await verdictOf({ ...trusting, algorithms: onlyEd25519 }, [person(anchor)])).toBe(
      'algorithm-not-acceptable',
    );
  });
});

describe('the search for a path', () => {
  it('goes on when the likeliest path fails', async () => {
    const keys = newKeys();
    const identifier = extension(oids.subjectKeyIdentifier, octetString(Buffer.from('key')));
    const dead = issue(commonName('CA'), anchor, {
      keys,
      extensions: [ca(), caUsage, identifier, purposes(oids.serverAuth)],
    });
    const good = issue(commonName('CA'), anchor, { keys, extensions: [ca(), caUsage] });
    const holder = person(good, [
      extension(oids.authorityKeyIdentifier, sequence(Buffer.concat([Buffer.from([0x80, 3]), Buffer.from('key')]))),
    ]);
    expect(await verdictOf(trusting, [holder, dead, good])).toBe('valid');
    expect(await verdictOf(trusting, [holder, dead])).toBe('extended-key-usage-missing');
  });

  it('ends although two CAs certify each other', async () => {
    const keysA = newKeys();
    const keysB = newKeys();
    const a = { subject: commonName('A'), keys: keysA, der: Buffer.alloc(0) };
    const b = { subject: commonName('B'), keys: keysB, der: Buffer.alloc(0) };
    const aByB = issue(a.subject, b, { keys: keysA, extensions: [ca(), caUsage] });
    const bByA = issue(b.subject, a, { keys: keysB, extensions: [ca(), caUsage] });
    expect(await verdictOf(trusting, [person(a), aByB, bByA])).toBe('path-not-found');
  });

  it('is given up when it costs too many signatures', async () => {
    // Twenty CAs of one name, each certified by the next: every certificate has twenty possible issuers.
    const keys = Array.from({ length: 20 }, newKeys);
    const subject = commonName('Mirror');
    const signer = (index: number) => ({ subject, keys: keys[index % 20]!, der: Buffer.alloc(0) });
    const ring = keys.map((pair, index) =>
      issue(subject, signer(index + 1), { keys: pair, extensions: [ca(), caUsage] }),
    );
    expect(await verdictOf({ ...trusting, intermediates: ring }, [person(signer(0))])).toBe('path-budget-exceeded');
  });

  it('is given up when its time is over', async () => {
    let moment = days(0).getTime();
    const later = () => {
      moment += 1500;
      return new Date(moment);
    };
    expect(await verdictOf({ ...trusting, clock: { now: later } }, [person(middle), middle])).toBe(
      'path-budget-exceeded',
    );
  });

  it('is given up when name constraints cost too much', async () => {
    const excluded = Array.from({ length: 2000 }, (_, index) => dnsName(`h${index}`));
    const chain = [
      ...below(
        nameConstraints([], excluded),
        Array.from({ length: 200 }, (_, index) => dnsName(`n${index}`)),
      ),
    ];
    expect(await verdictOf(trusting, chain)).toBe('path-budget-exceeded');
  });

  it('does not take more than sixteen certificates', async () => {
    expect(await verdictOf(trusting, [person(middle), ...Array.from({ length: 16 }, () => middle)])).toBe(
      'path-budget-exceeded',
    );
  });
});
