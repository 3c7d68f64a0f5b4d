/**
 * A certification authority for tests, demonstrations and trial sites: issues certificates and CRLs with pkijs. Its key is
 * a file, so it must never be trusted by anything but a trial.
 */
import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import * as asn1js from 'asn1js';
import { Certificate, type Extension, PublicKeyInfo } from 'pkijs';
import type { KeyUsage } from '../../pki/certificate/key-usage.ts';
import { oids } from '../../pki/encoding/oids.ts';
import { encodeCertificatePem } from '../../pki/encoding/pem.ts';
import {
  type AlternativeNames,
  type AuthorityInformation,
  authorityInformationAccess,
  authorityKeyIdentifier,
  basicConstraints,
  certificatePolicies,
  crlDistributionPoint,
  extendedKeyUsage,
  extendedKeyUsages,
  keyUsage,
  ocspNoCheck,
  type RawExtension,
  rawExtension,
  securityIdentifier,
  subjectAltName,
  subjectKeyIdentifier,
} from './certificate-extensions.ts';
import { type CrlContent, encodeCrl } from './certificate-revocation-list.ts';
import { encodeTime } from './encode-time.ts';
import type { KeyType } from './key-type.ts';
import { encodeName, type NameInput, nameFromDer } from './name-encoding.ts';
import { type Signer, signWith, softwareSigner } from './signer.ts';
import { generateSoftwareKey, keyIdentifier, subjectPublicKeyInfo } from './software-key.ts';

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface IssuanceRequest extends AlternativeNames, Validity, AuthorityInformation {
  readonly subject: NameInput;
  /** SubjectPublicKeyInfo DER, or a key (of a private key its public half is taken). */
  readonly publicKey: Buffer | KeyObject;
  /** OIDs; empty or absent: no extension, which RFC 5280 reads as "no restriction". */
  readonly extendedKeyUsage?: readonly string[];
  /** As for PIV card authentication (FPKI profiles), whose purpose no verifier may overlook. Default: not critical. */
  readonly criticalExtendedKeyUsage?: boolean;
  /** Default: digitalSignature. Empty: no extension. */
  readonly keyUsage?: readonly KeyUsage[];
  /** Text form, `S-1-5-21-…`, for the extension of MS-WCCE 2.2.2.7.7.4. */
  readonly sid?: string | undefined;
  /** Certificate policy OIDs. */
  readonly policies?: readonly string[];
  /** Default: that of the authority. `null`: none in this certificate. */
  readonly crlDistributionPoint?: string | null;
  /** Default: 126 random bits. Must be positive (RFC 5280 4.1.2.2). */
  readonly serialNumber?: bigint | undefined;
  /** Default: an end entity. */
  readonly certificationAuthority?: { readonly pathLength?: number };
  /** For the certificate of an OCSP responder, whose purpose is `ocspSigning`. */
  readonly ocspNoCheck?: boolean;
  /** Writes the subject alternative name twice, which RFC 5280 4.2 forbids: for certificates that must be refused. */
  readonly repeatSubjectAltName?: boolean;
  readonly extraExtensions?: readonly RawExtension[] | undefined;
}

export interface IssuedCertificate {
  readonly der: Buffer;
  readonly pem: string;
  readonly serialNumber: bigint;
}

interface ServerCertificateRequest extends Validity, AuthorityInformation {
  readonly dnsNames: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Default: P-256. */
  readonly keyType?: KeyType;
  /** Default: a new one of that type. */
  readonly privateKey?: KeyObject;
  readonly serialNumber?: bigint;
}

export interface AuthorityLocations extends AuthorityInformation {
  /** http URL of the authority's CRL. */
  readonly crlDistributionPoint?: string;
}

export interface CertificateAuthorityOptions {
  readonly subject: NameInput;
  readonly keyType: KeyType;
  readonly validity: Validity;
  /** Default: self-signed. */
  readonly parent?: CertificateAuthority;
  /** Where this authority publishes; goes into every certificate it issues. */
  readonly locations?: AuthorityLocations;
  /** Default: a new one. */
  readonly privateKey?: KeyObject;
  readonly serialNumber?: bigint;
  readonly pathLength?: number;
  /** Default: anyPolicy for a subordinate authority, none for a self-signed one. */
  readonly policies?: readonly string[];
  readonly extraExtensions?: readonly RawExtension[];
}

export interface CertificateAuthority {
  readonly certificateDer: Buffer;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** This authority's certificate and those above it, without the self-signed one at the top; may be empty. */
  readonly chainPem: string;
  readonly locations: AuthorityLocations;
  issue(request: IssuanceRequest): Promise<IssuedCertificate>;
  /** `chainPem`: the server's certificate first, then this authority's and those above it, without the self-signed one. */
  issueServerCertificate(
    request: ServerCertificateRequest,
  ): Promise<IssuedCertificate & { readonly privateKeyPem: string; readonly chainPem: string }>;
  /** DER of a complete CRL of this authority. */
  issueCrl(content: CrlContent): Promise<Buffer>;
}

interface IssuerFacts {
  readonly name: Buffer;
  readonly keyIdentifier: Buffer;
  readonly signer: Signer;
  readonly locations: AuthorityLocations;
}

/** Positive, with no leading zero octet: RFC 5280 4.1.2.2 allows 20 octets. */
export function serialNumberOf(octets: Buffer): bigint {
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40;
  return BigInt(`0x${octets.toString('hex')}`);
}

