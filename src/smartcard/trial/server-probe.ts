/**
 * Asks a server what it wants before a card is touched: connects, has its certificate verified, reads which client
 * certificates it asks for, answers with none, and says goodbye. No name and no secret is sent.
 */
import type { Socket } from 'node:net';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { printable } from '../../operations/printable.ts';
import { connectTls } from '../../operations/tls-client.ts';
import { readableCertificates } from '../../pki/certificate/certificate.ts';
import { formatRfc4514 } from '../../pki/names/distinguished-name.ts';
import type { CertificateRequest } from '../tls13/client-credential.ts';
import { signatureSchemeName } from '../tls13/handshake/signature-verification.ts';
import { ServerSpeaksOnlyTls12 } from '../tls13/tls-error.ts';
import { Tls13Client } from '../tls13/tls13-client.ts';
import type { ServerWish } from './certificate-suitability.ts';
import { ControlDialogue, TrialStop } from './control-dialogue.ts';
import { findingOfFailure } from './failure-findings.ts';
import { namesText } from './known-issuers.ts';
import type { ServerAddress } from './server-address.ts';
import { reachServer } from './server-reach.ts';
import type { ServerTrust } from './server-trust.ts';
import { observeCertificateRequest } from './tls12-certificate-request.ts';
import { finding } from './trial-findings.ts';
import type { TrialEnded, TrialRecorder } from './trial-steps.ts';

export interface ProbeOptions {
  readonly address: ServerAddress;
  readonly trust: ServerTrust;
  /** For the connection, each reply and the handshake. */
  readonly timeoutMilliseconds: number;
  readonly recorder: TrialRecorder;
}

const namesShown = 20;

/** @throws TrialEnded when the server cannot be used with a card */
export async function probeServer(options: ProbeOptions): Promise<ServerWish> {
  const { address, timeoutMilliseconds, recorder } = options;
  const socket = await reachServer(address, timeoutMilliseconds, recorder);
  try {
    return await probeTls13(socket, options);
  } catch (error) {
    if (!(error instanceof ServerSpeaksOnlyTls12)) throw error;
  } finally {
    socket.destroy();
  }
  const again = await reachServer(address, timeoutMilliseconds).catch((error: unknown) => {
    throw recorder.ended('tls', 'the second connection failed', findingOfFailure(error, 'connect'));
  });
  try {
    return await probeTls12(again, options);
  } finally {
    again.destroy();
  }
}

/** @throws ServerSpeaksOnlyTls12, TrialEnded */
async function probeTls13(socket: Socket, options: ProbeOptions): Promise<ServerWish> {
  const { address, timeoutMilliseconds, recorder } = options;
  let request: CertificateRequest | undefined;
  let serverChain: readonly Buffer[] = [];
  let ended: TrialEnded | undefined;
  let isClear = false;
  socket.once('data', (octets: Buffer) => {
    isClear = /^\d{3}[ -]/.test(octets.toString('latin1', 0, 4));
  });
  const tls = new Tls13Client({
    socket,
    serverName: address.host,
    handshakeTimeoutMs: timeoutMilliseconds,
    verifyServer: async (chain) => {
      recorder.ok('tls', 'TLS 1.3');
      serverChain = chain;
      await judgeServer(chain, options).catch((error: TrialEnded) => {
        ended = error;
        throw error;
      });
    },
    chooseCredential: async (received) => {
      request = received;
      return undefined;
    },
  });
  tls.on('error', () => undefined);
  try {
    await tls.handshake();
  } catch (error) {
    if (error instanceof ServerSpeaksOnlyTls12) throw error;
    const found = isClear ? finding('tls-expected-later') : findingOfFailure(error, 'tls');
    throw ended ?? recorder.ended('tls', 'TLS 1.3 was tried', found);
  }
  await sayGoodbye(tls, options);
  return { version: 'TLSv1.3', request: recordRequest(recorder, request), serverChain };
}

/**
 * A server that wants a certificate in the handshake itself breaks it off when none comes, having said all there is to know; the
 * login proves its certificate then.
 * @throws TrialEnded
 */
async function probeTls12(socket: Socket, options: ProbeOptions): Promise<ServerWish> {
  const { recorder } = options;
  const observed = observeCertificateRequest(socket);
  const tls = await handshakeTls12(observed.stream, options).catch((error: unknown) => {
    if (observed.request() === undefined)
      throw recorder.ended('tls', 'TLS 1.2 was tried', findingOfFailure(error, 'tls'));
  });
  recorder.ok('tls', 'TLS 1.2; the server does not speak TLS 1.3');
  const serverChain = observed.serverChain();
  await judgeServer(serverChain, options);
  if (tls) await sayGoodbye(tls, options);
  return { version: 'TLSv1.2', request: recordRequest(recorder, observed.request()), serverChain };
}

function handshakeTls12(stream: Duplex, { address, timeoutMilliseconds }: ProbeOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket: stream,
      ...(isIP(address.host) === 0 && { servername: address.host }),
      maxVersion: 'TLSv1.2',
      // It is judged as soon as the handshake is over, by the same rules as in TLS 1.3; nothing is sent before.
      rejectUnauthorized: false,
    });
    const late = new TrialStop(finding('connection-timeout'));
    const timer = setTimeout(() => tls.destroy(late), timeoutMilliseconds);
    tls
      .on('error', reject)
      .once('close', () => {
        clearTimeout(timer);
        reject(new TrialStop(finding('connection-lost')));
      })
      .once('secureConnect', () => {
        clearTimeout(timer);
        resolve(tls);
      });
  });
}

/** @throws TrialEnded */
async function judgeServer(chain: readonly Buffer[], { trust, recorder }: ProbeOptions): Promise<void> {
  const [endEntity] = readableCertificates(chain.slice(0, 1));
  const who =
    endEntity === undefined
      ? 'a certificate that cannot be read'
      : `${formatRfc4514(endEntity.subject)}, issued by ${formatRfc4514(endEntity.issuer)}, until ${endEntity.notAfter.toISOString()}`;
  try {
    await trust.verify(chain);
  } catch (error) {
    throw recorder.ended('server-certificate', printable(who), findingOfFailure(error, 'tls'));
  }
  recorder.ok('server-certificate', printable(who));
}

/** @throws TrialEnded when no certificate is wanted */
function recordRequest(recorder: TrialRecorder, request: CertificateRequest | undefined): CertificateRequest {
  if (request === undefined)
    throw recorder.ended(
      'certificate-request',
      'no client certificate is asked for',
      finding('certificate-not-wanted'),
    );
  const { authorities, signatureSchemes } = request;
  const names = namesText(authorities.slice(0, namesShown));
  const more = authorities.length > namesShown ? [`and ${authorities.length - namesShown} more`] : [];
  const from =
    authorities.length === 0
      ? 'from any authority'
      : `from ${authorities.length} ${authorities.length === 1 ? 'authority' : 'authorities'}`;
  recorder.ok('certificate-request', `a certificate ${from}`, [
    ...names,
    ...more,
    `signed with ${signatureSchemes.map(signatureSchemeName).join(', ')}`,
  ]);
  return request;
}

/** A server that wants a certificate in the handshake itself hangs up; that is no fault here. */
async function sayGoodbye(stream: Duplex, { address, timeoutMilliseconds }: ProbeOptions): Promise<void> {
  const control = new ControlDialogue(stream, timeoutMilliseconds);
  try {
    if (address.tls === 'implicit') await control.reply('greeting-missing');
    await control.command('QUIT');
  } catch {
    // The answer is known by now.
  } finally {
    stream.destroy();
  }
}
