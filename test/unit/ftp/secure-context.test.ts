/** Under which version the handshakes of one session run, what they ask for, and which TLS sessions they resume. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateStatuses } from '../../../src/ftp/tls/certificate-statuses.ts';
import { peekClientHello } from '../../../src/ftp/tls/client-hello.ts';
import { SessionSecurity } from '../../../src/ftp/tls/secure-context.ts';
import type { ServerTlsSocket } from '../../../src/ftp/tls/server-tls-socket.ts';
import { SessionKin } from '../../../src/ftp/tls/session-tickets.ts';
import type { TlsIdentity as ServerIdentity } from '../../../src/ftp/tls/tls-settings.ts';
import { completeHandshake } from '../../../src/ftp/tls/tls-upgrade.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import type { TlsIdentity } from '../../support/control-client.ts';
import { type FtpSettingChanges, ftpSettings } from '../../support/ftp-settings.ts';
import { createIdentities, type TestIdentities } from '../../support/protocol-site.ts';
import { OpenSockets } from '../../support/socket-pairs.ts';

let identities: TestIdentities;
const open = new OpenSockets();
const clients: TLSSocket[] = [];

beforeAll(async () => {
  identities = await createIdentities();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  open.destroy();
});

const tls12 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
const tls13 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;
const both = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' } as const;

interface Site extends FtpSettingChanges {
  readonly caNames?: readonly string[];
  readonly kin?: SessionKin;
  readonly statuses?: CertificateStatuses;
  readonly further?: NonNullable<ServerIdentity['furtherIdentities']>;
}

function security({ caNames = [], kin = new SessionKin(), statuses, further = [], ...changes }: Site = {}) {
  const identity = { ...identities.server, furtherIdentities: further, caNames };
  return new SessionSecurity({ identity, site: ftpSettings(changes), ...(statuses && { statuses }) }, kin);
}

type Purpose = 'control' | 'sending' | 'receiving' | undefined;
type Client = TlsIdentity & {
  readonly sigalgs?: string;
  readonly ecdhCurve?: string;
  readonly requestOCSP?: boolean;
  readonly servername?: string;
};

interface Shaken {
  readonly client: TLSSocket;
  /** Why it failed; absent when it did not, as all that follows is when it did. */
  readonly failed?: string;
  readonly tls?: ServerTlsSocket;
  readonly resumed?: boolean;
  readonly protocol?: string;
  readonly certificates?: number;
  /** What the client keeps, and how often it was given one. */
  readonly session?: Buffer | undefined;
  readonly tickets?: number;
  /** The status of the server's certificate; absent: the client was told none. */
  readonly status?: string | undefined;
}

/** One handshake, and what both sides learnt. */
async function handshake(of: SessionSecurity, purpose: Purpose, identity: Client = {}): Promise<Shaken> {
  const { client: tcp, raw } = await open.tcpPair();
  const client = connect({ socket: tcp, rejectUnauthorized: false, ...identity });
  clients.push(client);
  let session: Buffer | undefined;
  let tickets = 0;
  client.on('error', () => undefined);
  let status: string | undefined;
  client.on('OCSPResponse', (response: Buffer | null) => {
    status = response?.toString();
  });
  client.on('session', (kept: Buffer) => {
    session = kept;
    tickets += 1;
  });
  const wrapped = await wrap(of, purpose, raw);
  if (purpose === undefined) wrapped.goOn?.('receiving');
  const outcome = await completeHandshake(wrapped.tls, milliseconds(10_000));
  if (outcome.outcome === 'failed') return { failed: outcome.reason, client };
  // Tickets of TLS 1.3 come behind the handshake and before this.
  client.resume();
  wrapped.tls.write('.');
  await once(client, 'data');
  const { resumed, facts, peerCertificates } = outcome.handshake;
  return {
    resumed,
    protocol: facts.protocol,
    certificates: peerCertificates.length,
    session,
    tickets,
    status,
    client,
    ...wrapped,
  };
}

