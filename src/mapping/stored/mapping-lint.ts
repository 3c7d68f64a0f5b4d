/**
 * Finds values of altSecurityIdentities in a directory that are broken, weak, at two accounts, or look planted, and says what belongs
 * there instead. It reads only; what it finds is for an administrator to judge.
 */
import type { MappingSpelling, StoredMapping } from '../../directory/directory.ts';
import { type Certificate, readableCertificates } from '../../pki/certificate/certificate.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { subjectIdentity } from '../../pki/names/subject-identity.ts';
import { asciiLowerCase } from '../ascii-case.ts';
import { strongForms } from '../rules/rule.ts';
import { altValues, issuerSerialValues } from './alt-security-identities.ts';
import { reversedValue } from './near-miss.ts';
import { readStoredValue, type StoredValue } from './stored-value.ts';

export const findingKinds = ['planted', 'broken', 'duplicate', 'weak'] as const;
type FindingKind = (typeof findingKinds)[number];

export interface MappingFinding {
  readonly kind: FindingKind;
  /** Distinguished name. */
  readonly account: string;
  readonly value: string;
  /** One sentence. */
  readonly message: string;
  /** What to store instead, where that is known. */
  readonly right?: string;
}

export interface MappingLint {
  /** Values at this account that are wrong by themselves; remembers them all to find duplicates. */
  examine(account: StoredMapping): readonly MappingFinding[];
  /** After the last account: values at more than one. */
  duplicates(): readonly MappingFinding[];
}

interface Owner {
  readonly account: string;
  readonly value: string;
  readonly isProtected: boolean;
}

/** No person has more: each value costs the directory an index entry and the gateway a comparison at every login. */
const mostValues = 32;

/** @param spelling of the directory whose accounts are examined */
export function createMappingLint(spelling: MappingSpelling = 'activeDirectory'): MappingLint {
  const owners = new Map<string, Owner[]>();

  return {
    examine: (account) => {
      const { distinguishedName, altSecurityIdentities, isProtected = false } = account;
      // Directories hold old certificates that no strict parser takes; they suggest nothing.
      const certificates = readableCertificates(account.certificates);
      const findings: MappingFinding[] = [];
      for (const value of altSecurityIdentities) {
        const read = inOrder(readStoredValue(value, spelling), certificates, spelling);
        if (read.kind === 'other') continue;
        const key = asciiLowerCase(read.kind === 'value' ? read.right : value);
        owners.set(key, [...(owners.get(key) ?? []), { account: distinguishedName, value, isProtected }]);
        const found = findingFor(value, read, { account, certificates, spelling });
        if (found) findings.push({ account: distinguishedName, value, ...found });
      }
      if (altSecurityIdentities.length > mostValues) {
        const message = `The account has ${altSecurityIdentities.length} values, more than a person has cards.`;
        findings.push({ kind: 'planted', account: distinguishedName, value: '', message });
      }
      return [...findings, ...foreignCertificates(account, certificates)];
    },
    duplicates: () =>
      [...owners.values()].flatMap((holders) => {
        const accounts = new Set(holders.map(({ account }) => account));
        if (accounts.size < 2) return [];
        const kind = holders.some(({ isProtected }) => isProtected) ? 'planted' : 'duplicate';
        return holders.map(({ account, value }): MappingFinding => {
          const others = [...accounts].filter((other) => other !== account);
          const message = `The same certificates are mapped to ${others.join('; ')}, so that no card holder can log in with them.`;
          return { kind, account, value, message };
        });
      }),
  };
}

/** Which order of the issuer is right, a certificate at the account tells; without one, what looks likely. */
function inOrder(read: StoredValue, certificates: readonly Certificate[], spelling: MappingSpelling): StoredValue {
  if (read.kind !== 'value' || read.form !== 'issuerSerial') return read;
  const own = new Set(
    certificates.flatMap((certificate) => issuerSerialValues(certificate, spelling)).map(asciiLowerCase),
  );
  const isOwn = (text: string) => own.has(asciiLowerCase(text));
  const other = isOwn(read.right) ? undefined : read.otherOrders.find(isOwn);
  return other === undefined ? read : { ...read, right: other, isDisplayOrder: !read.isDisplayOrder };
}

type LintFinding = Omit<MappingFinding, 'account' | 'value'>;

interface Context {
  readonly account: StoredMapping;
  readonly certificates: readonly Certificate[];
  readonly spelling: MappingSpelling;
}