function extensionsFor(request: IssuanceRequest, spki: Buffer, issuer: IssuerFacts): Extension[] {
  const usages = request.keyUsage ?? ['digitalSignature'];
  const purposes = request.extendedKeyUsage ?? [];
  const policies = request.policies ?? [];
  const point =
    request.crlDistributionPoint === undefined
      ? issuer.locations.crlDistributionPoint
      : (request.crlDistributionPoint ?? undefined);
  const authority = request.certificationAuthority;
  const all = [
    basicConstraints(authority !== undefined, authority?.pathLength),
    usages.length > 0 ? keyUsage(usages) : undefined,
    purposes.length > 0 ? extendedKeyUsage(purposes, request.criticalExtendedKeyUsage) : undefined,
    subjectAltName(request),
    request.repeatSubjectAltName ? subjectAltName(request) : undefined,
    request.sid === undefined ? undefined : securityIdentifier(request.sid),
    policies.length > 0 ? certificatePolicies(policies) : undefined,
    point === undefined ? undefined : crlDistributionPoint(point),
    authorityInformationAccess({ ...issuer.locations, ...request }),
    request.ocspNoCheck ? ocspNoCheck() : undefined,
    subjectKeyIdentifier(keyIdentifier(spki)),
    authorityKeyIdentifier(issuer.keyIdentifier),
    ...(request.extraExtensions ?? []).map(rawExtension),
  ];
  return all.filter((extension) => extension !== undefined);
}

async function issueCertificate(request: IssuanceRequest, issuer: IssuerFacts): Promise<IssuedCertificate> {
  const serialNumber = request.serialNumber ?? serialNumberOf(randomBytes(16));
  if (serialNumber <= 0n) {
    throw new RangeError('RFC 5280 4.1.2.2: a serial number is positive');
  }
  const spki = subjectPublicKeyInfo(request.publicKey);
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = asn1js.Integer.fromBigInt(serialNumber);
  certificate.issuer = nameFromDer(issuer.name);
  certificate.subject = nameFromDer(encodeName(request.subject));
  certificate.notBefore = encodeTime(request.notBefore);
  certificate.notAfter = encodeTime(request.notAfter);
  certificate.subjectPublicKeyInfo = new PublicKeyInfo({ schema: asn1js.fromBER(spki).result });
  certificate.extensions = extensionsFor(request, spki, issuer);
  await signWith(issuer.signer, certificate);
  const der = Buffer.from(certificate.toSchema(true).toBER());
  return { der, pem: encodeCertificatePem(der), serialNumber };
}

/**
 * Puts an authority together from its certificate and key.
 * @param parent the authority that issued the certificate; absent when self-signed.
 */
export function openCertificateAuthority(options: {
  readonly certificateDer: Buffer;
  readonly privateKeyPem: string;
  readonly parentChainPem: string;
  readonly locations: AuthorityLocations;
}): CertificateAuthority {
  const { certificateDer, privateKeyPem, parentChainPem, locations } = options;
  const parsed = Certificate.fromBER(certificateDer);
  const privateKey = createPrivateKey(privateKeyPem);
  const certificatePem = encodeCertificatePem(certificateDer);
  const selfSigned = new X509Certificate(certificateDer).checkIssued(new X509Certificate(certificateDer));
  const chainPem = selfSigned ? '' : certificatePem + parentChainPem;
  const issuer: IssuerFacts = {
    name: Buffer.from(parsed.subject.toSchema().toBER()),
    keyIdentifier: keyIdentifier(subjectPublicKeyInfo(privateKey)),
    signer: softwareSigner(privateKey),
    locations,
  };
  return {
    certificateDer,
    certificatePem,
    privateKeyPem,
    chainPem,
    locations,
    issue: (request) => issueCertificate(request, issuer),
    issueServerCertificate: async ({ keyType = 'P-256', privateKey: given, dnsNames, ...rest }) => {
      const serverKey = given ?? (await generateSoftwareKey(keyType));
      const issued = await issueCertificate(
        {
          ...rest,
          dnsNames,
          subject: dnsNames[0] ?? 'server',
          publicKey: serverKey,
          extendedKeyUsage: [extendedKeyUsages.serverAuth],
        },
        issuer,
      );
      return {
        ...issued,
        privateKeyPem: serverKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
        chainPem: issued.pem + chainPem,
      };
    },
    issueCrl: (content) => encodeCrl(content, issuer),
  };
}

/** Makes a new authority, self-signed or issued by `parent`. */
export async function createCertificateAuthority(options: CertificateAuthorityOptions): Promise<CertificateAuthority> {
  const privateKey = options.privateKey ?? (await generateSoftwareKey(options.keyType));
  const policies = options.policies ?? (options.parent === undefined ? [] : [oids.anyPolicy]);
  const request: IssuanceRequest = {
    subject: options.subject,
    publicKey: privateKey,
    ...options.validity,
    keyUsage: ['keyCertSign', 'cRLSign'],
    policies,
    certificationAuthority: options.pathLength === undefined ? {} : { pathLength: options.pathLength },
    extraExtensions: options.extraExtensions,
    serialNumber: options.serialNumber,
  };
  const self: IssuerFacts = {
    name: encodeName(options.subject),
    keyIdentifier: keyIdentifier(subjectPublicKeyInfo(privateKey)),
    signer: softwareSigner(privateKey),
    locations: {},
  };
  const { der } = await (options.parent === undefined
    ? issueCertificate(request, self)
    : options.parent.issue(request));
  return openCertificateAuthority({
    certificateDer: der,
    privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    parentChainPem: options.parent?.chainPem ?? '',
    locations: options.locations ?? {},
  });
}
