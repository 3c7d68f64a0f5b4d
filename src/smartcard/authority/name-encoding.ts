/** X.501 names written to DER in the order given, for certificates the harness issues. It does not read or compare names. */
import * as asn1js from 'asn1js';
import { RelativeDistinguishedNames } from 'pkijs';

interface NameAttribute {
  /** A short name of RFC 4519 or Windows (`CN`, `DC`, `UID` …) or a dotted OID. */
  readonly type: string;
  readonly value: string;
}

/**
 * A string is one common name, a Buffer the DER of the whole name. Otherwise the RDNs in the order of the encoding, most significant first; an inner array is
 * one multi-valued RDN.
 */
export type NameInput = string | Buffer | readonly (NameAttribute | readonly NameAttribute[])[];

const attributeTypes: ReadonlyMap<string, string> = new Map([
  ['CN', '2.5.4.3'],
  ['SN', '2.5.4.4'],
  ['SERIALNUMBER', '2.5.4.5'],
  ['C', '2.5.4.6'],
  ['L', '2.5.4.7'],
  ['ST', '2.5.4.8'],
  ['STREET', '2.5.4.9'],
  ['O', '2.5.4.10'],
  ['OU', '2.5.4.11'],
  ['T', '2.5.4.12'],
  ['G', '2.5.4.42'],
  ['UID', '0.9.2342.19200300.100.1.1'],
  ['DC', '0.9.2342.19200300.100.1.25'],
  ['E', '1.2.840.113549.1.9.1'],
]);

/** RFC 5280 appendix A and RFC 4519: these types have one string type each; all others are UTF8String. */
const ia5Types: ReadonlySet<string> = new Set(['0.9.2342.19200300.100.1.25', '1.2.840.113549.1.9.1']);
const printableTypes: ReadonlySet<string> = new Set(['2.5.4.5', '2.5.4.6']);

function attribute({ type, value }: NameAttribute): asn1js.Sequence {
  const oid = attributeTypes.get(type.toUpperCase()) ?? type;
  if (!/^[0-2](\.\d+)+$/.test(oid)) {
    throw new TypeError(`name attribute type "${type}" is neither a known short name nor an OID`);
  }
  const text = ia5Types.has(oid)
    ? new asn1js.IA5String({ value })
    : printableTypes.has(oid)
      ? new asn1js.PrintableString({ value })
      : new asn1js.Utf8String({ value });
  return new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: oid }), text] });
}

/** DER of the Name. X.690 11.6: the members of a multi-valued RDN are sorted by their encoding. */
export function encodeName(name: NameInput): Buffer {
  if (Buffer.isBuffer(name)) {
    return name;
  }
  const relative = typeof name === 'string' ? [{ type: 'CN', value: name }] : name;
  const sets = relative.map((rdn) => {
    const members = [rdn].flat().map(attribute);
    members.sort((a, b) => Buffer.compare(Buffer.from(a.toBER()), Buffer.from(b.toBER())));
    return new asn1js.Set({ value: members });
  });
  return Buffer.from(new asn1js.Sequence({ value: sets }).toBER());
}

/** The name as pkijs wants it; the DER is kept octet for octet, so that issuer and subject match exactly. */
export function nameFromDer(der: Buffer): RelativeDistinguishedNames {
  return new RelativeDistinguishedNames({ schema: asn1js.fromBER(der).result });
}
