/** The record protocol (RFC 8446 section 5): octets of the connection to records and back, with the keys of the moment and every limit. */
import { tls12 } from './handshake/client-hello.ts';
import { TlsViolation } from './tls-error.ts';
import {
  type ContentType,
  contentTypes,
  maximumContentLength,
  maximumProtectedLength,
  recordHeader,
  recordHeaderLength,
  type TrafficKeys,
} from './traffic-keys.ts';

export interface ReceivedRecord {
  readonly type: 'alert' | 'handshake' | 'application_data';
  readonly content: Buffer;
}

/** Servers send one for middleboxes (RFC 8446 D.4); a handshake full of them is an attack. */
const maximumChangeCipherSpecs = 4;
const tls10 = 0x0301;

const typesByCode = new Map<number, ContentType>([
  [contentTypes.change_cipher_spec, 'change_cipher_spec'],
  [contentTypes.alert, 'alert'],
  [contentTypes.handshake, 'handshake'],
  [contentTypes.application_data, 'application_data'],
]);

export class RecordLayer {
  #input: Buffer = Buffer.alloc(0);
  #readKeys: TrafficKeys | undefined;
  #writeKeys: TrafficKeys | undefined;
  #changeCipherSpecsLeft = maximumChangeCipherSpecs;
  #hasWritten = false;
  #isReadingOver = false;

  /** Until the server's Finished its change_cipher_spec records are dropped; from then on they are errors (RFC 8446 5). */
  forbidChangeCipherSpec(): void {
    this.#changeCipherSpecsLeft = 0;
  }

  set readKeys(keys: TrafficKeys) {
    this.#readKeys?.wipe();
    this.#readKeys = keys;
  }

  set writeKeys(keys: TrafficKeys) {
    this.#writeKeys?.wipe();
    this.#writeKeys = keys;
  }

  /** Records read and written under the keys of the moment. */
  get recordsRead(): number {
    return this.#readKeys?.records ?? 0;
  }

  get recordsWritten(): number {
    return this.#writeKeys?.records ?? 0;
  }

  updateReadKeys(): void {
    this.#readKeys = this.#readKeys?.updated();
  }

  updateWriteKeys(): void {
    this.#writeKeys = this.#writeKeys?.updated();
  }

  /** Takes octets off the connection; read them with `next` before more are added, so that nothing piles up. */
  add(octets: Buffer): void {
    if (!this.#isReadingOver) this.#input = this.#input.length === 0 ? octets : Buffer.concat([this.#input, octets]);
  }

  /** Whatever comes now is ignored, as after a close_notify (RFC 8446 6.1). */
  stopReading(): void {
    this.#isReadingOver = true;
    this.#input = Buffer.alloc(0);
  }

  /** The next record, when all of it is there. @throws TlsViolation */
  next(): ReceivedRecord | undefined {
    for (;;) {
      const type = this.#typeAhead();
      if (type === undefined || this.#input.length < recordHeaderLength) return undefined;
      const length = this.#input.readUInt16BE(3);
      const limit = type === 'application_data' ? maximumProtectedLength : maximumContentLength;
      if (length > limit)
        throw new TlsViolation('record_overflow', `a record has ${length} octets, ${limit} are allowed`);
      const end = recordHeaderLength + length;
      if (this.#input.length < end) return undefined;
      const header = this.#input.subarray(0, recordHeaderLength);
      const fragment = this.#input.subarray(recordHeaderLength, end);
      this.#input = this.#input.subarray(end);
      if (type === 'change_cipher_spec') this.#dropChangeCipherSpec(fragment);
      else return this.#readKeys ? this.#opened(type, header, fragment) : { type, content: fragment };
    }
  }

  /** One record. @param content at most 2^14 octets; longer messages are the caller's to fragment */
  seal(type: ContentType, content: Buffer): Buffer {
    // RFC 8446 5.1: the first ClientHello may say 0x0301, for servers that look at it.
    const version = this.#hasWritten ? tls12 : tls10;
    this.#hasWritten = true;
    // change_cipher_spec is not protected, whatever the keys.
    return this.#writeKeys && type !== 'change_cipher_spec'
      ? this.#writeKeys.seal(type, content)
      : Buffer.concat([recordHeader(type, version, content.length), content]);
  }

  wipe(): void {
    this.#readKeys?.wipe();
    this.#writeKeys?.wipe();
    this.stopReading();
  }

  /** Told from the first octet, so that a server that speaks something else is not waited for. */
  #typeAhead(): ContentType | undefined {
    const code = this.#input[0];
    if (code === undefined) return undefined;
    const type = typesByCode.get(code);
    if (type === undefined) throw new TlsViolation('unexpected_message', `${code} is not a type of TLS record`);
    return type;
  }

  #dropChangeCipherSpec(fragment: Buffer): void {
    const isAllowed = this.#changeCipherSpecsLeft > 0 && fragment.length === 1 && fragment[0] === 1;
    if (!isAllowed) throw new TlsViolation('unexpected_message', 'change_cipher_spec is out of place');
    this.#changeCipherSpecsLeft -= 1;
  }

  #opened(type: ContentType, header: Buffer, fragment: Buffer): ReceivedRecord {
    if (type !== 'application_data' || !this.#readKeys)
      throw new TlsViolation('unexpected_message', `a record of type ${type} is not protected`);
    const inner = this.#readKeys.open(header, fragment);
    let end = inner.length - 1;
    while (end >= 0 && inner[end] === 0) end -= 1;
    const innerType = typesByCode.get(inner[end] ?? 0);
    if (innerType === undefined || innerType === 'change_cipher_spec')
      throw new TlsViolation('unexpected_message', 'a protected record has no known type');
    if (inner.length > maximumContentLength + 1)
      throw new TlsViolation('record_overflow', `a record holds ${inner.length - 1} octets`);
    return { type: innerType, content: inner.subarray(0, end) };
  }
}
