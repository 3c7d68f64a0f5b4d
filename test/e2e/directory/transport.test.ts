/** The connections to a directory server when things go wrong: wrong certificates, silence, cuts, and attempts to get clear text. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseServer } from '../../../src/directory/connection/ldap-transport.ts';
import { ServerConnections } from '../../../src/directory/connection/server-connections.ts';
import { type Directory, DirectoryUnavailableError } from '../../../src/directory/directory.ts';
import { createLdapDirectory } from '../../../src/directory/ldap-directory.ts';
import { anyEntry } from '../../../src/directory/search-filter.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { type LdapChanges, ldapOptions } from '../../support/directory-options.ts';
import { makeDirectoryTls } from '../../support/directory-tls.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { openLdap } from '../../support/open-ldap.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

const lookup = { by: 'userPrincipalName', userPrincipalName: 'ada@corp.example' } as const;
let ldap: Slapd;
let other: Slapd;
const cleanUps: (() => Promise<unknown>)[] = [];

const accounts = [{ uid: 'ada', mail: 'ada@corp.example' }];

beforeAll(async () => {
  [ldap, other] = await Promise.all([startSlapd({ accounts }), startSlapd({ accounts })]);
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
afterAll(() => Promise.all([ldap?.stop(), other?.stop()]));

function open(servers: readonly string[], more: LdapChanges = {}): Directory {
  const directory = openLdap(ldap, {
    servers,
    certificateAuthorities: [ldap.ca, other.ca],
    userPrincipalNameAttribute: 'mail',
    connectTimeout: 1000,
    operationTimeout: 2000,
    ...more,
  });
  cleanUps.push(() => directory.close());
  return directory;
}

async function proxyTo(port: number, host?: string): Promise<FaultProxy> {
  const proxy = await startFaultProxy({ host: ldap.host, port }, host);
  cleanUps.push(() => proxy.close());
  return proxy;
}

const find = async (directory: Directory) =>
  (await directory.findAccounts(lookup, 2)).map(({ accountName }) => accountName);

/** All that was ever sent in clear: StartTLS requests, and TLS records after them. */
function expectNothingInClear(proxy: FaultProxy): void {
  const startTls = Buffer.from('301d02010177188016312e332e362e312e342e312e313436362e3230303337', 'hex');
  expect(proxy.connections.length).toBeGreaterThan(0);
  for (const connection of proxy.connections) {
    const sent = connection.sent();
    expect(sent.subarray(0, startTls.length)).toEqual(startTls);
    const after = sent.subarray(startTls.length);
    if (after.length > 0) expect(after.subarray(0, 2).toString('hex')).toBe('1603');
    expect(sent.includes(ldap.password)).toBe(false);
    expect(sent.includes('uid=cardgate')).toBe(false);
  }
}

describe('the server must prove who it is', () => {
  it('a server of another CA is not used', async () => {
    const directory = open([ldap.url], { certificateAuthorities: [other.ca] });
    await expect(find(directory)).rejects.toMatchObject({
      name: 'DirectoryUnavailableError',
      facts: { errors: [expect.stringContaining(ldap.url)] },
    });
  });

  it('a server whose certificate has another name is not used', async () => {
    const proxy = await proxyTo(ldap.tlsPort, '127.0.0.2');
    await expect(find(open([`ldaps://127.0.0.2:${proxy.port}`]))).rejects.toThrow(DirectoryUnavailableError);
  });

  it('a wrong bind password makes the directory unavailable, with the reason', async () => {
    await expect(find(open([ldap.url], { bindPassword: 'wrong' }))).rejects.toMatchObject({
      facts: { errors: [expect.stringContaining('bind account is refused')] },
    });
  });
});

describe('the gateway may show its own certificate instead of a password', () => {
  const external = (server: string, clientCertificate = ldap.clientCertificate): Directory => {
    const directory = createLdapDirectory(
      ldapOptions({
        name: 'people',
        servers: [server],
        certificateAuthorities: [ldap.ca],
        clientCertificate,
        searchBase: ldap.searchBase,
        userPrincipalNameAttribute: 'mail',
        operationTimeout: 2000,
        logger: silentLogger,
      }),
    );
    cleanUps.push(() => directory.close());
    return directory;
  };

  it('by ldaps and by StartTLS', async () => {
    expect(await find(external(ldap.url))).toEqual(['ada']);
    expect(await find(external(ldap.startTlsUrl))).toEqual(['ada']);
  });

  it('a certificate that the server does not know is no credential', async () => {
    await expect(find(external(ldap.url, other.clientCertificate))).rejects.toThrow(DirectoryUnavailableError);
  });
});

