import { describe, expect, it } from 'vitest';
import { recordingSteps, unrecorded } from '../../../../src/explanation/steps.ts';
import { parseCrl } from '../../../../src/pki/crl/crl.ts';
import { MalformedError } from '../../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { collectGarbage } from '../../../support/collect-garbage.ts';
import { der, explicit, implicit, integer, namedBits, sequence } from '../../../support/der-builder.ts';
import {
  type CrlIssuing,
  ca,
  commonName,
  crlEntry,
  days,
  directoryName,
  extension,
  intermediate,
  issue,
  issueCrl,
  newKeys,
  person,
  root,
  uriName,
} from '../../../support/handmade-certificates.ts';
import { codeOf, validatorFor, verdictOf } from '../validator.ts';

const anchor = root();
const middle = intermediate(anchor);
const holder = person(middle, [], { serial: 0xe1 });
const reason = (number: number) => extension(oids.reasonCode, der(0x0a, Buffer.from([number])));
const scope = (...fields: readonly Buffer[]) => extension(oids.issuingDistributionPoint, sequence(...fields), true);
const flag = (number: number) => implicit(number, Buffer.from([0xff]));
const number = (value: number) => extension(oids.crlNumber, integer(value));
const deltaOf = (base: number) => extension(oids.deltaCrlIndicator, integer(base), true);

const good = issueCrl(anchor);
const setting = (freshness: number, crls: readonly Buffer[]) => ({
  anchors: [anchor],
  revocation: { mode: 'check' as const, freshness },
  crls: crls.map((encoded, index) => ({ file: `${index}.crl`, der: encoded })),
});
/** The verdict on the holder with the anchor's good CRL and these of the intermediate. */
const withCrls = (...crls: readonly Buffer[]) => verdictOf(setting(0, [good, ...crls]), [holder, middle]);
const crl = (options: CrlIssuing = {}) => issueCrl(middle, options);

describe('a certificate is good', () => {
  it('when a current CRL of its issuer does not name it, and the evidence says which', async () => {
    const result = await validatorFor(setting(0, [good, crl()])).validate([holder.der, middle.der], unrecorded);
    expect(result).toMatchObject({
      certificate: {
        evidence: [
          { status: 'good', method: 'crl', source: '1.crl', thisUpdate: days(-1), nextUpdate: days(5) },
          { status: 'good', method: 'crl', source: '0.crl' },
        ],
      },
    });
  });

  it('when the CRL names others, with and without reasons', async () => {
    const entries = [crlEntry(0xe0), crlEntry(0xe2, [reason(1)]), crlEntry(1), crlEntry(0xe100)];
    expect(await withCrls(crl({ entries }))).toBe('valid');
  });

  it('when a CRL for end entities only covers it, and one for CAs does not matter', async () => {
    expect(await withCrls(crl({ extensions: [scope(flag(1))] }), crl({ extensions: [scope(flag(2))] }))).toBe('valid');
  });

  it('when several CRLs together cover all reasons', async () => {
    const some = (...bits: readonly number[]) => scope(implicit(3, namedBits(...bits).subarray(2)));
    const first = crl({ extensions: [some(1, 2, 3)] });
    expect(await withCrls(first, crl({ extensions: [some(4, 5, 6, 7, 8)] }))).toBe('valid');
    expect(await withCrls(first, crl({ extensions: [some(4, 5, 6, 7)] }))).toBe('revocation-unknown');
  });

  it('when a delta CRL takes it off the list', async () => {
    const complete = crl({ entries: [crlEntry(0xe1, [reason(6)])], extensions: [number(5)] });
    const delta = crl({ entries: [crlEntry(0xe1, [reason(8)])], extensions: [number(6), deltaOf(5)] });
    expect(await withCrls(complete)).toBe('certificate-revoked');
    expect(await withCrls(complete, delta)).toBe('valid');
  });
});

