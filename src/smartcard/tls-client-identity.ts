/**
 * TLS with a key in a token, through the OpenSSL engine pkcs11 of libp11: the options go to tls.connect, https or an FTP
 * client in this process. Signing blocks the event loop while the card works. One module and one set of tokens per process.
 */
import { setEngine } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CardError } from './card-error.ts';

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

/** Module and configuration that the engine was first used with; it keeps them for the life of the process. */
let inUse: string | undefined;

/**
 * Registers the engine and returns the options. The PIN is checked by the token when a TLS context is made from them: a
 * wrong one throws ERR_OSSL_PIN_INCORRECT there and costs one try.
 * @throws CardError when the engine is not installed or this process already uses another module.
 */
export function tlsClientIdentity(options: TlsClientIdentityOptions): TlsClientIdentity {
  const directories = options.engineDirectories ?? engineDirectories;
  const directory = directories.find((candidate) => existsSync(join(candidate, 'pkcs11.so')));
  if (directory === undefined) {
    throw new CardError(
      `The OpenSSL engine pkcs11 is not installed: no pkcs11.so in ${directories.join(', ')}.`,
      'Run ./scripts/setup demo, or "apt-get install libengine-pkcs11-openssl".',
    );
  }
  if (!existsSync(options.module)) {
    throw new CardError(`There is no PKCS#11 module ${options.module}.`, 'Install the software of the card.');
  }
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
