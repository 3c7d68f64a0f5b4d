/** Authorization rules hold for objects: a Deny is passed by no link, no rename and no other spelling, with any command. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizationRule } from '../../src/authorization/authorization-rules.ts';
import { type ControlClient, openData, readAll } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

const deny = (path: string, ...permissions: AuthorizationRule['permissions']): AuthorizationRule => ({
  accessType: 'Deny',
  users: '*',
  permissions: permissions.length > 0 ? permissions : ['Read', 'Write'],
  path,
});

let site: ProtocolSite;
let client: ControlClient;
const host = (path: string) => join(site.home, path);
const ask = async (line: string) => (await client.command(line)).text;
const code = async (line: string) => (await client.command(line)).code;
const tree = () => execFileSync('find', [site.home], { encoding: 'utf8' }).split('\n').sort();

async function start(...rules: readonly AuthorizationRule[]): Promise<void> {
  site = await siteWith({ rules });
  for (const directory of ['secret/sub', 'pub', 'real/vault/sub', 'open']) {
    await mkdir(host(directory), { recursive: true });
  }
  for (const file of ['secret/f', 'secret/sub/g', 'real/vault/f', 'open/f']) await writeFile(host(file), file);
  for (const [path, target] of [
    ['pub/l', '../secret'],
    ['pub/chain', './l'],
    ['pub/host', host('secret')],
    ['pub/round', '../pub/../secret/sub/..'],
    ['pub/file', '../secret/f'],
    ['pub/none', '../secret/none'],
    ['up', '.'],
    ['over', `../${site.home.split('/').at(-1)}`],
    ['vault', 'real/vault'],
    ['secret/out', '../open'],
  ] as const) {
    await symlink(target, host(path));
  }
  client = await site.loggedIn();
}

async function received(line: string): Promise<string> {
  const port = await client.passive();
  client.write(`${line}\r\n`);
  const content = await readAll(await openData(port, identities.ada));
  expect((await client.reply()).code, line).toBeLessThan(200);
  expect((await client.reply()).code, line).toBe(226);
  return content.toString();
}

/** Of a directory that is denied: what a client may try with it, and with what is and what is not in it. */
const attempts = (directory: string) => [
  ...['f', 'none'].flatMap((name) =>
    ['RETR', 'SIZE', 'MDTM', 'MLST', 'LIST', 'NLST', 'STAT'].map((verb) => `${verb} ${directory}/${name}`),
  ),
  ...['MLSD', 'LIST', 'NLST', 'STAT', 'CWD'].map((verb) => `${verb} ${directory}`),
  ...['sub', 'none'].flatMap((name) =>
    ['MLSD', 'CWD', 'RMD', 'RNFR', 'MKD'].map((verb) => `${verb} ${directory}/${name}`),
  ),
  ...['f', 'none'].flatMap((name) =>
    ['STOR', 'APPE', 'DELE', 'RNFR', 'MKD'].map((verb) => `${verb} ${directory}/${name}`),
  ),
];

