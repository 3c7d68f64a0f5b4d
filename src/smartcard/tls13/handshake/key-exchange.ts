/** The (EC)DHE groups that are offered (RFC 8446 4.2.7, 4.2.8): a fresh key for each connection, the peer's share strictly checked. */
import { createECDH, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { TlsViolation } from '../tls-error.ts';

export type GroupName = 'x25519' | 'secp256r1' | 'secp384r1';

export interface KeyShare {
  readonly group: GroupName;
  /** key_exchange as KeyShareEntry carries it. */
  readonly keyExchange: Buffer;
  /** The shared secret. @throws TlsViolation illegal_parameter when the peer's share is no point of the group */
  agree(peerKeyExchange: Buffer): Buffer;
}

interface NamedGroup {
  readonly code: number;
  generate(): KeyShare;
}

/** Preferred first. */
export const groups: Readonly<Record<GroupName, NamedGroup>> = {
  x25519: { code: 0x001d, generate: generateX25519 },
  secp256r1: { code: 0x0017, generate: () => generateEcdh('secp256r1', 'prime256v1', 32) },
  secp384r1: { code: 0x0018, generate: () => generateEcdh('secp384r1', 'secp384r1', 48) },
};

export const groupNames: readonly GroupName[] = ['x25519', 'secp256r1', 'secp384r1'];

/** A share of each of these goes into the first ClientHello; the other group costs a HelloRetryRequest. */
export const firstGroups: readonly GroupName[] = ['x25519', 'secp256r1'];

export function groupOf(code: number): GroupName | undefined {
  return groupNames.find((name) => groups[name].code === code);
}

const x25519Length = 32;

function generateX25519(): KeyShare {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const { x } = publicKey.export({ format: 'jwk' });
  if (x === undefined) throw new Error('node:crypto made an X25519 key without a public key');
  return {
    group: 'x25519',
    keyExchange: Buffer.from(x, 'base64url'),
    agree: (peer) =>
      agreed('x25519', peer.length === x25519Length, () => {
        const jwk = { kty: 'OKP', crv: 'X25519', x: peer.toString('base64url') };
        return diffieHellman({ privateKey, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) });
      }),
  };
}

/** Only uncompressed points are allowed (RFC 8446 4.2.8.2). */
const uncompressedPoint = 4;

function generateEcdh(group: GroupName, curve: string, coordinateLength: number): KeyShare {
  const key = createECDH(curve);
  return {
    group,
    keyExchange: key.generateKeys(),
    agree: (peer) =>
      agreed(group, peer.length === 2 * coordinateLength + 1 && peer[0] === uncompressedPoint, () =>
        key.computeSecret(peer),
      ),
  };
}

function agreed(group: GroupName, isWellFormed: boolean, compute: () => Buffer): Buffer {
  const refused = () => new TlsViolation('illegal_parameter', `its key share is not an element of ${group}`);
  if (!isWellFormed) throw refused();
  let secret: Buffer;
  try {
    secret = compute();
  } catch {
    throw refused();
  }
  // RFC 7748 6.1 and RFC 8446 7.4.2: with a share of small order every eavesdropper knows the secret.
  if (secret.every((octet) => octet === 0)) throw refused();
  return secret;
}