async function wrap(of: SessionSecurity, purpose: Purpose, raw: Socket) {
  if (purpose === 'control') return { tls: of.wrapControl(raw), goOn: undefined };
  const hello = await peekClientHello(raw, milliseconds(10_000));
  if (hello === 'none') throw new Error('no ClientHello');
  return { goOn: undefined, ...of.wrapData(raw, hello, purpose) };
}

describe('the version of a data connection', () => {
  it.each<[string, Purpose, Client, string]>([
    [
      'an upload runs under TLS 1.2 where the client offers it, for its ticket comes before the file',
      'receiving',
      both,
      'TLSv1.2',
    ],
    ['so does what begins before its command', undefined, both, 'TLSv1.2'],
    ['a download runs under TLS 1.3', 'sending', both, 'TLSv1.3'],
    ['a client that knows TLS 1.3 alone has it', 'receiving', tls13, 'TLSv1.3'],
    ['a client that knows TLS 1.2 alone has it', 'sending', tls12, 'TLSv1.2'],
  ])('%s', async (_rule, purpose, client, expected) => {
    expect((await handshake(security(), purpose, client)).protocol).toBe(expected);
  });

  it.each([
    ['minimumVersion', { ssl: { minimumVersion: 'TLSv1.3' } }, both, 'TLSv1.3'],
    ['maximumVersion', { ssl: { maximumVersion: 'TLSv1.2' } }, both, 'TLSv1.2'],
  ] as const)('is that of the site: %s', async (_setting, site, client, expected) => {
    for (const purpose of ['control', 'receiving', 'sending', undefined] as const) {
      expect((await handshake(security(site), purpose, client)).protocol, `${purpose}`).toBe(expected);
    }
  });

  it('below the site’s is refused', async () => {
    const { failed } = await handshake(security({ ssl: { minimumVersion: 'TLSv1.3' } }), 'receiving', tls12);
    expect(failed).toBe('unsupported protocol (ERR_SSL_UNSUPPORTED_PROTOCOL)');
  });

  it.each([tls12, tls13])('is that of the session it resumes: %o', async (version) => {
    const of = security();
    const { session, protocol } = await handshake(of, 'control', version);
    for (const purpose of ['receiving', 'sending'] as const) {
      const data = await handshake(of, purpose, { ...both, session: session! });
      expect([data.resumed, data.protocol], purpose).toEqual([true, protocol]);
    }
  });

  it('is not that of a session that it may not resume', async () => {
    const of = security();
    const strange = await handshake(security(), 'control', tls12);
    const data = await handshake(of, 'sending', { ...both, session: strange.session! });
    expect([data.resumed, data.protocol]).toEqual([false, 'TLSv1.3']);
  });
});

describe('the status of the server’s certificate', () => {
  const asking = { requestOCSP: true };
  const stapling = { ssl: { ocspStapling: true } };
  const leaf = (pem: string) => new X509Certificate(pem).raw;
  /** Says of each certificate which it is. */
  const naming = (pems: Readonly<Record<string, string>>): CertificateStatuses => ({
    responseFor: (certificate) => {
      const [name] = Object.entries(pems).find(([, pem]) => leaf(pem).equals(certificate)) ?? [];
      return name === undefined ? undefined : Buffer.from(name);
    },
  });
  const statuses = () => naming({ own: identities.server.certificate });

  it.each(
    (['control', 'receiving', 'sending', undefined] as const).flatMap((purpose) =>
      [tls12, tls13, both].map((version) => ({ purpose, version })),
    ),
  )('is told in the handshake to a client that asks: $purpose, $version', async ({ purpose, version }) => {
    const of = security({ ...stapling, statuses: statuses() });
    for (const servername of ['', 'localhost', 'elsewhere.example'])
      expect((await handshake(of, purpose, { ...version, ...asking, servername })).status, servername).toBe('own');
    expect((await handshake(of, purpose, version)).status).toBeUndefined();
  });

  it('is that of the certificate which the client is shown', async () => {
    const { server: second } = await createIdentities('second.example');
    const both = naming({ own: identities.server.certificate, second: second.certificate });
    const of = security({ ...stapling, statuses: both, further: [second] });
    for (const version of [tls12, tls13]) {
      const told = async (servername: string) =>
        (await handshake(of, 'control', { ...version, ...asking, servername })).status;
      expect([await told('second.example'), await told('localhost'), await told('')]).toEqual(['second', 'own', 'own']);
    }
  });

  it('is told by no site that does not staple, and the handshake goes on where none is at hand', async () => {
    const silent = await handshake(security({ statuses: statuses() }), 'control', asking);
    const none = await handshake(security({ ...stapling, statuses: naming({}) }), 'control', asking);
    const without = await handshake(security(stapling), 'control', asking);
    expect([silent, none, without].map(({ status, protocol }) => [status, protocol])).toEqual([
      [undefined, 'TLSv1.3'],
      [undefined, 'TLSv1.3'],
      [undefined, 'TLSv1.3'],
    ]);
  });
});

