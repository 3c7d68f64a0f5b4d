/** Parts of TLS 1.3 messages, right or wrong, for servers that are scripted. */
import { extensionTypes } from '../../src/smartcard/tls13/handshake/extensions.ts';
import { uint, vector } from '../../src/smartcard/tls13/presentation-language.ts';

/** A handshake message, its header included; `type` may be no type at all. */
export function message(type: number, ...body: readonly Buffer[]): Buffer {
  return Buffer.concat([uint(1, type), vector(3, ...body)]);
}

export function extension(type: number, ...data: readonly Buffer[]): Buffer {
  return Buffer.concat([uint(2, type), vector(2, ...data)]);
}

/** "HelloRetryRequest" hashed, as RFC 8446 4.1.3 has it. */
export const helloRetryRandom = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
export const supportedVersion = extension(extensionTypes.supported_versions, uint(2, 0x0304));

export function signatureAlgorithms(...codes: readonly number[]): Buffer {
  return extension(extensionTypes.signature_algorithms, vector(2, ...codes.map((code) => uint(2, code))));
}
