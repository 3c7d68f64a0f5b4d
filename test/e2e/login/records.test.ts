/** What a gateway leaves of people and strangers: every field is described, and a serial number is spelt alike wherever it is told. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explain } from '../../../src/commands/explain.ts';
import { mappingValue } from '../../../src/commands/mapping/mapping-value.ts';
import type { Terminal } from '../../../src/commands/terminal.ts';
import { verifyCommand } from '../../../src/commands/verify/verify.ts';
import type { AuditLine } from '../../../src/operations/audit.ts';
import type { Card } from '../../../src/smartcard/card/card.ts';
import { cardFacts } from '../../../src/smartcard/card/card-facts.ts';
import { auditLineFaults } from '../../support/audit-line-faults.ts';
import { ControlClient, openData } from '../../support/control-client.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { recordingTerminal } from '../../support/run-in-process.ts';

const serials: readonly (readonly [string, bigint, string])[] = [
  ['one', 0x05n, '05'],
  ['high', 0x80n, '80'],
  ['leading', 0x0a1b2c3dn, '0a1b2c3d'],
  ['zeros', 0x00ff00n, 'ff00'],
  ['nineteen', BigInt(`0x${'9c'.repeat(19)}`), '9c'.repeat(19)],
  ['twenty', BigInt(`0x0b${'7f'.repeat(19)}`), `0b${'7f'.repeat(19)}`],
];

let pki: TestPki;
let world: LoginWorld;
const people = new Map<string, Person>();
beforeAll(async () => {
  pki = await createTestPki();
  for (const [name, serialNumber] of serials) people.set(name, await pki.issuePerson({ name, serialNumber }));
  const accounts = serials.map(([name]) => {
    const sha256 = createHash('sha256').update(personNamed(name).der).digest('hex');
    return { name, certificates: [sha256] };
  });
  const { directory, files } = accountFileDirectory(accounts);
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  world = await startLoginWorld({ pki, directories: [directory], files, rules });
}, 60_000);
afterAll(async () => {
  await world?.stop();
  await pki?.remove();
});

function personNamed(name: string): Person {
  return people.get(name) ?? expect.fail(`no person is named ${name}`);
}

async function connected(identity: Person): Promise<ControlClient> {
  const client = await ControlClient.connect(world.port);
  await client.reply();
  await client.secure({ cert: identity.chainPem, key: identity.privateKeyPem });
  return client;
}

/** Logs in, or is refused. */
async function loggedIn(claimedName: string, identity: Person) {
  const client = await connected(identity);
  await client.command(`USER ${claimedName}`);
  await client.command('QUIT');
  await client.gone();
  // A refusal is told to the client before its record is written.
  await expect.poll(() => world.logins(claimedName)).not.toEqual([]);
  return world.logins(claimedName).at(-1);
}

describe('the serial number of a certificate', () => {
  it.each(serials)(
    'of %s is spelt alike in every record and answer',
    async (name, serialNumber, text) => {
      const person = personNamed(name);
      const { certificateFile } = person;
      const openssl = execFileSync('openssl', ['x509', '-serial', '-noout', '-in', certificateFile], {
        encoding: 'utf8',
      });
      expect(openssl.trim().toLowerCase()).toBe(`serial=${text}`);

      expect(await loggedIn(name, person)).toMatchObject({ outcome: 'granted', certificate: { serialNumber: text } });
      const refused = await loggedIn(`not-${name}`, person);
      expect(refused).toMatchObject({ outcome: 'denied', certificate: { serialNumber: text } });

      const options = { config: world.configuration, json: false };
      expect(await printed((to) => explain(certificateFile, { ...options, html: '-' }, to))).toContain(`>${text}<`);
      const asText = await printed((to) => explain(certificateFile, options, to));
      expect(asText).toContain(`(serial ${text}, SHA-256 `);
      expect(asText).toContain(`serial ${text}, issuer `);
      const asJson = JSON.parse(await printed((to) => explain(certificateFile, { ...options, json: true }, to)));
      const told = serialNumbersIn(asJson).filter((other) => BigInt(`0x${other}`) === serialNumber);
      expect([...new Set(told)]).toEqual([text]);

      const crls = ['--crl', pki.files.issuingCrl, pki.files.rootCrl];
      expect(await verified(person, ...crls)).toMatchObject({ path: [{ serialNumber: text }, {}] });
      expect(await verified(person, '--at', '2001-01-01T00:00:00Z')).toMatchObject({
        certificate: { serialNumber: text },
      });

      expect(await printed((to) => mappingValue(certificateFile, { json: false }, to))).toContain(
        `Serial number  ${text}\n`,
      );
      const value = JSON.parse(await printed((to) => mappingValue(certificateFile, { json: true }, to)));
      expect(value).toMatchObject({ serialNumber: text });

      const card = { certificates: [{ certificateDer: person.der }] } as unknown as Card;
      const [facts] = cardFacts(card, new Date(), new Set([serialNumber])).certificates;
      expect(facts).toMatchObject({ serialNumber: text, status: 'revoked' });
    },
    60_000,
  );
});

/** What a command prints. */
async function printed(command: (terminal: Terminal) => unknown): Promise<string> {
  const { terminal, printed: text } = recordingTerminal();
  await command(terminal);
  return text.stdout;
}

async function verified({ certificateFile }: Person, ...more: readonly string[]): Promise<unknown> {
  const words = [certificateFile, '--trust-anchor', pki.files.root, '--json', ...more];
  return JSON.parse(await printed((to) => verifyCommand(() => undefined, to).parseAsync(words, { from: 'user' })));
}

function serialNumbersIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'serialNumber' ? [String(inner)] : serialNumbersIn(inner),
  );
}

describe('the records of a gateway', () => {
  it('of every kind hold what the documentation says of them, and nothing else', async () => {
    const client = await connected(personNamed('one'));
    await client.logIn('one');
    const port = await client.passive();
    client.write('STOR a.txt\r\n');
    const { chainPem: cert, privateKeyPem: key } = personNamed('one');
    const data = await openData(port, { cert, key, ...(client.session && { session: client.session }) });
    await client.reply();
    data.end('a');
    await client.reply();
    for (const line of ['RNFR a.txt', 'RNTO b.txt', 'MKD d', 'DELE b.txt', 'SIZE ../../x', 'DELE nothing', 'CWD /..']) {
      await client.command(line);
    }
    await client.command('QUIT');
    await client.gone();
    await loggedIn('another-person', personNamed('one'));
    for (let index = 0; index < 12; index += 1) {
      const stranger = await ControlClient.connect(world.port);
      await stranger.reply();
      await stranger.command('USER stranger');
      stranger.destroy();
      await stranger.gone();
    }
    await writeFile(world.configuration, 'nonsense: true\n');
    world.gateway.signal('SIGHUP');
    await expect.poll(() => JSON.stringify(world.records())).toContain('reload-refused');
    await world.gateway.stop();

    const lines = world.records() as readonly AuditLine[];
    expect(lines.flatMap(auditLineFaults)).toEqual([]);
    expect([...new Set(lines.map(({ event }) => event))].sort()).toEqual([
      'configuration',
      'login',
      'refusal',
      'session-end',
      'summary',
      'transfer',
    ]);
    const operations = lines.flatMap((line) => (line.event === 'transfer' ? [line.operation] : []));
    expect(operations).toEqual(['store', 'rename', 'make-directory', 'delete', 'delete']);
    const actions = lines.flatMap((line) => (line.event === 'configuration' ? [line.action] : []));
    expect(actions).toEqual(['started', 'reload-refused']);
  }, 60_000);
});
