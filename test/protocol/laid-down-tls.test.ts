/** TLS laid down on the control connection, by CCC and by REIN, where the site lets it be clear: what goes on, what does not, in octets. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { TlsCarrier } from '../../src/ftp/tls/tls-carrier.ts';
import { openData, openTcp, readAll } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite, type SiteChanges } from '../support/protocol-site.ts';
import { sharedSites } from '../support/shared-sites.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);
const serveShared = await sharedSites(identities);

/** A client that lays TLS down without ending the TCP connection. */
class Client {
  readonly raw: Socket;
  tls: TLSSocket | undefined;
  #carrier: TlsCarrier | undefined;
  #text = '';
  #wake = () => {};

  private constructor(raw: Socket) {
    this.raw = raw;
    raw.on('data', this.#onData);
    raw.on('close', () => this.#wake());
  }

  static async connect(site: Pick<ProtocolSite, 'port'>): Promise<Client> {
    const client = new Client(await openTcp(site.port));
    await client.reply();
    return client;
  }

  readonly #onData = (chunk: Buffer) => {
    this.#text += chunk.toString('latin1');
    this.#wake();
  };

  async reply(): Promise<string> {
    for (;;) {
      const found = /^(\d{3}) .*\r\n|^(\d{3})-[\s\S]*?\r\n\2 .*\r\n/u.exec(this.#text);
      if (found) {
        this.#text = this.#text.slice(found[0].length);
        return found[0].trimEnd();
      }
      if (this.raw.destroyed) throw new Error(`closed; read so far: ${this.#text}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async command(line: string): Promise<string> {
    (this.tls ?? this.raw).write(`${line}\r\n`);
    return await this.reply();
  }

  /** @param servername for SNI */
  async secure(servername?: string): Promise<void> {
    expect(await this.command('AUTH TLS')).toMatch(/^234 /u);
    this.raw.off('data', this.#onData);
    this.#carrier = new TlsCarrier(this.raw);
    const socket = this.#carrier as unknown as Socket;
    const named = { ...identities.ada, ...(servername !== undefined && { servername }) };
    this.tls = connectTls({ socket, host: '127.0.0.1', rejectUnauthorized: false, ...named });
    await once(this.tls, 'secureConnect');
    this.tls.on('data', this.#onData);
  }

  /** Waits for the server's close_notify, and answers it or not; then speaks in the clear. */
  async clear(answers: boolean): Promise<void> {
    const { tls } = this;
    if (!tls || !this.#carrier) throw new Error('no TLS');
    if (!tls.readableEnded) await once(tls, 'end');
    this.tls = undefined;
    this.raw.on('data', this.#onData);
    if (answers) await this.#carrier.layDown(tls);
    else {
      this.#carrier.removeAllListeners();
      for (const event of ['data', 'end']) this.raw.removeAllListeners(event);
      this.raw.on('data', this.#onData);
    }
    this.raw.resume();
  }

  async logIn(): Promise<void> {
    for (const line of ['USER ada', 'PBSZ 0', 'PROT P', 'TYPE I']) expect(await this.command(line)).toMatch(/^2/u);
  }

  async content(path: string): Promise<string> {
    const [, port] = /\|\|\|(\d+)\|/u.exec(await this.command('EPSV')) ?? [];
    expect(await this.command(`RETR ${path}`)).toMatch(/^1/u);
    const text = (await readAll(await openData(Number(port), identities.ada))).toString();
    expect(await this.reply()).toMatch(/^226 /u);
    return text;
  }
}

async function started(policy: 'SslAllow' | 'SslRequire' | 'SslRequireCredentialsOnly', changes: SiteChanges = {}) {
  const site = await siteWith({ ssl: { controlChannelPolicy: policy }, ...changes });
  await writeFile(join(site.home, 'file'), 'content');
  const client = await Client.connect(site);
  await client.secure();
  return { site, client };
}

describe.each(['SslRequireCredentialsOnly', 'SslAllow'] as const)('CCC under %s', (policy) => {
  it.each([
    ['that answers close_notify', true],
    ['that does not', false],
  ])('leaves the login and protected data connections to a client %s', async (_kind, answers) => {
    const { client } = await started(policy);
    await client.logIn();
    expect(await client.content('file')).toBe('content');
    expect(await client.command('CCC')).toMatch(/^200 /u);
    await client.clear(answers);
    expect(await client.command('PWD')).toBe('257 "/" is the working directory.');
    expect(await client.command('STAT')).toContain('Control connection: not protected');
    expect(await client.content('file')).toBe('content');
    expect(await client.command('CCC')).toMatch(/^533 /u);
    expect(await client.command('QUIT')).toMatch(/^221 /u);
  });

  it('takes no name, no password and no word about protection in the clear', async () => {
    const { site, client } = await started(policy);
    await client.logIn();
    await client.command('CCC');
    await client.clear(true);
    expect(await client.command('USER ada')).toMatch(/^530 /u);
    for (const line of ['PROT C', 'PBSZ 0', 'AUTH TLS']) expect(await client.command(line), line).toMatch(/^503 /u);
    expect(site.requests).toHaveLength(1);
    expect(site.audit.findLast(({ event }) => event === 'refusal')).toMatchObject({ denial: { code: 'tls-required' } });
    expect(await client.command('REIN')).toMatch(/^220 /u);
    expect(await client.command('PWD')).toMatch(/^530 /u);
    await client.secure();
    await client.logIn();
    expect(await client.content('file')).toBe('content');
  });

  it('runs nothing that was sent under TLS behind it', async () => {
    const { client } = await started(policy);
    await client.logIn();
    client.tls?.write('CCC\r\nMKD smuggled\r\n');
    expect(await client.reply()).toMatch(/^200 /u);
    client.tls?.write('MKD later\r\n');
    await client.clear(true);
    expect(await client.command('SIZE smuggled')).toMatch(/^550 No such/u);
    expect(await client.command('SIZE later')).toMatch(/^550 No such/u);
  });

  it('comes behind a login', async () => {
    const { client } = await started(policy);
    expect(await client.command('CCC')).toMatch(/^503 /u);
    expect(await client.command('USER ada')).toMatch(/^230 /u);
  });

  it('REIN lays TLS down behind its reply, and another AUTH begins it anew (RFC 4217 13)', async () => {
    const { site, client } = await started(policy);
    await client.logIn();
    expect(await client.command('REIN')).toMatch(/^220 /u);
    await client.clear(true);
    expect(await client.command('PWD')).toMatch(/^530 /u);
    await client.secure();
    expect(await client.command('PROT P')).toMatch(/^503 /u);
    await client.logIn();
    expect(await client.content('file')).toBe('content');
    expect(site.requests).toHaveLength(2);
  });
});

describe('a site that demands TLS', () => {
  it('refuses CCC by its policy, and leaves TLS up at REIN', async () => {
    const { client } = await started('SslRequire');
    await client.logIn();
    expect(await client.command('CCC')).toMatch(/^534 /u);
    expect(await client.command('REIN')).toMatch(/^220 /u);
    await client.logIn();
    expect(await client.content('file')).toBe('content');
  });
});

describe('a control connection that may be cleared', () => {
  it('ends with close_notify, and ends when its client does', async () => {
    const { site, client } = await started('SslRequireCredentialsOnly');
    await client.logIn();
    const ended = once(client.tls as TLSSocket, 'end');
    expect(await client.command('QUIT')).toMatch(/^221 /u);
    await ended;
    expect(await site.record(({ event }) => event === 'session-end')).toMatchObject({ reason: 'quit' });
    const other = await Client.connect(site);
    await other.secure();
    await other.logIn();
    other.raw.destroy();
    await site.record((record) => record.event === 'session-end' && record.reason !== 'quit');
  });
});

describe('of several sites at one address and port', () => {
  const ssl = { controlChannelPolicy: 'SslRequireCredentialsOnly' } as const;

  it('the connection stays with its own when TLS is laid down: HOST and SNI lead to no other', async () => {
    const sites = await serveShared({ a: { hostName: 'a.example', ssl }, b: { hostName: 'b.example', ssl } });
    const client = await Client.connect(sites.site['a']!);
    await client.secure('a.example');
    await client.logIn();
    expect(await client.command('REIN')).toMatch(/^220 /u);
    await client.clear(true);
    expect(await client.command('HOST b.example')).toMatch(/^504 /u);
    expect(await client.command('HOST a.example')).toMatch(/^220 /u);
    await expect(client.secure('b.example')).rejects.toThrow();
    expect(sites.site['b']!.requests).toEqual([]);
  });
});
