/** The extensions of the certificates and CRLs that the harness issues, written to DER with asn1js. It reads none. */
import { isIPv4, isIPv6 } from 'node:net';
import * as asn1js from 'asn1js';
import { Extension } from 'pkijs';
import { type KeyUsage, keyUsages } from '../../pki/certificate/key-usage.ts';
import { oids } from '../../pki/encoding/oids.ts';

const { serverAuth, clientAuth, emailProtection, ocspSigning, smartCardLogon } = oids;
const { pkinitClientAuth, documentSigning, pivCardAuth } = oids;

/** The purposes that profiles and authorities can name. */
export const extendedKeyUsages = {
  ...{ serverAuth, clientAuth, emailProtection, ocspSigning, smartCardLogon },
  ...{ pkinitClientAuth, documentSigning, pivCardAuth },
} as const;

export interface AlternativeNames {
  /** Each becomes an otherName with a UTF8String. */
  readonly userPrincipalNames?: readonly string[];
  readonly rfc822Names?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** Dotted IPv4 or textual IPv6. */
  readonly ipAddresses?: readonly string[];
  readonly uniformResourceIdentifiers?: readonly string[];
  /** A SID that is written as the URI `tag:microsoft.com,2022-09-14:sid:<SID>`. */
  readonly sidUri?: string;
}

/** An extension given as ready DER, for whatever has no option of its own. */
export interface RawExtension {
  readonly oid: string;
  readonly critical: boolean;
  /** DER of the value inside extnValue. */
  readonly value: Buffer;
}

interface Encodable {
  toBER(): ArrayBuffer;
}

function extension(oid: string, critical: boolean, value: Encodable): Extension {
  return new Extension({ extnID: oid, critical, extnValue: value.toBER() });
}

const oid = (value: string) => new asn1js.ObjectIdentifier({ value });
const sequence = (...value: asn1js.BaseBlock[]) => new asn1js.Sequence({ value });
const implicit = (tagNumber: number, octets: Uint8Array) =>
  new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber }, valueHex: octets });
const constructed = (tagNumber: number, ...value: asn1js.BaseBlock[]) =>
  new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber }, value });

export function basicConstraints(cA: boolean, pathLength?: number): Extension {
  const parts = cA ? [new asn1js.Boolean({ value: true })] : [];
  const limit = cA && pathLength !== undefined ? [new asn1js.Integer({ value: pathLength })] : [];
  return extension(oids.basicConstraints, true, sequence(...parts, ...limit));
}

/** X.690 11.2.2: a BIT STRING with named bits ends at its last one bit. */
export function keyUsage(names: readonly KeyUsage[]): Extension {
  const bits = names.map((name) => keyUsages.indexOf(name));
  const highest = Math.max(...bits);
  const octets = new Uint8Array(Math.floor(highest / 8) + 1);
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return extension(oids.keyUsage, true, new asn1js.BitString({ valueHex: octets, unusedBits: 7 - (highest & 7) }));
}

export function extendedKeyUsage(purposes: readonly string[], critical = false): Extension {
  return extension(oids.extendedKeyUsage, critical, sequence(...purposes.map(oid)));
}

export function certificatePolicies(policies: readonly string[]): Extension {
  return extension(oids.certificatePolicies, false, sequence(...policies.map((policy) => sequence(oid(policy)))));
}

/** RFC 5280 4.2.1.2: the identifier is the SHA-1 of the public key's BIT STRING; here it arrives ready made. */
export function subjectKeyIdentifier(identifier: Buffer): Extension {
  return extension(oids.subjectKeyIdentifier, false, new asn1js.OctetString({ valueHex: identifier }));
}

export function authorityKeyIdentifier(identifier: Buffer): Extension {
  return extension(oids.authorityKeyIdentifier, false, sequence(implicit(0, identifier)));
}