describe('a TLS session', () => {
  it.each([tls12, tls13])('is resumed on data connections of its control connection alone: %o', async (version) => {
    const kin = new SessionKin();
    const [own, other] = [security({ kin }), security({ kin })];
    const { session } = await handshake(own, 'control', version);
    const resumes = async (of: SessionSecurity, purpose: Purpose) =>
      (await handshake(of, purpose, { ...version, session: session! })).resumed;
    expect(await resumes(own, 'sending')).toBe(true);
    expect(await resumes(own, 'control')).toBe(false);
    expect(await resumes(other, 'sending')).toBe(false);
    own.tickets.owner = 'ada';
    other.tickets.owner = 'ada';
    expect(await resumes(other, 'sending')).toBe(true);
    own.close();
    expect(await resumes(other, 'sending')).toBe(false);
  });

  it.each([tls12, tls13])(
    'is that of its own session where many handshakes run at once, on contexts in common: %o',
    async (version) => {
      const site = {
        kin: new SessionKin(),
        options: { identity: { ...identities.server, caNames: [] }, site: ftpSettings() },
      };
      const sessions = Array.from({ length: 12 }, () => new SessionSecurity(site.options, site.kin));
      const controls = await Promise.all(sessions.map((of) => handshake(of, 'control', version)));
      const resumed = await Promise.all(
        sessions.flatMap((of, own) =>
          controls.map(async ({ session }, other) => {
            const data = await handshake(of, 'sending', { ...both, session: session! });
            return data.resumed === (own === other);
          }),
        ),
      );
      expect(resumed.filter((asExpected) => !asExpected)).toEqual([]);
    },
  );

  it('without a ticket is kept by its id, and resumed on data connections alone', async () => {
    const of = security();
    const { session } = await handshake(of, 'control', { ...tls12, secureOptions: 0x4000 } as Client);
    const byId = { ...both, session: session!, secureOptions: 0x4000 } as Client;
    const data = await handshake(of, 'sending', byId);
    expect([data.resumed, data.protocol]).toEqual([true, 'TLSv1.2']);
    expect((await handshake(of, 'control', { ...byId, ...tls12 })).resumed).toBe(false);
    expect((await handshake(security(), 'sending', { ...byId, ...tls12 })).resumed).toBe(false);
  });

  it('lives for a day, longer than any session', async () => {
    const { session } = await handshake(security(), 'control', tls12);
    // The lifetime hint stands in the session as OpenSSL encodes it: [9] INTEGER 86400.
    expect(session!.includes(Buffer.from('a9050203015180', 'hex'))).toBe(true);
  });
});

