/** Each command answers with a code that its RFC gives it: RFC 959 5.4, 2228 5.5, 2389 4, 2428 3 and 3659. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { commandTable } from '../../src/ftp/command-table.ts';
import type { ControlClient } from '../support/control-client.ts';
import { upload } from '../support/file-transfers.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

let site: ProtocolSite;
let client: ControlClient;
const code = async (line: string) => (await client.command(line)).code;

beforeEach(async () => {
  site = await siteWith();
  await mkdir(join(site.home, 'docs'));
  await writeFile(join(site.home, 'docs', 'inner'), '');
  await writeFile(join(site.home, 'file'), 'content');
  client = await site.loggedIn();
});

/** Longer than any file system has names. */
const impossible = 'x'.repeat(300);

describe('a name that nothing can have', () => {
  it.each([
    ...[
      'RETR',
      'SIZE',
      'MDTM',
      'CWD',
      'MKD',
      'RMD',
      'DELE',
      'RNFR',
      'LIST',
      'NLST',
      'STAT',
      'MLST',
      'MLSD',
      'HASH',
    ].map((verb) => [verb, 550] as const),
    ...['STOR', 'APPE', 'STOU', 'RNTO'].map((verb) => [verb, 553] as const),
  ])('is answered %s by %i, in the path and at its end', async (verb, expected) => {
    for (const path of [impossible, `${impossible}/file`, `docs/${impossible}`]) {
      if (verb === 'RNTO') await client.command('RNFR file');
      expect((await client.command(`${verb} ${path}`)).text, path).toBe(`${expected} That name is not allowed.`);
    }
    expect((await readdir(site.home)).sort()).toEqual(['docs', 'file']);
  });
});

describe('what exists already', () => {
  it.each([
    ['MKD docs', 550],
    ['XMKD file', 550],
    ['MKD /', 550],
    ['RNTO docs', 553],
    ['RNTO docs/inner', 553],
  ])('%s is answered %i', async (line, expected) => {
    if (line.startsWith('RNTO')) await client.command('RNFR file');
    expect((await client.command(line)).text).toBe(`${expected} That name exists already.`);
  });
});

describe('an object of another kind', () => {
  it.each([
    ['RETR docs', 550],
    ['STOR docs', 550],
    ['APPE docs', 550],
    ['SIZE docs', 550],
    ['DELE docs', 550],
    ['RMD file', 550],
    ['RMD docs', 550],
    ['CWD file', 550],
    ['MLSD file', 501],
    ['HASH docs', 553],
    ['XMD5 docs', 550],
    ['MDTM docs', 213],
    ['MLST docs', 250],
    ['RNFR docs', 350],
  ])('%s is answered %i', async (line, expected) => {
    expect(await code(line)).toBe(expected);
  });
});

describe('what needs a login is answered 530 before one', () => {
  const needsLogin = commandTable.filter(({ requires }) => requires === 'login');
  /** One that each syntax takes. */
  const argumentOf = (syntax: string) => (syntax.startsWith('<') ? ' file' : '');

  it.each(needsLogin.map(({ verb, syntax }) => `${verb}${argumentOf(syntax)}`))('%s', async (line) => {
    const stranger = await site.connect();
    expect((await stranger.command(line)).code, 'in the clear').toBe(530);
    await stranger.secure(identities.ada);
    expect((await stranger.command(line)).code, 'under TLS').toBe(530);
    stranger.destroy();
  });
});

describe('FEAT', () => {
  it('is a line for each feature behind one space, and lists neither itself nor OPTS (RFC 2389 3.2)', async () => {
    const { lines } = await client.command('FEAT');
    expect(lines[0]).toBe('211-Features:');
    expect(lines.at(-1)).toBe('211 End');
    const features = lines.slice(1, -1);
    expect(features.filter((line) => !/^ [^ ]/u.test(line))).toEqual([]);
    expect(features.filter((line) => /^ (?:FEAT|OPTS)\b/u.test(line))).toEqual([]);
    const owed = [
      'AUTH TLS',
      'PBSZ',
      'PROT',
      'UTF8',
      'SIZE',
      'MDTM',
      'REST STREAM',
      'TVFS',
      'EPSV',
      'HOST',
      'LANG EN*',
    ];
    expect(features).toEqual(expect.arrayContaining(owed.map((line) => ` ${line}`)));
  });
});

describe('RNTO comes directly behind RNFR', () => {
  it.each(['NOOP', 'STAT', 'PWD', 'ABOR', 'NONSENSE', 'SMNT /', 'RNFR none', 'RETR'])(
    'RNTO behind RNFR and %j is 503',
    async (line) => {
      expect(await code('RNFR file')).toBe(350);
      await client.command(line);
      expect(await code('RNTO moved')).toBe(503);
      expect((await readdir(site.home)).sort()).toEqual(['docs', 'file']);
    },
  );
});

