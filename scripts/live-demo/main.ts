/** The demonstration, step by step. Everything in it is real: SoftHSM tokens, slapd, the gateway, curl with the PKCS#11 engine. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Card, listCards } from '../../src/smartcard/card/card.ts';
import { startSlapd } from '../../test/support/slapd.ts';
import { heading, run, say } from './transcript.ts';
import { auditRecord, buildScenario, reload, runCardgate, startWorld, type World } from './world.ts';

const once = process.argv.includes('--once');
const people = { good: 'ada', revoked: 'bela', unmapped: 'cleo' } as const;

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'cardgate-demo-'));
  const slapd = await startSlapd();
  let world: World | undefined;
  try {
    heading(
      1,
      'A scenario: authorities, three smart cards (SoftHSM tokens; the keys never leave them), accounts, configuration',
    );
    await buildScenario(directory, slapd);
    heading(2, 'A directory (OpenLDAP) with the accounts, and the gateway');
    world = await startWorld(directory, slapd);
    say(`The gateway listens on 127.0.0.1 port ${world.gateway.ports[0]}.`);
    await moveFiles(world);
    await tryCard(world);
    await showRevoked(world);
    heading(6, 'A card that belongs to no account is refused');
    await showRefusal(world, people.unmapped);
    heading(7, 'Done');
    if (once) return;
    await byHand(world);
  } catch (error) {
    if (world) say(`The last audit records:\n${lastLines(world.auditFile, 3)}`);
    throw error;
  } finally {
    await (world ? world.remove() : slapd.stop());
    await rm(directory, { recursive: true, force: true });
  }
}

async function moveFiles(world: World): Promise<void> {
  heading(3, `${people.good} logs in with the card, and moves files (curl signs through the PKCS#11 engine)`);
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-demo-files-'));
  try {
    const [original, copy] = [join(folder, 'report.bin'), join(folder, 'copy.bin')];
    await writeFile(original, randomBytes(5_000_000));
    await curl(world, people.good, ['--upload-file', original], 'report.bin');
    await curl(world, people.good, [], '');
    await curl(world, people.good, ['--output', copy], 'report.bin');
    const same = readFileSync(original).equals(readFileSync(copy));
    if (!same) throw new Error('the file that came back is not the file that went');
    say('5,000,000 bytes went up and came back the same.');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a help desk does at a user's desk. */
async function tryCard({ cards, gateway }: World): Promise<void> {
  heading(4, `The help desk tries the card of ${people.good}, and is told at every step what holds`);
  await runCardgate(
    [
      ...['try-card', `ftp://localhost:${gateway.ports[0]}`, '--cacert', join(cards, 'ca', 'root', 'certificate.pem')],
      ...['--intermediate', join(cards, 'ca', 'issuing', 'certificate.pem')],
      ...['--slot', people.good, '--user', people.good, '--pin-file', join(cards, 'cards', people.good, 'pin')],
    ],
    { env: { SOFTHSM2_CONF: join(cards, 'softhsm2.conf') } },
  );
}

/** bela's card works until it is reported lost. */
async function showRevoked(world: World): Promise<void> {
  heading(5, `${people.revoked} has lost her card: it is revoked, the gateway is told (SIGHUP), and refuses it`);
  await runCardgate(['card', 'revoke', people.revoked, '--directory', world.cards]);
  await reload(world);
  await showRefusal(world, people.revoked);
}

async function showRefusal(world: World, name: string): Promise<void> {
  // curl ends with 67: the server did not let it log in.
  const { output } = await curl(world, name, ['--verbose'], '', {
    expect: 67,
    keep: (line) => line.startsWith('< 530'),
  });
  const reference = /reference ([0-9A-Z]{4}-[0-9A-Z]{4})/.exec(output)?.[1];
  if (reference === undefined) throw new Error(`the refusal has no reference:\n${output}`);
  const { denial } = await auditRecord(world.auditFile, reference);
  say('The client was told no more than that. The audit record with this reference says:');
  for (const [key, value] of Object.entries(denial ?? {})) {
    if (typeof value === 'string') say(`  ${key.padEnd(8)} ${value}`);
  }
  const certificate = join(world.cards, 'cards', name, 'certificate.pem');
  await runCardgate(['explain', certificate, '--config', world.configuration, '--user', name], { expect: 1 });
}

interface CurlOptions {
  readonly expect?: number;
  readonly keep?: (line: string) => boolean;
}

async function curl(world: World, name: string, words: readonly string[], path: string, options: CurlOptions = {}) {
  const card = await cardNamed(world, name);
  const { args, env } = curlCommand(world, card, words, path);
  const shown = ['curl', ...words, '…', `ftp://localhost:${world.gateway.ports[0]}/${path}`].join(' ');
  return run('curl', args, { env, shown: `${shown}   # card: ${card.uri}`, ...options });
}

function curlCommand({ cards, gateway }: World, card: Card, words: readonly string[], path: string) {
  const args = [
    ...['--silent', '--show-error', '--ssl-reqd', '--cacert', join(cards, 'ca', 'root', 'certificate.pem')],
    ...['--engine', 'pkcs11', '--cert-type', 'ENG', '--cert', `${card.uri};type=cert`],
    ...['--key-type', 'ENG', '--key', `${card.uri};type=private?pin-source=file:${card.pinFile}`],
    ...['--user', `${card.name}:`, ...words, `ftp://localhost:${gateway.ports[0]}/${path}`],
  ];
  return { args, env: { SOFTHSM2_CONF: card.softHsmConfiguration, PKCS11_MODULE_PATH: card.module } };
}

async function cardNamed({ cards }: World, name: string): Promise<Card> {
  const card = (await listCards(cards)).find((entry) => entry.name === name);
  if (!card) throw new Error(`there is no card ${name}`);
  return card;
}

async function byHand(world: World): Promise<void> {
  const { args, env } = curlCommand(world, await cardNamed(world, people.good), [], '');
  say('Try it yourself in another terminal:');
  for (const [key, value] of Object.entries(env)) say(`  export ${key}=${value}`);
  say(`  curl ${args.map((word) => (/[;?]/.test(word) ? `'${word}'` : word)).join(' ')}`);
  say(`  tail -f ${world.auditFile}`);
  say('Stop with Ctrl-C; everything is removed then.');
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => undefined, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        clearInterval(timer);
        resolve();
      });
    }
  });
}

function lastLines(file: string, count: number): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n') : '(none)';
}

await main();
