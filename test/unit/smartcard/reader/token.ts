/** SoftHSM tokens made by programs other than ours: softhsm2-util imports keys that OpenSSL made, pkcs11-tool writes certificates. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const softHsmModule = '/usr/lib/softhsm/libsofthsm2.so';
export const pin = '271828';

/** Options of `openssl genpkey`. */
const keyKinds = {
  'RSA-2048': ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  'RSA-1024': ['RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
  // No power of two: the encoded message of PSS begins within an octet.
  'RSA-2047': ['RSA', '-pkeyopt', 'rsa_keygen_bits:2047'],
  'P-256': ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'P-384': ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  'P-521': ['EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  secp256k1: ['EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
  Ed25519: ['ED25519'],
} as const;

export type KeyKind = keyof typeof keyKinds;

export interface TestTokens {
  readonly directory: string;
  readonly configuration: string;
  /** Makes a token with this label and the PIN of this file. */
  addToken(label: string): void;
  /** Makes a key outside, imports it, and writes its self-signed certificate. @returns PEM file of the certificate */
  addKey(label: string, kind: KeyKind, id: string): string;
  /** Writes a certificate without a key. */
  addCertificate(label: string, file: string, id: string, objectLabel?: string): void;
  remove(): void;
}

/** @param settings further lines of softhsm2.conf */
export function createTestTokens(settings: readonly string[] = []): TestTokens {
  const directory = mkdtempSync(join(tmpdir(), 'cardgate-tokens-'));
  const configuration = join(directory, 'softhsm2.conf');
  const tokens = join(directory, 'tokens');
  mkdirSync(tokens);
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nlog.level = ERROR\n${settings.join('\n')}\n`);
  const env = { ...process.env, SOFTHSM2_CONF: join(directory, 'plain.conf') };
  // The tools need all mechanisms, whatever the tests leave the card.
  writeFileSync(env.SOFTHSM2_CONF, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`);
  const run = (command: string, args: readonly string[]) => execFileSync(command, args, { env, stdio: 'pipe' });
  const addCertificate = (label: string, file: string, id: string, objectLabel = id) => {
    const der = join(directory, 'certificate.der');
    run('openssl', ['x509', '-in', file, '-outform', 'DER', '-out', der]);
    const login = ['--module', softHsmModule, '--token-label', label, '--login', '--pin', pin];
    run('pkcs11-tool', [...login, '--write-object', der, '--type', 'cert', '--id', id, '--label', objectLabel]);
  };
  return {
    directory,
    configuration,
    addToken: (label) => {
      run('softhsm2-util', ['--init-token', '--free', '--label', label, '--so-pin', '0000000', '--pin', pin]);
    },
    addKey: (label, kind, id) => {
      const [algorithm, ...options] = keyKinds[kind];
      const key = join(directory, `${label}-${id}.key`);
      const certificate = join(directory, `${label}-${id}.pem`);
      run('openssl', ['genpkey', '-algorithm', algorithm, ...options, '-out', key]);
      const request = ['req', '-x509', '-new', '-key', key, '-subj', `/CN=${kind}`, '-days', '3650'];
      run('openssl', [...request, '-out', certificate]);
      run('softhsm2-util', ['--import', key, '--token', label, '--label', id, '--id', id, '--pin', pin]);
      addCertificate(label, certificate, id);
      return certificate;
    },
    addCertificate,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