describe('a command at the wrong moment', () => {
  it.each([
    ['PBSZ 0', 503],
    ['PROT P', 503],
    ['PASS secret', 530],
    ['CCC', 533],
    ['AUTH GSSAPI', 504],
    ['AUTH', 501],
  ])('%s in the clear is answered %i', async (line, expected) => {
    const stranger = await site.connect();
    expect((await stranger.command(line)).code).toBe(expected);
    stranger.destroy();
  });

  it.each([
    ['AUTH TLS', 503],
    ['PROT P', 503],
    ['PASS secret', 503],
    ['CCC', 534],
    ['ABOR', 226],
    ['REIN', 220],
  ])('%s under TLS and before a login is answered %i', async (line, expected) => {
    const stranger = await site.connect();
    await stranger.secure(identities.ada);
    expect((await stranger.command(line)).code).toBe(expected);
    stranger.destroy();
  });

  it.each([
    ['AUTH TLS', 503],
    ['RNTO new', 503],
    ['SITE CPTO new', 503],
    ['HOST localhost', 503],
    ['PASS secret', 230],
    ['CCC', 534],
    ['RETR file', 425],
    ['LIST', 425],
  ])('%s behind a login is answered %i', async (line, expected) => {
    expect(await code(line)).toBe(expected);
  });
});

describe('HELP', () => {
  it.each([
    ['HELP MKD', '214 MKD <path>: Make a directory. (RFC 959 4.1.3)'],
    ['HELP xmkd', '214 MKD <path>: Make a directory. (RFC 959 4.1.3)'],
    [
      'HELP XSHA',
      '214 XSHA1 <path> [<start> [<end>]]: Tell the SHA-1 digest of a file. (draft-bryan-ftpext-hash-02 appendix B)',
    ],
    ['HELP XYZZY', '502 No such command.'],
  ])('%s tells %j', async (line, expected) => {
    expect((await client.command(line)).text).toBe(expected);
  });
});

describe('STAT of a path', () => {
  it.each([
    ['STAT', 211],
    ['STAT docs', 212],
    ['STAT -a', 212],
    ['STAT /', 212],
    ['STAT file', 213],
    ['STAT -d docs', 213],
    ['STAT *', 213],
    ['STAT none', 550],
  ])('%s is answered %i (RFC 959 5.4)', async (line, expected) => {
    expect(await code(line)).toBe(expected);
  });
});

describe('commands that this server has no use for', () => {
  it.each([
    ['ACCT ada', 202],
    ['ALLO 100', 202],
    ['ALLO 100 R 20', 202],
    ['ALLO many', 501],
    ['ALLO 100 R', 501],
    ['ACCT', 501],
    ['SMNT /', 502],
    ['MIC abc', 502],
    ['CONF abc', 502],
    ['ENC abc', 502],
    ['ADAT abc', 502],
    ['PRET RETR file', 502],
    ['CPSV', 502],
    ['SSCN ON', 502],
    ['LPSV', 502],
    ['LPRT 4,4,127,0,0,1,2,4,1', 502],
    ['NONSENSE', 500],
  ])('%s has no use here and is answered %i', async (line, expected) => {
    expect(await code(line)).toBe(expected);
  });

  it('ACCT comes behind a login: 530 before it', async () => {
    const other = await site.connect();
    await other.secure(identities.ada);
    expect((await other.command('ACCT ada')).code).toBe(530);
    other.destroy();
  });
});

describe('numbers and words of parameters', () => {
  it.each([
    ['PBSZ 0', 200],
    ['PBSZ 4294967295', 200],
    ['PBSZ 4294967296', 501],
    ['PBSZ 9999999999', 501],
    ['PBSZ -1', 501],
    ['PBSZ x', 501],
    ['OPTS UTF8 ON', 200],
    ['OPTS UTF8', 200],
    ['OPTS UTF8 OFF', 501],
    ['OPTS UTF8 perhaps', 501],
    ['OPTS HASH SHA-3', 501],
    ['OPTS NLST', 501],
    ['OPTS', 501],
    ['FEAT now', 501],
    ['EPSV 1', 229],
    ['EPSV 2', 522],
    ['EPSV 3', 522],
    ['EPSV 10', 522],
    ['EPSV one', 501],
    ['EPSV 1 2', 501],
    ['EPSV -1', 501],
  ])('%s is answered %i by its argument', async (line, expected) => {
    expect(await code(line)).toBe(expected);
  });
});

describe('a carriage return in a name travels as CR NUL (RFC 2640 3.1)', () => {
  it('and names the file to every command', async () => {
    expect((await upload(client, identities.ada, 'STOR a\r\0b', 'content')).code).toBe(226);
    expect((await readdir(site.home)).sort()).toEqual(['a\rb', 'docs', 'file']);
    for (const verb of ['SIZE', 'MDTM', 'MLST', 'STAT', 'HASH', 'RNFR']) {
      expect(await code(`${verb} a\r\0b`), verb).toBeLessThan(400);
    }
    expect(await code('RNTO c\r\0')).toBe(250);
    expect(await code('DELE c\r\0')).toBe(250);
    expect((await client.command('MKD d\r\0')).text).toBe('257 "/d?" made.');
    expect(await code('RMD d\r\0')).toBe(250);
  });

  it.each(['DELE a\rb', 'DELE a\0b', 'DELE a\0\rb', 'DELE a\r\r\0b', 'DELE a\r\0\0b', 'USER a\r\0b', 'TYPE I\r\0'])(
    'and is answered 501 otherwise: %j',
    async (line) => {
      expect(await code(line)).toBe(501);
    },
  );
});
