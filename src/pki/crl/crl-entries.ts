/**
 * An index of the entries of a CRL by serial number: one pass over the DER without an object per entry, then a hash table of
 * offsets. A list of 100,000 entries costs one megabyte beside its own octets. Every entry is checked in that pass: for one that cannot
 * be understood the list tells of no certificate that it is good (RFC 5280 5.3), but what it lists is revoked (X.509 7.3).
 */

import { readExtensions } from '../certificate/extension-list.ts';
import { DerReader, tags } from '../encoding/der.ts';
import { decodeRevocationTime, paddingOf } from '../encoding/der-values.ts';
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
  /** Where certificateIssuer changes, ascending by offset (RFC 5280 5.3.3: in an indirect CRL it holds until the next). */
  readonly issuers: readonly IssuerChange[];
  /** The first fault of an entry; absent: all were understood. */
  readonly notUnderstood?: string | undefined;
}

interface IssuerChange {
  readonly from: number;
  /** Absent: the name of the issuer cannot be read, so that the entries are of no certificate that is known. */
  readonly key?: string;
}

export class CrlEntries {
  readonly #bytes: Buffer;
  readonly #tables: CrlTables;

  /** @param bytes content of revokedCertificates @param tables of these very octets */
  constructor(bytes: Buffer, tables: CrlTables) {
    this.#bytes = bytes;
    this.#tables = tables;
  }

  /** Why the list is no proof that a certificate it does not list is good; undefined when it may be. */
  get notUnderstood(): string | undefined {
    return this.#tables.notUnderstood;
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
      const { content } = reader.next();
      const isSame = content.subarray(paddingOf(content, 0, content.length)).equals(serial);
      if (!isSame || this.#issuerAt(stored - 1) !== issuer) continue;
      const { revocationDate, reason } = revocationIn(reader, listedAt);
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
 */
export function indexCrlEntries(bytes: Buffer, crlIssuer: string, isIndirect: boolean): CrlTables {
  const { slots, issuers, notUnderstood } = new Indexer(bytes, crlIssuer, isIndirect);
  return { slots, issuers, notUnderstood };
}

class Indexer implements CrlTables {
  readonly #bytes: Buffer;
  readonly #crlIssuer: string;
  readonly #isIndirect: boolean;
  readonly #scanner: Scanner;
  readonly slots: Uint32Array<ArrayBuffer>;
  readonly issuers: IssuerChange[];
  notUnderstood?: string;

  constructor(bytes: Buffer, crlIssuer: string, isIndirect: boolean) {
    this.#bytes = bytes;
    this.#crlIssuer = crlIssuer;
    this.#isIndirect = isIndirect;
    this.#scanner = new Scanner(bytes);
    this.issuers = [{ from: 0, key: crlIssuer }];
    const offsets = this.#scan();
    // At most half full, so that probing stays short.
    this.slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * offsets.length + 2)));
    for (const offset of offsets) this.#insert(offset);
  }

  /** Offsets of the entries with a serial number, up to the first entry whose end cannot be told. */
  #scan(): readonly number[] {
    const scanner = this.#scanner;
    const offsets: number[] = [];
    const end = this.#bytes.length;
    try {
      for (let offset = 0; offset < end; ) {
        scanner.read(offset, end, tags.sequence);
        const entryEnd = scanner.end;
        if (this.#readEntry(offset, entryEnd)) offsets.push(offset);
        offset = entryEnd;
      }
    } catch (error) {
      this.#note(error);
    }
    return offsets;
  }

