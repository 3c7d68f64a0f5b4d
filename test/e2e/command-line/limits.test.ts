/** The program under limits of server and site: addresses judged by both lists, renewed by SIGHUP, and the consent banner in the record of a login. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ControlClient } from '../../support/control-client.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

const consentBanner = 'You consent\nto all of it.';
let pki: TestPki;
let ada: Person;
let world: LoginWorld;

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
  ]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: {
      messages: { consentBanner, greetingMessage: 'Welcome at %SiteName%.', expandVariables: true },
      ipSecurity: { entries: [{ ipAddress: '127.0.0.3' }] },
      requestFiltering: { hiddenSegments: ['secret'] },
      bandwidth: { bytesPerSecondPerAccount: 1_000_000_000 },
    },
  });
});
afterAll(async () => {
  await world?.stop();
  await pki?.remove();
});

const text = (name: string) => {
  const file = join(world.folder, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

async function greeted(localAddress: string): Promise<string> {
  const client = await ControlClient.connect(world.port, localAddress);
  const { text: greeting } = await client.reply();
  client.destroy();
  return greeting;
}

it('a login is told the consent banner, and its record names it', async () => {
  const client = await ControlClient.connect(world.port);
  expect((await client.reply()).lines.slice(0, 2)).toEqual(['220-You consent', ' to all of it.']);
  await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
  expect((await client.command('USER ada')).text).toMatch(/^230 Welcome at .+\.$/u);
  expect((await client.command('MKD secret')).text).toBe('550 No such file or directory.');
  await client.command('QUIT');
  await expect.poll(() => text('audit.jsonl')).toContain('"hidden-segment"');
  expect(text('audit.jsonl')).toContain(
    `"consentSha256":"${createHash('sha256').update(consentBanner).digest('hex')}"`,
  );
});

it('addresses are judged by the list of the site and that of the server, as SIGHUP renews them', async () => {
  expect(await greeted('127.0.0.3')).toMatch(/^421 Your address is not served here/u);
  expect(await greeted('127.0.0.4')).toMatch(/^220/u);
  const settings = parse(readFileSync(world.configuration, 'utf8')) as object;
  const entries = [{ ipAddress: '127.0.0.4/31' }, { ipAddress: '127.0.0.3', allowed: true }];
  await writeFile(world.configuration, stringify({ ...settings, ipSecurity: { entries } }));
  world.gateway.signal('SIGHUP');
  await expect.poll(() => text('cardgate.log')).toContain('reloaded');
  expect(await greeted('127.0.0.4')).toMatch(/^421/u);
  expect(await greeted('127.0.0.3')).toMatch(/^421/u);
  expect(await greeted('127.0.0.6')).toMatch(/^220/u);
  await expect.poll(() => text('audit.jsonl').match(/"code":"address-denied"/gu)?.length).toBe(3);
});