/** RFC 5280 4.2.1.13 with one full name and no reasons: the CRL there covers everything. */
export function crlDistributionPoint(url: string): Extension {
  const fullName = constructed(0, implicit(6, Buffer.from(url, 'ascii')));
  return extension(oids.crlDistributionPoints, false, sequence(sequence(constructed(0, fullName))));
}

/** Where an authority answers for what it issued. */
export interface AuthorityInformation {
  /** http URL of the OCSP responder. */
  readonly ocspResponder?: string;
  /** http URL of the authority's own certificate, in DER. */
  readonly caIssuers?: string;
}

/** RFC 5280 4.2.2.1; undefined when there is nothing to say. */
export function authorityInformationAccess({ ocspResponder, caIssuers }: AuthorityInformation): Extension | undefined {
  const locations = [
    [oids.ocspAccess, ocspResponder],
    [oids.caIssuers, caIssuers],
  ] as const;
  const descriptions = locations.flatMap(([method, url]) =>
    url === undefined ? [] : [sequence(oid(method), implicit(6, Buffer.from(url, 'ascii')))],
  );
  return descriptions.length === 0
    ? undefined
    : extension(oids.authorityInformationAccess, false, sequence(...descriptions));
}

/** RFC 6960 4.2.2.2.1: a client need not ask whether this responder's certificate is revoked. */
export function ocspNoCheck(): Extension {
  return extension(oids.ocspNoCheck, false, new asn1js.Null());
}

function otherName(type: string, value: asn1js.BaseBlock): asn1js.BaseBlock {
  return constructed(0, oid(type), constructed(0, value));
}

function addressOctets(address: string): Buffer {
  if (isIPv4(address)) {
    return Buffer.from(address.split('.').map(Number));
  }
  if (!isIPv6(address) || address.includes('.') || address.includes('%')) {
    throw new TypeError(`"${address}" is not an IP address in plain form`);
  }
  const [head = '', tail] = address.split('::');
  const words = (text: string) => (text === '' ? [] : text.split(':'));
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return Buffer.from(all.map((word) => word.padStart(4, '0')).join(''), 'hex');
}

/** RFC 5280 4.2.1.6; undefined when there is no name at all, since the extension must not be empty. */
export function subjectAltName(names: AlternativeNames): Extension | undefined {
  const uris = [...(names.uniformResourceIdentifiers ?? [])];
  if (names.sidUri !== undefined) {
    uris.push(`tag:microsoft.com,2022-09-14:sid:${names.sidUri}`);
  }
  const all = [
    ...(names.userPrincipalNames ?? []).map((value) =>
      otherName(oids.userPrincipalName, new asn1js.Utf8String({ value })),
    ),
    ...(names.rfc822Names ?? []).map((value) => implicit(1, Buffer.from(value, 'ascii'))),
    ...(names.dnsNames ?? []).map((value) => implicit(2, Buffer.from(value, 'ascii'))),
    ...uris.map((value) => implicit(6, Buffer.from(value, 'ascii'))),
    ...(names.ipAddresses ?? []).map((value) => implicit(7, addressOctets(value))),
  ];
  return all.length === 0 ? undefined : extension(oids.subjectAltName, false, sequence(...all));
}

/** MS-WCCE 2.2.2.7.7.4: GeneralNames with one otherName that holds the SID as ASCII. */
export function securityIdentifier(sid: string): Extension {
  const octets = new asn1js.OctetString({ valueHex: Buffer.from(sid, 'ascii') });
  return extension(oids.securityIdentifierExtension, false, sequence(otherName(oids.securityIdentifier, octets)));
}

export function crlNumber(value: bigint): Extension {
  return extension(oids.crlNumber, false, asn1js.Integer.fromBigInt(value));
}

export function crlReason(code: number): Extension {
  return extension(oids.reasonCode, false, new asn1js.Enumerated({ value: code }));
}

export function rawExtension({ oid: extnID, critical, value }: RawExtension): Extension {
  return new Extension({ extnID, critical, extnValue: new Uint8Array(value).buffer });
}
