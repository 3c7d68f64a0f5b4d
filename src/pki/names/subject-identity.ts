/**
 * The identities a certificate claims for its subject, read without doubt: user principal names, e-mail addresses,
 * the Microsoft security identifier extension and its URI twin. A malformed identity is an error, never skipped.
 */
import type { Certificate } from '../certificate/certificate.ts';
import { readSingle, tags } from '../encoding/der.ts';
import { decodeIa5, decodeText } from '../encoding/der-strings.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import { type GeneralName, parseGeneralNames } from './general-name.ts';

export interface SubjectIdentity {
  readonly userPrincipalNames: readonly string[];
  readonly rfc822Names: readonly string[];
  readonly securityIdentifier?: { readonly sid: string; readonly source: 'extension' | 'uri' };
}

const sidUriPrefix = 'tag:microsoft.com,2022-09-14:sid:';
/** UPNs are at most 1024 characters in Active Directory. */
const longestName = 1024;

/**
 * @throws MalformedError when an identity is malformed, when subjectAltName holds no name, when a user principal name or SID is given twice, or when the SIDs of
 *   extension and URI differ (MS-WCCE 2.2.2.7.7.4, KB5014754)
 */
export function subjectIdentity(certificate: Certificate): SubjectIdentity {
  if (certificate.extensions.has(oids.subjectAltName) && certificate.subjectAltName.length === 0)
    throw new MalformedError('subjectAltName is empty');
  for (const name of certificate.subjectAltName) if (name.kind === 'unreadable') throw new MalformedError(name.reason);
  const userPrincipalNames = certificate.subjectAltName.flatMap(userPrincipalName);
  if (new Set(userPrincipalNames).size !== userPrincipalNames.length)
    throw new MalformedError('user principal name is given twice');
  const rfc822Names = certificate.subjectAltName.flatMap((name) =>
    name.kind === 'rfc822Name' ? [bounded(name.value, 'rfc822Name')] : [],
  );
  const fromExtension = sidOfExtension(certificate);
  const fromUri = sidOfUri(certificate.subjectAltName);
  if (fromExtension !== undefined && fromUri !== undefined && fromExtension !== fromUri)
    throw new MalformedError('security identifiers of the extension and of the URI differ');
  const sid = fromExtension ?? fromUri;
  return {
    userPrincipalNames,
    rfc822Names,
    ...(sid !== undefined && {
      securityIdentifier: { sid, source: fromExtension === undefined ? 'uri' : 'extension' },
    }),
  };
}

function userPrincipalName(name: GeneralName): readonly string[] {
  if (name.kind !== 'otherName' || name.type !== oids.userPrincipalName) return [];
  const text = decodeText(readSingle(name.value, tags.utf8String, 'user principal name'), 'user principal name');
  return [bounded(text ?? '', 'user principal name')];
}

function bounded(text: string, what: string): string {
  if (text.length === 0 || text.length > longestName) throw new MalformedError(`${what} is empty or too long`);
  return text;
}

/** The extension holds GeneralNames with exactly one otherName, an OCTET STRING of the SID as ASCII text. */
function sidOfExtension(certificate: Certificate): string | undefined {
  const extension = certificate.extensions.get(oids.securityIdentifierExtension);
  if (!extension) return undefined;
  const [name, ...more] = parseGeneralNames(extension.value, 'security identifier extension');
  if (name?.kind !== 'otherName' || name.type !== oids.securityIdentifier || more.length > 0)
    throw new MalformedError('security identifier extension holds something other than one SID');
  const { content } = readSingle(name.value, tags.octetString, 'security identifier');
  return checkSid(decodeIa5(content, 'security identifier'));
}

function sidOfUri(names: readonly GeneralName[]): string | undefined {
  const sids = names.flatMap((name) =>
    name.kind === 'uniformResourceIdentifier' && name.value.toLowerCase().startsWith(sidUriPrefix)
      ? [checkSid(name.value.slice(sidUriPrefix.length))]
      : [],
  );
  if (sids.length > 1) throw new MalformedError('security identifier URI is given twice');
  return sids[0];
}

const sidText = /^S-1-(0|[1-9]\d{0,14})((?:-(?:0|[1-9]\d{0,9})){1,15})$/;

/** MS-DTYP 2.4.2.1: a 48-bit authority and up to 15 sub-authorities of 32 bits, in decimal without leading zeros. */
function checkSid(text: string): string {
  const match = sidText.exec(text);
  const [, authority = '', subAuthorities = ''] = match ?? [];
  const inRange =
    Number(authority) < 2 ** 48 &&
    subAuthorities
      .slice(1)
      .split('-')
      .every((value) => Number(value) < 2 ** 32);
  if (!match || !inRange) throw new MalformedError('security identifier is not a SID in its one textual form');
  return text;
}
