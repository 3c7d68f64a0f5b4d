/** `cardgate card …` as a person types it: exit codes, what is said of mistakes, servers that end when they are told. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it } from 'vitest';
import { cardTests } from '../../support/card-tests.ts';
import { freePort } from '../../support/child-server.ts';
import { cardgate } from '../../support/login-world.ts';
import { runCardgate } from '../../support/run-cardgate.ts';

const directory = mkdtempSync(join(tmpdir(), 'cardgate-card-cli-'));
const inReader = await cardTests('card insert', { reader: true });
const at = (name: string) => join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));

describe('cardgate card', () => {
  it('lists profiles and scenarios', async () => {
    expect((await runCardgate(['card', 'profiles'])).stdout).toMatch(/^piv +PIV/m);
    expect((await runCardgate(['card', 'scenarios'])).stdout).toMatch(/^one-to-one +One certificate/m);
  });

  it('makes, shows, renews, changes and removes a card', async () => {
    const place = ['-d', at('life')];
    const made = await runCardgate(['card', 'create', 'ada', '--profile', 'piv', '--key', 'P-256', '--json', ...place]);
    expect(made.exitCode).toBe(0);
    const { pinFile, pukFile } = JSON.parse(made.stdout) as { pinFile: string; pukFile: string };
    const [pin, puk] = [readFileSync(pinFile, 'utf8'), readFileSync(pukFile, 'utf8')];
    const outputs = [made.stdout];
    for (const words of [
      ['list'],
      ['show', 'ada'],
      ['renew', 'ada', '--slot', '9A', '--revoke-old'],
      ['change-pin', 'ada'],
      ['unblock', 'ada'],
      ['ca', 'crl'],
      ['revoke', 'ada', '--reason', 'superseded'],
      ['remove', 'ada'],
    ]) {
      const { exitCode: code, stdout, stderr } = await runCardgate(['card', ...words, ...place]);
      expect(code, `${words.join(' ')}: ${stderr}`).toBe(0);
      outputs.push(stdout, stderr);
    }
    expect(outputs.join('')).not.toContain(pin);
    expect(outputs.join('')).not.toContain(puk);
    expect((await runCardgate(['card', 'list', ...place])).stdout).toContain('There are no cards');
  });

  it('says of a faulty profile every fault with its line, and ends with 2', async () => {
    writeFileSync(at('faulty.yaml'), 'description: x\ncertificates:\n  - slot: a\n    key: RSA-7\n    colour: red\n');
    const { exitCode: code, stderr } = await runCardgate([
      'card',
      'create',
      'x',
      '-p',
      at('faulty.yaml'),
      '-d',
      at('faulty'),
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/faulty.yaml:4:\d+: fault: certificates\[0\].key/);
    expect(stderr).toMatch(/faulty.yaml:5:\d+: fault: certificates\[0\].colour/);
    expect(existsSync(at('faulty'))).toBe(false);
  });

  it.each([
    ['a profile that needs a SID', ['create', 'x', '-p', 'ad-smartcard-logon', '--upn', 'a@b'], 'Give it with --sid'],
    ['a profile that does not exist', ['create', 'x', '-p', 'nobody'], 'Name one of ad-smartcard-logon'],
    ['a card that does not exist', ['show', 'nobody'], 'cardgate card list'],
    ['a scenario that does not exist', ['scenario', 'nobody'], 'Name one of ad-strong-mapping'],
    ['a directory nobody can reach', ['scenario', 'one-to-one', '-a', 'openLdap'], 'Give --server'],
    ['a repository for all the world', ['ca', 'serve', 'http://0.0.0.0:1'], 'loopback'],
  ])('%s is a mistake with a remedy, and ends with 1', async (_rule, words, remedy) => {
    const { exitCode: code, stderr } = await runCardgate(['card', ...words, '-d', at('mistakes')]);
    expect(code).toBe(1);
    expect(stderr).toContain(remedy);
  });

  it.each([
    ['an unknown key', ['create', 'x', '--key', 'RSA-512']],
    ['a SID without an account', ['scenario', 'one-to-one', '--sid', 'S-1-5']],
    ['a port that is none', ['scenario', 'one-to-one', '--port', '70000']],
    ['a PIN as an argument', ['create', 'x', '--pin', '1234']],
  ])('%s is bad usage, and ends with 2', async (_rule, words) => {
    expect((await runCardgate(['card', ...words, '-d', at('usage')])).exitCode).toBe(2);
    expect(existsSync(at('usage'))).toBe(false);
  });
});

describe('a scenario', () => {
  it('can be built again from its seed, octet by octet, and completed where it stands', async () => {
    const words = ['card', 'scenario', 'upn-with-policy', '--seed', 'a seed', '--day', '2026-11-01', '-d', at('world')];
    const files = ['cards/cards/uta/chain.pem', 'cards/cards/uta/pin', 'openldap.ldif', 'rules.yaml', 'accounts.yaml'];
    const read = () => files.map((file) => readFileSync(join(at('world'), file), 'utf8'));
    expect((await runCardgate(words)).exitCode).toBe(0);
    const first = read();
    expect((await runCardgate(words)).exitCode).toBe(0);
    expect(read()).toEqual(first);
    rmSync(at('world'), { recursive: true });
    expect((await runCardgate(words)).exitCode).toBe(0);
    expect(read()).toEqual(first);
  });

  it('waits with the cards whose SIDs Active Directory has yet to choose, and says so', async () => {
    writeFileSync(at('ca.pem'), '');
    const place = ['--server', 'ldaps://127.0.0.1', '--directory-ca', at('ca.pem'), '--bind-dn', 'CN=x'];
    const bind = ['--bind-password-file', at('password'), '-a', 'activeDirectory', '-d', at('ad')];
    const words = ['card', 'scenario', 'ad-strong-mapping', ...place, ...bind];
    const first = await runCardgate(words);
    expect(first.stdout).toContain('--sid sid=S-1-… --sid mismatch=S-1-…');
    expect(existsSync(at('ad/cards/cards/sid'))).toBe(false);
    const sids = ['--sid', 'sid=S-1-5-21-1-2-3-1105', '--sid', 'mismatch=S-1-5-21-1-2-3-1110'];
    const second = await runCardgate([...words, ...sids]);
    expect(second.stdout).not.toContain('build again');
    expect(existsSync(at('ad/cards/cards/sid'))).toBe(true);
  });
});

/** A command that runs until it is told to stop; it dies with this process. */
function start(words: readonly string[]) {
  const [program, ...args] = cardgate;
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', program, ...args, ...words]);
  let printed = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    printed += `${line}\n`;
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return { child, printed: () => printed, output: () => output };
}

