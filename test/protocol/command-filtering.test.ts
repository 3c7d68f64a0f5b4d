/** commandFiltering over the wire: what a site does not let clients send, by whatever name, they can neither use nor read of. */
import { describe, expect, it } from 'vitest';
import { createIdentities, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const siteWith = siteFactory(await createIdentities());
type Commands = NonNullable<NonNullable<SiteChanges['commandFiltering']>['commands']>;
const denied = (...commands: readonly string[]): Commands => commands.map((command) => ({ command, allowed: false }));

async function start(commandFiltering: NonNullable<SiteChanges['commandFiltering']>) {
  const site = await siteWith({ commandFiltering });
  const client = await site.loggedIn();
  return { site, client, code: async (line: string) => (await client.command(line)).code };
}

describe('a command that is denied', () => {
  it.each([
    [['DELE'], 'DELE f'],
    [['DELE'], 'dele f'],
    [['MKD'], 'MKD d'],
    [['MKD'], 'XMKD d'],
    [['XMKD'], 'XMKD d'],
    [['SITE'], 'SITE HELP'],
    [['SITE CHMOD'], 'SITE chmod 644 f'],
    [['ABOR'], 'ABOR'],
    [['STAT'], 'STAT'],
    [['HELP'], 'HELP'],
    [['FEAT'], 'FEAT'],
  ])('%j refuses %s by 502 with a record', async (commands, line) => {
    const { client, site } = await start({ commands: denied(...commands) });
    expect((await client.command(line)).text).toMatch(/^502 .+ is not allowed here, reference [\w-]+\.$/u);
    expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({ denial: { code: 'command-denied' } });
  });

  it('is missing in FEAT and HELP, and others are not', async () => {
    const { client } = await start({ commands: denied('MLST', 'EPSV', 'SITE UTIME') });
    const features = (await client.command('FEAT')).text;
    for (const line of [' MLST', ' EPSV', ' SITE UTIME']) expect(features).not.toContain(line);
    for (const line of [' MDTM', ' SITE COPY', ' PASV']) expect(features).toContain(line);
    expect((await client.command('HELP')).text).not.toContain('MLST');
    expect((await client.command('HELP MLST')).code).toBe(502);
    expect((await client.command('SITE HELP')).text).not.toContain('UTIME');
  });

  it('by its older name is denied by the other, too', async () => {
    const { code } = await start({ commands: denied('XPWD') });
    expect(await code('XPWD')).toBe(502);
    expect(await code('PWD')).toBe(502);
  });

  it('is denied before a login as well', async () => {
    const site = await siteWith({ commandFiltering: { commands: denied('HOST') } });
    const client = await site.connect();
    expect((await client.command('HOST localhost')).code).toBe(502);
  });
});

describe('allowUnlisted: false', () => {
  const allowed = ['AUTH', 'USER', 'PBSZ', 'PROT', 'TYPE', 'PWD', 'QUIT'];
  it('lets clients send what is listed, by all its names, and nothing else', async () => {
    const commands = [...allowed.map((command) => ({ command, allowed: true })), ...denied('TYPE').slice(1)];
    const { code } = await start({ allowUnlisted: false, commands });
    expect(await code('XPWD')).toBe(257);
    for (const line of ['CWD /', 'NOOP', 'FEAT', 'PASS x', 'SITE HELP']) expect(await code(line), line).toBe(502);
    expect(await code('NONE')).toBe(500);
    expect(await code('QUIT')).toBe(221);
  });

  it('denies what is listed as both', async () => {
    const commands = [...allowed.map((command) => ({ command, allowed: true })), ...denied('PWD')];
    expect(await (await start({ allowUnlisted: false, commands })).code('PWD')).toBe(502);
  });
});
