/** What a server says in the clear before TLS, and how the login over basic-ftp takes what servers do wrong. */
import { createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Client, FTPError } from 'basic-ftp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accessWithTls13, type FtpAccessOptions } from '../../../../src/smartcard/tls13/ftps/ftp-access.ts';
import type { Tls13Client } from '../../../../src/smartcard/tls13/tls13-client.ts';
import { keyFileCredential } from '../../../support/key-file-credential.ts';
import { createTestPki, type Person, type TestPki } from '../../../support/pki.ts';
import { believeAnybody, portOf } from './tls-test-client.ts';

let pki: TestPki;
let person: Person;
const servers: Server[] = [];
const clients: Client[] = [];

beforeAll(async () => {
  pki = await createTestPki();
  person = await pki.issuePerson({ name: 'bob' });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => pki?.remove());

async function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  servers.push(server);
  return portOf(server);
}

function newClient(timeout = 5000): Client {
  const client = new Client(timeout);
  clients.push(client);
  return client;
}

const access = (client: Client, port: number, changes: Partial<FtpAccessOptions> = {}): Promise<Tls13Client> =>
  accessWithTls13(client, {
    host: '127.0.0.1',
    port,
    mode: 'explicit',
    user: 'bob',
    verifyServer: believeAnybody,
    ...changes,
  });

