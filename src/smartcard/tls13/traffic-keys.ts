/** Record protection in one direction under one traffic secret (RFC 8446 5.2, 5.3, 7.3), and the next generation of the secret. */
import { type CipherSuite, nonceLength, tagLength } from './cipher-suites.ts';
import { hkdfExpandLabel } from './handshake/key-schedule.ts';
import { uint } from './presentation-language.ts';
import { TlsViolation } from './tls-error.ts';

const empty = Buffer.alloc(0);

/** What may stand in a record (RFC 8446 5.1). */
export const contentTypes = { change_cipher_spec: 20, alert: 21, handshake: 22, application_data: 23 } as const;

export type ContentType = keyof typeof contentTypes;

export const recordHeaderLength = 5;
/** Octets of content in one record (RFC 8446 5.1). */
export const maximumContentLength = 2 ** 14;
/** Octets of a protected record after its header (RFC 8446 5.2). */
export const maximumProtectedLength = maximumContentLength + 256;

/** AES-GCM keeps its promises for 2^24.5 full records under one key (RFC 8446 5.5); one limit serves all suites. */
export const defaultRecordsPerKey = 2 ** 24;

/** TLSPlaintext or TLSCiphertext but for its fragment. */
export function recordHeader(type: ContentType, version: number, length: number): Buffer {
  return Buffer.concat([uint(1, contentTypes[type]), uint(2, version), uint(2, length)]);
}

export class TrafficKeys {
  readonly #suite: CipherSuite;
  readonly #secret: Buffer;
  readonly #key: Buffer;
  readonly #iv: Buffer;
  #sequence = 0;

  constructor(suite: CipherSuite, secret: Buffer) {
    this.#suite = suite;
    this.#secret = secret;
    this.#key = hkdfExpandLabel(suite.hash, secret, 'key', empty, suite.keyLength);
    this.#iv = hkdfExpandLabel(suite.hash, secret, 'iv', empty, nonceLength);
  }

  /** How many records these keys have protected. */
  get records(): number {
    return this.#sequence;
  }

  /** The whole record. @param content at most 2^14 octets */
  seal(type: ContentType, content: Buffer): Buffer {
    const plaintextLength = content.length + 1;
    const header = recordHeader('application_data', 0x0303, plaintextLength + tagLength);
    const cipher = this.#suite.cipher(this.#key, this.#nextNonce());
    cipher.setAAD(header, { plaintextLength });
    const encrypted = [cipher.update(content), cipher.update(uint(1, contentTypes[type])), cipher.final()];
    return Buffer.concat([header, ...encrypted, cipher.getAuthTag()]);
  }

  /** TLSInnerPlaintext, its padding still on. @throws TlsViolation bad_record_mac */
  open(header: Buffer, encrypted: Buffer): Buffer {
    const refused = () => new TlsViolation('bad_record_mac', 'a record cannot be decrypted');
    const plaintextLength = encrypted.length - tagLength;
    if (plaintextLength < 1) throw refused();
    const decipher = this.#suite.decipher(this.#key, this.#nextNonce());
    decipher.setAAD(header, { plaintextLength });
    decipher.setAuthTag(encrypted.subarray(plaintextLength));
    try {
      return Buffer.concat([decipher.update(encrypted.subarray(0, plaintextLength)), decipher.final()]);
    } catch {
      throw refused();
    }
  }

  /** The keys after a KeyUpdate (RFC 8446 7.2); these are wiped. */
  updated(): TrafficKeys {
    const secret = hkdfExpandLabel(this.#suite.hash, this.#secret, 'traffic upd', empty, this.#suite.hashLength);
    this.wipe();
    return new TrafficKeys(this.#suite, secret);
  }

  wipe(): void {
    for (const secret of [this.#secret, this.#key, this.#iv]) secret.fill(0);
  }

  #nextNonce(): Buffer {
    const nonce = Buffer.from(this.#iv);
    const sequence = Buffer.alloc(8);
    sequence.writeBigUInt64BE(BigInt(this.#sequence));
    for (const [index, octet] of sequence.entries()) {
      const position = nonceLength - sequence.length + index;
      nonce.writeUInt8(nonce.readUInt8(position) ^ octet, position);
    }
    this.#sequence += 1;
    return nonce;
  }
}
