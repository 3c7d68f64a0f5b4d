/** Signatures by keys on a card, verified by OpenSSL, under every signature scheme that card and module allow. */
import { constants, verify, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cardCredential } from '../../../../src/smartcard/reader/card-credential.ts';
import { CardFault } from '../../../../src/smartcard/reader/card-fault.ts';
import { CardSession } from '../../../../src/smartcard/reader/card-session.ts';
import { type CardModule, openCardModule } from '../../../../src/smartcard/reader/module.ts';
import { signingMechanisms } from '../../../../src/smartcard/reader/signing-mechanism.ts';
import { listSlots } from '../../../../src/smartcard/reader/slots.ts';
import type { SignatureScheme } from '../../../../src/smartcard/tls13/client-credential.ts';
import { SecretPin } from '../../../../src/smartcard/token/secret-pin.ts';
import { hashes } from '../../../support/key-file-credential.ts';
import { createTestTokens, type KeyKind, pin, softHsmModule, type TestTokens } from './token.ts';

const kinds: readonly KeyKind[] = [
  'RSA-2048',
  'RSA-2047',
  'RSA-1024',
  'P-256',
  'P-384',
  'P-521',
  'Ed25519',
  'secp256k1',
];
const idOf = (kind: KeyKind) => `0${kinds.indexOf(kind) + 1}`;

let tokens: TestTokens;
let module: CardModule;
let session: CardSession;
const certificates = new Map<KeyKind, Buffer>();

beforeAll(() => {
  tokens = createTestTokens();
  tokens.addToken('ada');
  for (const kind of kinds) {
    const file = tokens.addKey('ada', kind, idOf(kind));
    certificates.set(kind, Buffer.from(new X509Certificate(readFileSync(file)).raw));
  }
  process.env['SOFTHSM2_CONF'] = tokens.configuration;
  module = openCardModule(softHsmModule);
  const slot = listSlots(module).find(({ content }) => content.kind === 'card');
  session = new CardSession(slot!);
  session.login(new SecretPin(Buffer.from(pin)), { allowFinalTry: false });
});

afterAll(() => {
  session?.close();
  module?.close();
  tokens?.remove();
});

function credentialOf(kind: KeyKind) {
  return cardCredential({
    session,
    id: Buffer.from(idOf(kind), 'hex'),
    certificateChain: [certificates.get(kind)!],
    signatureTimeoutMilliseconds: 10_000,
  });
}

function isGood(kind: KeyKind, scheme: SignatureScheme, content: Buffer, signature: Buffer): boolean {
  const key = new X509Certificate(certificates.get(kind)!).publicKey;
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return verify(hashes[scheme], content, scheme.startsWith('rsa') ? pss : key, signature);
}

const rsaSchemes: readonly SignatureScheme[] = ['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'];

describe('a credential', () => {
  it.each<[KeyKind, readonly SignatureScheme[]]>([
    ['RSA-2048', rsaSchemes],
    ['RSA-2047', rsaSchemes],
    ['P-256', ['ecdsa_secp256r1_sha256']],
    ['P-384', ['ecdsa_secp384r1_sha384']],
    ['P-521', ['ecdsa_secp521r1_sha512']],
    ['Ed25519', ['ed25519']],
  ])('of a %s key signs what RFC 8446 4.2.3 has for it, each signature another', async (kind, schemes) => {
    const credential = credentialOf(kind);
    expect(credential.signatureSchemes).toEqual(schemes);
    const content = Buffer.from('TLS 1.3, client CertificateVerify');
    for (const scheme of schemes) {
      // Many, for r and s with leading zeros, which DER has not.
      for (let round = 0; round < 20; round += 1)
        expect(isGood(kind, scheme, content, await credential.sign(scheme, content)), scheme).toBe(true);
    }
  });

  it('signs requests that come at once, one after the other', async () => {
    const credential = credentialOf('P-256');
    const contents = Array.from({ length: 5 }, (_, index) => Buffer.from([index]));
    const signatures = await Promise.all(contents.map((content) => credential.sign('ecdsa_secp256r1_sha256', content)));
    for (const [index, signature] of signatures.entries())
      expect(isGood('P-256', 'ecdsa_secp256r1_sha256', contents[index]!, signature)).toBe(true);
  });

  it('is not made for a certificate whose key is not on the card', () => {
    const make = () =>
      cardCredential({
        session,
        id: Buffer.of(0x77),
        certificateChain: [certificates.get('P-256')!],
        signatureTimeoutMilliseconds: 1000,
      });
    expect(make).toThrow(expect.objectContaining({ code: 'key-missing' }));
  });

  it('is not made for a curve that TLS 1.3 does not sign with', () => {
    expect(() => credentialOf('secp256k1')).toThrow(expect.objectContaining({ code: 'signature-mechanism-missing' }));
  });
});

