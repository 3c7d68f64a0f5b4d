/** The cipher suites of TLS 1.3 that are offered (RFC 8446 B.4), best first, with what node:crypto calls their parts. */
import {
  type CipherChaCha20Poly1305,
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  type DecipherChaCha20Poly1305,
  type DecipherGCM,
} from 'node:crypto';

export type CipherSuiteName = 'TLS_AES_128_GCM_SHA256' | 'TLS_AES_256_GCM_SHA384' | 'TLS_CHACHA20_POLY1305_SHA256';

export type SuiteHash = 'sha256' | 'sha384';

export interface CipherSuite {
  readonly name: CipherSuiteName;
  readonly code: number;
  /** Of HKDF, transcript and Finished. */
  readonly hash: SuiteHash;
  /** Octets. */
  readonly hashLength: number;
  /** Octets. */
  readonly keyLength: number;
  cipher(key: Buffer, nonce: Buffer): CipherGCM | CipherChaCha20Poly1305;
  decipher(key: Buffer, nonce: Buffer): DecipherGCM | DecipherChaCha20Poly1305;
}

/** Octets; the same for all suites (RFC 8446 5.2, 5.3). */
export const tagLength = 16;
export const nonceLength = 12;

const authTagLength = tagLength;

export const cipherSuites: readonly CipherSuite[] = [
  {
    name: 'TLS_AES_256_GCM_SHA384',
    code: 0x1302,
    hash: 'sha384',
    hashLength: 48,
    keyLength: 32,
    cipher: (key, nonce) => createCipheriv('aes-256-gcm', key, nonce, { authTagLength }),
    decipher: (key, nonce) => createDecipheriv('aes-256-gcm', key, nonce, { authTagLength }),
  },
  {
    name: 'TLS_AES_128_GCM_SHA256',
    code: 0x1301,
    hash: 'sha256',
    hashLength: 32,
    keyLength: 16,
    cipher: (key, nonce) => createCipheriv('aes-128-gcm', key, nonce, { authTagLength }),
    decipher: (key, nonce) => createDecipheriv('aes-128-gcm', key, nonce, { authTagLength }),
  },
  {
    name: 'TLS_CHACHA20_POLY1305_SHA256',
    code: 0x1303,
    hash: 'sha256',
    hashLength: 32,
    keyLength: 32,
    cipher: (key, nonce) => createCipheriv('chacha20-poly1305', key, nonce, { authTagLength }),
    decipher: (key, nonce) => createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength }),
  },
];

export function cipherSuiteOf(code: number): CipherSuite | undefined {
  return cipherSuites.find((suite) => suite.code === code);
}
