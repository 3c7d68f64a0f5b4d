/**
 * Signature algorithms: which ones exist here, read from their AlgorithmIdentifier, and which ones a site accepts. What is
 * not in these tables is refused.
 */
import { z } from 'zod';
import { contextConstructed, DerReader, readSequence, tags } from '../encoding/der.ts';
import { decodeCount, decodeObjectIdentifier } from '../encoding/der-values.ts';
import { oids } from '../encoding/oids.ts';

type Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512';
type MlDsa = 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87';
/** RFC 5639: the curves of European identity cards. */
type Brainpool = 'brainpoolP256r1' | 'brainpoolP384r1' | 'brainpoolP512r1';
/** What signs by one algorithm. */
type KeyFamily = 'rsa' | 'ec' | 'ed25519' | 'ed448' | 'dsa' | MlDsa;
/** `ec`: the curves of NIST. */
export type KeyKind = KeyFamily | Brainpool;

export interface AlgorithmPolicy {
  /** Hash functions accepted in signatures; SHA-1 can be forged by collision. */
  readonly digests: readonly Digest[];
  /** Kinds of keys accepted. ML-DSA needs OpenSSL 3.5 under Node; an older one refuses such keys. */
  readonly keyTypes: readonly KeyKind[];
  /** The smallest RSA modulus accepted, in bits. */
  readonly minimumRsaBits: number;
}

export const algorithms = z
  .strictObject({
    digests: z
      .array(z.enum(['sha1', 'sha256', 'sha384', 'sha512']))
      .min(1)
      .default(['sha256', 'sha384', 'sha512'])
      .describe('Hash functions accepted in signatures'),
    keyTypes: z
      .array(
        z.enum([
          'rsa',
          'ec',
          'ed25519',
          'ed448',
          'ml-dsa-44',
          'ml-dsa-65',
          'ml-dsa-87',
          'brainpoolP256r1',
          'brainpoolP384r1',
          'brainpoolP512r1',
        ]),
      )
      .min(1)
      .default(['rsa', 'ec', 'ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'])
      .describe(
        'Kinds of keys accepted; ec: P-256, P-384 and P-521. The Brainpool curves (RFC 5639) count only where they are listed, and cards with them need TLS 1.3',
      ),
    minimumRsaBits: z.int().min(1024).max(16_384).default(2048).describe('Smallest RSA key accepted'),
  })
  .prefault({});

/** NIST SP 800-131A: what may still make and prove signatures. */
export const defaultAlgorithmPolicy: AlgorithmPolicy = algorithms.parse({});

export interface SignatureAlgorithm {
  readonly keyType: KeyFamily;
  /** Absent where the scheme fixes its own hash function (RFC 8032, FIPS 204). */
  readonly digest?: Digest;
  /** RSASSA-PSS with this salt length in octets; absent: RSASSA-PKCS1-v1_5 or not RSA. */
  readonly pssSaltLength?: number;
}

interface SchemeEntry extends SignatureAlgorithm {
  readonly parameters: 'null-or-absent' | 'absent';
}

const schemes: ReadonlyMap<string, SchemeEntry> = new Map<string, SchemeEntry>([
  [oids.sha1WithRsa, { keyType: 'rsa', digest: 'sha1', parameters: 'null-or-absent' }],
  [oids.sha256WithRsa, { keyType: 'rsa', digest: 'sha256', parameters: 'null-or-absent' }],
  [oids.sha384WithRsa, { keyType: 'rsa', digest: 'sha384', parameters: 'null-or-absent' }],
  [oids.sha512WithRsa, { keyType: 'rsa', digest: 'sha512', parameters: 'null-or-absent' }],
  [oids.ecdsaWithSha1, { keyType: 'ec', digest: 'sha1', parameters: 'null-or-absent' }],
  [oids.ecdsaWithSha256, { keyType: 'ec', digest: 'sha256', parameters: 'null-or-absent' }],
  [oids.ecdsaWithSha384, { keyType: 'ec', digest: 'sha384', parameters: 'null-or-absent' }],
  [oids.ecdsaWithSha512, { keyType: 'ec', digest: 'sha512', parameters: 'null-or-absent' }],
  [oids.ed25519, { keyType: 'ed25519', parameters: 'absent' }],
  [oids.ed448, { keyType: 'ed448', parameters: 'absent' }],
  [oids.dsaWithSha1, { keyType: 'dsa', digest: 'sha1', parameters: 'null-or-absent' }],
  [oids.mlDsa44, { keyType: 'ml-dsa-44', parameters: 'absent' }],
  [oids.mlDsa65, { keyType: 'ml-dsa-65', parameters: 'absent' }],
  [oids.mlDsa87, { keyType: 'ml-dsa-87', parameters: 'absent' }],
]);

