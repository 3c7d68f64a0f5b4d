/** What a site says in words of its own, octet by octet: banners, variables, limits, and details for those who sit at the server. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { denialEntry } from '../../src/denial.ts';
import { ControlClient } from '../support/control-client.ts';
import { createIdentities, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const siteWith = siteFactory(await createIdentities());
const start = (messages: NonNullable<SiteChanges['messages']>, changes: SiteChanges = {}) =>
  siteWith({ messages, ...changes });

/** All that the server says by itself before it closes or greets. */
function firstOctets(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    socket.on('data', (octets) => {
      text += octets.toString();
      if (/^220 .*\r\n$/mu.test(text)) socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('close', () => resolve(text));
  });
}

describe('the banner', () => {
  it.each([
    ['cardgate ready. where none is set', {}, '220 cardgate ready.\r\n'],
    ['nothing where that is suppressed', { suppressDefaultBanner: true }, '220 \r\n'],
    ['its own, suppressed or not', { suppressDefaultBanner: true, bannerMessage: 'Hi' }, '220 Hi\r\n'],
    ['several lines', { bannerMessage: 'One\n220 two\n\nthree' }, '220-One\r\n 220 two\r\n \r\n220 three\r\n'],
    [
      'the consent banner before it',
      { consentBanner: 'You consent\nto all.', bannerMessage: 'Hi' },
      '220-You consent\r\n to all.\r\n220 Hi\r\n',
    ],
    [
      'the name of the site',
      { bannerMessage: '%SiteName% for %username%.', expandVariables: true },
      '220 test for .\r\n',
    ],
    ['variables as they are, where they are not expanded', { bannerMessage: '%SiteName%' }, '220 %SiteName%\r\n'],
  ])('is %s', async (_what, messages, octets) => {
    // The factory sets a banner of its own unless it is told another.
    const site = await start(messages);
    expect(await firstOctets(site.port)).toBe(octets);
  });

  it('comes behind the handshake where TLS comes first, with the consent banner', async () => {
    const site = await start({ consentBanner: 'You consent\nto all.', bannerMessage: 'Hi' });
    const client = await ControlClient.connect(site.implicitPort);
    await client.startTls(site.identities.ada);
    expect((await client.reply()).lines).toEqual(['220-You consent', ' to all.', '220 Hi']);
  });
});

describe('the consent banner', () => {
  const consentBanner = 'You consent\nto all.';

  it('is named by the request of each login, for its record', async () => {
    const site = await start({ consentBanner });
    await site.loggedIn();
    expect(site.requests).toMatchObject([{ consentSha256: createHash('sha256').update(consentBanner).digest('hex') }]);
  });

  it('is shown again where REIN begins anew', async () => {
    const client = await (await start({ consentBanner })).loggedIn();
    expect((await client.command('REIN')).lines).toEqual(['220-You consent', ' to all.', '220 Ready for a new login.']);
  });

  it('has no variables', async () => {
    const site = await start({ consentBanner: '%SiteName%', bannerMessage: 'Hi', expandVariables: true });
    expect(await firstOctets(site.port)).toBe('220-%SiteName%\r\n220 Hi\r\n');
  });
});

describe('variables', () => {
  it('stand for the session as it is when the message is said', async () => {
    const site = await start({
      greetingMessage: 'Welcome %UserName%\nat %SITENAME%, session %SessionID%.',
      exitMessage: '%BytesSent% sent, %BytesReceived% received, 100%, %Other%.',
      expandVariables: true,
    });
    const client = await site.connect();
    await client.secure(site.identities.ada);
    const { lines } = await client.command('USER ada');
    expect(lines).toEqual(['230-Welcome ada', expect.stringMatching(/^230 at test, session [\w-]+\.$/u)]);
    expect((await client.command('QUIT')).text).toBe('221 0 sent, 0 received, 100%, %Other%.');
    const end = await site.record(({ event }) => event === 'session-end');
    expect(lines[1]).toContain('connectionId' in end ? end.connectionId : 'none');
  });

  it('put no line end and no further variable into a reply', async () => {
    const site = await start({ greetingMessage: 'Welcome %UserName%.', expandVariables: true });
    const client = await site.connect();
    await client.secure(site.identities.ada);
    expect((await client.command('USER %SiteName%')).text).toBe('230 Welcome %SiteName%.');
  });
});

describe('beyond maxConnections', () => {
  const connections = { maxConnections: 1 };
  it('clients read maxClientsMessage', async () => {
    const site = await start(
      { maxClientsMessage: '%SiteName% is full.\nTry later.', expandVariables: true },
      { connections },
    );
    await site.connect();
    expect(await firstOctets(site.port)).toBe('421-test is full.\r\n421 Try later.\r\n');
    expect(await firstOctets(site.implicitPort)).toBe('');
  });

  it('clients are reset, where the site says so', async () => {
    const site = await start({}, { connections: { ...connections, resetOnMaxConnections: true } });
    await site.connect();
    expect(await firstOctets(site.port)).toBe('ECONNRESET');
    expect(await firstOctets(site.implicitPort)).toBe('ECONNRESET');
  });
});

describe('allowLocalDetailedErrors', () => {
  const allowLocalDetailedErrors = true;
  const details = (code: Parameters<typeof denialEntry>[0]) => {
    const { meaning, remedy } = denialEntry(code);
    return [`${code}: ${meaning}`, `Remedy: ${remedy}`];
  };
  const attempts = [
    ['a login', 'mapping-none', 'USER bob', 530],
    ['a command', 'command-denied', 'CLNT x', 502],
  ] as const;

  it.each(attempts)('tells a client on the same host why %s is refused', async (_what, denial, line, code) => {
    const commandFiltering = { commands: [{ command: 'CLNT', allowed: false }] };
    const site = await start({ allowLocalDetailedErrors }, { commandFiltering });
    const client = await site.connect();
    await client.secure(site.identities.bob);
    const { lines } = await client.command(line);
    const [meaning, remedy] = details(denial);
    expect(lines.slice(0, -1)).toEqual([`${code}-${meaning}`, ` ${remedy}`]);
    expect(lines.at(-1)).toMatch(new RegExp(`^${code} .*, reference [\\w-]+\\.$`, 'u'));
  });

  it('tells why a file is refused', async () => {
    const rules = [{ accessType: 'Deny', users: '*', permissions: ['Read'], path: '/secret' }] as const;
    const client = await (await start({ allowLocalDetailedErrors }, { rules })).loggedIn();
    expect((await client.command('SIZE secret')).lines).toEqual([
      `550-${details('access-denied')[0]}`,
      ` ${details('access-denied')[1]}`,
      '550 Permission denied.',
    ]);
  });

  it.each(attempts)('tells nothing where it is off: %s', async (_what, _denial, line) => {
    const site = await start({}, { commandFiltering: { commands: [{ command: 'CLNT', allowed: false }] } });
    const client = await site.connect();
    await client.secure(site.identities.bob);
    expect((await client.command(line)).lines).toHaveLength(1);
  });

  it('tells nothing to a client that a proxy on the same host announces', async () => {
    const site = await start({ allowLocalDetailedErrors }, { proxyProtocol: { trustedAddresses: ['127.0.0.1/32'] } });
    for (const source of ['127.0.0.5', '192.0.2.5']) {
      const client = await ControlClient.connect(site.port);
      client.write(`PROXY TCP4 ${source} 127.0.0.1 4000 21\r\n`);
      await client.reply();
      await client.secure(site.identities.bob);
      expect((await client.command('USER bob')).lines).toHaveLength(1);
    }
  });
});