describe('a certificate is revoked', () => {
  it.each([
    ['with no reason given', crlEntry(0xe1)],
    ['with a reason', crlEntry(0xe1, [reason(1)])],
    ['on hold', crlEntry(0xe1, [reason(6)])],
    ['marked as removed in a complete CRL', crlEntry(0xe1, [reason(8)])],
  ])('%s', async (_rule, entry) => {
    expect(await withCrls(crl({ entries: [crlEntry(7), entry, crlEntry(9)] }))).toBe('certificate-revoked');
  });

  it('when the newest of several CRLs says so', async () => {
    const newest = crl({ thisUpdate: days(-0.5), entries: [crlEntry(0xe1)] });
    expect(await withCrls(crl(), newest)).toBe('certificate-revoked');
  });

  it('when only a delta CRL says so', async () => {
    const delta = crl({ entries: [crlEntry(0xe1)], extensions: [number(6), deltaOf(5)] });
    expect(await withCrls(crl({ extensions: [number(5)] }), delta)).toBe('certificate-revoked');
  });

  it('when a delta CRL says so beside a newer one that no entitled issuer has signed', async () => {
    const complete = crl({ extensions: [number(5)] });
    const delta = crl({ entries: [crlEntry(0xe1)], extensions: [number(6), deltaOf(5)] });
    const forger = { subject: middle.subject, keys: newKeys() };
    const forged = issueCrl(forger, { thisUpdate: days(-0.5), extensions: [number(7), deltaOf(5)] });
    expect(await withCrls(complete, delta, forged)).toBe('certificate-revoked');
  });

  it('when its CA is', async () => {
    const serial = 77;
    const bad = issue(commonName('Bad'), anchor, { serial, extensions: [ca()] });
    const crls = [issueCrl(anchor, { entries: [crlEntry(serial)] }), issueCrl(bad)];
    expect(await verdictOf(setting(0, crls), [person(bad), bad])).toBe('certificate-revoked');
  });
});

describe('the status is unknown, and the login refused, when', () => {
  const stranger = { subject: middle.subject, keys: newKeys() };
  const otherPoint = scope(explicit(0, explicit(0, uriName('http://crl.example/other.crl'))));
  const unknownExtension = extension('1.2.3.4', integer(1), true);
  it.each([
    ['there is no CRL', []],
    ['the CRL is of another issuer', [issueCrl(root('Other'))]],
    ['the signature is not the issuer’s', [issueCrl(stranger)]],
    ['the next update was due', [crl({ nextUpdate: days(-0.5) })]],
    ['no next update is named', [crl({ nextUpdate: undefined })]],
    ['this update lies in the future', [crl({ thisUpdate: days(1) })]],
    ['the CRL has an unknown critical extension', [crl({ extensions: [unknownExtension] })]],
    [
      'an entry of another certificate has an unknown critical extension',
      [crl({ entries: [crlEntry(1, [unknownExtension])] })],
    ],
    ['the CRL is for CAs', [crl({ extensions: [scope(flag(2))] })]],
    ['the CRL is for attribute certificates', [crl({ extensions: [scope(flag(5))] })]],
    ['the CRL is for another distribution point', [crl({ extensions: [otherPoint] })]],
    ['there is only a delta CRL', [crl({ extensions: [number(6), deltaOf(5)] })]],
    ['the entries are malformed', [crl({ entries: [sequence(integer(1))] })]],
    [
      'an entry of a direct CRL names another issuer',
      [
        crl({
          entries: [crlEntry(1, [extension(oids.certificateIssuer, sequence(directoryName(commonName('x'))), true)])],
        }),
      ],
    ],
  ])('%s', async (_rule, crls) => {
    expect(await withCrls(...crls)).toBe('revocation-unknown');
  });

  it('the CRL about a CA is for end entities', async () => {
    const forUsers = issueCrl(anchor, { extensions: [scope(flag(1))] });
    expect(await verdictOf(setting(0, [forUsers, crl()]), [holder, middle])).toBe('revocation-unknown');
  });

  it('a CA may not sign CRLs', async () => {
    const mute = issue(commonName('Mute'), anchor, {
      extensions: [ca(), extension(oids.keyUsage, namedBits(5), true)],
    });
    expect(await verdictOf(setting(0, [good, issueCrl(mute)]), [person(mute), mute])).toBe('revocation-unknown');
  });

  it('the CRL is older than the site allows, although its next update is not due', async () => {
    const day = 86_400;
    expect(await verdictOf(setting(2 * day, [good, crl()]), [holder, middle])).toBe('valid');
    expect(await verdictOf(setting(day / 2, [good, crl()]), [holder, middle])).toBe('revocation-unknown');
  });

  it('a delta CRL does not fit the complete one', async () => {
    const expired = { nextUpdate: days(-0.5) };
    const delta = (base: number) => crl({ extensions: [number(9), deltaOf(base)] });
    const complete = crl({ ...expired, extensions: [number(5)] });
    expect(await withCrls(complete, delta(5))).toBe('valid');
    expect(await withCrls(complete, delta(6))).toBe('revocation-unknown');
    const forged = issueCrl(stranger, { extensions: [number(9), deltaOf(5)] });
    expect(await withCrls(complete, forged)).toBe('revocation-unknown');
  });
});

