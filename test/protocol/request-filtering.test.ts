/** requestFiltering over the wire: names judged where their objects really lie, by every command, and sizes as they are stored. */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { DenialCode } from '../../src/denial.ts';
import { type ControlClient, openData, readAll } from '../support/control-client.ts';
import { upload } from '../support/file-transfers.ts';
import { filtering } from '../support/ftp-settings.ts';
import { createIdentities, type ProtocolSite, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

interface Filtered {
  readonly site: ProtocolSite;
  readonly client: ControlClient;
  readonly host: (path: string) => string;
  /** A reply, without its reference. */
  readonly ask: (line: string) => Promise<string>;
  readonly code: (line: string) => Promise<number>;
  readonly tree: () => readonly string[];
  readonly send: (line: string, ...parts: readonly Buffer[]) => Promise<number>;
  readonly refusals: (code: DenialCode) => readonly unknown[];
}

type Files = Readonly<Record<string, string>>;

/** @param files content by path; a path that ends with a slash is a directory, a content that begins with -> a link */
async function filtered(
  requestFiltering: Parameters<typeof filtering>[0],
  files: Files,
  changes: SiteChanges = {},
): Promise<Filtered> {
  const site = await siteWith({ requestFiltering: filtering(requestFiltering), ...changes });
  const host = (path: string) => join(site.home, path);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(host(path.slice(0, path.lastIndexOf('/') + 1)), { recursive: true });
    if (content.startsWith('->')) await symlink(content.slice(2), host(path));
    else if (!path.endsWith('/')) await writeFile(host(path), content);
  }
  const client = await site.loggedIn();
  const ask = async (line: string) => (await client.command(line)).text.replace(/reference [\w-]+/u, 'reference');
  return {
    site,
    client,
    host,
    ask,
    code: async (line) => (await client.command(line)).code,
    tree: () => execFileSync('find', [site.home], { encoding: 'utf8' }).split('\n').sort(),
    send: async (line, ...parts) => (await upload(client, identities.ada, line, ...parts)).code,
    refusals: (code) => site.audit.filter((record) => record.event === 'refusal' && record.denial.code === code),
  };
}

async function listed({ client }: Filtered, line: string): Promise<string> {
  const port = await client.passive();
  client.write(`${line}\r\n`);
  const first = await client.reply();
  if (first.code >= 400) return first.text;
  const content = await readAll(await openData(port, identities.ada));
  return `${content.toString()}${(await client.reply()).code}`;
}

/** Times and numbers of inodes are those of each site’s own files. */
const plain = (text: string) => text.replace(/modify=\d+;|unique=[^;]+;| [A-Z][a-z]{2} [ \d]\d [ \d:]{5}/gu, '');

