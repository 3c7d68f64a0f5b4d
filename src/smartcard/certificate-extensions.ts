/** The extensions of the certificates and CRLs that the harness issues, written to DER with asn1js. It reads none. */
import { isIPv4, isIPv6 } from 'node:net';
import * as asn1js from 'asn1js';
import { Extension } from 'pkijs';

export type KeyUsageName = keyof typeof keyUsageBits;

/** RFC 5280 4.2.1.3: bit numbers of KeyUsage. */
export const keyUsageBits = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
} as const;

/** Key purposes and extensions by the names they have in RFC 5280 4.2.1.12 and MS-WCCE. */
export const extendedKeyUsages = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  smartcardLogon: '1.3.6.1.4.1.311.20.2.2',
  /** RFC 4556 3.2.2. */
  pkinitClientAuth: '1.3.6.1.5.2.3.4',
  /** RFC 9336. */
  documentSigning: '1.3.6.1.5.5.7.3.36',
  /** FIPS 201: the key that answers without a PIN. */
  pivCardAuth: '2.16.840.1.101.3.6.8',
} as const;

const userPrincipalNameOid = '1.3.6.1.4.1.311.20.2.3';
const securityExtensionOid = '1.3.6.1.4.1.311.25.2';
const objectSidOid = '1.3.6.1.4.1.311.25.2.1';

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
  return extension('2.5.29.19', true, sequence(...parts, ...limit));
}

/** X.690 11.2.2: a BIT STRING with named bits ends at its last one bit. */
export function keyUsage(names: readonly KeyUsageName[]): Extension {
  const bits = names.map((name): number => keyUsageBits[name]);
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  const unusedBits = 7 - Math.max(...bits);
  return extension('2.5.29.15', true, new asn1js.BitString({ valueHex: Uint8Array.of(octet), unusedBits }));
}

export function extendedKeyUsage(purposes: readonly string[], critical = false): Extension {
  return extension('2.5.29.37', critical, sequence(...purposes.map(oid)));
}

export function certificatePolicies(policies: readonly string[]): Extension {
  return extension('2.5.29.32', false, sequence(...policies.map((policy) => sequence(oid(policy)))));
}

/** RFC 5280 4.2.1.2: the identifier is the SHA-1 of the public key's BIT STRING; here it arrives ready made. */
export function subjectKeyIdentifier(identifier: Buffer): Extension {
  return extension('2.5.29.14', false, new asn1js.OctetString({ valueHex: identifier }));
}

export function authorityKeyIdentifier(identifier: Buffer): Extension {
  return extension('2.5.29.35', false, sequence(implicit(0, identifier)));
}

/** RFC 5280 4.2.1.13 with one full name and no reasons: the CRL there covers everything. */
export function crlDistributionPoint(url: string): Extension {
  const fullName = constructed(0, implicit(6, Buffer.from(url, 'ascii')));
  return extension('2.5.29.31', false, sequence(sequence(constructed(0, fullName))));
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
    ['1.3.6.1.5.5.7.48.1', ocspResponder],
    ['1.3.6.1.5.5.7.48.2', caIssuers],
  ] as const;
  const descriptions = locations.flatMap(([method, url]) =>
    url === undefined ? [] : [sequence(oid(method), implicit(6, Buffer.from(url, 'ascii')))],
  );
  return descriptions.length === 0 ? undefined : extension('1.3.6.1.5.5.7.1.1', false, sequence(...descriptions));
}

/** RFC 6960 4.2.2.2.1: nobody need ask whether this responder's certificate is revoked. */
export function ocspNoCheck(): Extension {
  return extension('1.3.6.1.5.5.7.48.1.5', false, new asn1js.Null());
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
      otherName(userPrincipalNameOid, new asn1js.Utf8String({ value })),
    ),
    ...(names.rfc822Names ?? []).map((value) => implicit(1, Buffer.from(value, 'ascii'))),
    ...(names.dnsNames ?? []).map((value) => implicit(2, Buffer.from(value, 'ascii'))),
    ...uris.map((value) => implicit(6, Buffer.from(value, 'ascii'))),
    ...(names.ipAddresses ?? []).map((value) => implicit(7, addressOctets(value))),
  ];
  return all.length === 0 ? undefined : extension('2.5.29.17', false, sequence(...all));
}

/** MS-WCCE 2.2.2.7.7.4: GeneralNames with one otherName that holds the SID as ASCII. */
export function securityIdentifier(sid: string): Extension {
  const octets = new asn1js.OctetString({ valueHex: Buffer.from(sid, 'ascii') });
  return extension(securityExtensionOid, false, sequence(otherName(objectSidOid, octets)));
}

export function crlNumber(value: bigint): Extension {
  return extension('2.5.29.20', false, asn1js.Integer.fromBigInt(value));
}

export function crlReason(code: number): Extension {
  return extension('2.5.29.21', false, new asn1js.Enumerated({ value: code }));
}

export function rawExtension({ oid: extnID, critical, value }: RawExtension): Extension {
  return new Extension({ extnID, critical, extnValue: new Uint8Array(value).buffer });
}
