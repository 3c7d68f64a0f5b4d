/** Requests of `cardgate verify --json-lines`: what a line may say, and what is told of a line that says something else. */
import { describe, expect, it } from 'vitest';
import { readLine } from '../../../src/commands/verify/verify-line.ts';
import type { VerifySettings } from '../../../src/commands/verify/verify-request.ts';

const defaults: VerifySettings = {
  trustAnchors: [],
  untrusted: [],
  crls: [],
  ocspResponses: [],
  leftOut: [],
  policies: ['1.2.3'],
  requireExplicitPolicy: true,
  inhibitPolicyMapping: false,
  inhibitAnyPolicy: false,
  purposes: [],
};
const certificate = 'MAA=';
const read = (line: string) => readLine(line).settings(defaults);
const readObject = (members: object) => read(JSON.stringify({ certificate, ...members }));

describe('a line', () => {
  it('takes one where a list stands, and what it leaves out from the options', () => {
    const settings = readObject({ eku: 'smartCardLogon', at: '2026-06-01T12:00:00Z', inhibitAnyPolicy: true });
    expect(settings).toMatchObject({
      at: new Date('2026-06-01T12:00:00Z'),
      policies: ['1.2.3'],
      requireExplicitPolicy: true,
      inhibitAnyPolicy: true,
      purposes: ['1.3.6.1.4.1.311.20.2.2'],
    });
  });

  it('names its certificates in one text or a list', () => {
    const line = (value: unknown) => readLine(JSON.stringify({ certificate: value })).peerCertificates();
    expect(line(certificate)).toEqual([Buffer.of(0x30, 0)]);
    expect(line([certificate, certificate])).toHaveLength(2);
  });

  it('has the same text of settings as another with the same ones, whatever its certificate and its id', () => {
    const textOf = (members: object) => readLine(JSON.stringify(members)).settingsText;
    expect(textOf({ id: 1, certificate, eku: ['clientAuth'] })).toBe(
      textOf({ certificate: 'MAE=', eku: 'clientAuth' }),
    );
    expect(textOf({ certificate, eku: 'clientAuth' })).not.toBe(textOf({ certificate, eku: 'serverAuth' }));
  });
});

describe('a line that cannot be read', () => {
  it.each<[string, string, RegExp]>([
    ['no JSON', 'nothing', /^the line is not JSON$/],
    ['no object', '[]', /^the line is not a JSON object$/],
    [
      'a member twice',
      `{"certificate": "MAA=", "at": "2001-01-01", "at": "2026-01-01"}`,
      /^at stands twice\. Keep one/,
    ],
    ['a member twice, once escaped', `{"eku": [], "\\u0065ku": ["clientAuth"]}`, /^eku stands twice/],
    ['a member twice in a member', `{"id": {"a": 1, "b": [{}, {"a": 2}], "a": "\\""}}`, /^a stands twice/],
  ])('%s', (_what, line, message) => {
    expect(() => read(line)).toThrow(message);
  });

  it.each<[string, object, RegExp]>([
    [
      'a misspelled member',
      { untrustd: [] },
      /^untrustd is not a setting\. Did you mean untrusted\? Allowed here: id, cert/,
    ],
    ['an unknown member', { colour: 'red' }, /^colour is not a setting\. Allowed here: id, certificate, /],
    ['no base 64', { crls: ['MAA=', 'no'] }, /^crls\[1\] no is not allowed; must be base 64 of DER\./],
    ['no list', { crls: 5 }, /^crls 5 is not allowed; must be /],
    ['no time', { at: 'now' }, /^at now is not allowed; must be a time such as 2026-06-01T12:00:00Z\./],
    ['a time of a number', { at: 5 }, /^at 5 is not allowed; must be /],
    ['no OID', { policies: 'any' }, /^policies\[0\] any is not allowed; must be a dotted OID\./],
    [
      'no purpose',
      { eku: ['everything'] },
      /^eku\[0\] everything is not allowed; must be a dotted OID or one of clientAuth, /,
    ],
    ['a misspelled purpose', { eku: ['clientAuht'] }, /^eku\[0\] clientAuht: is not .*Did you mean clientAuth\?$/],
    ['no flag', { inhibitAnyPolicy: 'yes' }, /^inhibitAnyPolicy yes is not allowed; .*Did you mean true\?$/],
    ['a misspelled method', { revocation: 'ocps' }, /^revocation ocps is not allowed; .*Did you mean ocsp\?$/],
  ])('%s', (_what, members, message) => {
    expect(() => readObject(members)).toThrow(message);
  });

  it('is told all its faults at once', () => {
    const line = '{"certificates": ["MAA="], "at": "now", "eku": 1}';
    for (const fault of [/certificates is not a setting\. Did you mean certificate\?/, /at now is not/, /eku 1 is not/])
      expect(() => read(line)).toThrow(fault);
    expect(() => read(line)).not.toThrow('missing');
  });

  it('says that its certificate is missing', () => {
    expect(() => readLine('{}').peerCertificates()).toThrow(/^certificate is missing; must be /);
  });
});

describe('a name that stands more than once', () => {
  it('in objects beside each other, or as a value, is not a key that stands twice', () => {
    const line = { certificate, id: { a: { a: 'a' }, b: [{ a: 'a' }, { a: 'a' }, 'a', 'a'], c: 'x","c":"' } };
    expect(read(JSON.stringify(line))).toMatchObject({ purposes: [] });
  });
});