describe('a hidden segment', () => {
  const visible = { 'pub/f': 'f', 'open/f': 'open', 'pub/up': '->..' };
  const links = {
    'pub/l': '->../_vti_bin',
    'pub/file': '->../_vti_bin/f',
    'pub/through': '->../_vti_bin/../pub/f',
    'pub/chain': '->./l',
    'pub/none': '->../_vti_bin/none',
  };
  const hidden = { '_vti_bin/f': 'secret', '_vti_bin/sub/g': 'g', 'pub/_vti_bin/': '' };
  const settings = { hiddenSegments: ['_vti_bin'] };
  const places = ['_vti_bin', '_VTI_BIN', 'pub/l', 'pub/chain', 'pub/up/_vti_bin', 'pub/_vti_bin', 'open/../_vti_bin'];
  const ofPlace = (place: string) => [
    ...['CWD', 'STAT', 'SIZE', 'AVBL', 'MKD'].map((verb) => `${verb} ${place}`),
    // The link itself is no secret.
    ...(place in links ? [] : ['RMD', 'MLST', 'RNFR', 'DELE'].map((verb) => `${verb} ${place}`)),
    ...['f', 'none', 'f/x'].flatMap((name) => commands.map((command) => `${command} ${place}/${name}`)),
    ...['CWD', 'RMD', 'RNFR', 'MLST'].map((verb) => `${verb} ${place}/sub`),
    `SITE SYMLINK ${place} made`,
    `SITE COPY ${place}/f made`,
    `COMB made ${place}/f`,
  ];
  const commands = [
    ...[
      'RETR',
      'SIZE',
      'MDTM',
      'MLST',
      'STAT',
      'HASH',
      'XCRC',
      'MMD5',
      'CWD',
      'RMD',
      'DELE',
      'RNFR',
      'MKD',
      'STOR',
      'APPE',
    ],
    ...['MFMT 20200101000000', 'MFF UNIX.mode=0644;', 'SITE CHMOD 644', 'SITE UTIME 20200101000000', 'SITE CPFR'],
    ...['SITE SYMLINK pub/f', 'SITE COPY pub/f', 'COMB pub/f'],
  ];
  const ofLinks = ['pub/file', 'pub/through', 'pub/none'].flatMap((link) =>
    ['RETR', 'SIZE', 'MDTM', 'STAT', 'CWD', 'APPE', 'STOR', 'HASH', 'MFMT 20200101000000'].map(
      (verb) => `${verb} ${link}`,
    ),
  );
  const listings = ['', '/', '-R', '-la /', 'pub', '*', '*/*', '_*', '_vti_bin', 'pub/l', 'pub/*', '-d _vti_bin'];
  const fileHandling = { allowSymbolicLinks: true, allowedModeBits: 0o777 };
  /** Two sites that differ in what is hidden. */
  const both = async () => {
    const there = await filtered(settings, { ...visible, ...links, ...hidden }, { fileHandling });
    return { there, absent: await filtered(settings, { ...visible, ...links }, { fileHandling }) };
  };

  it.each([
    ...places.map((place) => [place, ofPlace(place)] as const),
    ['a link to something in it', ofLinks] as const,
  ])(
    'answers every command about %s as if it did not exist, whether it does or not',
    { timeout: 120_000 },
    async (_place, lines) => {
      const { there, absent } = await both();
      const before = there.tree();
      await there.client.passive();
      await absent.client.passive();
      for (const line of lines) {
        const answer = await there.ask(line);
        expect(answer, line).toBe(await absent.ask(line));
        expect(answer, line).toMatch(/^(?:55[0-9]|504) /u);
        expect(answer, line).not.toContain('vti');
      }
      expect(there.tree()).toEqual(before);
    },
  );

  it.each(places)('lets no rename lead to %s', async (place) => {
    for (const one of Object.values(await both())) {
      expect(await one.code('RNFR pub/f')).toBe(350);
      expect(await one.ask(`RNTO ${place}/f`)).toBe('550 No such file or directory.');
      expect(await one.code('RNFR open')).toBe(350);
      expect(await one.ask(`RNTO ${place}/open`)).toBe('550 No such file or directory.');
    }
  });

  it.each(['LIST', 'NLST', 'MLSD', 'STAT'])(
    'is in no listing by %s, and changes no line of one',
    { timeout: 120_000 },
    async (verb) => {
      const { there, absent } = await both();
      for (const argument of verb === 'MLSD' ? ['', 'pub', '_vti_bin', 'pub/l'] : listings) {
        const line = `${verb} ${argument || '/'}`;
        const shown = (one: Filtered) => (verb === 'STAT' ? one.ask(line) : listed(one, line));
        const text = plain(await shown(there));
        expect(text, line).toBe(plain(await shown(absent)));
        expect(text, line).not.toMatch(/vti/iu);
      }
    },
  );

  it('is recorded with the path that was asked for, where it leads, and the remedy', async () => {
    const { code, site } = await filtered(settings, { ...visible, ...links, ...hidden });
    expect(await code('SIZE pub/file')).toBe(550);
    expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({
      accountName: 'ada',
      denial: { code: 'hidden-segment', facts: { path: '/pub/file', object: '/_vti_bin/f', segment: '_vti_bin' } },
    });
  });

  it('leaves everything else as it was, links too', async () => {
    const one = await filtered(settings, { ...visible, ...hidden });
    expect(await one.code('SIZE pub/up/open/f')).toBe(213);
    expect(await one.code('MKD pub/vti_bin')).toBe(257);
    expect(await one.send('STOR pub/up/open/g', Buffer.from('g'))).toBe(226);
    expect(await one.code('RNFR open')).toBe(350);
    expect(await one.code('RNTO opened')).toBe(250);
    expect(await readFile(one.host('_vti_bin/f'), 'utf8')).toBe('secret');
  });
});