const digests: ReadonlyMap<string, Digest> = new Map<string, Digest>([
  [oids.sha1, 'sha1'],
  [oids.sha256, 'sha256'],
  [oids.sha384, 'sha384'],
  [oids.sha512, 'sha512'],
]);

interface AlgorithmIdentifier {
  readonly oid: string;
  /** Tag and DER of the parameters. */
  readonly parameters?: { readonly tag: number; readonly content: Buffer; readonly der: Buffer };
}

/** @param reader over the content of an AlgorithmIdentifier. @throws MalformedError */
export function algorithmIdentifierOf(reader: DerReader): AlgorithmIdentifier {
  const oid = decodeObjectIdentifier(reader.expect(tags.objectIdentifier).content, 'algorithm');
  if (reader.atEnd) return { oid };
  const parameters = reader.next();
  reader.end();
  return { oid, parameters };
}

/**
 * @param der AlgorithmIdentifier of a signature
 * @returns the scheme, or the reason why the AlgorithmIdentifier names no known scheme
 * @throws MalformedError when it is not strict DER
 */
export function signatureScheme(der: Buffer): SignatureAlgorithm | string {
  const { oid, parameters } = algorithmIdentifierOf(readSequence(der, 'signature algorithm'));
  if (oid === oids.rsassaPss) return pssScheme(parameters?.der);
  const entry = schemes.get(oid);
  if (!entry) return `signature algorithm ${oid} is not known`;
  // RFC 4055 section 5: NULL is written with RSA, absent is accepted. RFC 5758 3 leaves it out with DSA and ECDSA; CAs of identity
  // cards write it, and as it is signed and says nothing, it is read. Younger schemes (RFC 8410 3, RFC 9881 2) have no such past.
  const isNull = parameters?.tag === 0x05 && parameters.content.length === 0;
  if (parameters && !(isNull && entry.parameters === 'null-or-absent'))
    return `signature algorithm ${oid} has parameters it must not have`;
  return entry;
}

/** RSASSA-PSS-params (RFC 4055 3.1); what is left out means SHA-1. MGF1 must use the hash function of the signature. */
function pssScheme(der: Buffer | undefined): SignatureAlgorithm | string {
  if (!der) return 'RSASSA-PSS signature has no parameters';
  const reader = readSequence(der, 'RSASSA-PSS parameters');
  const hash = reader.optional(contextConstructed(0));
  const mask = reader.optional(contextConstructed(1));
  const salt = reader.optional(contextConstructed(2));
  const trailer = reader.optional(contextConstructed(3));
  reader.end();
  // 1 is the default and the only one there is.
  if (trailer && countOf(trailer.content, 'trailerField') !== 1)
    return 'RSASSA-PSS signature has an unknown trailer field';
  const digest = hash ? digestOf(readSequence(hash.content, 'hash algorithm')) : 'sha1';
  const maskDigest = mask ? maskDigestOf(mask.content) : 'sha1';
  if (!digest || digest !== maskDigest) return 'RSASSA-PSS signature mixes or does not name its hash functions';
  const pssSaltLength = salt ? countOf(salt.content, 'saltLength') : 20;
  if (pssSaltLength > 512) return 'RSASSA-PSS signature has a salt longer than any key';
  return { keyType: 'rsa', digest, pssSaltLength };
}

function digestOf(reader: DerReader): Digest | undefined {
  return digests.get(algorithmIdentifierOf(reader).oid);
}

function maskDigestOf(content: Buffer): Digest | undefined {
  const { oid, parameters } = algorithmIdentifierOf(readSequence(content, 'mask generation'));
  return oid === oids.mgf1 && parameters ? digestOf(readSequence(parameters.der, 'hash of MGF1')) : undefined;
}

function countOf(content: Buffer, what: string): number {
  const reader = new DerReader(content, what);
  const value = decodeCount(reader.expect(tags.integer).content, what);
  reader.end();
  return value;
}

const brainpoolTypes: ReadonlySet<string> = new Set<Brainpool>([
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
]);

/** What kind of signature a key makes: on every curve ECDSA. */
export function familyOf(type: KeyKind): KeyFamily {
  return isBrainpool(type) ? 'ec' : type;
}

function isBrainpool(type: KeyKind): type is Brainpool {
  return brainpoolTypes.has(type);
}

/** Why the site's policy refuses a scheme; undefined when it accepts it. */
export function schemeRefusal(scheme: SignatureAlgorithm, policy: AlgorithmPolicy): string | undefined {
  if (!policy.keyTypes.some((type) => familyOf(type) === scheme.keyType))
    return `${scheme.keyType} signatures are not accepted`;
  if (scheme.digest && !policy.digests.includes(scheme.digest)) return `${scheme.digest} signatures are not accepted`;
  return undefined;
}