describe('before TLS', () => {
  const refusals: [string, string | Buffer, string][] = [
    ['a refusal', '421 Too many connections\r\n', '421'],
    ['a refusal in several lines', '421-Too\r\n421 many\r\n', '421'],
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n'.repeat(2000), 'does not end'],
    ['a greeting without end', Buffer.alloc(100_000, '220-more\r\n'), 'does not end'],
    ['a greeting and more', '220 ready\r\n234 go on\r\n', 'more than one reply'],
    ['nothing but an end', '', 'ended the connection'],
  ];
  it.each(refusals)('%s is told', async (_name, words, expected) => {
    const port = await listen((socket) => void socket.end(words));
    await expect(access(newClient(), port)).rejects.toThrow(expected);
  });

  it('silence is told', async () => {
    const port = await listen(() => undefined);
    await expect(access(newClient(100), port)).rejects.toThrow('did not reply within 100 ms');
  });

  it('a port without a listener is told', async () => {
    const port = await listen(() => undefined);
    servers.splice(0)[0]?.close();
    await expect(access(newClient(), port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('a server without AUTH TLS is told, and learns no name', async () => {
    let heard = '';
    const port = await listen((socket) => {
      socket.write('220 ready\r\n');
      socket.on('data', (octets) => {
        heard += octets.toString();
        socket.write('502 not implemented\r\n');
      });
    });
    await expect(access(newClient(), port)).rejects.toThrow(FTPError);
    expect(heard).toBe('AUTH TLS\r\n');
  });

  it('words behind the 234 are not taken for words of the protected server', async () => {
    const port = await listen((socket) => {
      socket.write('220-ready\r\n 220 not yet\r\n220 now\r\n');
      socket.on('data', () => void socket.write('234 go on\r\n230 logged in\r\n'));
    });
    await expect(access(newClient(), port)).rejects.toThrow('more than one reply');
  });
});

/** A little FTPS server: TLS from the first octet, one answer for each verb, data connections that serve `data`. */
interface LittleServer {
  readonly answers?: Readonly<Record<string, string>>;
  /** `complete` has the control connection say that an upload is complete. */
  readonly data?: (socket: TLSSocket, complete: () => void) => void;
  /** Data connections get a TLS context of their own, so that nothing resumes. */
  readonly forgetsSessions?: boolean;
}

/** What a data connection lies on, for servers that end it without close_notify. */
const tcpOf = new WeakMap<TLSSocket, Socket>();

async function littleServer({ answers = {}, data = () => undefined, forgetsSessions = false }: LittleServer) {
  const verbs: string[] = [];
  const wrap = (socket: Socket, resumable: boolean) => {
    const secured = new TLSSocket(socket, {
      isServer: true,
      cert: pki.server.chainPem,
      key: pki.server.privateKeyPem,
      ca: [pki.root.certificatePem],
      requestCert: true,
      rejectUnauthorized: false,
      sessionIdContext: 'ftp',
      ticketKeys: Buffer.alloc(48, resumable ? 1 : 2),
    } as ConstructorParameters<typeof TLSSocket>[1]).on('error', () => undefined);
    tcpOf.set(secured, socket);
    return secured;
  };
  let complete = () => {};
  const dataPort = await listen((socket) => data(wrap(socket, !forgetsSessions), () => complete()));
  const port = await listen((socket) => {
    const control = wrap(socket, true);
    control.write('220 ready\r\n');
    control.on('data', (octets) => {
      for (const line of octets.toString().split('\r\n').filter(Boolean)) {
        const verb = line.split(' ')[0] ?? '';
        verbs.push(verb);
        const standard: Record<string, string> = {
          USER: '230 welcome',
          FEAT: '211 none',
          EPSV: `229 here (|||${dataPort}|)`,
          PASV: `227 here (10,0,0,1,${dataPort >> 8},${dataPort & 255})`,
          QUIT: '221 bye',
        };
        control.write(`${answers[verb] ?? standard[verb] ?? '200 done'}\r\n`);
        if (verb === 'LIST') control.write('226 complete\r\n');
        complete = () => void control.write('226 complete\r\n');
      }
    });
  });
  return { port, verbs };
}

describe('a session', () => {
  const listing = (socket: TLSSocket) => void socket.end('-rw-r--r-- 1 bob bob 5 Jan 01 2026 file.txt\r\n');
  const answers = { LIST: '150 here it comes', STOR: '150 send it' };

  it('greets, logs in and asks for protection', async () => {
    const { port, verbs } = await littleServer({});
    await access(newClient(), port, { mode: 'implicit' });
    expect(verbs.slice(0, 2)).toEqual(['OPTS', 'USER']);
    expect(verbs).toEqual(expect.arrayContaining(['PBSZ', 'PROT', 'TYPE']));
  });

  it('that is refused by the greeting has not logged in', async () => {
    const port = await listen((socket) => {
      const options = { isServer: true, cert: pki.server.chainPem, key: pki.server.privateKeyPem };
      new TLSSocket(socket, options).on('error', () => undefined).write('421 closed\r\n');
    });
    await expect(access(newClient(), port, { mode: 'implicit' })).rejects.toMatchObject({ code: 421 });
  });

  it('sends a password only to a server that asks for one', async () => {
    const { port, verbs } = await littleServer({ answers: { USER: '331 password', PASS: '230 welcome' } });
    await access(newClient(), port, { mode: 'implicit', password: 'secret' });
    expect(verbs.slice(1, 3)).toEqual(['USER', 'PASS']);
  });

  it('uses PASV where EPSV is refused, never another address, and asks no second time', async () => {
    const { port, verbs } = await littleServer({ answers: { ...answers, EPSV: '502 no' }, data: listing });
    const client = newClient();
    await access(client, port, { mode: 'implicit' });
    expect((await client.list()).map(({ name }) => name)).toEqual(['file.txt']);
    await client.list();
    expect(verbs.filter((verb) => verb === 'EPSV' || verb === 'PASV')).toEqual(['EPSV', 'PASV', 'PASV']);
  });

  it.each(['229 here', '229 here (|||0|)', '229 here (|||65536|)', '229 here (|||99999999999|)'])(
    'with %j as the passive port does not connect anywhere',
    async (reply) => {
      const { port } = await littleServer({ answers: { ...answers, EPSV: reply, PASV: '227 nowhere' } });
      const client = newClient();
      await access(client, port, { mode: 'implicit' });
      await expect(client.list()).rejects.toThrow('has no port');
    },
  );

  it('signs again where a data connection cannot resume, and tells so', async () => {
    const { port } = await littleServer({ answers, data: listing, forgetsSessions: true });
    const credential = keyFileCredential(person.chainPem, person.privateKeyPem);
    const connections: Tls13Client[] = [];
    const client = newClient();
    await access(client, port, {
      mode: 'implicit',
      chooseCredential: async () => credential,
      onDataConnection: (connection) => void connections.push(connection),
    });
    await client.list();
    expect(connections.map(({ sessionReused }) => sessionReused)).toEqual([false]);
    expect(credential.signatures).toBe(2);
  });

  it('takes the word of the server that an upload is whole, however its side of the data connection ends', async () => {
    const sink = (socket: TLSSocket, complete: () => void) => {
      socket.resume().on('end', () => void tcpOf.get(socket)?.once('close', complete).end());
    };
    const { port } = await littleServer({ answers, data: sink });
    const client = newClient();
    await access(client, port, { mode: 'implicit' });
    expect(await client.uploadFrom(Readable.from(['content']), 'file.txt')).toMatchObject({ code: 226 });
    expect(await client.send('NOOP')).toMatchObject({ code: 200 });
  });

  it('does not take a listing that was cut for a whole one', async () => {
    const cut = (socket: TLSSocket) =>
      void socket.write('-rw-r--r-- 1 bob bob 5 Jan 01 2026 file.txt\r\n', () => {
        tcpOf.get(socket)?.end();
      });
    const { port } = await littleServer({ answers, data: cut });
    const client = newClient();
    await access(client, port, { mode: 'implicit' });
    await expect(client.list()).rejects.toMatchObject({ code: 'ERR_TLS_TRUNCATED' });
  });
});

describe('a client that is closed', () => {
  it('says QUIT and lets go of the connection', async () => {
    const { port, verbs } = await littleServer({});
    const client = newClient();
    await access(client, port, { mode: 'implicit' });
    client.close();
    const connections = () =>
      new Promise((resolve) => servers.at(-1)!.getConnections((_error, count) => resolve(count)));
    await expect.poll(connections).toBe(0);
    expect(verbs.at(-1)).toBe('QUIT');
  });
});
