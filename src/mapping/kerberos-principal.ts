/** The Kerberos principal names in a certificate (KRB5PrincipalName, RFC 4556 3.2.2). */
import { contextConstructed, DerReader, readSingle, tags } from '../pki/encoding/der.ts';
import { MalformedError } from '../pki/encoding/malformed-error.ts';
import { oids } from '../pki/encoding/oids.ts';
import type { GeneralName } from '../pki/names/general-name.ts';

/** RFC 4120 5.2.1: KerberosString is a GeneralString of IA5 characters. */
const generalString = 0x1b;
const mostComponents = 8;

/** @returns `name/instance@REALM` of each. @throws MalformedError */
export function pkinitPrincipals(names: readonly GeneralName[]): readonly string[] {
  return names.flatMap((name) =>
    name.kind === 'otherName' && name.type === oids.pkinitSubjectAlternativeName ? [principal(name.value)] : [],
  );
}

function principal(der: Buffer): string {
  const what = 'Kerberos principal';
  const outer = new DerReader(readSingle(der, tags.sequence, what).content, what);
  const realm = readSingle(outer.expect(contextConstructed(0)).content, generalString, 'realm').content;
  const inner = readSingle(outer.expect(contextConstructed(1)).content, tags.sequence, what).content;
  outer.end();
  const name = new DerReader(inner, what);
  readSingle(name.expect(contextConstructed(0)).content, tags.integer, 'name type');
  const components = readSingle(name.expect(contextConstructed(1)).content, tags.sequence, what).content;
  name.end();
  const parts = new DerReader(components, what).rest(mostComponents).map(({ tag, content }) => {
    if (tag !== generalString) throw new MalformedError('component of a Kerberos principal is not a GeneralString');
    return text(content);
  });
  if (parts.length === 0) throw new MalformedError('Kerberos principal has no name');
  return `${parts.join('/')}@${text(realm)}`;
}

/** @throws MalformedError for / and @: they separate the parts of a principal, so that with one in a part the text is another principal */
function text(octets: Buffer): string {
  const result = octets.toString('latin1');
  if (!/^[\x21-\x2e\x30-\x3f\x41-\x7e]+$/.test(result)) {
    throw new MalformedError('Kerberos principal holds a character that cannot be in one');
  }
  return result;
}