function findingFor(
  value: string,
  read: StoredValue,
  { account, certificates, spelling }: Context,
): LintFinding | undefined {
  const suggested = suggestion(certificates, spelling);
  switch (read.kind) {
    case 'other':
      return undefined;
    case 'unreadable':
      return { kind: 'broken', message: `The value ${read.complaint}.`, ...suggested };
    case 'issuerOnly':
      return {
        kind: 'planted',
        message:
          'The value stands for every certificate of the issuer; cardgate ignores it, a domain controller may not.',
        ...suggested,
      };
    case 'value': {
      const sid = read.parts.get('SID');
      if (sid !== undefined && account.sid !== undefined && sid !== account.sid) {
        return { kind: 'planted', message: `The value names the SID ${sid}; the account's is ${account.sid}.` };
      }
      const [reversed] = certificates.flatMap(
        (certificate) => reversedValue(read, issuerSerialValues(certificate, spelling)) ?? [],
      );
      if (reversed !== undefined) {
        return { kind: 'broken', message: 'The octets of the serial number are not reversed.', right: reversed };
      }
      if (value !== read.right) {
        return misspelt(read, certificates, spelling);
      }
      if (strongForms.has(read.form)) return undefined;
      const isRisk = account.isProtected === true;
      return {
        kind: isRisk ? 'planted' : 'weak',
        message: isRisk
          ? 'A protected account is mapped by a name. A person who can choose the names in certificates can take it.'
          : weakness[spelling],
        ...suggested,
      };
    }
  }
}

const weakness = {
  activeDirectory: 'The value is only a name; since 2025 domain controllers refuse it.',
  freeIpa: 'The value is only a name; cardgate takes it for a pinned CA and policy only.',
} as const;

const misspelling = {
  activeDirectory: 'No domain controller matches this spelling: order, labels, quotes, tags or digits are wrong.',
  freeIpa: 'FreeIPA does not write this spelling: order, labels, escapes, tags or digits are wrong.',
} as const;

/** Who reversed the issuer for display has the serial number from the same place: which of two values is right, only a certificate tells. */
function misspelt(
  { right, form, parts, isDisplayOrder }: StoredValue & { kind: 'value' },
  certificates: readonly Certificate[],
  spelling: MappingSpelling,
): LintFinding {
  const serial = parts.get('SR') ?? '';
  const isKnown = certificates.some((certificate) => issuerSerialValues(certificate, spelling).includes(right));
  if (form !== 'issuerSerial' || !isDisplayOrder || isKnown) {
    return { kind: 'broken', message: misspelling[spelling], right };
  }
  const digits = right.slice(right.lastIndexOf('>') + 1);
  const other = right.slice(0, -digits.length) + Buffer.from(digits, 'hex').reverse().toString('hex');
  if (asciiLowerCase(other) === asciiLowerCase(right)) return { kind: 'broken', message: misspelling[spelling], right };
  return {
    kind: 'broken',
    message: `The issuer stands in display order. If the serial number ${serial} stands as tools display it too, ${other} is right, else ${right}; ask cardgate mapping value with the certificate.`,
  };
}

/** The strong value of the one certificate that is stored at the account too. */
function suggestion(certificates: readonly Certificate[], spelling: MappingSpelling): { readonly right?: string } {
  const [certificate, ...more] = certificates;
  const [right] = certificate && more.length === 0 ? issuerSerialValues(certificate, spelling) : [];
  return right === undefined ? {} : { right };
}

/** A certificate at an account that names another account's SID. */
function foreignCertificates(
  { sid, distinguishedName }: StoredMapping,
  certificates: readonly Certificate[],
): readonly MappingFinding[] {
  if (sid === undefined) return [];
  return certificates.flatMap((certificate): readonly MappingFinding[] => {
    const [value] = sidValues(certificate);
    if (value === undefined || value.endsWith(`<SID>${sid}`)) return [];
    const message = 'The account holds a certificate with the SID of another account.';
    return [{ kind: 'planted', account: distinguishedName, value: `userCertificate ${certificate.sha256}`, message }];
  });
}

function sidValues(certificate: Certificate): readonly string[] {
  try {
    return altValues('issuerSid', certificate, subjectIdentity(certificate));
  } catch (error) {
    if (error instanceof MalformedError) return [];
    throw error;
  }
}
