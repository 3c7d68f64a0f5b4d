/** The ClientHello of RFC 8446 4.1.2: TLS 1.3 and nothing older, with the key shares, cookie and PSK of the attempt. */
import { cipherSuites } from '../cipher-suites.ts';
import { uint, vector } from '../presentation-language.ts';
import type { Tls13Session } from '../tls13-session.ts';
import { type ExtensionName, extension } from './extensions.ts';
import { encodeHandshake } from './handshake-reader.ts';
import { groupNames, groups, type KeyShare } from './key-exchange.ts';
import { finishedVerifyData, KeySchedule } from './key-schedule.ts';
import { offeredSignatureSchemes } from './signature-verification.ts';

export const tls12 = 0x0303;
export const tls13 = 0x0304;

/** PskKeyExchangeMode (RFC 8446 4.2.9); resumption without a new key exchange is not offered. */
const pskDheKe = 1;

export interface ClientHelloParameters {
  /** 32 octets. */
  readonly random: Buffer;
  /** 32 octets for the middlebox compatibility mode (RFC 8446 D.4). */
  readonly sessionId: Buffer;
  /** A DNS name in ASCII. */
  readonly serverName: string | undefined;
  readonly shares: readonly KeyShare[];
  /** Of the HelloRetryRequest. */
  readonly cookie: Buffer | undefined;
  readonly resumption: { readonly session: Tls13Session; readonly ageMilliseconds: number } | undefined;
  /** Transcript hash up to and with a ClientHello that ends before its binders. */
  binderTranscriptHash(truncatedClientHello: Buffer, session: Tls13Session): Buffer;
}

export interface ClientHello {
  /** With the handshake header. */
  readonly message: Buffer;
  readonly offered: ReadonlySet<ExtensionName>;
}

export function encodeClientHello(parameters: ClientHelloParameters): ClientHello {
  const { random, sessionId, resumption } = parameters;
  const extensions = [...extensionsOf(parameters)];
  const offered = new Set(extensions.map(([name]) => name));
  const encode = (last: readonly Buffer[]) =>
    encodeHandshake(
      'client_hello',
      uint(2, tls12),
      random,
      vector(1, sessionId),
      vector(2, ...cipherSuites.map(({ code }) => uint(2, code))),
      vector(1, uint(1, 0)),
      vector(2, ...extensions.map(([name, data]) => extension(name, data)), ...last),
    );
  if (!resumption) return { message: encode([]), offered };
  offered.add('pre_shared_key');
  const { session } = resumption;
  const identities = pskIdentities(session, resumption.ageMilliseconds);
  const binders = (binder: Buffer) => vector(2, vector(1, binder));
  // The binder covers the message up to itself with all lengths as they will be, so a stand-in of its size comes first.
  const standIn = binders(Buffer.alloc(session.suite.hashLength));
  const draft = encode([extension('pre_shared_key', identities, standIn)]);
  const truncated = draft.subarray(0, draft.length - standIn.length);
  const binderKey = new KeySchedule(session.suite, session.psk).resumptionBinderKey();
  const transcriptHash = parameters.binderTranscriptHash(truncated, session);
  const binder = finishedVerifyData(session.suite, binderKey, transcriptHash);
  return { message: Buffer.concat([truncated, binders(binder)]), offered };
}

function* extensionsOf(parameters: ClientHelloParameters): Generator<readonly [ExtensionName, Buffer]> {
  const { serverName, shares, cookie } = parameters;
  const hostName = 0;
  if (serverName !== undefined)
    yield ['server_name', vector(2, uint(1, hostName), vector(2, Buffer.from(serverName, 'latin1')))];
  yield ['supported_versions', vector(1, uint(2, tls13))];
  yield ['supported_groups', vector(2, ...groupNames.map((name) => uint(2, groups[name].code)))];
  yield ['signature_algorithms', vector(2, ...offeredSignatureSchemes.map((code) => uint(2, code)))];
  yield ['psk_key_exchange_modes', vector(1, uint(1, pskDheKe))];
  if (cookie) yield ['cookie', vector(2, cookie)];
  const entries = shares.map(({ group, keyExchange }) =>
    Buffer.concat([uint(2, groups[group].code), vector(2, keyExchange)]),
  );
  yield ['key_share', vector(2, ...entries)];
}

/** OfferedPsks.identities with the obfuscated age of the ticket (RFC 8446 4.2.11.1). */
function pskIdentities(session: Tls13Session, ageMilliseconds: number): Buffer {
  const obfuscatedAge = (Math.floor(ageMilliseconds) + session.ageAdd) % 2 ** 32;
  return vector(2, vector(2, session.ticket), uint(4, obfuscatedAge));
}
