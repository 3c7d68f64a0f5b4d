/** Certificates and CRLs made octet by octet, of any kind, right or wrong; with P-256 keys unless others are given. */
import { createHash, randomBytes, sign } from 'node:crypto';
import { oids } from '../../src/pki/encoding/oids.ts';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  name,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  time,
} from './der-builder.ts';
import { ecdsaWithSha256, type Keys, newKeys, type Scheme } from './keys.ts';

export const now = new Date('2026-06-01T12:00:00Z');
export const days = (count: number): Date => new Date(now.getTime() + count * 86_400_000);

export interface Issuing {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly serial?: number | bigint;
  /** Extensions made by `extension`. */
  readonly extensions?: readonly Buffer[];
  readonly keys?: Keys;
}

export interface Issued {
  readonly der: Buffer;
  readonly subject: Buffer;
  readonly keys: Keys;
}

export type { Keys };
export { newKeys };

const schemeOf = ({ scheme = ecdsaWithSha256 }: Keys): Scheme => scheme;

export function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

export const commonName = (text: string): Buffer => name([[oids.commonName, text]]);

export const ca = (pathLength?: number): Buffer =>
  extension(
    oids.basicConstraints,
    sequence(boolean(true), ...(pathLength === undefined ? [] : [integer(pathLength)])),
    true,
  );
/** keyCertSign and cRLSign. */
export const caUsage = extension(oids.keyUsage, namedBits(5, 6), true);
export const digitalSignature = extension(oids.keyUsage, namedBits(0), true);
export const purposes = (...list: readonly string[]): Buffer =>
  extension(oids.extendedKeyUsage, sequence(...list.map(objectIdentifier)));
export const subjectAltName = (...names: readonly Buffer[]): Buffer =>
  extension(oids.subjectAltName, sequence(...names));
export const dnsName = (value: string): Buffer => implicit(2, Buffer.from(value));
export const emailName = (value: string): Buffer => implicit(1, Buffer.from(value));
export const uriName = (value: string): Buffer => implicit(6, Buffer.from(value));
export const directoryName = (value: Buffer): Buffer => explicit(4, value);
export const otherName = (type: string, value: Buffer): Buffer =>
  explicit(0, objectIdentifier(type), explicit(0, value));

export function nameConstraints(permitted: readonly Buffer[], excluded: readonly Buffer[] = []): Buffer {
  const subtrees = (number: number, bases: readonly Buffer[]) =>
    bases.length > 0 ? [explicit(number, ...bases.map((base) => sequence(base)))] : [];
  return extension(oids.nameConstraints, sequence(...subtrees(0, permitted), ...subtrees(1, excluded)), true);
}

export const distributionPoint = (url: string): Buffer =>
  extension(oids.crlDistributionPoints, sequence(sequence(explicit(0, explicit(0, uriName(url))))));

/** Signs TBS octets as a certificate or CRL. */
export function signed(tbs: Buffer, keys: Keys): Buffer {
  const { algorithm, digest } = schemeOf(keys);
  return sequence(tbs, algorithm, bitString(sign(digest, tbs, keys.privateKey)));
}

export function issue(subject: Buffer, issuer: Issued | undefined, options: Issuing = {}): Issued {
  const keys = options.keys ?? newKeys();
  const signer = issuer ?? { subject, keys };
  const { extensions = [] } = options;
  const tbs = sequence(
    explicit(0, integer(2)),
    integer(options.serial ?? BigInt(`0x01${randomBytes(8).toString('hex')}`)),
    schemeOf(signer.keys).algorithm,
    signer.subject,
    sequence(time(options.notBefore ?? days(-10)), time(options.notAfter ?? days(10))),
    subject,
    keys.publicKey.export({ format: 'der', type: 'spki' }),
    ...(extensions.length > 0 ? [explicit(3, sequence(...extensions))] : []),
  );
  return { der: signed(tbs, signer.keys), subject, keys };
}

export const root = (label = 'Root', extra: readonly Buffer[] = []): Issued =>
  issue(commonName(label), undefined, { extensions: [ca(), caUsage, ...extra] });
export const intermediate = (issuer: Issued, label = 'Intermediate', extra: readonly Buffer[] = []): Issued =>
  issue(commonName(label), issuer, { extensions: [ca(), caUsage, ...extra] });
export const person = (issuer: Issued, extra: readonly Buffer[] = [], options: Issuing = {}): Issued =>
  issue(commonName('Person'), issuer, {
    ...options,
    extensions: [digitalSignature, purposes(oids.clientAuth), ...extra],
  });

/** A person with these names, below an intermediate with these name constraints. */
export const constrained = (issuer: Issued, constraints: Buffer, names: readonly Buffer[]): readonly Issued[] => {
  const middle = intermediate(issuer, 'Constrained', [constraints]);
  return [person(middle, names.length > 0 ? [subjectAltName(...names)] : []), middle];
};

export interface CrlIssuing {
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date | undefined;
  /** Entries made by `crlEntry`. */
  readonly entries?: readonly Buffer[];
  readonly extensions?: readonly Buffer[];
}

export const crlEntry = (serial: number | bigint, extensions: readonly Buffer[] = []): Buffer =>
  sequence(integer(serial), time(days(-2)), ...(extensions.length > 0 ? [sequence(...extensions)] : []));

export function issueCrl(issuer: Pick<Issued, 'subject' | 'keys'>, options: CrlIssuing = {}): Buffer {
  const { entries = [], extensions = [] } = options;
  const nextUpdate = 'nextUpdate' in options ? options.nextUpdate : days(5);
  const tbs = sequence(
    integer(1),
    schemeOf(issuer.keys).algorithm,
    issuer.subject,
    time(options.thisUpdate ?? days(-1)),
    ...(nextUpdate ? [time(nextUpdate)] : []),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    ...(extensions.length > 0 ? [explicit(0, sequence(...extensions))] : []),
  );
  return signed(tbs, issuer.keys);
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
