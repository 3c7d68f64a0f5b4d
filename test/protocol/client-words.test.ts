/** What clients say before, beside and after a login: CLNT, CSID, LANG, HOST, AVBL, another USER and REIN. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { denial } from '../../src/denial.ts';
import { fullRights } from '../support/access-rights.ts';
import { ControlClient, openData, openTcp, readAll } from '../support/control-client.ts';
import { createIdentities } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

async function content(client: ControlClient, path: string): Promise<string> {
  const port = await client.passive();
  client.write(`RETR ${path}\r\n`);
  const text = (await readAll(await openData(port, identities.ada))).toString();
  await client.reply();
  expect((await client.reply()).code).toBe(226);
  return text;
}

describe('words of a client', () => {
  it.each([
    ['CLNT FileZilla', 200],
    ['CLNT', 501],
    ['LANG', 200],
    ['LANG en', 200],
    ['LANG EN-us', 200],
    ['LANG enx', 504],
    ['LANG fr', 504],
    ['LANG fr*', 501],
    ['HOST localhost', 220],
    ['HOST LOCALHOST.', 220],
    ['HOST 127.0.0.1', 220],
    ['HOST example.org', 504],
    ['HOST 192.0.2.1', 504],
    ['HOST [2001:db8::1]', 504],
    ['HOST 2001:db8::1', 501],
    ['HOST [127.0.0.1]', 501],
    ['HOST localhost:21', 501],
    ['HOST a b', 501],
    ['HOST', 501],
    ['CSID Name=WinSCP;', 530],
    ['AVBL', 530],
  ])('%s is answered %i before a login', async (line, code) => {
    const client = await (await siteWith()).connect();
    await client.secure(identities.ada);
    expect((await client.command(line)).code).toBe(code);
  });

  it.each(['CLNT lftp', 'LANG en', 'HOST localhost'])('%s may come before TLS, and FEAT tells of it', async (line) => {
    const client = await (await siteWith()).connect();
    expect((await client.command('FEAT')).lines).toEqual(
      expect.arrayContaining([' CLNT', ' CSID', ' LANG EN*', ' HOST', ' AVBL']),
    );
    expect((await client.command(line)).code).toBeLessThan(300);
  });

  it('HOST comes before USER: 503 after a login, and a name that awaits its password is forgotten', async () => {
    const site = await siteWith({ sslClientCertificates: { clientCertificatePolicy: 'CertAllow' } });
    const client = await site.connect();
    await client.secure();
    expect((await client.command('USER ada')).code).toBe(331);
    expect((await client.command('HOST localhost')).code).toBe(220);
    expect((await client.command('PASS secret')).code).toBe(503);
    await client.command('USER ada');
    expect((await client.command('PASS secret')).code).toBe(230);
    expect((await client.command('HOST localhost')).code).toBe(503);
  });

  it('CSID tells how names are compared, and the record of the session has what the client is called', async () => {
    const site = await siteWith();
    const client = await site.loggedIn();
    expect((await client.command('CSID Name=WinSCP; Version=6;')).text).toBe(
      '200 Name=cardgate; CaseSensitive=1; DirSep=/;',
    );
    await client.command(`CLNT ${'x'.repeat(300)}`);
    await client.command('QUIT');
    expect(await site.record(({ event }) => event === 'session-end')).toMatchObject({ clientName: 'x'.repeat(100) });
  });

  it('AVBL tells the octets that are free in a directory that may be read', async () => {
    const site = await siteWith({
      rules: [{ accessType: 'Deny', users: '*', permissions: ['Read'], path: '/secret' }],
    });
    await writeFile(join(site.home, 'file'), '');
    const client = await site.loggedIn();
    for (const line of ['AVBL', 'AVBL /']) expect((await client.command(line)).text).toMatch(/^213 [1-9]\d+$/u);
    expect((await client.command('AVBL secret')).text).toBe('550 Permission denied.');
    for (const line of ['AVBL file', 'AVBL none']) expect((await client.command(line)).code, line).toBe(550);
  });
});

describe('another USER', () => {
  it('before a login begins it anew', async () => {
    const site = await siteWith({ sslClientCertificates: { clientCertificatePolicy: 'CertAllow' } });
    const client = await site.connect();
    await client.secure();
    expect((await client.command('USER ada')).code).toBe(331);
    expect((await client.command('USER grace')).code).toBe(331);
    expect((await client.command('PASS secret')).code).toBe(230);
    expect(site.requests.at(-1)).toMatchObject({ claimedName: 'grace', password: 'secret' });
  });

  it('ends the login there is and is decided as the first was; the parameters of transfers stay (RFC 959 4.1.1)', async () => {
    const site = await siteWith();
    await writeFile(join(site.home, 'file'), 'content');
    const client = await site.loggedIn();
    await client.command('MKD sub');
    await client.command('CWD sub');
    await client.command('RNFR /file');
    const port = await client.passive();
    expect((await client.command('USER ada2')).code).toBe(230);
    expect(site.requests.map(({ claimedName }) => claimedName)).toEqual(['ada', 'ada2']);
    expect(site.requests[1]?.peerCertificates).toEqual(site.requests[0]?.peerCertificates);
    expect((await client.command('PWD')).text).toContain('"/"');
    expect((await client.command('RNTO /other')).code).toBe(503);
    await expect(openData(port, identities.ada)).rejects.toThrow();
    expect(await content(client, 'file')).toBe('content');
    expect((await client.command('STAT')).text).toMatch(/Logged in: ada2\n Type I/u);
    expect(site.audit.filter(({ event }) => event === 'session-end')).toMatchObject([
      { accountName: 'ada', reason: 'another-user' },
    ]);
  });

  it('whose name is refused is logged in no more, and refusals count as on a new connection', async () => {
    const authenticator = refusingAfterFirst();
    const site = await siteWith({ authenticator });
    const client = await site.loggedIn();
    expect((await client.command('USER grace')).code).toBe(530);
    expect((await client.command('PWD')).code).toBe(530);
    expect((await client.command('LIST')).code).toBe(530);
    expect((await client.command('USER ada')).code).toBe(530);
    expect((await client.command('USER ada')).code).toBe(421);
    await client.gone();
  });

  it('that awaits a password is logged in as no account yet', async () => {
    const site = await siteWith({ sslClientCertificates: { clientCertificatePolicy: 'CertAllow' } });
    const client = await site.connect();
    await client.secure();
    for (const line of ['USER ada', 'PASS secret', 'USER grace']) await client.command(line);
    expect((await client.command('PWD')).code).toBe(530);
    expect((await client.command('PASS wrong')).code).toBe(530);
    expect((await client.command('PWD')).code).toBe(530);
    await client.command('USER grace');
    expect((await client.command('PASS secret')).code).toBe(230);
    expect((await client.command('STAT')).text).toContain('Logged in: grace');
  });

  it('leaves no more than the time of a login', async () => {
    const site = await siteWith({
      sslClientCertificates: { clientCertificatePolicy: 'CertAllow' },
      connections: { unauthenticatedTimeout: 400 },
    });
    const client = await site.connect();
    await client.secure();
    for (const line of ['USER ada', 'PASS secret', 'USER grace']) await client.command(line);
    expect((await client.reply()).code).toBe(421);
  });
});

describe('REIN under TLS', () => {
  it('ends the login and every setting, and leaves TLS as it was behind the handshake', async () => {
    const site = await siteWith();
    await writeFile(join(site.home, 'file'), 'content');
    const client = await site.loggedIn();
    const port = await client.passive();
    expect((await client.command('REIN')).code).toBe(220);
    await expect(openData(port, identities.ada)).rejects.toThrow();
    expect((await client.command('PWD')).code).toBe(530);
    expect((await client.command('PROT P')).code).toBe(503);
    expect((await client.command('AUTH TLS')).code).toBe(503);
    await client.logIn('ada');
    expect(await content(client, 'file')).toBe('content');
    expect(site.requests).toHaveLength(2);
    expect(site.audit.filter(({ event }) => event === 'session-end')).toMatchObject([
      { accountName: 'ada', reason: 'reinitialized' },
    ]);
  });

  it('on an implicit binding leaves data connections protected', async () => {
    const site = await siteWith();
    const client = new ControlClient(await openTcp(site.implicitPort));
    await client.startTls(identities.ada);
    await client.reply();
    for (const line of ['USER ada', 'REIN', 'USER ada']) await client.command(line);
    expect((await client.command('STAT')).text).toContain('Data connections: private');
  });
});

/** Grants the first login and no other. */
function refusingAfterFirst() {
  let logins = 0;
  return {
    authenticate: async ({ claimedName }: { readonly claimedName: string }) => {
      logins += 1;
      const reference = 'AAAA-0000';
      if (logins > 1) return { outcome: 'denied' as const, denial: denial('mapping-none', 'Not hers.'), reference };
      const login = {
        accountName: claimedName,
        directory: 'test',
        homeDirectory: '/',
        accessRights: fullRights,
        authenticationMethod: 'certificate' as const,
        recheck: async () => undefined,
      };
      return { outcome: 'granted' as const, login, reference };
    },
  };
}
