import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { subjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import { octetString, sequence, text, utf8 } from '../../support/der-builder.ts';
import {
  emailName,
  extension,
  otherName,
  person,
  root,
  subjectAltName,
  uriName,
} from '../../support/handmade-certificates.ts';

const issuer = root();
const sid = 'S-1-5-21-1111111111-2222222222-3333333333-1105';
const sidPrefix = 'tag:microsoft.com,2022-09-14:sid:';

const upn = (name: string) => otherName(oids.userPrincipalName, utf8(name));
const sidExtension = (value: string, type: string = oids.securityIdentifier) =>
  extension(oids.securityIdentifierExtension, sequence(otherName(type, octetString(Buffer.from(value)))));
const sidUri = (value: string) => subjectAltName(uriName(`${sidPrefix}${value}`));
const identityOf = (...extensions: readonly Buffer[]) =>
  subjectIdentity(parseCertificate(person(issuer, extensions).der));

describe('what is read', () => {
  it('reads nothing where nothing is', () => {
    expect(identityOf()).toEqual({ userPrincipalNames: [], rfc822Names: [] });
  });

  it('reads user principal names and e-mail addresses', () => {
    expect(identityOf(subjectAltName(upn('jdoe@contoso.com'), emailName('jane@contoso.com'), upn('müller@x')))).toEqual(
      {
        userPrincipalNames: ['jdoe@contoso.com', 'müller@x'],
        rfc822Names: ['jane@contoso.com'],
      },
    );
  });

  it.each([
    ['the extension', [sidExtension(sid)], 'extension'],
    ['the URI', [sidUri(sid)], 'uri'],
    ['both, equal', [sidExtension(sid), sidUri(sid)], 'extension'],
  ])('reads the security identifier of %s', (_rule, extensions, source) => {
    expect(identityOf(...extensions).securityIdentifier).toEqual({ sid, source });
  });

  it('encodes the extension as published writers do', () => {
    const published =
      '3040a03e060a2b060104018237190201a030042e532d312d352d32312d313131313131313131312d323232323232323232322d333333333333333333332d31313035';
    const read = identityOf(extension(oids.securityIdentifierExtension, Buffer.from(published, 'hex')));
    expect(read.securityIdentifier?.sid).toBe(sid);
  });
});

describe('what is refused', () => {
  const upnOf = (value: Buffer) => subjectAltName(otherName(oids.userPrincipalName, value));
  it.each([
    ['NUL in a user principal name', [subjectAltName(upn('admin\0@contoso.com'))]],
    ['a control character in a user principal name', [subjectAltName(upn('admin\r@contoso.com'))]],
    ['a subjectAltName without a name', [subjectAltName()]],
    ['an empty user principal name', [subjectAltName(upn(''))]],
    ['a user principal name of another string type', [upnOf(text(0x16, 'jdoe@contoso.com'))]],
    ['broken UTF-8 in a user principal name', [upnOf(Buffer.from('0c02c328', 'hex'))]],
    ['a user principal name given twice', [subjectAltName(upn('a@b'), upn('a@b'))]],
    ['an over-long user principal name', [subjectAltName(upn('a'.repeat(1025)))]],
    ['the SID extension with another inner type', [sidExtension(sid, oids.userPrincipalName)]],
    ['SIDs of extension and URI that differ', [sidExtension(sid), sidUri('S-1-5-21-1-2-3-500')]],
    ['two SID URIs', [subjectAltName(uriName(`${sidPrefix}${sid}`), uriName(`${sidPrefix}${sid}`))]],
    ['a SID URI in other case with a broken SID', [subjectAltName(uriName(`TAG:microsoft.com,2022-09-14:SID:x`))]],
    ['a SID in the wrong case', [sidExtension(sid.toLowerCase())]],
    ['a SID with a leading zero', [sidExtension('S-1-5-021-1')]],
    ['a sub-authority beyond 32 bits', [sidExtension('S-1-5-21-4294967296')]],
    ['a SID with more than 15 sub-authorities', [sidExtension(`S-1-5${'-1'.repeat(16)}`)]],
    ['a SID with something behind it', [sidExtension(`${sid}\n`)]],
    ['a SID that is not ASCII', [sidExtension(`${sid}é`)]],
    ['a SID extension that is no GeneralNames', [extension(oids.securityIdentifierExtension, utf8(sid))]],
    [
      'a SID extension with two SIDs',
      [
        extension(
          oids.securityIdentifierExtension,
          sequence(
            otherName(oids.securityIdentifier, octetString(Buffer.from(sid))),
            otherName(oids.securityIdentifier, octetString(Buffer.from(sid))),
          ),
        ),
      ],
    ],
  ])('refuses %s', (_rule, extensions) => {
    expect(() => identityOf(...extensions)).toThrow(MalformedError);
  });

  it('refuses the SID extension twice', () => {
    expect(() => identityOf(sidExtension(sid), sidExtension(sid))).toThrow(/twice/);
  });
});
