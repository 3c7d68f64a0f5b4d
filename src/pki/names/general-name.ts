/** GeneralName (RFC 5280 4.2.1.6) as a union by kind. */
import { contextConstructed, contextPrimitive, DerReader, type DerValue, readSingle, tags } from '../encoding/der.ts';
import { decodeIa5 } from '../encoding/der-strings.ts';
import { decodeObjectIdentifier } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import { type DistinguishedName, parseDistinguishedName } from './distinguished-name.ts';

export type GeneralName =
  | { readonly kind: 'otherName'; readonly type: string /** DER inside the explicit [0]. */; readonly value: Buffer }
  | { readonly kind: 'rfc822Name' | 'dNSName' | 'uniformResourceIdentifier'; readonly value: string }
  | { readonly kind: 'directoryName'; readonly name: DistinguishedName }
  | { readonly kind: 'iPAddress'; readonly octets: Buffer }
  | { readonly kind: 'registeredID'; readonly oid: string }
  | { readonly kind: 'x400Address' | 'ediPartyName'; readonly der: Buffer }
  /** Of a CA, whose names decide nothing but whether its own constraints are kept. */
  | { readonly kind: 'unreadable'; readonly der: Buffer; readonly reason: string };

const maximumNames = 1000;

/** @param der a GeneralNames SEQUENCE, which must not be empty. @throws MalformedError */
export function parseGeneralNames(der: Buffer, what: string): readonly GeneralName[] {
  return generalNamesOf(readSingle(der, tags.sequence, what).content, what);
}

/** @param content the content of a GeneralNames, whatever its tag. @throws MalformedError */
export function generalNamesOf(
  content: Buffer,
  what: string,
  read: (value: DerValue) => GeneralName = generalNameOf,
): readonly GeneralName[] {
  const names = new DerReader(content, what).rest(maximumNames);
  if (names.length === 0) throw new MalformedError(`${what} is empty`);
  return names.map(read);
}

/** Likewise, but one name with an odd octet, or of an unknown kind, does not make the others unreadable. @throws MalformedError */
export function readableNamesOf(
  content: Buffer,
  what: string,
  read: (value: DerValue) => GeneralName = generalNameOf,
): readonly GeneralName[] {
  return generalNamesOf(content, what, (value) => {
    try {
      return read(value);
    } catch (error) {
      if (error instanceof MalformedError) return { kind: 'unreadable', der: value.der, reason: error.message };
      throw error;
    }
  });
}

/** @throws MalformedError for a tag that is not one of the nine kinds, or content its kind does not allow */
export function generalNameOf(value: DerValue): GeneralName {
  const { tag, content, der } = value;
  switch (tag) {
    case contextConstructed(0): {
      const reader = new DerReader(content, 'otherName');
      const type = decodeObjectIdentifier(reader.expect(tags.objectIdentifier).content, 'otherName type');
      const inner = new DerReader(reader.expect(contextConstructed(0)).content, 'otherName value');
      reader.end();
      const { der: innerDer } = inner.next();
      inner.end();
      return { kind: 'otherName', type, value: innerDer };
    }
    case contextPrimitive(1):
      return { kind: 'rfc822Name', value: decodeIa5(content, 'rfc822Name') };
    case contextPrimitive(2):
      return { kind: 'dNSName', value: decodeIa5(content, 'dNSName') };
    case contextConstructed(3):
      return { kind: 'x400Address', der };
    case contextConstructed(4):
      return { kind: 'directoryName', name: parseDistinguishedName(content) };
    case contextConstructed(5):
      return { kind: 'ediPartyName', der };
    case contextPrimitive(6):
      return { kind: 'uniformResourceIdentifier', value: decodeIa5(content, 'uniformResourceIdentifier') };
    case contextPrimitive(7):
      return { kind: 'iPAddress', octets: content };
    case contextPrimitive(8):
      return { kind: 'registeredID', oid: decodeObjectIdentifier(content, 'registeredID') };
    default:
      throw new MalformedError(`general name has the unknown tag 0x${tag.toString(16)}`);
  }
}

/** A string that is equal for equal names and different for different ones, to compare names of one certificate or CRL with. */
export function generalNameKey(name: GeneralName): string {
  switch (name.kind) {
    case 'otherName':
      return `otherName ${name.type} ${name.value.toString('hex')}`;
    case 'directoryName':
      return `directoryName ${name.name.key}`;
    case 'iPAddress':
      return `iPAddress ${name.octets.toString('hex')}`;
    case 'registeredID':
      return `registeredID ${name.oid}`;
    case 'x400Address':
    case 'ediPartyName':
    case 'unreadable':
      return `${name.kind} ${name.der.toString('hex')}`;
    default:
      return `${name.kind} ${name.value}`;
  }
}

/** Constraints apply to names of their own form; for otherName the form is its type. RFC 9598 6: those of rfc822Name to both. */
export function constrainedForm(name: GeneralName): string {
  if (name.kind !== 'otherName') return name.kind;
  return name.type === oids.smtpUtf8Mailbox ? 'rfc822Name' : `otherName ${name.type}`;
}
