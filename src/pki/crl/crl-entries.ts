/**
 * An index of the entries of a CRL by serial number: one pass over the DER without an object per entry, then a hash table of
 * offsets. A list of 100,000 entries costs one megabyte beside its own octets. Every entry is checked in that pass: one with an unknown
 * critical extension makes the whole list unusable (RFC 5280 5.3).
 */

import { parseExtensions } from '../certificate/extensions.ts';
import { DerReader, tags } from '../encoding/der.ts';
import { checkInteger, decodeRevocationTime } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import { parseGeneralNames } from '../names/general-name.ts';
import { type CrlReason, crlReasonOf, mayBeLifted } from './crl-reason.ts';

export interface RevokedEntry {
  readonly revocationDate: Date;
  readonly reason: CrlReason;
}

const entryExtensions: ReadonlySet<string> = new Set([oids.reasonCode, oids.invalidityDate, oids.certificateIssuer]);

/** Plain data, which one thread can hand to another. */
export interface CrlTables {
  /** Offset of an entry plus one at the hash of its serial number; 0: free. Linear probing. */
  readonly slots: Uint32Array<ArrayBuffer>;
  /** Where certificateIssuer changes in an indirect CRL, ascending by offset (RFC 5280 5.3.3: it holds until the next). */
  readonly issuers: readonly IssuerChange[];
}

interface IssuerChange {
  readonly from: number;
  readonly key: string;
}

export class CrlEntries {
  readonly #bytes: Buffer;
  readonly #tables: CrlTables;

  /** @param bytes content of revokedCertificates @param tables of these very octets */
  constructor(bytes: Buffer, tables: CrlTables) {
    this.#bytes = bytes;
    this.#tables = tables;
  }

