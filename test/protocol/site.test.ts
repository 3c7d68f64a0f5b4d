/** SITE and what files are made with: modes, times, links, copies, and what a session knows and sets of itself. */
import { once } from 'node:events';
import { chmod, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ControlClient, openData, readAll } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);
let site: ProtocolSite;
let client: ControlClient;
const host = (path: string) => join(site.home, path);
const code = async (line: string) => (await client.command(line)).code;
const text = async (line: string) => (await client.command(line)).text;
const modeOf = async (path: string) => ((await stat(host(path))).mode & 0o7777).toString(8);

async function start(changes: SiteChanges = {}): Promise<void> {
  site = await siteWith({
    rules: [
      { accessType: 'Deny', users: '*', permissions: ['Write'], path: '/read-only' },
      { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/secret' },
      { accessType: 'Deny', users: '*', permissions: ['Read'], path: '/future/place' },
    ],
    ...changes,
  });
  for (const directory of ['docs', 'read-only', 'secret']) await mkdir(host(directory));
  for (const file of ['a', 'a b', 'docs/f', 'read-only/kept', 'secret/s']) {
    await writeFile(host(file), file);
    await chmod(host(file), 0o640);
  }
  await symlink('/etc', host('out'));
  client = await site.loggedIn();
}
beforeEach(() => start());

async function upload(line: string): Promise<void> {
  const port = await client.passive();
  client.write(`${line}\r\n`);
  const data = await openData(port, identities.ada);
  data.resume();
  data.end('content');
  await client.reply();
  expect((await client.reply()).code, line).toBe(226);
}
const lastChange = () => site.audit.findLast(({ event }) => event === 'transfer');

describe('SITE', () => {
  it('tells its commands by FEAT, HELP and SITE HELP, and only those that the site offers', async () => {
    const features = (await client.command('FEAT')).lines;
    expect(features).toEqual(
      expect.arrayContaining([' SITE CHMOD', ' SITE UTIME', ' SITE COPY', ' MFF Modify;UNIX.mode;']),
    );
    expect(features).not.toContain(' SITE SYMLINK');
    expect(await text('SITE HELP')).toMatch(/^214-[\s\S]*\n CHMOD <mode> <path>\n[\s\S]*\n214 /u);
    expect(await text('SITE HELP')).not.toContain('SYMLINK');
    expect(await text('site help chmod')).toMatch(/^214 SITE CHMOD <mode> <path>: /u);
    expect(await text('HELP SITE')).toMatch(/^214 SITE /u);
    expect(await text('HELP SITE CHMOD')).toMatch(/^214 SITE CHMOD <mode> <path>: /u);
    expect(await code('HELP SITE NONE')).toBe(502);
    expect(await code('SITE HELP NONE')).toBe(502);
  });

  it.each([
    ['SITE', 501],
    ['SITE NONE', 500],
    ['SITE EXEC ls', 500],
    ['SITE CHMOD', 501],
    ['SITE CHMOD 644', 501],
    ['SITE CHMOD 9 a', 501],
    ['SITE CHMOD u+x a', 501],
    ['SITE WHO me', 501],
    ['SITE SYMLINK a link', 500],
    ['SITE UTIME 2001 a', 501],
    ['SITE UTIME 200102300000 a', 501],
    ['SITE COPY a', 501],
    ['SITE COPY a b c', 501],
    ['SITE CPTO b', 503],
    ['SITE UMASK 9', 501],
    ['SITE IDLE x', 501],
  ])('%s is answered %i', async (line, expected) => {
    expect(await code(line)).toBe(expected);
  });
});

describe('SITE CHMOD and MFF UNIX.mode', () => {
  it.each([
    ['SITE CHMOD 600 a', '200 Mode is 0600.', 'a', '600'],
    ['SITE CHMOD 0644 a b', '200 Mode is 0644.', 'a b', '644'],
    ['SITE CHMOD 777 a', '200 Mode is 0777.', 'a', '777'],
    ['SITE CHMOD 000 a', '200 Mode is 0000.', 'a', '0'],
    ['MFF UNIX.mode=0600; a', '213 UNIX.mode=0600; a', 'a', '600'],
    ['SITE CHMOD 700 docs', '200 Mode is 0700.', 'docs', '700'],
  ])('%s', async (line, answer, path, mode) => {
    expect(await text(line)).toBe(answer);
    expect(await modeOf(path)).toBe(mode);
    expect(lastChange()).toMatchObject({
      operation: 'set-mode',
      path: `/${path}`,
      outcome: 'complete',
      facts: { mode: mode.padStart(4, '0') },
    });
  });

  it('MFF sets a mode and a time at once', async () => {
    expect(await text('MFF UNIX.mode=0600;Modify=20010203040506; a')).toBe(
      '213 Modify=20010203040506;UNIX.mode=0600; a',
    );
    expect(await modeOf('a')).toBe('600');
    expect(await text('MDTM a')).toBe('213 20010203040506');
  });

  it.each(['SITE CHMOD 4755 a', 'SITE CHMOD 2755 docs', 'SITE CHMOD 1775 docs', 'MFF UNIX.mode=1777; a'])(
    '%s sets what the site does not allow: refused, recorded, unchanged',
    async (line) => {
      const before = [await modeOf('a'), await modeOf('docs')];
      expect(await text(line)).toMatch(/^550 Such a mode is not allowed here, reference [-0-9A-Z]{9}\.$/u);
      expect([await modeOf('a'), await modeOf('docs')]).toEqual(before);
      expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({
        denial: { code: 'mode-not-allowed', facts: { allowed: '0777' } },
      });
    },
  );

  it.each(['read-only/kept', 'read-only/none', 'secret/s', 'secret/none', 'out', 'out/passwd', 'none'])(
    'are refused for %s, which may not be written',
    async (path) => {
      for (const line of [`SITE CHMOD 600 ${path}`, `MFF UNIX.mode=0600; ${path}`, `SITE UTIME 200102030405 ${path}`]) {
        expect(await code(line), line).toBe(550);
      }
      expect(await modeOf('read-only/kept')).toBe('640');
    },
  );

  it('leave a directory its set-group-ID and sticky bits', async () => {
    await chmod(host('docs'), 0o3770);
    expect(await code('SITE CHMOD 755 docs')).toBe(200);
    expect(await modeOf('docs')).toBe('3755');
  });

  it('set the bits that the site allows, and are not offered where it allows none', async () => {
    await start({ fileHandling: { allowedModeBits: 0o7777 } });
    expect(await code('SITE CHMOD 2777 docs')).toBe(200);
    expect(await modeOf('docs')).toBe('2777');
    await start({ fileHandling: { allowedModeBits: 0o775 } });
    expect(await code('SITE CHMOD 666 a')).toBe(550);
    expect(await code('SITE CHMOD 664 a')).toBe(200);
    await start({ fileHandling: { allowedModeBits: 0 } });
    expect(await code('SITE CHMOD 600 a')).toBe(500);
    expect(await code('MFF UNIX.mode=0600; a')).toBe(504);
    expect((await client.command('FEAT')).lines).toEqual(expect.arrayContaining([' MFF Modify;']));
  });
});

describe('SITE UTIME', () => {
  it.each([
    ['SITE UTIME 200102030405 a', '20010203040500', undefined],
    ['SITE UTIME 20010203040506 a', '20010203040506', undefined],
    ['SITE UTIME a 20020101000000 20010203040506 20030101000000 UTC', '20010203040506', '2002-01-01T00:00:00.000Z'],
    ['SITE UTIME a 200201010000 200102030405 200301010000 utc', '20010203040500', '2002-01-01T00:00:00.000Z'],
  ])('%s', async (line, modified, accessed) => {
    expect(await code(line)).toBe(200);
    expect(lastChange()).toMatchObject({ operation: 'set-modified-time', path: '/a', outcome: 'complete' });
    if (accessed) expect((await stat(host('a'))).atime.toISOString()).toBe(accessed);
    expect(await text('MDTM a')).toBe(`213 ${modified}`);
  });

  it('takes a path with spaces in both forms', async () => {
    expect(await code('SITE UTIME 200102030405 a b')).toBe(200);
    expect(await text('MDTM a b')).toBe('213 20010203040500');
    expect(await code('SITE UTIME a b 200201010000 200202020202 200201010000 UTC')).toBe(200);
    expect(await text('MDTM a b')).toBe('213 20020202020200');
  });
});

describe('SITE SYMLINK', () => {
  beforeEach(() => start({ fileHandling: { allowSymbolicLinks: true } }));

  it.each([
    ['SITE SYMLINK a link', 'link', 'a'],
    ['SITE SYMLINK /docs/f docs/link', 'docs/link', 'f'],
    ['SITE SYMLINK "a b" docs/link', 'docs/link', '../a b'],
    ['SITE SYMLINK / docs/link', 'docs/link', '..'],
  ])('%s', async (line, path, way) => {
    expect(await code(line)).toBe(200);
    expect(await readlink(host(path))).toBe(way);
    expect(lastChange()).toMatchObject({ operation: 'make-link', path: `/${path}`, outcome: 'complete' });
    expect((await client.command('FEAT')).lines).toContain(' SITE SYMLINK');
  });

  it('says the way from where the link really lies', async () => {
    await mkdir(host('x/y'), { recursive: true });
    await symlink('x/y', host('short'));
    expect(await code('SITE SYMLINK a short/link')).toBe(200);
    expect(await readFile(host('x/y/link'), 'utf8')).toBe('a');
  });

  it.each([
    ['to nothing', 'none', 'link', 550],
    ['out of the home', 'out', 'link', 550],
    ['out of the home, through a link', 'out/passwd', 'link', 550],
    ['to what may not be read', 'secret/s', 'link', 550],
    ['to what may not be read and is not there', 'secret/none', 'link', 550],
    ['where nothing may be written', 'a', 'read-only/link', 550],
    ['over what is there', 'a', 'docs/f', 553],
    ['as the way to what a rule is for', 'docs', 'future', 550],
  ])('makes none %s', async (_where, target, path, expected) => {
    expect(await code(`SITE SYMLINK ${target} ${path}`)).toBe(expected);
    await expect(readlink(host(path))).rejects.toThrow();
    expect(lastChange()).toMatchObject({ operation: 'make-link', outcome: 'failed' });
  });
});

describe('a copy', () => {
  it('is made by SITE COPY, and by SITE CPFR with CPTO', async () => {
    expect(await code('SITE COPY "a b" docs/copy')).toBe(200);
    expect(await readFile(host('docs/copy'), 'utf8')).toBe('a b');
    expect(lastChange()).toMatchObject({
      operation: 'copy',
      path: '/a b',
      target: '/docs/copy',
      outcome: 'complete',
      bytes: 3,
    });
    expect(await code('SITE CPFR a b')).toBe(350);
    expect(await code('SITE CPTO a copy')).toBe(250);
    expect(await readFile(host('a copy'), 'utf8')).toBe('a b');
    expect(await code('SITE CPTO again')).toBe(503);
    expect(await code('SITE CPFR a')).toBe(350);
    expect(await code('PWD')).toBe(257);
    expect(await code('SITE CPTO again')).toBe(503);
  });

  it.each([
    ['of what may not be read', 'SITE COPY secret/s copy'],
    ['of what may not be read and is not there', 'SITE COPY secret/none copy'],
    ['of a directory', 'SITE COPY docs copy'],
    ['from outside of the home', 'SITE COPY out/passwd copy'],
    ['of nothing', 'SITE COPY none copy'],
    ['to where nothing may be written', 'SITE COPY a read-only/copy'],
    ['to what is outside of the home', 'SITE COPY a out/copy'],
    ['of what CPFR may not read', 'SITE CPFR secret/s'],
    ['of what CPFR does not find', 'SITE CPFR none'],
  ])('is not made %s', async (_what, line) => {
    expect(await code(line)).toBe(550);
    await expect(stat(host('copy'))).rejects.toThrow('ENOENT');
  });

  it('is given up by ABOR, and the old file stays', async () => {
    const reached = Promise.withResolvers<void>();
    await start({
      wrapStorage: (storage) => ({
        ...storage,
        openWrite: async (...given) => {
          const upload = await storage.openWrite(...given);
          const commit = async (signal?: AbortSignal) => {
            reached.resolve();
            if (signal) await once(signal, 'abort');
            await upload.commit(signal);
          };
          const seal = () => upload.seal();
          return { bytesWritten: 1, write: (chunk) => upload.write(chunk), seal, commit, abort: () => upload.abort() };
        },
      }),
    });
    await writeFile(host('old'), 'old');
    client.write('SITE COPY a old\r\n');
    await reached.promise;
    client.write('ABOR\r\n');
    expect((await client.reply()).code).toBe(426);
    expect((await client.reply()).code).toBe(226);
    expect(await readFile(host('old'), 'utf8')).toBe('old');
    expect(lastChange()).toMatchObject({ operation: 'copy', outcome: 'aborted' });
  });
});

describe('what files and directories are made with', () => {
  const made = async () => {
    await upload('STOR new');
    await upload('APPE grown');
    await code('MKD made');
    return [await modeOf('new'), await modeOf('grown'), await modeOf('made')];
  };

  it('is 0640 and 0750', async () => {
    expect(await made()).toEqual(['640', '640', '750']);
  });

  it('is as the site has it, whatever the umask of the service is', async () => {
    await start({ fileHandling: { fileMode: 0o666, directoryMode: 0o777 } });
    expect(await made()).toEqual(['666', '666', '777']);
  });

  it('does without the bits of the site’s umask, or of SITE UMASK, which adds none', async () => {
    await start({ fileHandling: { fileMode: 0o666, directoryMode: 0o777, umask: 0o002 } });
    expect(await text('SITE UMASK')).toBe('200 The umask is 002.');
    expect(await made()).toEqual(['664', '664', '775']);
    expect(await code('SITE UMASK 022')).toBe(200);
    await upload('STOR narrow');
    expect(await modeOf('narrow')).toBe('644');
  });

  it('SITE UMASK takes bits away for the session, and adds none', async () => {
    expect(await text('SITE UMASK 077')).toBe('200 The umask is 077 (was 000).');
    expect(await made()).toEqual(['600', '600', '700']);
    expect(await code('SITE UMASK 0')).toBe(200);
    await upload('STOR other');
    expect(await modeOf('other')).toBe('640');
    await code('SITE UMASK 077');
    await code('REIN');
    await client.logIn('ada');
    expect(await text('SITE UMASK')).toBe('200 The umask is 000.');
  });

  it('gives the group in a set-group-ID directory what the directory gives it', async () => {
    await mkdir(host('shared'));
    await chmod(host('shared'), 0o2770);
    await code('SITE UMASK 077');
    await code('MKD shared/sub');
    await upload('STOR shared/file');
    await upload('STOR shared/sub/file');
    expect(await modeOf('shared/sub')).toBe('2770');
    expect(await modeOf('shared/file')).toBe('660');
    expect(await modeOf('shared/sub/file')).toBe('660');
    await chmod(host('shared'), 0o2750);
    await upload('STOR shared/other');
    expect(await modeOf('shared/other')).toBe('640');
  });

  it('stays as it was where a file is replaced', async () => {
    await chmod(host('a'), 0o604);
    await upload('STOR a');
    expect(await modeOf('a')).toBe('604');
  });
});

describe('MLSD and MLST', () => {
  it('tell mode, owner and group by numbers, as OPTS MLST chooses', async () => {
    const { uid, gid } = await stat(host('a'));
    expect(await text('MLST a')).toContain('UNIX.mode=0640; /a');
    expect(await text('FEAT')).toContain('UNIX.mode*;UNIX.uid;UNIX.gid;\n');
    expect(await text('OPTS MLST unix.uid;unix.gid;')).toBe('200 MLST OPTS UNIX.uid;UNIX.gid;');
    const port = await client.passive();
    client.write('MLSD docs\r\n');
    const lines = (await readAll(await openData(port, identities.ada))).toString();
    expect(lines).toBe(`UNIX.uid=${uid};UNIX.gid=${gid}; f\r\n`);
  });
});

describe('SITE IDLE and WHO', () => {
  it('IDLE sets a time within that of the site, for the session', async () => {
    expect(await text('SITE IDLE')).toBe('200 The session may be idle for 120 seconds; at most 120.');
    expect(await code('SITE IDLE 60')).toBe(200);
    expect(await text('SITE IDLE')).toContain('for 60 seconds');
    for (const wrong of ['29', '121', '0', '-1', '1e2', '99999999999'])
      expect(await code(`SITE IDLE ${wrong}`)).toBe(501);
    expect(await code('REIN')).toBe(220);
    await client.logIn('ada');
    expect(await text('SITE IDLE')).toContain('for 120 seconds');
  });

  it('IDLE ends a session that is idle for so long', async () => {
    await start({ connections: { controlChannelTimeout: 2000 } });
    expect(await text('SITE IDLE 1')).toContain('501');
    expect(await code('SITE IDLE 2')).toBe(200);
    expect((await client.reply()).code).toBe(421);
  });

  it('WHO lists the sessions of the same account, and no others', async () => {
    const other = await site.loggedIn();
    const stranger = await site.connect();
    await stranger.secure(identities.ada);
    await stranger.logIn('both-not');
    const { lines } = await client.command('SITE WHO');
    expect(lines.slice(1, -1)).toHaveLength(2);
    for (const line of lines.slice(1, -1)) expect(line).toMatch(/^ ada from 127\.0\.0\.1, connected for \d+ seconds$/u);
    await other.command('QUIT');
    await other.gone();
  });
});
