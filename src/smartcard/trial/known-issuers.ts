/** Certificates of CAs from cards and files, to see under whose name a certificate was issued. Nothing is trusted because of it. */
import { printable } from '../../operations/printable.ts';
import { type Certificate, isSelfIssued, readableCertificates } from '../../pki/certificate/certificate.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { formatRfc4514, parseDistinguishedName } from '../../pki/names/distinguished-name.ts';

/** As many as a TLS message of 64 KiB may well hold. */
const maximumNames = 4096;
const maximumDepth = 16;

export interface KnownIssuers {
  /** By the key of their subject. */
  readonly bySubject: ReadonlyMap<string, readonly Certificate[]>;
  /** Keys of the names (DER) that can be read. */
  keysOf(names: readonly Buffer[]): ReadonlySet<string>;
}

/** @param ders certificates of any kind; only those of CAs count, and what cannot be read is left out */
export function knownIssuers(ders: readonly Buffer[]): KnownIssuers {
  const bySubject = new Map<string, Certificate[]>();
  for (const certificate of readableCertificates(ders)) {
    // Roots of version 1 have no basicConstraints.
    if (certificate.basicConstraints?.ca !== true && !isSelfIssued(certificate)) continue;
    const known = bySubject.get(certificate.subject.key);
    if (known) known.push(certificate);
    else bySubject.set(certificate.subject.key, [certificate]);
  }
  return { bySubject, keysOf: (names) => new Set(readableNames(names).map(({ key }) => key)) };
}

/**
 * The names of all authorities over a certificate that are known here.
 * @returns `isComplete` when every branch ended at a self-issued certificate, so that no further name can be above;
 *   `top`: RFC 4514 text of the last name reached
 */
export function reachedAuthorities(
  certificate: Certificate,
  { bySubject }: KnownIssuers,
): { readonly names: readonly string[]; readonly isComplete: boolean; readonly top: string } {
  const names = new Set<string>();
  let isComplete = true;
  let top = certificate.issuer;
  let level: readonly Certificate[] = [certificate];
  for (let depth = 0; level.length > 0 && depth < maximumDepth; depth += 1) {
    const next: Certificate[] = [];
    for (const below of level) {
      if (names.has(below.issuer.key)) continue;
      names.add(below.issuer.key);
      top = below.issuer;
      const issuers = bySubject.get(below.issuer.key) ?? [];
      if (issuers.length === 0 && !isSelfIssued(below)) isComplete = false;
      next.push(...issuers);
    }
    level = next;
  }
  return { names: [...names], isComplete, top: printable(formatRfc4514(top)) };
}

/** RFC 4514 text of the names a server sent, printable; those that are malformed are said to be so. */
export function namesText(names: readonly Buffer[]): readonly string[] {
  return names.slice(0, maximumNames).map((der) => {
    const [name] = readableNames([der]);
    return name === undefined ? 'a malformed name' : printable(formatRfc4514(name));
  });
}

function readableNames(names: readonly Buffer[]) {
  return names.slice(0, maximumNames).flatMap((der) => {
    try {
      return [parseDistinguishedName(der)];
    } catch (error) {
      if (error instanceof MalformedError) return [];
      throw error;
    }
  });
}