describe('a file extension', () => {
  const extensions = [
    { fileExtension: '.exe', allowed: false },
    { fileExtension: 'bat', allowed: false },
  ];
  const files = {
    'a.exe': 'program',
    'b.BAT': 'batch',
    'c.txt': 'text',
    plain: 'p',
    'tools.exe/f': 'f',
    'innocent.txt': '->a.exe',
    'x.exe': '->c.txt',
  };
  const verbs = [
    'RETR',
    'SIZE',
    'MDTM',
    'MLST',
    'HASH',
    'DELE',
    'RNFR',
    'STOR',
    'APPE',
    'MFMT 20200101000000',
    'SITE CPFR',
  ];

  it.each([
    'a.exe',
    'A.EXE',
    'a.exe.',
    'b.BAT',
    'innocent.txt',
    'x.exe',
    'new.exe',
    'tools.exe/new.Exe',
    'tools.exe/../a.exe',
  ])(
    'that is denied denies %s to every command that uses a file, by its own name and that of a link to it',
    async (name) => {
      const { client, ask, tree, refusals } = await filtered({ fileExtensions: { extensions } }, files);
      const before = tree();
      await client.passive();
      // What goes no further than the link itself asks for the name of the link alone.
      const asked = verbs.filter((verb) => name !== 'innocent.txt' || !['MLST', 'DELE', 'RNFR'].includes(verb));
      for (const verb of asked)
        expect(await ask(`${verb} ${name}`), verb).toMatch(/^55[03] That name is not allowed\.$/u);
      expect(tree()).toEqual(before);
      expect(refusals('file-extension-denied')).toHaveLength(asked.length);
    },
  );

  it('is given to no file by a rename, a copy, a combination, a link or an upload', async () => {
    const { code, ask, tree } = await filtered({ fileExtensions: { extensions } }, files, {
      fileHandling: { allowSymbolicLinks: true },
    });
    const before = tree();
    expect(await code('RNFR c.txt')).toBe(350);
    for (const line of [
      'RNTO d.exe',
      'SITE COPY c.txt d.exe',
      'COMB d.exe c.txt',
      'SITE SYMLINK c.txt d.exe',
      'SITE SYMLINK a.exe d.txt',
    ])
      expect(await ask(line), line).toMatch(/^55[03] That name is not allowed\.$/u);
    expect(tree()).toEqual(before);
  });

  it('is no matter of directories', async () => {
    const { code } = await filtered({ fileExtensions: { extensions } }, files);
    for (const [line, expected] of [
      ['SIZE tools.exe/f', 213],
      ['CWD tools.exe', 250],
      ['CDUP', 250],
      ['MKD more.exe', 257],
      ['RNFR more.exe', 350],
      ['RNTO most.exe', 250],
      ['RMD most.exe', 250],
    ] as const)
      expect(await code(line), line).toBe(expected);
  });

  it('that is not listed is denied where allowUnlisted is false, and a name without one is listed as .', async () => {
    const settings = {
      allowUnlisted: false,
      extensions: [
        { fileExtension: 'TXT', allowed: true },
        { fileExtension: '.', allowed: true },
      ],
    };
    const { code } = await filtered({ fileExtensions: settings }, files);
    for (const [line, expected] of [
      ['SIZE c.txt', 213],
      ['SIZE plain', 213],
      ['SIZE a.exe', 550],
      ['SIZE b.BAT', 550],
      ['SIZE innocent.txt', 550],
      ['MKD dir.d', 257],
      ['CWD dir.d', 250],
    ] as const)
      expect(await code(line), line).toBe(expected);
  });

  it('that is listed twice is denied', async () => {
    const twice = [
      { fileExtension: '.txt', allowed: true },
      { fileExtension: 'TXT', allowed: false },
    ];
    expect(await (await filtered({ fileExtensions: { extensions: twice } }, files)).code('SIZE c.txt')).toBe(550);
  });

  it('shows in listings with no right to use it', async () => {
    const one = await filtered({ fileExtensions: { extensions } }, files);
    expect(await listed(one, 'MLSD')).toMatch(/type=file;perm=; a\.exe\r\n/u);
    expect(await listed(one, 'MLSD')).toMatch(/perm=adfrw;.* c\.txt\r\n/u);
  });
});

