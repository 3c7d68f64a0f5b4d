/** GeneralName (RFC 5280 4.2.1.6) as a union by kind. */
import type { DistinguishedName } from './distinguished-name.ts';

export type GeneralName =
  | { readonly kind: 'otherName'; readonly type: string /** DER inside the explicit [0]. */; readonly value: Buffer }
  | { readonly kind: 'rfc822Name' | 'dNSName' | 'uniformResourceIdentifier'; readonly value: string }
  | { readonly kind: 'directoryName'; readonly name: DistinguishedName }
  | { readonly kind: 'iPAddress'; readonly octets: Buffer }
  | { readonly kind: 'registeredID'; readonly oid: string }
  | { readonly kind: 'x400Address' | 'ediPartyName'; readonly der: Buffer };