describe('a CA with a renewed key', () => {
  const renewed = intermediate(anchor);
  const renewedSetting = (...crls: readonly Buffer[]) => ({ ...setting(0, [good, ...crls]), intermediates: [renewed] });
  const newestOfRenewed = issueCrl(renewed, { thisUpdate: days(-0.1) });

  it('does not hide with the CRL of the new key what that of the old one revokes', async () => {
    const ofOldKey = crl({ entries: [crlEntry(0xe1)] });
    expect(await verdictOf(renewedSetting(newestOfRenewed, ofOldKey), [holder, middle])).toBe('certificate-revoked');
  });

  it('says with the CRL of the new key nothing of what the old one issued', async () => {
    expect(await verdictOf(renewedSetting(newestOfRenewed), [holder, middle])).toBe('revocation-unknown');
    expect(await verdictOf(renewedSetting(newestOfRenewed, crl()), [holder, middle])).toBe('valid');
  });

  it('revokes no more what a newer CRL of the same key has taken off the list', async () => {
    const held = crl({ thisUpdate: days(-2), entries: [crlEntry(0xe1, [reason(6)])] });
    expect(await withCrls(held, crl())).toBe('valid');
  });
});

describe('CRL files', () => {
  it.each([
    ['garbage', Buffer.from('garbage')],
    ['a certificate', anchor.der],
    ['a CRL of version 1 encoded as 0', Buffer.from('30053003020100', 'hex')],
  ])('with %s are left out, which is said', async (_rule, encoded) => {
    expect(() => parseCrl(encoded, 'x')).toThrow(MalformedError);
    const steps = recordingSteps();
    const chain = [holder.der, middle.der];
    expect(codeOf(await validatorFor(setting(0, [encoded, good, crl()])).validate(chain, steps))).toBe('valid');
    expect(steps.steps).toContainEqual(
      expect.objectContaining({
        check: 'evidence left out',
        facts: { problem: expect.stringMatching(/^0\.crl: the CRL cannot be read: /) },
      }),
    );
    const refused = await validatorFor(setting(0, [encoded, good])).validate(chain, unrecorded);
    expect(refused).toMatchObject({
      denial: {
        facts: { problems: expect.arrayContaining([expect.stringContaining('0.crl: the CRL cannot be read')]) },
      },
    });
  });

  it('are not asked when the site checks no revocation', async () => {
    const revoked = crl({ entries: [crlEntry(0xe1)] });
    const none = { ...setting(0, [revoked]), revocation: { mode: 'none' as const, freshness: 0 } };
    expect(codeOf(await validatorFor(none).validate([holder.der, middle.der], unrecorded))).toBe('valid');
  });

  it('of 100,000 entries answer at once and hold no object per entry', async () => {
    const first = 1_000_000;
    const pattern = crlEntry(first, [reason(1)]);
    const entries = Buffer.alloc(100_000 * pattern.length, pattern);
    const serial = pattern.indexOf(Buffer.from(first.toString(16).padStart(6, '0'), 'hex'));
    for (let index = 0; index < 100_000; index += 1)
      entries.writeUIntBE(first + index, index * pattern.length + serial, 3);
    const big = crl({ entries: [entries, crlEntry(0xe1)] });
    const validator = validatorFor(setting(0, [good, big]));
    const chain = [holder.der, middle.der];
    const other = person(middle, [], { serial: 5 });
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    expect(codeOf(await validator.validate(chain, unrecorded))).toBe('certificate-revoked');
    expect(codeOf(await validator.validate([other.der, middle.der], unrecorded))).toBe('valid');
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(12_000_000);
  });
});

