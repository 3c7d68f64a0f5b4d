/**
 * TLS with a key in a token, through the OpenSSL engine pkcs11 of libp11: the options go to tls.connect, https or an FTP
 * client in this process. Signing blocks the event loop while the card works. One module and one set of tokens per process.
 *
 * When a login fails, libp11 0.4.12 writes the URI with the PIN to standard error and damages the memory of the process, which
 * then often crashes when it ends. So use a process of its own, whose standard error is thrown away and which is ended by force.
 */
import { setEngine } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CardError } from '../card/card-error.ts';
import { CardFault } from '../reader/card-fault.ts';
import { recordPinRefusal, type TokenName, wasPinRefused } from './pin-refusals.ts';

/** Where Debian (amd64, arm64), Fedora, Arch and a build from source put engines for OpenSSL 3. */
const engineDirectories = [
  '/usr/lib/x86_64-linux-gnu/engines-3',
  '/usr/lib/aarch64-linux-gnu/engines-3',
  '/usr/lib64/engines-3',
  '/usr/lib/engines-3',
  '/usr/local/lib/engines-3',
];

export interface TlsClientIdentityOptions {
  /** RFC 7512 URI of the token and its objects, without `type`, for example `pkcs11:token=ada;object=logon`. */
  readonly uri: string;
  /** Path of the PKCS#11 module of the token. */
  readonly module: string;
  /** SoftHSM's configuration file; absent for any other module. */
  readonly softHsmConfiguration?: string;
  readonly pin: string;
  /** PEM: the end-entity certificate and the authorities under the root. */
  readonly certificateChain: string;
  /** Default: the usual places. */
  readonly engineDirectories?: readonly string[];
}

/** To be spread into the options of tls.connect, tls.createSecureContext or an FTP client's `secureOptions`. */
export interface TlsClientIdentity {
  readonly cert: string;
  readonly privateKeyEngine: 'pkcs11';
  /** Contains the PIN: never to be logged. */
  readonly privateKeyIdentifier: string;
}

/** Throws CardError when the engine pkcs11 is in none of the directories; default: the usual places. */
export function findEngineDirectory(directories: readonly string[] = engineDirectories): string {
  const directory = directories.find((candidate) => existsSync(join(candidate, 'pkcs11.so')));
  if (directory === undefined) {
    throw new CardError(
      `The OpenSSL engine pkcs11 is not installed: no pkcs11.so in ${directories.join(', ')}.`,
      'Run ./scripts/setup demo, or "apt-get install libengine-pkcs11-openssl".',
    );
  }
  return directory;
}

/** Module and configuration that the engine was first used with; it keeps them for the life of the process. */
let inUse: string | undefined;

/**
 * Registers the engine and returns the options. The PIN is checked by the token when a TLS context is made from them: a
 * wrong one throws ERR_OSSL_PIN_INCORRECT there and costs one try; that error goes through `tlsClientFailure`.
 * @throws CardError when the engine is not installed, this process already uses another module, or the token refused a PIN before.
 */
export function tlsClientIdentity(options: TlsClientIdentityOptions): TlsClientIdentity {
  const directory = findEngineDirectory(options.engineDirectories);
  if (!existsSync(options.module)) {
    throw new CardError(`There is no PKCS#11 module ${options.module}.`, 'Install the software of the card.');
  }
  if (wasPinRefused(tokenName(options))) throw new CardFault('pin-refused-before');
  const wanted = [options.module, options.softHsmConfiguration].join(' with ');
  if (inUse !== undefined && inUse !== wanted) {
    throw new CardError(`This process already uses the tokens of ${inUse}.`, 'Use a process of its own for each.');
  }
  inUse = wanted;
  process.env['OPENSSL_ENGINES'] ??= directory;
  process.env['PKCS11_MODULE_PATH'] = options.module;
  if (options.softHsmConfiguration !== undefined) {
    process.env['SOFTHSM2_CONF'] = options.softHsmConfiguration;
  }
  // By name, since an engine named by path seems to load but cannot be used; 0: registered, not made the default.
  setEngine('pkcs11', 0);
  return {
    cert: options.certificateChain,
    privateKeyEngine: 'pkcs11',
    privateKeyIdentifier: `${options.uri};type=private?pin-value=${encodeURIComponent(options.pin)}`,
  };
}

/** OpenSSL's codes for the return values of C_Login that count as tries, as libp11 hands them on. */
const pinRefusals: ReadonlyMap<unknown, 'pin-incorrect' | 'pin-locked'> = new Map([
  ['ERR_OSSL_PIN_INCORRECT', 'pin-incorrect'],
  ['ERR_OSSL_PIN_LOCKED', 'pin-locked'],
]);

/**
 * What became of a TLS context or connection with this identity: a CardFault when the token refused the PIN, which is
 * remembered so that no second try is made in this process; otherwise the error itself.
 */
export function tlsClientFailure(options: Pick<TlsClientIdentityOptions, 'uri' | 'module'>, error: unknown): unknown {
  const code = pinRefusals.get(error instanceof Error && 'code' in error ? error.code : undefined);
  if (code === undefined) return error;
  recordPinRefusal(tokenName(options));
  return new CardFault(code, undefined, error);
}

/** The path attributes `token` and `serial` of RFC 7512 section 2.3. */
function tokenName({ uri, module }: Pick<TlsClientIdentityOptions, 'uri' | 'module'>): TokenName {
  const [path = ''] = uri.replace(/^pkcs11:/, '').split('?', 1);
  const attributes = new Map(
    path.split(';').map((attribute) => {
      const [name = '', ...value] = attribute.split('=');
      return [name, decodeURIComponent(value.join('='))];
    }),
  );
  const label = attributes.get('token');
  const serialNumber = attributes.get('serial');
  return {
    module: resolve(module),
    label,
    serialNumber,
  };
}