describe('a directory that a rule denies', () => {
  beforeEach(() => start(deny('/secret'), deny('/vault')));

  it.each([
    '/secret',
    'pub/l',
    'pub/chain',
    'pub/host',
    'pub/round',
    'up/secret',
    'up/up/pub/../pub/l',
    'over/secret',
    'vault',
    'real/vault',
    'up/real/vault',
  ])('is denied as %s, to every command, and so is what is not in it', async (directory) => {
    const before = tree();
    await client.passive();
    for (const line of attempts(directory)) expect(await ask(line), line).toBe('550 Permission denied.');
    expect(await code('REST 2')).toBe(350);
    expect(await ask(`STOR ${directory}/f`)).toBe('550 Permission denied.');
    expect(await code('RNFR open/f')).toBe(350);
    expect(await ask(`RNTO ${directory}/f2`)).toBe('550 Permission denied.');
    expect(tree()).toEqual(before);
  });

  it.each(['RETR', 'SIZE', 'MDTM', 'APPE', 'STOR', 'LIST', 'STAT', 'CWD'])(
    '%s of a link to something in it is denied, whether that exists or not',
    async (verb) => {
      await client.passive();
      for (const link of ['pub/file', 'pub/none'])
        expect(await ask(`${verb} ${link}`), link).toBe('550 Permission denied.');
      expect(await readFile(host('secret/f'), 'utf8')).toBe('secret/f');
    },
  );

  it('lends nothing to a link in it that leads elsewhere', async () => {
    await client.passive();
    for (const line of ['RETR secret/out/f', 'SIZE up/secret/out/f'])
      expect(await ask(line)).toBe('550 Permission denied.');
  });

  it('is recorded with what was asked for and what it was', async () => {
    await client.passive();
    await code('RETR pub/l/f');
    expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({
      denial: { code: 'access-denied', facts: { permission: 'Read', path: '/pub/l/f', object: '/secret/f' } },
    });
  });

  it('is listed by name, without the facts that SIZE and MDTM do not tell', async () => {
    expect(await received('MLSD /')).toMatch(/^type=dir;perm=; secret\r$/mu);
    expect(await received('LIST /')).toMatch(/^d--------- .* Jan {2}1 {2}1970 secret\r$/mu);
    expect(await received('MLSD pub')).toMatch(/^type=OS.unix=slink;modify=\d{14};perm=df;.* l\r$/mu);
    expect(await received('MLSD open')).toMatch(/^type=file;size=6;.*perm=adfrw;.* f\r$/mu);
  });

  it('lets forty links in a chain be followed, as the kernel does, and no more', async () => {
    for (let link = 1; link <= 41; link += 1) {
      await symlink(link === 1 ? 'open/f' : `chain-${link - 1}`, host(`chain-${link}`));
    }
    expect(await code('SIZE chain-40')).toBe(213);
    expect(await ask('SIZE chain-41')).toBe('550 No such file or directory.');
  });

  it('leaves everything else as it was', async () => {
    expect(await received('RETR up/open/f')).toBe('open/f');
    expect(await received('NLST open')).toBe('open/f\r\n');
    expect(await code('DELE pub/file')).toBe(250);
    expect(await code('RMD pub/l')).toBe(250);
    expect(await readFile(host('secret/f'), 'utf8')).toBe('secret/f');
  });
});

describe('a rule for one permission', () => {
  it('Deny Write lets read through a link and change nothing', async () => {
    await start(deny('/secret', 'Write'));
    expect(await received('RETR pub/l/f')).toBe('secret/f');
    expect(await received('MLSD pub/l')).toMatch(/perm=r;.* f\r$/mu);
    await client.passive();
    for (const line of ['STOR pub/l/f', 'APPE pub/file', 'DELE pub/l/f', 'MKD pub/l/n', 'RNFR pub/l/f']) {
      expect(await ask(line), line).toBe('550 Permission denied.');
    }
  });

  it('Deny Read lets write through a link and read nothing', async () => {
    await start(deny('/secret', 'Read'));
    expect(await code('MKD pub/l/made')).toBe(257);
    for (const line of ['SIZE pub/l/f', 'RNFR pub/l/f', 'CWD pub/l'])
      expect(await ask(line)).toBe('550 Permission denied.');
  });
});

describe('a rename', () => {
  it.each([
    ['the directory of a rule of another account', '/real/vault', 'real/vault'],
    ['what stands above it', '/real/vault', 'real'],
    ['what stands above it, called by a link', '/real/vault', 'up/real'],
    ['a directory above a rule whose own directory is not there yet', '/real/later/vault', 'real'],
    ['a link in the path of a rule', '/vault/sub', 'vault'],
    ['what such a link leads to', '/vault/sub', 'real/vault'],
    ['what stands above that', '/vault/sub', 'real'],
    ['a link that the path of a rule goes through on its way', '/pub/chain/sub', 'pub/l'],
  ])('does not move %s', async (_rule, path, source) => {
    await start({ ...deny(path, 'Read'), users: ['bob'] });
    const before = tree();
    expect(await ask(`RNFR ${source}`)).toMatch(/^550 An authorization rule/u);
    expect(await code('RNTO moved')).toBe(503);
    expect(tree()).toEqual(before);
  });

  it('moves a directory beside, and a file that no rule names', async () => {
    await start(deny('/real/vault'));
    expect(await code('RNFR open')).toBe(350);
    expect(await code('RNTO opened')).toBe(250);
  });

  it('puts no directory or link above the place of a rule, and a file only where it takes nothing away', async () => {
    await start(deny('/later/secret', 'Read'));
    for (const source of ['open', 'pub/l']) {
      expect(await code(`RNFR ${source}`)).toBe(350);
      expect(await ask('RNTO later'), source).toMatch(/^550 An authorization rule/u);
    }
    expect(await code('MKD later')).toBe(257);
    expect(await code('RNFR open')).toBe(350);
    expect(await code('RNTO later/secret')).toBe(250);
    expect(await ask('SIZE later/secret/f')).toBe('550 Permission denied.');
  });

  it('does not replace the directory of a rule, nor what leads there', async () => {
    await start(deny('/later', 'Read'));
    await mkdir(host('later'));
    site.audit.length = 0;
    expect(await code('RNFR open')).toBe(350);
    expect(await code('RNTO later')).toBe(550);
  });

  it('promises neither removal nor move of a link that the path of a rule goes through', async () => {
    await start(deny('/vault/sub', 'Read'));
    expect(await ask('MLST vault')).toMatch(/;perm=;/u);
    expect(await ask('MLST pub/l')).toMatch(/;perm=df;/u);
    expect(await received('MLSD')).toMatch(/;perm=;.* vault\r\n/u);
  });

  it.each(['DELE', 'RMD'])('%s does not remove a link that the path of a rule goes through', async (verb) => {
    await start(deny('/vault/sub', 'Read'));
    expect(await ask(`${verb} vault`)).toMatch(/^550 An authorization rule/u);
    expect(await ask('MLSD real/vault/sub')).toBe('550 Permission denied.');
  });
});