  /** Reads the entry whose content the scanner is at. Whether it names a serial number. */
  #readEntry(offset: number, entryEnd: number): boolean {
    const scanner = this.#scanner;
    let hasSerial = false;
    try {
      scanner.read(scanner.start, entryEnd, tags.integer);
      hasSerial = true;
      this.#checkSerial(scanner.start, scanner.end);
      scanner.readAny(scanner.end, entryEnd);
      if (scanner.tag !== tags.utcTime && scanner.tag !== tags.generalizedTime)
        this.#note(new MalformedError('CRL entry is not as RFC 5280 defines it'));
      if (scanner.end < entryEnd) {
        scanner.read(scanner.end, entryEnd, tags.sequence);
        const { start, end } = scanner;
        if (!isPlainReason(this.#bytes, start, end))
          this.#readExtensions(this.#bytes.subarray(start, end), offset, entryEnd);
        if (end !== entryEnd) throw new MalformedError('CRL entry holds more than its definition allows');
      }
    } catch (error) {
      this.#note(error);
      // Whose certificates it and those behind it are, an extension out of reach may say.
      if (this.#isIndirect) this.issuers.push({ from: offset });
    }
    return hasSerial;
  }

  #checkSerial(start: number, end: number): void {
    if (end - start > 21) this.#note(new MalformedError('serial number in a CRL is longer than 20 octets'));
    if (paddingOf(this.#bytes, start, end) > 0 || start === end)
      this.#note(new MalformedError('serial number in a CRL is an INTEGER that is not minimal'));
  }

  #readExtensions(content: Buffer, offset: number, entryEnd: number): void {
    const { extensions, notUnderstood } = readExtensions(content, 'CRL entry extensions');
    if (notUnderstood !== undefined) throw new MalformedError(notUnderstood);
    for (const { oid, critical } of extensions.values())
      if (critical && !entryExtensions.has(oid))
        this.#note(new MalformedError(`CRL has an entry with the unknown critical extension ${oid}`));
    const issuer = extensions.get(oids.certificateIssuer);
    if (!issuer) return;
    const name = parseGeneralNames(issuer.value, 'certificateIssuer').find(({ kind }) => kind === 'directoryName');
    if (name?.kind !== 'directoryName') throw new MalformedError('certificateIssuer holds no directory name');
    this.issuers.push({ from: offset, key: name.name.key });
    if (this.#isIndirect) return;
    this.#note(new MalformedError('CRL that is not indirect has an entry of another issuer'));
    this.issuers.push({ from: entryEnd, key: this.#crlIssuer });
  }

  /** @throws what is no fault of the octets */
  #note(error: unknown): void {
    if (!(error instanceof MalformedError)) throw error;
    this.notUnderstood ??= error.message;
  }

  #insert(offset: number): void {
    const scanner = this.#scanner;
    scanner.read(offset, this.#bytes.length, tags.sequence);
    scanner.read(scanner.start, scanner.end, tags.integer);
    const start = scanner.start + paddingOf(this.#bytes, scanner.start, scanner.end);
    let slot = slotOf(this.slots, this.#bytes, start, scanner.end);
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
  tag = 0;
  start = 0;
  end = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Goes to the value at `offset`, which must have this tag and end by `limit`. */
  read(offset: number, limit: number, tag: number): void {
    this.readAny(offset, limit);
    if (this.tag !== tag) throw new MalformedError('CRL entry is not as RFC 5280 defines it');
  }

  /** Sets tag, and start and end to the content, of the value at `offset`, which must end by `limit`. */
  readAny(offset: number, limit: number): void {
    const tag = this.#bytes[offset];
    const length = this.#bytes[offset + 1];
    if (offset + 2 > limit || tag === undefined || length === undefined)
      throw new MalformedError('CRL entry is not as RFC 5280 defines it');
    this.tag = tag;
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

/** What cannot be read of an entry lifts nothing: it is a revocation. */
function revocationIn(reader: DerReader, listedAt: Date): RevokedEntry {
  try {
    const revocationDate = decodeRevocationTime(reader.next(), listedAt);
    const reason = reader.atEnd ? 'unspecified' : reasonOf(reader.next().content);
    return { revocationDate, reason };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { revocationDate: listedAt, reason: 'unspecified' };
  }
}

function reasonOf(content: Buffer): CrlReason {
  const extension = readExtensions(content, 'CRL entry extensions').extensions.get(oids.reasonCode);
  return extension ? crlReasonOf(extension.value) : 'unspecified';
}
