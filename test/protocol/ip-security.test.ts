/** ipSecurity over the wire: addresses are judged before a word is said, and names before TLS begins. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ipSecurity, type ReverseNames } from '../../src/ftp/admission/ip-security.ts';
import { createIdentities, type ProtocolSite, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const siteWith = siteFactory(await createIdentities());
const list = (settings: object) => ipSecurity.parse(settings);
const deny = (...addresses: readonly string[]) => ({ entries: addresses.map((ipAddress) => ({ ipAddress })) });
const allowOnly = (...addresses: readonly string[]) => ({
  allowUnlisted: false,
  entries: addresses.map((ipAddress) => ({ ipAddress, allowed: true })),
});
const start = (own: object, changes: SiteChanges = {}) => siteWith({ ipSecurity: list(own), ...changes });

/** What the server says first, and how it ends what it does not serve. */
async function first(port: number, localAddress = '127.0.0.1', send = ''): Promise<string> {
  const socket: Socket = connect({ port, host: '127.0.0.1', localAddress });
  if (send) socket.write(send);
  let text = '';
  const answered = new Promise<string>((resolve) => {
    socket.on('data', (octets) => {
      text += octets.toString();
      if (text.startsWith('220')) resolve(text);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('end', () => resolve(text === '' ? 'closed' : text));
  });
  const answer = (await answered).replace(/reference [\w-]+/u, 'reference').trim();
  socket.destroy();
  return answer;
}

const refused = '421 Your address is not served here, reference.';
const records = ({ audit }: ProtocolSite) => audit.filter((record) => record.event === 'refusal');

describe('ipSecurity', () => {
  it.each<[string, object, string, string]>([
    ['an address', deny('127.0.0.2'), '127.0.0.2', refused],
    ['another address', deny('127.0.0.2'), '127.0.0.3', '220 Ready.'],
    ['a network', deny('127.0.0.0/30'), '127.0.0.2', refused],
    ['an address beyond a network', deny('127.0.0.0/30'), '127.0.0.4', '220 Ready.'],
    ['what is not listed, where allowUnlisted is false', allowOnly('127.0.0.3'), '127.0.0.2', refused],
    ['what is listed, where allowUnlisted is false', allowOnly('127.0.0.3'), '127.0.0.3', '220 Ready.'],
    [
      'what the first entry allows',
      { entries: [{ ipAddress: '127.0.0.2', allowed: true }, { ipAddress: '127.0.0.0/8' }] },
      '127.0.0.2',
      '220 Ready.',
    ],
    [
      'what the first entry denies',
      { entries: [{ ipAddress: '127.0.0.0/8' }, { ipAddress: '127.0.0.2', allowed: true }] },
      '127.0.0.2',
      refused,
    ],
    ['an IPv4 address by an IPv6 network', deny('::/0'), '127.0.0.2', '220 Ready.'],
    ['an IPv4 address that is written as IPv6', deny('::ffff:127.0.0.2'), '127.0.0.2', refused],
  ])('decides about %s', async (_what, settings, address, answer) => {
    expect(await first((await start(settings)).port, address)).toBe(answer);
  });

  it('decides about IPv6 clients by IPv6 networks', async () => {
    const bindings = [{ address: '::1', port: 0, tls: 'explicit' }] as const;
    const site = await start(deny('::/64'), { bindings });
    const socket = connect({ port: site.port, host: '::1' });
    const [octets] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(octets.toString()).toMatch(/^421 Your address/u);
  });

  it.each<[string, object, object, string]>([
    ['the server denies and the site allows', deny('127.0.0.2'), allowOnly('127.0.0.2'), refused],
    ['the server allows and the site denies', allowOnly('127.0.0.2'), deny('127.0.0.2'), refused],
    ['both allow', allowOnly('127.0.0.2'), allowOnly('127.0.0.2'), '220 Ready.'],
  ])('admits whom server and site admit: %s', async (_what, server, own, answer) => {
    const site = await start(own, { serverIpSecurity: list(server) });
    expect(await first(site.port, '127.0.0.2')).toBe(answer);
  });

  it('has a record for each, and counts them when they become many', async () => {
    const site = await start(deny('127.0.0.2'));
    await first(site.port, '127.0.0.2');
    expect(records(site)).toMatchObject([
      {
        remoteAddress: '127.0.0.2',
        binding: `127.0.0.1:${site.port} explicit`,
        denial: { code: 'address-denied', facts: { address: '127.0.0.2', entry: '127.0.0.2/32' } },
      },
    ]);
    expect(records(site)[0]).not.toHaveProperty('accountName');
  });

  it('resets the connection, where the site says so, and says not a word', async () => {
    const site = await start({ ...deny('127.0.0.2'), denyAction: 'reset' });
    expect(await first(site.port, '127.0.0.2')).toBe('ECONNRESET');
    expect(await first(site.implicitPort, '127.0.0.2')).toBe('ECONNRESET');
  });

  it('closes an implicit connection, on which no reply can be read yet', async () => {
    expect(await first((await start(deny('127.0.0.2'))).implicitPort, '127.0.0.2')).toBe('closed');
  });

  it('refuses the login by 530, where the site says so, and lets no certificate in', async () => {
    const site = await start({ ...deny('127.0.0.1'), denyAction: 'refuseLogin' });
    const client = await site.connect();
    await client.secure(site.identities.ada);
    expect((await client.command('USER ada')).text).toMatch(/^530 Login not permitted, reference [\w-]+\.$/u);
    expect((await client.command('PASS secret')).code).toBe(503);
    expect(site.requests).toEqual([]);
    expect(records(site)).toMatchObject([{ denial: { code: 'address-denied' } }]);
  });

  it('judges the client that a trusted proxy announces, not the proxy', async () => {
    const proxyProtocol = { trustedAddresses: ['127.0.0.9/32'] };
    const site = await start(deny('127.0.0.9', '192.0.2.0/24'), { proxyProtocol });
    const header = (source: string) => `PROXY TCP4 ${source} 127.0.0.1 4000 21\r\n`;
    expect(await first(site.port, '127.0.0.9', header('192.0.2.7'))).toBe(refused);
    expect(await first(site.port, '127.0.0.9', header('198.51.100.7'))).toBe('220 Ready.');
    expect(records(site)).toMatchObject([{ remoteAddress: '192.0.2.7', proxyAddress: '127.0.0.9' }]);
  });

  it('does not count refused clients among the connections of their address', async () => {
    const site = await start(deny('127.0.0.2'), { connections: { maxConnections: 1 } });
    await first(site.port, '127.0.0.2');
    expect(await first(site.port, '127.0.0.3')).toBe('220 Ready.');
  });
});

describe('entries with a domain name', () => {
  const named = (names: ReverseNames, asked: string[] = []): SiteChanges => ({
    reverseNames: {
      namesOf: async (address) => {
        asked.push(address);
        return names;
      },
    },
  });
  const known = (claimed: readonly string[], confirmed = claimed): ReverseNames => ({
    outcome: 'known',
    claimed,
    confirmed,
  });
  const unknown: ReverseNames = { outcome: 'unknown', reason: 'no answer within 3000 ms' };
  const allow = { allowUnlisted: false, entries: [{ domainName: '*.example.com', allowed: true }] };
  const block = { entries: [{ domainName: '*.Example.com' }] };

  it.each<[string, object, ReverseNames, string]>([
    ['allow a host below the domain', allow, known(['a.example.com']), '220 Ready.'],
    ['allow no host of another domain', allow, known(['a.notexample.com', 'example.com']), refused],
    ['allow no name that does not lead back', allow, known(['a.example.com'], []), refused],
    ['allow nothing while names are not known', allow, unknown, refused],
    ['deny a host below the domain', block, known(['a.example.com']), refused],
    ['deny by a name that does not lead back', block, known(['a.example.com'], []), refused],
    ['deny what cannot be looked up', block, unknown, refused],
    ['deny no client without a name', block, known([]), '220 Ready.'],
  ])('%s', async (_what, settings, names, answer) => {
    expect(await first((await start(settings, named(names))).port)).toBe(answer);
  });

  it('are looked up only where the entries before them do not decide', async () => {
    const asked: string[] = [];
    const entries = [{ ipAddress: '127.0.0.2', allowed: true }, { domainName: '*.example.com' }];
    const site = await start({ entries }, named(known([]), asked));
    await first(site.port, '127.0.0.2');
    expect(asked).toEqual([]);
    await first(site.port, '127.0.0.3');
    expect(asked).toEqual(['127.0.0.3']);
  });

  it('keep a client waiting without a word, and others not', async () => {
    const answer = Promise.withResolvers<ReverseNames>();
    const entries = [{ ipAddress: '127.0.0.3', allowed: true }, { domainName: 'bad.example.com' }];
    const site = await start({ entries }, { reverseNames: { namesOf: () => answer.promise } });
    const waiting = first(site.port, '127.0.0.2', 'AUTH TLS\r\n');
    expect(await first(site.port, '127.0.0.3')).toBe('220 Ready.');
    answer.resolve(known(['bad.example.com']));
    expect(await waiting).toBe(refused);
  });

  it('count a client that waits among the connections there may be', async () => {
    const site = await start(
      { entries: [{ ipAddress: '127.0.0.3', allowed: true }, { domainName: '*.example.com' }] },
      { reverseNames: { namesOf: () => new Promise(() => undefined) }, connections: { maxConnections: 1 } },
    );
    const waiting = connect({ port: site.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    await once(waiting, 'connect');
    expect(await first(site.port, '127.0.0.3')).toBe('421 Too many connections.');
    waiting.destroy();
  });
});