const ended = async (child: ChildProcess) => (await once(child, 'close'))[0] as number;

describe('commands that run until they are stopped', () => {
  it('card ca serve ends with 0 on SIGTERM, and says what it answered', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await runCardgate(['card', 'ca', 'create', '--repository-url', url, '-d', at('served')]);
    const { child, printed, output } = start(['card', 'ca', 'serve', url, '-d', at('served')]);
    await expect.poll(printed).toContain(url);
    expect((await fetch(`${url}/root.crl`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
    expect(output()).toBe('Answered 1 requests.\n');
  });

  it.skipIf(inReader.skip)(`card insert obeys lines and ends with 0 at quit${inReader.note}`, async () => {
    await runCardgate(['card', 'create', 'ada', '-d', at('reader')]);
    const { child, printed, output } = start(['card', 'insert', 'ada', '-d', at('reader'), '--pin-tries', '2']);
    await expect.poll(printed).toContain('ada is in the reader');
    expect(readFileSync(`/proc/${child.pid}/coredump_filter`, 'utf8').trim()).toBe('00000000');
    for (const [line, answer] of [
      ['status', 'The card is in; tries left: PIN 2, PUK 3.'],
      ['remove', 'The card is out'],
      ['dance', 'Type remove, insert, pull, status'],
    ] as const) {
      child.stdin.write(`${line}\n`);
      await expect.poll(printed).toContain(answer);
    }
    expect(printed()).not.toContain(readFileSync(at('reader/cards/ada/pin'), 'utf8'));
    child.stdin.write('quit\n');
    expect(await ended(child)).toBe(0);
    expect(output()).toBe('ada signed 0 times.\n');
  });
});