describe('a distribution point and the scope of a CRL', () => {
  const points = (...urls: readonly string[]) =>
    extension(oids.crlDistributionPoints, sequence(sequence(explicit(0, explicit(0, ...urls.map(uriName))))));
  const scopeOf = (url: string) => scope(explicit(0, explicit(0, uriName(url))));
  const verdict = (urls: readonly string[], url: string) =>
    verdictOf(setting(0, [good, crl({ extensions: [scopeOf(url)] })]), [person(middle, [points(...urls)]), middle]);

  it.each([
    ['the same', 'http://crl.example/a.crl', 'http://crl.example/a.crl'],
    ['the case of the scheme', 'HTTP://crl.example/a.crl', 'http://crl.example/a.crl'],
    ['the case of the host', 'http://CRL.Example/a.crl', 'http://crl.example/a.crl'],
    ['the default port', 'http://crl.example:80/a.crl', 'http://crl.example/a.crl'],
    ['an empty port', 'http://crl.example:/a.crl', 'http://crl.example/a.crl'],
    ['the default port of LDAP', 'ldap://dc.example:389/CN=a?x', 'LDAP://DC.example/CN=a?x'],
    ['the default port of HTTPS at an address', 'https://[2001:DB8::1]:443/a', 'https://[2001:db8::1]/a'],
    ['a path that is empty', 'http://crl.example', 'http://crl.example/'],
  ])('match though they differ in %s', async (_difference, ofPoint, ofCrl) => {
    expect(await verdict([ofPoint], ofCrl)).toBe('valid');
  });

  it.each([
    ['the case of the path', 'http://crl.example/A.crl', 'http://crl.example/a.crl'],
    ['another port', 'http://crl.example:8080/a.crl', 'http://crl.example/a.crl'],
    ['the port of another scheme', 'http://crl.example:443/a.crl', 'http://crl.example/a.crl'],
    ['the scheme', 'https://crl.example/a.crl', 'http://crl.example/a.crl'],
    ['the user', 'http://U@crl.example/a.crl', 'http://u@crl.example/a.crl'],
    ['the query', 'http://crl.example/a?X', 'http://crl.example/a?x'],
    ['what is escaped', 'http://crl.example/%61', 'http://crl.example/a'],
  ])('do not match when they differ in %s', async (_difference, ofPoint, ofCrl) => {
    expect(await verdict([ofPoint], ofCrl)).toBe('revocation-unknown');
  });

  it('match by the other URLs when one has an odd octet, which alone matches nothing', async () => {
    const odd = 'http://crl.example/\u00fc';
    expect(await verdict([odd, 'http://crl.example/a.crl'], 'http://crl.example/a.crl')).toBe('valid');
    expect(await verdict([odd], 'http://crl.example/a.crl')).toBe('revocation-unknown');
    expect(await verdict([odd], odd)).toBe('revocation-unknown');
    expect(await verdictOf(setting(0, [good, crl()]), [person(middle, [points(odd)]), middle])).toBe('valid');
  });
});
