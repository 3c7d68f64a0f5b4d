/** Every kind of general name: how it is read, what of it is refused, and the key and form by which names are compared. */
import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/pki/encoding/der.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import {
  constrainedForm,
  generalNameKey,
  generalNameOf,
  parseGeneralNames,
  readableNamesOf,
} from '../../../src/pki/names/general-name.ts';
import { der, explicit, implicit, name, objectIdentifier, sequence, utf8 } from '../../support/der-builder.ts';

const read = (encoded: Buffer) => generalNameOf(new DerReader(encoded, 'name').next());
const ascii = (text: string) => Buffer.from(text);
const otherName = (type: string, ...value: readonly Buffer[]) =>
  explicit(0, objectIdentifier(type), explicit(0, ...value));
const directory = name([[oids.commonName, 'Ada']]);

describe('a general name', () => {
  it.each<[string, Buffer, object, string]>([
    ['otherName', otherName('1.2.3', utf8('x')), { type: '1.2.3', value: utf8('x') }, 'otherName 1.2.3 0c0178'],
    ['rfc822Name', implicit(1, ascii('a@b')), { value: 'a@b' }, 'rfc822Name a@b'],
    ['dNSName', implicit(2, ascii('a.b')), { value: 'a.b' }, 'dNSName a.b'],
    ['x400Address', explicit(3), { der: Buffer.from('a300', 'hex') }, 'x400Address a300'],
    ['ediPartyName', explicit(5), { der: Buffer.from('a500', 'hex') }, 'ediPartyName a500'],
    ['uniformResourceIdentifier', implicit(6, ascii('a:b')), { value: 'a:b' }, 'uniformResourceIdentifier a:b'],
    ['iPAddress', implicit(7, Buffer.of(192, 0, 2, 1)), { octets: Buffer.of(192, 0, 2, 1) }, 'iPAddress c0000201'],
    ['registeredID', implicit(8, Buffer.of(0x2a, 3)), { oid: '1.2.3' }, 'registeredID 1.2.3'],
  ])('of the kind %s is read, and has a key of its own', (kind, encoded, content, key) => {
    expect(read(encoded)).toEqual({ kind, ...content });
    expect(generalNameKey(read(encoded))).toBe(key);
  });

  it('of the kind directoryName has the key of its normal form', () => {
    const found = read(explicit(4, directory));
    expect(found).toMatchObject({ kind: 'directoryName', name: { der: directory } });
    expect(generalNameKey(found)).toBe('directoryName 2.5.4.3=3:ada');
  });

  it.each<[string, Buffer, string]>([
    ['an unknown tag', implicit(9), 'unknown tag 0x89'],
    ['a tag of the other encoding', implicit(4, directory), 'unknown tag 0x84'],
    ['an otherName without a value', explicit(0, objectIdentifier('1.2.3')), 'otherName'],
    ['an otherName with two values', otherName('1.2.3', utf8('x'), utf8('y')), 'otherName value'],
    ['an otherName with an empty value', otherName('1.2.3'), 'otherName value'],
    [
      'an otherName with something behind its value',
      explicit(0, objectIdentifier('1.2.3'), explicit(0, utf8('x')), utf8('y')),
      'otherName',
    ],
    ['an rfc822Name beyond ASCII', implicit(1, ascii('ä@b')), 'rfc822Name'],
    ['a dNSName with a control character', implicit(2, ascii('a\n')), 'dNSName'],
    ['a uniformResourceIdentifier beyond ASCII', implicit(6, ascii('ä')), 'uniformResourceIdentifier'],
    ['an empty registeredID', implicit(8), 'registeredID'],
    ['a directoryName that holds no Name', explicit(4, utf8('x')), 'name'],
  ])('with %s is refused', (_fault, encoded, reason) => {
    expect(() => read(encoded)).toThrow(MalformedError);
    expect(() => read(encoded)).toThrow(reason);
  });
});

describe('a list of general names', () => {
  it('must hold a name, and no more than a thousand', () => {
    const names = (count: number) => sequence(...Array.from({ length: count }, () => implicit(2, ascii('a'))));
    expect(() => parseGeneralNames(names(0), 'the list')).toThrow('the list is empty');
    expect(parseGeneralNames(names(1000), 'the list')).toHaveLength(1000);
    expect(() => parseGeneralNames(names(1001), 'the list')).toThrow(MalformedError);
  });

  it('keeps an odd name of a CA as unreadable, with the reason, and hides no other fault', () => {
    const content = Buffer.concat([implicit(2, ascii('ä')), implicit(2, ascii('b'))]);
    const [odd, fine] = readableNamesOf(content, 'the list');
    const encoded = Buffer.from('8202c3a4', 'hex');
    expect(odd).toEqual({ kind: 'unreadable', der: encoded, reason: expect.stringContaining('dNSName') });
    expect(odd && generalNameKey(odd)).toBe('unreadable 8202c3a4');
    expect(fine).toEqual({ kind: 'dNSName', value: 'b' });
    const fault = () => {
      throw new TypeError('a fault of cardgate');
    };
    expect(() => readableNamesOf(content, 'the list', fault)).toThrow('a fault of cardgate');
  });
});

it.each<[string, Buffer, string]>([
  ['its kind', implicit(2, ascii('a')), 'dNSName'],
  ['the type of an otherName', otherName('1.2.3', utf8('x')), 'otherName 1.2.3'],
  ['that of mailboxes for one beyond ASCII', otherName(oids.smtpUtf8Mailbox, utf8('x')), 'rfc822Name'],
])('the form by which a name is constrained is %s', (_rule, encoded, form) => {
  expect(constrainedForm(read(encoded))).toBe(form);
});

it('an encoding that is not DER of a sequence holds no general names', () => {
  expect(() => parseGeneralNames(der(0x31, implicit(2, ascii('a'))), 'the list')).toThrow(MalformedError);
});
