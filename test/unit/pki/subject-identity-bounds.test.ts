/** Where an identity of a certificate ends to be one: lengths, the one textual form of a SID, and names of other kinds. */
import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/pki/certificate/certificate.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import type { GeneralName } from '../../../src/pki/names/general-name.ts';
import { subjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import { explicit, implicit, objectIdentifier, octetString, sequence, utf8 } from '../../support/der-builder.ts';

function identity(names: readonly GeneralName[], extension?: Buffer) {
  const extensions = new Map<string, unknown>([[oids.subjectAltName, {}]]);
  if (extension) extensions.set(oids.securityIdentifierExtension, { value: extension });
  return subjectIdentity({ subjectAltName: names, extensions } as unknown as Certificate);
}
const upn = (text: string): GeneralName => ({ kind: 'otherName', type: oids.userPrincipalName, value: utf8(text) });
const mailbox = (value: string): GeneralName => ({ kind: 'rfc822Name', value });
const uri = (sid: string): GeneralName => ({
  kind: 'uniformResourceIdentifier',
  value: `tag:microsoft.com,2022-09-14:sid:${sid}`,
});
const other: GeneralName = { kind: 'dNSName', value: 'a' };
const sidName = (sid: string) =>
  explicit(0, objectIdentifier(oids.securityIdentifier), explicit(0, octetString(Buffer.from(sid))));
const sid = 'S-1-5-21-1-2-3-1105';

describe('a SID', () => {
  it.each([
    'S-1-0-0',
    'S-1-5-18',
    sid,
    `S-1-${2 ** 48 - 1}-1`,
    `S-1-5-${2 ** 32 - 1}`,
    `S-1-5${'-1'.repeat(15)}`,
    'S-1-15-1234567890',
  ])('%s is one', (text) => {
    expect(identity([uri(text)]).securityIdentifier).toEqual({ sid: text, source: 'uri' });
  });

  it.each([
    '',
    'S-1-5',
    'S-2-5-1',
    's-1-5-1',
    'xS-1-5-1',
    'S-1-5-1x',
    'S-1-05-1',
    'S-1-5-01',
    'S-1-5--1',
    'S-1-5-a',
    'S-1-1a-1',
    `S-1-${2 ** 48}-1`,
    `S-1-5-${2 ** 32}`,
    `S-1-5-1-${2 ** 32}`,
    `S-1-5${'-1'.repeat(16)}`,
  ])('%s is no SID', (text) => {
    expect(() => identity([uri(text)])).toThrow(MalformedError);
  });

  it('is read from its extension, which holds nothing else', () => {
    expect(identity([other], sequence(sidName(sid))).securityIdentifier).toEqual({ sid, source: 'extension' });
    for (const content of [
      sequence(implicit(2, Buffer.from('a'))),
      sequence(sidName(sid), sidName(sid)),
      sequence(explicit(0, objectIdentifier('1.2.3'), explicit(0, octetString(Buffer.from(sid))))),
    ])
      expect(() => identity([other], content)).toThrow('holds something other than one SID');
    expect(() => identity([other], sequence())).toThrow(MalformedError);
  });

  it('must be the same in extension and URI, and stands in one URI', () => {
    expect(identity([uri(sid)], sequence(sidName(sid))).securityIdentifier).toEqual({ sid, source: 'extension' });
    expect(() => identity([uri(`${sid}1`)], sequence(sidName(sid)))).toThrow('differ');
    expect(() => identity([uri(sid), uri(sid)])).toThrow('given twice');
  });
});

describe('a name', () => {
  it.each<[string, (text: string) => GeneralName, object]>([
    ['user principal name', upn, { userPrincipalNames: ['x'.repeat(1024)], rfc822Names: [] }],
    ['e-mail address', mailbox, { userPrincipalNames: [], rfc822Names: ['x'.repeat(1024)] }],
  ])('%s has 1 to 1024 characters', (_kind, of, expected) => {
    expect(identity([of('x'.repeat(1024))])).toEqual(expected);
    expect(() => identity([of('x'.repeat(1025))])).toThrow('empty or too long');
    expect(() => identity([of('')])).toThrow('empty or too long');
  });

  it('of another kind or type is no identity', () => {
    const strange: GeneralName = { kind: 'otherName', type: '1.2.3', value: utf8('a@b') };
    const address: GeneralName = { kind: 'uniformResourceIdentifier', value: 'https://a' };
    expect(identity([other, strange, address])).toEqual({ userPrincipalNames: [], rfc822Names: [] });
  });
});