describe('a rule whose directory does not exist', () => {
  it('is for whatever takes its name', async () => {
    await start(deny('/open/later'));
    await client.passive();
    for (const line of [
      'MKD open/later',
      'MKD up/open/later',
      'STOR open/later',
      'SIZE open/later/x',
      'CWD open/later',
    ]) {
      expect(await ask(line), line).toBe('550 Permission denied.');
    }
    expect(await code('RNFR pub')).toBe(350);
    expect(await ask('RNTO up/open/later')).toBe('550 Permission denied.');
    expect(await code('MKD open/Later')).toBe(257);
  });

  it.each(['MLST', 'SIZE', 'MDTM', 'STAT', 'CWD', 'RNFR', 'DELE', 'RMD', 'RETR', 'LIST'])(
    '%s of another spelling, which may be its name, is denied, and leaves even the time of the directory',
    async (verb) => {
      await start(deny('/open/later'));
      const { mtimeNs } = await stat(host('open'), { bigint: true });
      await client.passive();
      for (const path of ['open/LATER', 'open/Later.', 'up/open/LATER/below']) {
        expect(await ask(`${verb} ${path}`), path).toBe('550 Permission denied.');
      }
      expect(await code(`${verb} open/none`)).toBe(550);
      expect((await stat(host('open'), { bigint: true })).mtimeNs).toBe(mtimeNs);
    },
  );

  it('is for what a link at its path leads to', async () => {
    await start(deny('/latest', 'Write'), deny('/current/x', 'Write'));
    await symlink('open/made', host('latest'));
    await symlink('real/./made', host('current'));
    await client.passive();
    for (const line of ['MKD open/made', 'STOR open/made', 'APPE open/made', 'STOR latest', 'MKD up/open/made']) {
      expect(await ask(line), line).toBe('550 Permission denied.');
    }
    expect(await code('RNFR pub')).toBe(350);
    expect(await ask('RNTO open/made')).toBe('550 Permission denied.');
    expect(await code('MKD real/made')).toBe(257);
    expect(await ask('MKD real/made/x')).toBe('550 Permission denied.');
  });

  it('holds as soon as it does', async () => {
    await start(deny('/open/later'));
    await mkdir(host('elsewhere'));
    await symlink('../elsewhere', host('open/later'));
    expect(await ask('CWD elsewhere')).toBe('550 Permission denied.');
  });
});

describe('a rule for the whole home', () => {
  it('denies what exists and what does not, to every command that reads', async () => {
    await start(deny('/', 'Read'));
    await client.passive();
    const lines = ['open/f', 'none'].flatMap((path) =>
      ['RETR', 'SIZE', 'MLST', 'RNFR'].map((verb) => `${verb} ${path}`),
    );
    for (const line of [...lines, 'CWD /', 'MLSD /']) expect(await ask(line), line).toBe('550 Permission denied.');
    expect(await code('MKD made')).toBe(257);
  });
});
