/** One handshake: how long it may take, what ends it, and what it proved. */
import type { X509Certificate } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerTlsSocket } from '../../../src/ftp/tls/server-tls-socket.ts';
import { completeHandshake, type HandshakeOutcome, handshakeSettings } from '../../../src/ftp/tls/tls-upgrade.ts';
import { milliseconds } from '../../../src/settings/units.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

interface Proven {
  readonly chain?: readonly string[];
  readonly resumed?: boolean;
  readonly protocol?: string | null;
}

/** A socket of which TLS has just begun; the test says what becomes of it. */
class HandshakingSocket extends EventEmitter {
  destroyed = false;
  readonly #proven: Proven;

  constructor(proven: Proven = {}) {
    super();
    this.#proven = proven;
  }

  destroy(): void {
    this.destroyed = true;
  }

  isSessionReused = () => this.#proven.resumed ?? false;
  getProtocol = () => (this.#proven.protocol === undefined ? 'TLSv1.3' : this.#proven.protocol);
  getCipher = () => ({ standardName: 'TLS_AES_128_GCM_SHA256' });
  getPeerX509Certificate = () =>
    (this.#proven.chain ?? []).reduceRight<Partial<X509Certificate> | undefined>(
      (issuer, name) =>
        ({
          raw: Buffer.from(name),
          issuerCertificate: issuer as X509Certificate | undefined,
        }) as Partial<X509Certificate>,
      undefined,
    );
}

function handshaking(proven?: Proven) {
  const socket = new HandshakingSocket(proven);
  const outcome = completeHandshake(socket as unknown as ServerTlsSocket, milliseconds(30_000));
  return { socket, outcome };
}

const proofOf = async (proven: Proven) => {
  const { socket, outcome } = handshaking(proven);
  socket.emit('secure');
  const done = await outcome;
  if (done.outcome === 'failed') throw new Error(done.reason);
  return done.handshake;
};

describe('the time of a handshake', () => {
  it('is 30 seconds by itself, a second at least and five minutes at most', () => {
    const { handshakeTimeout } = handshakeSettings;
    expect(handshakeTimeout.parse(undefined)).toBe(30_000);
    expect(['1s', '5m', '999ms', '301s'].map((time) => handshakeTimeout.safeParse(time).success)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('ends it, and its socket', async () => {
    const { socket, outcome } = handshaking();
    vi.advanceTimersByTime(29_999);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(await outcome).toEqual({ outcome: 'failed', reason: 'no handshake within 30000 ms' });
    expect(socket.destroyed).toBe(true);
  });

  it('ends nothing behind it', async () => {
    const { socket, outcome } = handshaking();
    socket.emit('secure');
    expect(vi.getTimerCount()).toBe(0);
    await outcome;
    expect(socket.destroyed).toBe(false);
  });
});

describe('a handshake fails', () => {
  const closed = 'the peer closed the connection during the handshake';
  const tlsError = Object.assign(new Error('0:error:0A00:tls_post.c:1:'), {
    reason: 'no shared cipher',
    code: 'ERR_SSL_NO_SHARED_CIPHER',
  });
  it.each<[string, (socket: HandshakingSocket) => void, string]>([
    ['when the connection closes', (socket) => void socket.emit('close'), closed],
    ['when the client ends its side', (socket) => void socket.emit('peerEnd'), closed],
    [
      'in the words of OpenSSL',
      (socket) => void socket.emit('_tlsError', tlsError),
      'no shared cipher (ERR_SSL_NO_SHARED_CIPHER)',
    ],
    ['with the error of the connection', (socket) => void socket.emit('error', new Error('ECONNRESET')), 'ECONNRESET'],
  ])('%s, at once, and its socket ends', async (_rule, ending, reason) => {
    const { socket, outcome } = handshaking();
    ending(socket);
    expect(await outcome).toEqual({ outcome: 'failed', reason });
    expect([socket.destroyed, vi.getTimerCount()]).toEqual([true, 0]);
    expect(['secure', 'close', 'peerEnd'].map((event) => socket.listenerCount(event))).toEqual([0, 0, 0]);
  });
});

describe('a complete handshake', () => {
  it('is told outside of the state machine of OpenSSL, where nothing of the flight of the tickets is cut', async () => {
    const { socket, outcome } = handshaking();
    let told: HandshakeOutcome | undefined;
    void outcome.then((value) => {
      told = value;
    });
    socket.emit('secure');
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    expect(told).toBeUndefined();
    await outcome;
    expect(told?.outcome).toBe('established');
  });

  it.each(['close', 'peerEnd'])('stands although the client ends right behind it: %s', async (event) => {
    const { socket, outcome } = handshaking();
    socket.emit('secure');
    socket.emit(event);
    expect((await outcome).outcome).toBe('established');
    expect(socket.listenerCount(event)).toBe(0);
  });

  it('ends its socket when TLS fails later', async () => {
    const { socket, outcome } = handshaking();
    socket.emit('secure');
    await outcome;
    socket.emit('error', new Error('ECONNRESET'));
    socket.destroyed = false;
    socket.emit('_tlsError', new Error('bad record'));
    expect(socket.destroyed).toBe(true);
  });

  it('proves the certificates in the order in which they were sent, protocol and cipher suite', async () => {
    expect(await proofOf({ chain: ['ada', 'issuing', 'root'] })).toEqual({
      facts: { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
      resumed: false,
      peerCertificates: ['ada', 'issuing', 'root'].map((name) => Buffer.from(name)),
      endEntity: Buffer.from('ada'),
    });
  });

  it('of a resumed session proves no certificate, and tells whose session it was', async () => {
    const proof = await proofOf({ chain: ['ada'], resumed: true });
    expect(proof).toMatchObject({ resumed: true, peerCertificates: [], endEntity: Buffer.from('ada') });
  });

  it('without a certificate proves none', async () => {
    expect(await proofOf({ protocol: null })).toMatchObject({
      facts: { protocol: 'unknown' },
      peerCertificates: [],
      endEntity: undefined,
    });
  });

  it('is read up to one certificate more than a login may have', async () => {
    const chain = (length: number) => Array.from({ length }, (_, index) => `certificate ${index}`);
    expect((await proofOf({ chain: chain(16) })).peerCertificates).toHaveLength(16);
    expect((await proofOf({ chain: chain(40) })).peerCertificates).toHaveLength(17);
  });
});
