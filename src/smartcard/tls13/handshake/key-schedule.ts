/** The key schedule of RFC 8446 section 7.1: from the PSK and the key exchange to every secret of a connection. */
import { createHash, createHmac } from 'node:crypto';
import type { CipherSuite, SuiteHash } from '../cipher-suites.ts';
import { uint, vector } from '../presentation-language.ts';

/** HKDF-Extract (RFC 5869 2.2). */
function hkdfExtract(hash: SuiteHash, salt: Buffer, inputKeyingMaterial: Buffer): Buffer {
  return createHmac(hash, salt).update(inputKeyingMaterial).digest();
}

/** HKDF-Expand-Label. @param length octets, at most 255 times the length of the hash */
export function hkdfExpandLabel(
  hash: SuiteHash,
  secret: Buffer,
  label: string,
  context: Buffer,
  length: number,
): Buffer {
  const info = Buffer.concat([uint(2, length), vector(1, Buffer.from(`tls13 ${label}`, 'latin1')), vector(1, context)]);
  const blocks: Buffer[] = [];
  let block: Buffer = Buffer.alloc(0);
  for (let octets = 0; octets < length; octets += block.length) {
    block = createHmac(hash, secret)
      .update(block)
      .update(info)
      .update(uint(1, blocks.length + 1))
      .digest();
    blocks.push(block);
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** verify_data of a Finished or of a PSK binder (RFC 8446 4.4.4, 4.2.11.2). */
export function finishedVerifyData(suite: CipherSuite, baseKey: Buffer, transcriptHash: Buffer): Buffer {
  const finishedKey = hkdfExpandLabel(suite.hash, baseKey, 'finished', empty, suite.hashLength);
  return createHmac(suite.hash, finishedKey).update(transcriptHash).digest();
}

export interface TrafficSecrets {
  readonly client: Buffer;
  readonly server: Buffer;
}

const empty = Buffer.alloc(0);

/** One run through the schedule; `handshake` comes before `application`, and that before `resumption`. */
export class KeySchedule {
  readonly suite: CipherSuite;
  #secret: Buffer;

  /** Begins with the Early Secret. @param psk zeros stand for it in a handshake without a pre-shared key */
  constructor(suite: CipherSuite, psk?: Buffer) {
    this.suite = suite;
    const zeros = Buffer.alloc(suite.hashLength);
    this.#secret = hkdfExtract(suite.hash, zeros, psk ?? zeros);
  }

  /** The binder_key of a PSK from an earlier session; to be asked for while the Early Secret is the current one. */
  resumptionBinderKey(): Buffer {
    return this.#derive('res binder', this.#emptyHash());
  }

  /** Goes on to the Handshake Secret. @param transcriptHash ClientHello to ServerHello */
  handshake(sharedSecret: Buffer, transcriptHash: Buffer): TrafficSecrets {
    this.#advance(sharedSecret);
    return this.#trafficSecrets('hs', transcriptHash);
  }

  /** Goes on to the Master Secret. @param transcriptHash ClientHello to the server's Finished */
  application(transcriptHash: Buffer): TrafficSecrets {
    this.#advance(Buffer.alloc(this.suite.hashLength));
    return this.#trafficSecrets('ap', transcriptHash);
  }

  /** resumption_master_secret; the schedule is over then. @param transcriptHash ClientHello to the client's Finished */
  resumption(transcriptHash: Buffer): Buffer {
    const secret = this.#derive('res master', transcriptHash);
    this.wipe();
    return secret;
  }

  wipe(): void {
    this.#secret.fill(0);
  }

  #advance(inputKeyingMaterial: Buffer): void {
    const salt = this.#derive('derived', this.#emptyHash());
    this.wipe();
    this.#secret = hkdfExtract(this.suite.hash, salt, inputKeyingMaterial);
  }

  #trafficSecrets(phase: 'hs' | 'ap', transcriptHash: Buffer): TrafficSecrets {
    return {
      client: this.#derive(`c ${phase} traffic`, transcriptHash),
      server: this.#derive(`s ${phase} traffic`, transcriptHash),
    };
  }

  #derive(label: string, transcriptHash: Buffer): Buffer {
    return hkdfExpandLabel(this.suite.hash, this.#secret, label, transcriptHash, this.suite.hashLength);
  }

  #emptyHash(): Buffer {
    return createHash(this.suite.hash).digest();
  }
}
