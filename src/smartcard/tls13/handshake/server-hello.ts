/** ServerHello and HelloRetryRequest (RFC 8446 4.1.3, 4.1.4) read and judged; an answer of an older version is told apart. */
import { type CipherSuite, cipherSuiteOf } from '../cipher-suites.ts';
import { WireReader } from '../presentation-language.ts';
import { ServerSpeaksOnlyTls12, TlsViolation } from '../tls-error.ts';
import { tls12, tls13 } from './client-hello.ts';
import { type ExtensionName, type Extensions, extensionTypes, readHandshakeExtensions } from './extensions.ts';
import { type GroupName, groupOf } from './key-exchange.ts';

/** SHA-256 of "HelloRetryRequest": the random that makes a ServerHello one. */
const helloRetryRandom = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
/** The end of the random of a server that knows TLS 1.3 and was made to choose an older version. */
const downgradeSentinel = Buffer.from('DOWNGRD', 'latin1');

export interface ServerHello {
  readonly kind: 'ServerHello';
  readonly suite: CipherSuite;
  /** Absent only when the server left it out, which is an error in every mode that is offered. */
  readonly share: { readonly group: number; readonly keyExchange: Buffer } | undefined;
  /** The server resumes the session with this of the identities offered. */
  readonly selectedIdentity: number | undefined;
}

export interface HelloRetryRequest {
  readonly kind: 'HelloRetryRequest';
  readonly suite: CipherSuite;
  readonly group: GroupName | undefined;
  readonly cookie: Buffer | undefined;
}

const illegal = (message: string) => new TlsViolation('illegal_parameter', message);

/**
 * @param sessionId what the ClientHello sent as legacy_session_id
 * @throws TlsViolation; ServerSpeaksOnlyTls12 when the server chose an older version
 */
export function readServerHello(
  body: Buffer,
  sessionId: Buffer,
  offered: ReadonlySet<ExtensionName>,
): ServerHello | HelloRetryRequest {
  const reader = new WireReader(body, 'its ServerHello');
  const legacyVersion = reader.uint(2);
  const random = reader.opaque(32);
  const sessionIdEcho = reader.vector(1, 0, 32);
  const suiteCode = reader.uint(2);
  const compression = reader.uint(1);
  const contents = reader.remaining > 0 ? reader.vector(2) : Buffer.alloc(0);
  reader.end();
  refuseOlderVersion(legacyVersion, random, contents);
  const kind = random.equals(helloRetryRandom) ? 'HelloRetryRequest' : 'ServerHello';
  const extensions = readHandshakeExtensions(contents, kind, offered);
  const version = extensions.get('supported_versions');
  if (legacyVersion !== tls12) throw illegal(`legacy_version of its ${kind} is 0x${legacyVersion.toString(16)}`);
  if (version?.length !== 2 || version.readUInt16BE(0) !== tls13) throw illegal(`its ${kind} chose no version offered`);
  if (!sessionIdEcho.equals(sessionId)) throw illegal(`its ${kind} does not echo the session id`);
  if (compression !== 0) throw illegal(`its ${kind} chose compression`);
  const suite = cipherSuiteOf(suiteCode);
  if (!suite) throw illegal(`it chose the cipher suite 0x${suiteCode.toString(16)}, which was not offered`);
  return kind === 'ServerHello' ? serverHello(suite, extensions) : helloRetryRequest(suite, extensions);
}

/** Without supported_versions the server speaks TLS 1.2 or older, by nature or because an attacker made it believe that we do. */
function refuseOlderVersion(legacyVersion: number, random: Buffer, extensions: Buffer): void {
  if (hasSupportedVersions(extensions) || legacyVersion > tls12) return;
  // RFC 8446 4.1.3: 0x01 stands for TLS 1.2, 0x00 for older versions.
  const end = random.subarray(-8);
  if (end.subarray(0, 7).equals(downgradeSentinel) && end.readUInt8(7) <= 1)
    throw illegal('it was made to choose an older version although it speaks TLS 1.3');
  throw new ServerSpeaksOnlyTls12(`its ServerHello chose version 0x${legacyVersion.toString(16).padStart(4, '0')}`);
}

function hasSupportedVersions(extensions: Buffer): boolean {
  const reader = new WireReader(extensions, 'the extensions of its ServerHello');
  let found = false;
  while (reader.remaining > 0) {
    if (reader.uint(2) === extensionTypes.supported_versions) found = true;
    reader.vector(2);
  }
  return found;
}

function serverHello(suite: CipherSuite, extensions: Extensions): ServerHello {
  const share = extensions.get('key_share');
  const identity = extensions.get('pre_shared_key');
  return {
    kind: 'ServerHello',
    suite,
    share:
      share && readWhole(share, 'key_share', (reader) => ({ group: reader.uint(2), keyExchange: reader.vector(2, 1) })),
    selectedIdentity: identity && readWhole(identity, 'pre_shared_key', (reader) => reader.uint(2)),
  };
}

function helloRetryRequest(suite: CipherSuite, extensions: Extensions): HelloRetryRequest {
  const selected = extensions.get('key_share');
  const cookie = extensions.get('cookie');
  const code = selected && readWhole(selected, 'key_share', (reader) => reader.uint(2));
  const group = code === undefined ? undefined : groupOf(code);
  if (code !== undefined && group === undefined)
    throw illegal('its HelloRetryRequest wants a group that was not offered');
  return {
    kind: 'HelloRetryRequest',
    suite,
    group,
    cookie: cookie && readWhole(cookie, 'cookie', (reader) => Buffer.from(reader.vector(2, 1))),
  };
}

function readWhole<T>(data: Buffer, name: ExtensionName, read: (reader: WireReader) => T): T {
  const reader = new WireReader(data, `its extension ${name}`);
  const value = read(reader);
  reader.end();
  return value;
}
