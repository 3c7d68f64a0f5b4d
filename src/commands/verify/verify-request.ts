/** What `cardgate verify` is asked, read from files or from one line of JSON: strictly, and with every fault named. */
import { readFileSync } from 'node:fs';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import { noPurpose } from '../../pki/certificate/key-purposes.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { oids } from '../../pki/encoding/oids.ts';
import { readCertificateBlocks, readCrls, readOcspResponses } from '../../pki/encoding/pem.ts';
import { certificatesIn, crlsIn, type LeftOut, type NamedDer, ocspResponsesIn } from './verify-material.ts';
import { VerifyUsageError } from './verify-usage-error.ts';

export const revocationChoices = ['crl', 'ocsp', 'both', 'off'] as const;
export type RevocationChoice = (typeof revocationChoices)[number];

/** All that stays the same for many certificates. */
export interface VerifySettings {
  readonly trustAnchors: readonly Certificate[];
  readonly untrusted: readonly Certificate[];
  readonly crls: readonly NamedDer[];
  readonly ocspResponses: readonly NamedDer[];
  /** Of all these, those that cannot be read; the result names them. */
  readonly leftOut: readonly LeftOut[];
  /** Absent: the present. */
  readonly at?: Date | undefined;
  /** user-initial-policy-set, dotted OIDs; empty: any. */
  readonly policies: readonly string[];
  readonly requireExplicitPolicy: boolean;
  readonly inhibitPolicyMapping: boolean;
  readonly inhibitAnyPolicy: boolean;
  /** Dotted OIDs of which one must hold; empty: any purpose will do. */
  readonly purposes: readonly string[];
  /** Absent: `both` when there is a CRL or an OCSP response, otherwise `off`. */
  readonly revocation?: RevocationChoice | undefined;
}

/** Options as the command line gives them, file names still. */
export interface VerifyOptions {
  readonly trustAnchor: readonly string[];
  readonly untrusted: readonly string[];
  readonly crl: readonly string[];
  readonly ocsp: readonly string[];
  readonly at?: string;
  readonly policy: readonly string[];
  readonly requireExplicitPolicy: boolean;
  readonly inhibitPolicyMapping: boolean;
  readonly inhibitAnyPolicy: boolean;
  readonly eku: readonly string[];
  readonly revocation?: RevocationChoice;
}

/** @throws VerifyUsageError */
export function settingsOfOptions(options: VerifyOptions): VerifySettings {
  const named = (files: readonly string[], read: (file: Buffer) => readonly Buffer[]): readonly NamedDer[] =>
    files.flatMap((file) => fromFile(file, read).map((der) => ({ file, der })));
  const material = materialOf({
    trustAnchors: named(options.trustAnchor, readCertificateBlocks),
    untrusted: named(options.untrusted, readCertificateBlocks),
    crls: named(options.crl, readCrls),
    ocspResponses: named(options.ocsp, readOcspResponses),
  });
  return {
    ...material,
    at: options.at === undefined ? undefined : timeOf(options.at),
    policies: options.policy.map(oidOf),
    requireExplicitPolicy: options.requireExplicitPolicy,
    inhibitPolicyMapping: options.inhibitPolicyMapping,
    inhibitAnyPolicy: options.inhibitAnyPolicy,
    purposes: options.eku.map(purposeOf),
    revocation: options.revocation,
  };
}

type GivenMaterial = Readonly<Record<'trustAnchors' | 'untrusted' | 'crls' | 'ocspResponses', readonly NamedDer[]>>;

/** @throws VerifyUsageError when some are given and none of the kind can be read */
function materialOf(
  given: GivenMaterial,
): Pick<VerifySettings, 'trustAnchors' | 'untrusted' | 'crls' | 'ocspResponses' | 'leftOut'> {
  const trustAnchors = certificatesIn(given.trustAnchors);
  const untrusted = certificatesIn(given.untrusted);
  const crls = crlsIn(given.crls);
  const ocspResponses = ocspResponsesIn(given.ocspResponses);
  return {
    trustAnchors: trustAnchors.found,
    untrusted: untrusted.found,
    crls: crls.found,
    ocspResponses: ocspResponses.found,
    leftOut: [trustAnchors, untrusted, crls, ocspResponses].flatMap(({ leftOut }) => leftOut),
  };
}

/** The certificates of a file, end entity first. They are not parsed here: what is wrong with them is for validation to say. */
export function peerCertificatesOf(file: string): readonly Buffer[] {
  return fromFile(file, readCertificateBlocks);
}

function fromFile<T>(file: string, read: (bytes: Buffer) => readonly T[]): readonly T[] {
  try {
    return read(readFileSync(file));
  } catch (error) {
    if (error instanceof MalformedError || (error instanceof Error && 'code' in error))
      throw new VerifyUsageError(`${file}: ${error.message}`);
    throw error;
  }
}

/** Names of purposes that `--eku` takes beside dotted OIDs. */
const purposesByName = [
  'clientAuth',
  'smartCardLogon',
  'pkinitClientAuth',
  'serverAuth',
  'emailProtection',
  'codeSigning',
  'timeStamping',
  'ocspSigning',
] as const;
export const purposeNames: readonly string[] = [...purposesByName, noPurpose];

/** @throws VerifyUsageError */
export function purposeOf(text: string): string {
  if (text.toLowerCase() === noPurpose) return noPurpose;
  const name = purposesByName.find((known) => known.toLowerCase() === text.toLowerCase());
  if (name) return oids[name];
  if (dotted.test(text)) return text;
  throw new VerifyUsageError(`"${text}" is neither a dotted OID nor one of ${purposeNames.join(', ')}`);
}

const dotted = /^[0-2](?:\.(?:0|[1-9]\d{0,38}))+$/;

/** @throws VerifyUsageError */
export function oidOf(text: string): string {
  if (dotted.test(text)) return text;
  throw new VerifyUsageError(`"${text}" is not a dotted OID`);
}

const isoTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** @throws VerifyUsageError when it is no ISO 8601 date, or a time without its zone */
export function timeOf(text: string): Date {
  const time = new Date(text);
  if (isoTime.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new VerifyUsageError(`"${text}" is not a time such as 2026-06-01T12:00:00Z`);
}