describe('the mechanisms of a module', () => {
  const publicKey = (kind: KeyKind) => new X509Certificate(certificates.get(kind)!).publicKey;
  const names = { CKM_RSA_PKCS: 0x1, CKM_RSA_X_509: 0x3, CKM_RSA_PKCS_PSS: 0xd, CKM_ECDSA: 0x1041, CKM_EDDSA: 0x1057 };

  it.each<[string, KeyKind, readonly (keyof typeof names)[], number]>([
    [
      'with PSS sign RSA by it',
      'RSA-2048',
      ['CKM_RSA_PKCS', 'CKM_RSA_X_509', 'CKM_RSA_PKCS_PSS'],
      names.CKM_RSA_PKCS_PSS,
    ],
    ['without PSS sign RSA by the bare operation', 'RSA-2048', ['CKM_RSA_PKCS', 'CKM_RSA_X_509'], names.CKM_RSA_X_509],
    ['with ECDSA sign with elliptic curves', 'P-384', ['CKM_ECDSA'], names.CKM_ECDSA],
    ['with EdDSA sign with Ed25519', 'Ed25519', ['CKM_EDDSA'], names.CKM_EDDSA],
  ])('%s', (_, kind, offered, expected) => {
    const ways = signingMechanisms(
      module.library,
      publicKey(kind),
      offered.map((name) => names[name]),
    );
    expect(new Set(ways.map(({ mechanism }) => mechanism.mechanism))).toEqual(new Set([expected]));
  });

  it.each<[string, KeyKind, readonly (keyof typeof names)[], CardFault['code']]>([
    [
      'PKCS #1 v1.5 alone means no TLS 1.3, and says what the site can do',
      'RSA-2048',
      ['CKM_RSA_PKCS'],
      'tls13-impossible',
    ],
    ['nothing for RSA is another fault', 'RSA-2048', ['CKM_ECDSA'], 'signature-mechanism-missing'],
    ['no ECDSA for an elliptic curve', 'P-256', ['CKM_RSA_PKCS_PSS'], 'signature-mechanism-missing'],
    ['no EdDSA for Ed25519', 'Ed25519', ['CKM_ECDSA'], 'signature-mechanism-missing'],
  ])('%s', (_, kind, offered, code) => {
    const choose = () =>
      signingMechanisms(
        module.library,
        publicKey(kind),
        offered.map((name) => names[name]),
      );
    expect(choose).toThrow(CardFault);
    expect(choose).toThrow(expect.objectContaining({ code }));
  });

  it('leave out a hash that is too long for PSS with a short key', () => {
    const ways = signingMechanisms(module.library, publicKey('RSA-1024'), [names.CKM_RSA_X_509]);
    expect(ways.map(({ scheme }) => scheme)).toEqual(['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384']);
  });

  it.each<KeyKind>(['RSA-2048', 'RSA-2047'])('that are bare RSA give good PSS signatures with %s', async (kind) => {
    const key = session.privateKey(Buffer.from(idOf(kind), 'hex'))!;
    const content = Buffer.from('signed bare');
    for (const way of signingMechanisms(module.library, publicKey(kind), [names.CKM_RSA_X_509])) {
      const signature = await session.sign(key, way, content);
      expect(isGood(kind, way.scheme, content, signature), way.scheme).toBe(true);
    }
  });
});