describe('a denied sequence', () => {
  const files = { 'a/private/f': 'f', 'a/other/f': 'f', 'ab/f': 'f', privat: 'p', l: '->a/private', 'b/c/f': 'f' };

  it.each([
    'CWD a/private',
    'SIZE a/private/f',
    'SIZE A/Private/f',
    'SIZE l/f',
    'CWD l',
    'MLSD a/private',
    'MKD x/private',
    'RNFR a/private',
    'DELE a/private/f',
  ])('denies %s', async (line) => {
    const { client, ask } = await filtered({ denyUrlSequences: ['/private/', 'x/p'] }, files);
    await client.passive();
    expect(await ask(line)).toBe('550 That name is not allowed.');
  });

  it('is got round by no rename of a directory that is part of it', async () => {
    const { code, ask } = await filtered({ denyUrlSequences: ['b/c', '/private/'] }, files);
    expect(await ask('RNFR b')).toBe('550 That name is not allowed.');
    expect(await code('SIZE b/c/f')).toBe(550);
    for (const line of ['RNFR a/other', 'RNFR ab/f', 'SIZE privat']) expect(await code(line), line).toBeLessThan(400);
  });
});

describe('limits of a path', () => {
  it('are no characters outside of ASCII, where the site wants none', async () => {
    const { client, code, ask, site } = await filtered({ allowHighBitCharacters: false }, { ä: 'a', a: 'a', l: '->ä' });
    await client.passive();
    for (const line of ['SIZE ä', 'STOR ö', 'MKD ü', 'SIZE l', 'SIZE \udcff'])
      expect(await ask(line), line).toMatch(/^55[03] That name is not allowed/u);
    expect(await code('SIZE a')).toBe(213);
    expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({
      denial: { code: 'high-bit-character' },
    });
  });

  it('are maxUrl bytes, from the root on', async () => {
    const { code } = await filtered({ requestLimits: { maxUrl: 32 } }, { 'directory-of-fifteen/': '' });
    expect(await code(`MKD ${'a'.repeat(31)}`)).toBe(257);
    expect(await code(`MKD ${'b'.repeat(32)}`)).toBe(550);
    expect(await code('CWD directory-of-fifteen')).toBe(250);
    expect(await code('MKD twelve-bytes')).toBe(550);
  });
});