  /**
   * The entry of a certificate. What is listed is revoked, however its date is written. A list that has several, against X.509, says the
   * gravest of them: a revocation before a hold, and a hold before its end.
   * @param issuer key of the certificate's issuer name
   * @param serial content octets
   * @param listedAt thisUpdate of the list, by when it was revoked; stands for a date that cannot be read
   */
  find(issuer: string, serial: Buffer, listedAt: Date): RevokedEntry | undefined {
    let found: RevokedEntry | undefined;
    for (let slot = slotOf(this.#tables.slots, serial, 0, serial.length); ; slot = after(this.#tables.slots, slot)) {
      const stored = this.#tables.slots[slot];
      if (!stored) return found;
      const entry = new DerReader(this.#bytes.subarray(stored - 1), 'CRL entries').next();
      const reader = new DerReader(entry.content, 'CRL entry');
      if (!reader.next().content.equals(serial) || this.#issuerAt(stored - 1) !== issuer) continue;
      const revocationDate = decodeRevocationTime(reader.next(), listedAt);
      const reason = reader.atEnd ? 'unspecified' : reasonOf(reader.next().content);
      if (!mayBeLifted(reason)) return { revocationDate, reason };
      if (!found || found.reason === 'removeFromCRL') found = { revocationDate, reason };
    }
  }

  #issuerAt(offset: number): string | undefined {
    const { issuers } = this.#tables;
    let low = 0;
    let high = issuers.length;
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      if ((issuers[middle]?.from ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return issuers[low]?.key;
  }
}

/**
 * @param bytes content of revokedCertificates
 * @param crlIssuer the key of the name for which entries count before any certificateIssuer
 * @param isIndirect whether entries may name another issuer
 * @throws MalformedError
 */
export function indexCrlEntries(bytes: Buffer, crlIssuer: string, isIndirect: boolean): CrlTables {
  const { slots, issuers } = new Indexer(bytes, crlIssuer, isIndirect);
  return { slots, issuers };
}

class Indexer implements CrlTables {
  readonly #bytes: Buffer;
  readonly #isIndirect: boolean;
  readonly #scanner: Scanner;
  readonly slots: Uint32Array<ArrayBuffer>;
  readonly issuers: IssuerChange[];

  constructor(bytes: Buffer, crlIssuer: string, isIndirect: boolean) {
    this.#bytes = bytes;
    this.#isIndirect = isIndirect;
    this.#scanner = new Scanner(bytes);
    this.issuers = [{ from: 0, key: crlIssuer }];
    const offsets = this.#scan();
    // At most half full, so that probing stays short.
    this.slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * offsets.length + 2)));
    for (const offset of offsets) this.#insert(offset);
  }

  #scan(): readonly number[] {
    const scanner = this.#scanner;
    const offsets: number[] = [];
    const end = this.#bytes.length;
    for (let offset = 0; offset < end; offset = scanner.end) {
      scanner.read(offset, end, tags.sequence);
      const entryEnd = scanner.end;
      scanner.read(scanner.start, entryEnd, tags.integer);
      if (scanner.end - scanner.start > 21) throw new MalformedError('serial number in a CRL is longer than 20 octets');
      if (this.#bytes[scanner.start] === 0 || this.#bytes[scanner.start] === 0xff)
        checkInteger(this.#bytes.subarray(scanner.start, scanner.end), 'serial number in a CRL');
      scanner.read(scanner.end, entryEnd, tags.utcTime, tags.generalizedTime);
      if (scanner.end < entryEnd) {
        scanner.read(scanner.end, entryEnd, tags.sequence);
        if (!isPlainReason(this.#bytes, scanner.start, scanner.end))
          this.#readExtensions(this.#bytes.subarray(scanner.start, scanner.end), offset);
      }
      if (scanner.end !== entryEnd) throw new MalformedError('CRL entry holds more than its definition allows');
      offsets.push(offset);
    }
    return offsets;
  }

  #readExtensions(content: Buffer, offset: number): void {
    const extensions = parseExtensions(content, 'CRL entry extensions');
    for (const { oid, critical } of extensions.values())
      if (critical && !entryExtensions.has(oid))
        throw new MalformedError(`CRL has an entry with the unknown critical extension ${oid}`);
    const issuer = extensions.get(oids.certificateIssuer);
    if (!issuer) return;
    if (!this.#isIndirect) throw new MalformedError('CRL that is not indirect has an entry of another issuer');
    const name = parseGeneralNames(issuer.value, 'certificateIssuer').find(({ kind }) => kind === 'directoryName');
    if (name?.kind !== 'directoryName') throw new MalformedError('certificateIssuer holds no directory name');
    this.issuers.push({ from: offset, key: name.name.key });
  }

  #insert(offset: number): void {
    const scanner = this.#scanner;
    scanner.read(offset, this.#bytes.length, tags.sequence);
    scanner.read(scanner.start, scanner.end, tags.integer);
    let slot = slotOf(this.slots, this.#bytes, scanner.start, scanner.end);
    while (this.slots[slot]) slot = after(this.slots, slot);
    this.slots[slot] = offset + 1;
  }
}

/** FNV-1a. The serial numbers are of a CA that is trusted to issue, so collisions need not be defended against. */
function slotOf({ length }: Uint32Array, bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index++) hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  return (hash >>> 0) & (length - 1);
}

function after({ length }: Uint32Array, slot: number): number {
  return (slot + 1) & (length - 1);
}

/** Headers of DER values by offset, for lists too long to make an object of every value. */
class Scanner {
  readonly #bytes: Buffer;
  start = 0;
  end = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Sets start and end to the content of the value at `offset`, which must have one of the tags and end by `limit`. */
  read(offset: number, limit: number, tag: number, otherTag = tag): void {
    const found = this.#bytes[offset];
    const length = this.#bytes[offset + 1];
    if (offset + 2 > limit || length === undefined || (found !== tag && found !== otherTag))
      throw new MalformedError('CRL entry is not as RFC 5280 defines it');
    if (length < 0x80) {
      this.start = offset + 2;
      this.end = this.start + length;
    } else {
      // Rare here, so the general reader may judge it.
      const value = new DerReader(this.#bytes.subarray(offset, limit), 'CRL entry').next();
      this.end = offset + value.der.length;
      this.start = this.end - value.content.length;
    }
    if (this.end > limit) throw new MalformedError('CRL entry holds a value longer than itself');
  }
}

/** SEQUENCE { OID reasonCode, OCTET STRING { ENUMERATED of one octet } }, which is what nearly every entry with extensions has. */
const plainReason = Buffer.of(0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01);

function isPlainReason(bytes: Buffer, start: number, end: number): boolean {
  const isPlain = end - start === plainReason.length + 1;
  return isPlain && bytes.compare(plainReason, 0, plainReason.length, start, end - 1) === 0;
}

function reasonOf(extensions: Buffer): CrlReason {
  const extension = parseExtensions(extensions, 'CRL entry extensions').get(oids.reasonCode);
  return extension ? crlReasonOf(extension.value) : 'unspecified';
}