describe('StartTLS never falls back to clear text', () => {
  it('nothing but the StartTLS request is sent in clear, and accounts are found', async () => {
    const proxy = await proxyTo(ldap.port);
    expect(await find(open([`ldap://127.0.0.1:${proxy.port}`]))).toEqual(['ada']);
    expectNothingInClear(proxy);
  });

  it('after a cut the next connection begins with StartTLS again', async () => {
    const proxy = await proxyTo(ldap.port);
    const directory = open([`ldap://127.0.0.1:${proxy.port}`]);
    for (const how of ['close', 'reset'] as const) {
      expect(await find(directory)).toEqual(['ada']);
      proxy.cut(how);
    }
    expect(await find(directory)).toEqual(['ada']);
    expect(proxy.connections.length).toBe(3);
    expectNothingInClear(proxy);
  });

  it('a cut during the TLS handshake sends nothing in clear', async () => {
    const proxy = await proxyTo(ldap.port);
    proxy.cutWhen = (chunk) => chunk[0] === 0x16;
    await expect(find(open([`ldap://127.0.0.1:${proxy.port}`]))).rejects.toThrow(DirectoryUnavailableError);
    expectNothingInClear(proxy);
  });

  it('bytes injected in clear behind the answer to StartTLS are refused', async () => {
    const proxy = await proxyTo(ldap.port);
    proxy.injectAfterFirstAnswer = Buffer.from('300c02010161070a010004000400', 'hex');
    await expect(find(open([`ldap://127.0.0.1:${proxy.port}`]))).rejects.toMatchObject({
      facts: { errors: [expect.stringContaining('more in clear')] },
    });
    expectNothingInClear(proxy);
  });

  it('a server that refuses StartTLS gets nothing more', async () => {
    const refusing = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(Buffer.from('300c02010178070a010204000400', 'hex')));
    });
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    cleanUps.push(async () => refusing.close());
    const address = refusing.address();
    const proxy = await proxyTo(typeof address === 'object' && address ? address.port : 0);
    await expect(find(open([`ldap://127.0.0.1:${proxy.port}`]))).rejects.toMatchObject({
      facts: { errors: [expect.stringContaining('refuses StartTLS with result code 2')] },
    });
    expectNothingInClear(proxy);
  });

  it('with the wrong CA nothing is sent after the handshake failed', async () => {
    const proxy = await proxyTo(ldap.port);
    const directory = open([`ldap://127.0.0.1:${proxy.port}`], { certificateAuthorities: [other.ca] });
    await expect(find(directory)).rejects.toThrow(DirectoryUnavailableError);
    expectNothingInClear(proxy);
  });
});

/** Milliseconds, on a busy machine too: what waits for the time of a search, which is a minute here, takes longer. */
const longBefore = 20_000;