describe('the tickets of TLS 1.3', () => {
  it('go out on the control connection and on downloads, and not on uploads, whose clients do not read them', async () => {
    const of = security();
    const { tickets, session } = await handshake(of, 'control', tls13);
    expect(tickets).toBeGreaterThan(0);
    const resuming = { ...tls13, session: session! };
    expect((await handshake(of, 'sending', resuming)).tickets).toBeGreaterThan(0);
    expect((await handshake(of, 'receiving', resuming)).tickets).toBe(0);
    expect((await handshake(of, 'receiving', tls13)).tickets).toBe(0);
  });
});

describe('the ticket of TLS 1.2', () => {
  it('comes within the handshake, of an upload too', async () => {
    const of = security();
    const { session, protocol } = await handshake(of, 'receiving', both);
    expect(protocol).toBe('TLSv1.2');
    expect(session!.includes(Buffer.from(of.tickets.keyName, 'hex'))).toBe(true);
  });
});

describe('a client that begins before its command', () => {
  /** Its data connection, behind the first flight of the server. */
  async function begun(client: Client) {
    const of = security();
    const control = await handshake(of, 'control', tls13);
    const { client: tcp, raw } = await open.tcpPair();
    const data = connect({ socket: tcp, rejectUnauthorized: false, session: control.session, ...client });
    clients.push(data);
    let tickets = 0;
    data.on('session', () => {
      tickets += 1;
    });
    const { tls, goOn } = await wrap(of, undefined, raw);
    const completed = completeHandshake(tls, milliseconds(10_000));
    await once(data, 'secureConnect');
    return { data, tls, goOn, completed, tickets: () => tickets };
  }

  it.each([
    ['receiving', 0],
    ['sending', 1],
  ] as const)(
    'of TLS 1.3 alone is done before the server is, and gets by its command (%s) so many tickets: %i',
    async (direction, count) => {
      const { data, tls, goOn, completed, tickets } = await begun(tls13);
      const order: string[] = [];
      tls.once('secure', () => order.push('secure'));
      // Long enough for what the client has sent to be read, if anything reads it.
      for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
      order.push('command');
      goOn?.(direction);
      expect(await completed).toMatchObject({ outcome: 'established', handshake: { resumed: true } });
      expect(order).toEqual(['command', 'secure']);
      data.resume();
      tls.write('.');
      await once(data, 'data');
      expect(tickets()).toBe(count);
    },
  );

  it('of TLS 1.3 alone is not left waiting where the server asked for another key share (RFC 8446 4.1.4)', async () => {
    // The server takes the second group, and the client sends a share of the first one only.
    const { completed, goOn } = await begun({ ...tls13, ecdhCurve: 'secp521r1:X25519' });
    expect(await completed).toMatchObject({ outcome: 'established' });
    goOn?.('receiving');
  });

  it.each<[string, Site, Client]>([
    ['the site knows TLS 1.2 alone', { ssl: { maximumVersion: 'TLSv1.2' } }, both],
    ['the client knows TLS 1.2 alone', {}, tls12],
    ['the client knows both', {}, both],
  ])('has no longer time for its handshake where %s: that never stands still', async (_where, site, client) => {
    const { client: tcp, raw } = await open.tcpPair();
    clients.push(connect({ socket: tcp, rejectUnauthorized: false, ...client }).on('error', () => undefined));
    const { tls, goOn } = await wrap(security(site), undefined, raw);
    expect(goOn).toBeUndefined();
    expect(await completeHandshake(tls, milliseconds(10_000))).toMatchObject({ outcome: 'established' });
  });

  it('of TLS 1.3 alone is given up after the time of a handshake while it stands still', async () => {
    const { client: tcp, raw } = await open.tcpPair();
    clients.push(connect({ socket: tcp, rejectUnauthorized: false, ...tls13 }).on('error', () => undefined));
    const { tls } = await wrap(security(), undefined, raw);
    expect(await completeHandshake(tls, milliseconds(50))).toEqual({
      outcome: 'failed',
      reason: 'no handshake within 50 ms',
    });
    expect(tls.destroyed).toBe(true);
  });
});

