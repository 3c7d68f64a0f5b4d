/** The transcript hash of RFC 8446 section 4.4.1: every handshake message so far, hashed as soon as the suite says with what. */
import { createHash, type Hash } from 'node:crypto';
import type { SuiteHash } from '../cipher-suites.ts';
import { uint, vector } from '../presentation-language.ts';
import { handshakeTypes } from './handshake-reader.ts';

export class Transcript {
  /** What was said before the server chose a suite: one ClientHello. */
  #unhashed: Buffer[] = [];
  #hash: Hash | undefined;
  #algorithm: SuiteHash | undefined;

  /** @param message with its handshake header */
  add(message: Buffer): void {
    if (this.#hash) this.#hash.update(message);
    else this.#unhashed.push(Buffer.from(message));
  }

  /** Names the hash, once. */
  useHash(algorithm: SuiteHash): void {
    if (this.#hash) return;
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
    for (const message of this.#unhashed) this.#hash.update(message);
    this.#unhashed = [];
  }

  /** After a HelloRetryRequest: the first ClientHello counts only by its hash. To be called before that request is added. */
  replaceByMessageHash(): void {
    const { algorithm, hash } = this.#chosen();
    this.#hash = createHash(algorithm).update(uint(1, handshakeTypes.message_hash)).update(vector(3, hash.digest()));
  }

  digest(): Buffer {
    return this.#chosen().hash.copy().digest();
  }

  /** The hash as it is after `next`, of a suite that may not be chosen yet; for PSK binders (RFC 8446 4.2.11.2). */
  digestWith(next: Buffer, algorithm: SuiteHash): Buffer {
    return (this.#hash?.copy() ?? createHash(algorithm)).update(next).digest();
  }

  #chosen(): { readonly algorithm: SuiteHash; readonly hash: Hash } {
    if (!this.#algorithm || !this.#hash) throw new Error('the transcript has no hash before the server chose a suite');
    return { algorithm: this.#algorithm, hash: this.#hash };
  }
}
