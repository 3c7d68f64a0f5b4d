/** Distinguished names as structures: RDN boundaries kept, a normal form to compare by, RFC 4514 text to show. */

export interface AttributeTypeAndValue {
  /** Dotted OID. */
  readonly type: string;
  /** The text, decoded by its declared string type; undefined for other types. */
  readonly text?: string;
  /** DER of the value. */
  readonly valueDer: Buffer;
}

export type RelativeDistinguishedName = readonly AttributeTypeAndValue[];

export interface DistinguishedName {
  /** In the order of the encoding, most significant first. */
  readonly rdns: readonly RelativeDistinguishedName[];
  readonly der: Buffer;
  /** Normal form for comparison (RFC 5280 7.1): equal keys mean equal names. */
  readonly key: string;
}