describe('where Node has no callback for tickets', () => {
  // What each context inherits, and Node does not document.
  const native = Object.getPrototypeOf(createSecureContext().context) as { enableTicketKeyCallback?: unknown };
  const { enableTicketKeyCallback } = native;
  beforeAll(() => {
    delete native.enableTicketKeyCallback;
  });
  afterAll(() => {
    native.enableTicketKeyCallback = enableTicketKeyCallback;
  });

  it.each(['receiving', 'sending', undefined] as const)(
    'no data connection runs under TLS 1.3, whose tickets the client may leave unread (%s)',
    async (purpose) => {
      expect((await handshake(security(), 'control', both)).protocol).toBe('TLSv1.3');
      expect((await handshake(security(), purpose, both)).protocol).toBe('TLSv1.2');
      expect((await handshake(security(), purpose, tls13)).failed).toMatch(/protocol/);
    },
  );
});

describe('a client certificate', () => {
  it.each([
    ['CertIgnore', 0],
    ['CertAllow', 1],
    ['CertRequire', 1],
  ] as const)(
    'is asked for as %s says, and an untrusted one completes the handshake',
    async (clientCertificatePolicy, count) => {
      const of = security({ sslClientCertificates: { clientCertificatePolicy } });
      for (const purpose of ['control', 'sending'] as const) {
        expect((await handshake(of, purpose, identities.ada)).certificates).toBe(count);
        expect((await handshake(of, purpose)).certificates).toBe(0);
      }
    },
  );

  it('is asked for by the names of the trust anchors that the site tells', async () => {
    // The name stands in the CertificateRequest, in the clear under TLS 1.2.
    const requestOf = async (of: SessionSecurity) => {
      const { client: tcp, raw } = await open.tcpPair();
      const flight: Buffer[] = [];
      const wire = new Duplex({
        read: () => undefined,
        write: (chunk: Buffer, _encoding, callback) => void tcp.write(chunk, () => callback()),
      });
      tcp.on('data', (octets: Buffer) => {
        flight.push(octets);
        wire.push(octets);
      });
      const client = connect({ socket: wire, rejectUnauthorized: false, ...tls12 });
      clients.push(client);
      client.on('error', () => undefined);
      await completeHandshake(of.wrapControl(raw), milliseconds(10_000));
      return Buffer.concat(flight).toString('latin1').split('Test CA').length;
    };
    const without = await requestOf(security());
    expect(await requestOf(security({ caNames: [identities.caPem] }))).toBe(without + 1);
    const ignored = security({
      caNames: [identities.caPem],
      sslClientCertificates: { clientCertificatePolicy: 'CertIgnore' },
    });
    expect(await requestOf(ignored)).toBe(without);
  });
});

describe('the signature algorithms', () => {
  it('are those of the site', async () => {
    const of = security({ ssl: { signatureAlgorithms: 'RSA+SHA256' } });
    const { failed } = await handshake(of, 'control', { ...tls12, sigalgs: 'ECDSA+SHA256' });
    expect(failed).toBeDefined();
  });
});

describe('a ClientHello that cannot be read', () => {
  it('is answered by TLS itself', async () => {
    const { client, raw } = await open.tcpPair();
    client.write('no ClientHello\r\n');
    const { tls } = security().wrapData(raw, 'unreadable', 'sending');
    const outcome = await completeHandshake(tls, milliseconds(10_000));
    expect(outcome).toMatchObject({ outcome: 'failed' });
  });
});

describe('a session that is over', () => {
  it('begins no handshake, and leaves those that live alone', async () => {
    const of = security();
    const { client, tls } = await handshake(of, 'sending', tls13);
    await handshake(of, 'receiving', both);
    of.close();
    tls!.write('still here');
    const [octets] = (await once(client, 'data')) as [Buffer];
    expect(octets.toString()).toBe('still here');
    const { raw } = await open.tcpPair();
    expect(() => of.wrapControl(raw)).toThrow('a handshake began after its session was over');
    of.close();
  });
});