describe('maxAllowedContentLength', () => {
  const limit = { requestLimits: { maxAllowedContentLength: 10 } };
  const ten = Buffer.from('0123456789');
  const start = (changes: SiteChanges = {}) =>
    filtered(limit, { old: 'old', six: 'sixsix', seven: 'seven77' }, changes);

  it('takes an upload of as many octets, and refuses one more, which leaves the old file whole', async () => {
    const one = await start();
    expect(await one.send('STOR new', ten)).toBe(226);
    expect(await one.send('STOR old', Buffer.concat([ten, Buffer.from('!')]))).toBe(552);
    expect(await readFile(one.host('old'), 'utf8')).toBe('old');
    expect(await one.site.record(({ event }) => event === 'transfer' && true)).toBeDefined();
    expect(one.refusals('upload-too-large')).toMatchObject([
      { denial: { facts: { path: '/old', octets: 11, limit: 10 } } },
    ]);
  });

  it.each([
    ['APPE to what is there', ['APPE six'], 'x'.repeat(5), 'six', 'sixsix'],
    ['STOR behind REST', ['REST 6', 'STOR six'], 'x'.repeat(5), 'six', 'sixsix'],
    ['what comes of MODE Z', ['MODE Z', 'STOR new'], deflateSync(Buffer.alloc(1_000, 'a')), 'new', undefined],
    ['a partial upload', ['STOR new'], 'x'.repeat(11), 'new', undefined],
  ] as const)('counts %s', async (_what, lines, octets, name, left) => {
    const one = await start({ fileHandling: { compression: true, keepPartialUploads: true } });
    for (const line of lines.slice(0, -1)) await one.code(line);
    expect(await one.send(lines.at(-1)!, Buffer.from(octets))).toBe(552);
    expect((await readdir(one.site.home)).sort()).toEqual(['old', 'seven', 'six']);
    if (left !== undefined) expect(await readFile(one.host(name), 'utf8')).toBe(left);
  });

  it('takes what fills the file up to it', async () => {
    const one = await start();
    expect(await one.send('APPE six', Buffer.from('four'))).toBe(226);
    await one.code('REST 9');
    expect(await one.send('STOR six', Buffer.from('!'))).toBe(226);
  });

  it.each(['COMB six seven', 'COMB new six seven'])('refuses %s, and no part is gone', async (line) => {
    const one = await start();
    expect(await one.code(line)).toBe(552);
    expect((await readdir(one.site.home)).sort()).toEqual(['old', 'seven', 'six']);
    expect(await readFile(one.host('seven'), 'utf8')).toBe('seven77');
  });

  it('counts copies, too', async () => {
    const one = await filtered(limit, { long: 'x'.repeat(11), short: 'x' });
    expect(await one.code('SITE COPY long copy')).toBe(552);
    expect(await one.code('SITE COPY short copy')).toBe(200);
  });
});

describe('STOU under rules for extensions', () => {
  const exe = { fileExtensions: { extensions: [{ fileExtension: '.exe', allowed: false }] } };
  const txt = { fileExtensions: { allowUnlisted: false, extensions: [{ fileExtension: '.txt', allowed: true }] } };

  const plain = { fileExtensions: { allowUnlisted: false, extensions: [{ fileExtension: '.', allowed: true }] } };

  it.each([
    ['exe', 'STOU setup.exe', exe, 553],
    ['exe in capitals', 'STOU setup.EXE', exe, 553],
    ['a name of nothing else', 'STOU .exe', exe, 553],
    ['exe in a directory with a dot', 'STOU d.txt/setup.exe', exe, 553],
    ['another', 'STOU report.txt', exe, 226],
    ['none', 'STOU report', exe, 226],
    ['the one that is listed', 'STOU report.txt', txt, 226],
    ['one that is not listed', 'STOU report.pdf', txt, 553],
    ['none, where only listed ones are allowed', 'STOU report', txt, 553],
    ['none, in a directory with a dot', 'STOU d.txt/report', txt, 553],
    ['none, where names without one are allowed', 'STOU report', plain, 226],
  ])('%s', async (_extension, line, settings, expected) => {
    const { send } = await filtered(settings, { 'd.txt/': '' });
    expect(await send(line, Buffer.from('content'))).toBe(expected);
  });

  it('keeps the extension last in the name that it makes', async () => {
    const { send, site } = await filtered(txt, {});
    expect(await send('STOU report.txt', Buffer.from('content'))).toBe(226);
    const [name] = (await readdir(site.home)).filter((one) => !one.startsWith('.cardgate'));
    expect(name).toMatch(/^report-[0-9a-f]{16}\.txt$/u);
  });
});