describe('a server that fails', () => {
  it('frozen: the search ends in time, and works again when the server thaws', async () => {
    const directory = open([ldap.url], { operationTimeout: 300, connectTimeout: 300 });
    expect(await find(directory)).toEqual(['ada']);
    await ldap.child.freeze();
    const began = performance.now();
    await expect(find(directory)).rejects.toThrow(DirectoryUnavailableError);
    // Before the default of 5 s is over.
    expect(performance.now() - began).toBeLessThan(4000);
    ldap.child.signal('SIGCONT');
    expect(await find(directory)).toEqual(['ada']);
  });

  it('killed: pending and new searches fail at once, and work again after a restart', async () => {
    const directory = open([ldap.url]);
    expect(await find(directory)).toEqual(['ada']);
    ldap.child.signal('SIGKILL');
    await expect(find(directory)).rejects.toThrow(DirectoryUnavailableError);
    await ldap.restart();
    expect(await find(directory)).toEqual(['ada']);
  });

  it('silent from the start: the second server answers, and is kept', async () => {
    const proxy = await proxyTo(ldap.tlsPort);
    proxy.mode = 'freeze';
    const directory = open([`ldaps://127.0.0.1:${proxy.port}`, other.url], { connectTimeout: 200 });
    expect(await find(directory)).toEqual(['ada']);
    expect(await find(directory)).toEqual(['ada']);
    expect(proxy.connections).toHaveLength(1);
  });

  it('silent in mid-service: the second server answers the same search', async () => {
    const proxy = await proxyTo(ldap.tlsPort);
    const directory = open([`ldaps://127.0.0.1:${proxy.port}`, other.url], { operationTimeout: 800 });
    expect(await find(directory)).toEqual(['ada']);
    proxy.mode = 'freeze';
    expect(await find(directory)).toEqual(['ada']);
  });

  it('frozen: a second server answers when the first has been silent for hedgeDelay, and from then on at once', async () => {
    const directory = open([ldap.url, other.url], { operationTimeout: 60_000, hedgeDelay: 2000 });
    expect(await find(directory)).toEqual(['ada']);
    await ldap.child.freeze();
    try {
      const took = [];
      for (let search = 0; search < 5; search += 1) {
        const began = performance.now();
        expect(await find(directory)).toEqual(['ada']);
        took.push(performance.now() - began);
      }
      expect(Math.max(...took)).toBeLessThan(longBefore);
      // one that was under way when the signal took effect may have been answered still
      expect(took.filter((time) => time > 1800).length).toBeLessThanOrEqual(1);
    } finally {
      ldap.child.signal('SIGCONT');
    }
  });

  it('frozen under a crowd: every client is answered by the second server, long before the time of a search is over', async () => {
    const directory = open([ldap.url, other.url], { operationTimeout: 60_000 });
    expect(await find(directory)).toEqual(['ada']);
    await ldap.child.freeze();
    try {
      const began = performance.now();
      const answers = await Promise.all(Array.from({ length: 200 }, () => find(directory)));
      expect(performance.now() - began).toBeLessThan(longBefore);
      expect(answers.every(([name]) => name === 'ada')).toBe(true);
    } finally {
      ldap.child.signal('SIGCONT');
    }
  });

  it('killed: the second server answers at once, and the first is used again when it is back', async () => {
    const directory = open([ldap.url, other.url], { serverRetryDelay: 50, operationTimeout: 60_000, hedgeDelay: 1000 });
    expect(await find(directory)).toEqual(['ada']);
    ldap.child.signal('SIGKILL');
    const began = performance.now();
    expect(await find(directory)).toEqual(['ada']);
    expect(performance.now() - began).toBeLessThan(longBefore);
    await ldap.restart();
    await other.child.freeze();
    try {
      await vi.waitFor(
        async () => {
          const start = performance.now();
          expect(await find(directory)).toEqual(['ada']);
          expect(performance.now() - start).toBeLessThan(900);
        },
        { timeout: 30_000 },
      );
    } finally {
      other.child.signal('SIGCONT');
    }
  });

  it('slow: one answer every minute is no reason to wait when another server is quick', async () => {
    const proxy = await proxyTo(ldap.tlsPort);
    const directory = open([`ldaps://127.0.0.1:${proxy.port}`, other.url], { operationTimeout: 60_000 });
    expect(await find(directory)).toEqual(['ada']);
    proxy.delay = 60_000;
    const began = performance.now();
    expect(await find(directory)).toEqual(['ada']);
    expect(performance.now() - began).toBeLessThan(longBefore);
  });

  it('busy is not silent: a server that goes on answering is not left for another', async () => {
    const proxy = await proxyTo(other.tlsPort);
    // longer than the machine itself may pause the server for, so that only the rule can keep the other one out
    const hedgeDelay = 1000;
    const patient = { maxConnections: 1, hedgeDelay, operationTimeout: 60_000 };
    const directory = open([ldap.url, `ldaps://127.0.0.1:${proxy.port}`], patient);
    const until = performance.now() + 2 * hedgeDelay;
    const askOn = async (): Promise<void> => {
      while (performance.now() < until) await find(directory);
    };
    // so many that each single answer takes longer than the delay
    await Promise.all(Array.from({ length: 4000 }, askOn));
    expect(proxy.connections).toHaveLength(0);
  });

  it('restarted with a certificate of another CA: it is not used any more', async () => {
    const [first, second] = [await startSlapd({ accounts }), await startSlapd({ accounts })];
    cleanUps.push(
      () => first.stop(),
      () => second.stop(),
    );
    const proxy = await proxyTo(first.tlsPort);
    const directory = open([`ldaps://127.0.0.1:${proxy.port}`], { certificateAuthorities: [first.ca] });
    expect(await find(directory)).toEqual(['ada']);
    proxy.target = { host: second.host, port: second.tlsPort };
    proxy.cut();
    await expect(find(directory)).rejects.toThrow(DirectoryUnavailableError);
    proxy.target = { host: first.host, port: first.tlsPort };
    expect(await find(directory)).toEqual(['ada']);
  });

  it('a referral is an answer without an account, and is not followed', async () => {
    const elsewhere = await proxyTo(other.port);
    const referring = await startSlapd({
      accounts: [{ uid: 'ada', mail: 'ada@corp.example' }],
      referral: `ldap://127.0.0.1:${elsewhere.port}`,
      ldif: [
        'dn: ou=elsewhere,ou=people,dc=corp,dc=example',
        'objectClass: referral',
        'objectClass: extensibleObject',
        'ou: elsewhere',
        `ref: ldap://127.0.0.1:${elsewhere.port}/ou=people,dc=corp,dc=example`,
      ].join('\n'),
    });
    cleanUps.push(() => referring.stop());
    const trusted = { certificateAuthorities: [referring.ca] };
    expect(await find(open([referring.url], trusted))).toEqual(['ada']);
    await expect(find(open([referring.url], { ...trusted, searchBase: 'dc=other' }))).rejects.toMatchObject({
      name: 'DirectoryUnavailableError',
      facts: { resultCode: 10 },
    });
    expect(elsewhere.connections).toHaveLength(0);
  });

  it('10,000 searches at once: as many as the queue holds are answered, the rest refused, nothing hangs', async () => {
    const directory = open([ldap.url], { connectTimeout: 60_000, operationTimeout: 60_000 });
    const results = await Promise.allSettled(Array.from({ length: 10_000 }, () => find(directory)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4096);
    expect(await find(directory)).toEqual(['ada']);
  }, 90_000);

  it('a crowd is served by few connections', async () => {
    const proxy = await proxyTo(ldap.tlsPort);
    const directory = open([`ldaps://127.0.0.1:${proxy.port}`], { maxConnections: 3 });
    const answers = await Promise.all(Array.from({ length: 200 }, () => find(directory)));
    expect(answers.every(([name]) => name === 'ada')).toBe(true);
    expect(proxy.connections.length).toBeLessThanOrEqual(3);
  });

  it('a search that another server answered leaves the queue', async () => {
    const proxy = await proxyTo(ldap.tlsPort);
    proxy.mode = 'freeze';
    const connections = new ServerConnections(parseServer(`ldaps://127.0.0.1:${proxy.port}`), {
      transport: { certificateAuthorities: [ldap.ca] },
      credentials: { bindDn: ldap.bindDn, bindPassword: ldap.password },
      connectTimeout: 1000,
      maxConnections: 1,
      maxWaiting: 1,
      idleTimeout: 1000,
    });
    cleanUps.push(async () => connections.close());
    const request = {
      base: ldap.searchBase,
      scope: 'base',
      filter: anyEntry,
      attributes: ['ou'],
      sizeLimit: 1,
    } as const;
    for (let turn = 0; turn < 2; turn += 1) {
      const elsewhere = new AbortController();
      const search = connections.search(request, performance.now() + 60_000, elsewhere.signal);
      elsewhere.abort();
      await expect(search).rejects.toThrow('another server answered');
    }
  });

  it('more than the queue holds are refused at once', async () => {
    const directory = open([ldap.url], { maxConnections: 1, maxWaiting: 5 });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => find(directory)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  });

  it('a search after close is refused', async () => {
    const directory = open([ldap.url]);
    await directory.close();
    await expect(find(directory)).rejects.toThrow(DirectoryUnavailableError);
  });
});

describe('a server that sends what the protocol forbids', () => {
  /** Success for the first message of a client, which has id 2; the search has id 3. */
  const bindAnswer = Buffer.from('300c02010261070a010004000400', 'hex');
  /** A SearchResultEntry without attributes. */
  const entry = Buffer.from('3009020103640404003000', 'hex');

  async function lyingServer(answerSearch: (socket: Socket) => void): Promise<Directory> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cardgate-lying-'));
    const material = await makeDirectoryTls(folder, 'IP:127.0.0.1');
    const [key, cert] = [await readFile(material.keyFile), await readFile(material.certificateFile)];
    await rm(folder, { recursive: true });
    const sockets = new Set<Socket>();
    const server = tls.createServer({ key, cert }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(bindAnswer);
        socket.once('data', () => answerSearch(socket));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    // What the server sends ends the search, never the time: megabytes take long on a busy machine.
    const patient = { connectTimeout: 15_000, operationTimeout: 15_000 };
    return open([`ldaps://127.0.0.1:${port}`], { certificateAuthorities: [material.ca], ...patient });
  }

  it.each<[string, string, (socket: Socket) => void]>([
    [
      'endless entries',
      'messages in one answer',
      (socket) => void socket.write(Buffer.concat(Array.from({ length: 100_000 }, () => entry))),
    ],
    [
      'a message that never ends',
      'octets in one answer',
      (socket) => {
        socket.write(Buffer.from('30847fffffff', 'hex'));
        for (let sent = 0; sent < 12; sent += 1) socket.write(Buffer.alloc(1 << 20));
      },
    ],
    ['something that is no LDAP', 'no LDAP message', (socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\n')],
    ['an entry cut short', '127.0.0.1', (socket) => void socket.write(Buffer.from('300902010364047f003000', 'hex'))],
    ['an indefinite length', 'no LDAP message', (socket) => void socket.write(Buffer.from('308002010364', 'hex'))],
    ['the end', 'closed the connection', (socket) => void socket.end()],
  ])('%s (%s): the search fails and nothing else does', async (_what, reason, answerSearch) => {
    let searches = 0;
    const directory = await lyingServer((socket) => {
      searches += 1;
      answerSearch(socket);
    });
    await expect(find(directory)).rejects.toMatchObject({
      name: 'DirectoryUnavailableError',
      facts: { errors: expect.arrayContaining([expect.stringContaining(reason)]) },
    });
    expect(searches).toBeGreaterThan(0);
  });
});
