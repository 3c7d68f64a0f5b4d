/** What only settings can switch on: a remote mapping service for the FTPS front end, and passwords besides cards. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { cardgate } from '../../support/built-program.ts';
import { ControlClient } from '../../support/control-client.ts';
import { accountFileDirectory, type LoginWorld, slapdDirectory, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { startSlapd } from '../../support/slapd.ts';

let pki: TestPki;
let ada: Person;
let uma: Person;
beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  uma = await pki.issuePerson({ name: 'uma' });
});
afterAll(() => pki?.remove());

const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';

async function connected(world: LoginWorld, person?: Person): Promise<ControlClient> {
  const client = await ControlClient.connect(world.port);
  await client.reply();
  await client.secure(person ? { cert: person.chainPem, key: person.privateKeyPem } : {});
  return client;
}

async function codes(world: LoginWorld, person: Person | undefined, ...lines: readonly string[]): Promise<number[]> {
  const client = await connected(world, person);
  const answers: number[] = [];
  for (const line of lines) answers.push((await client.command(line)).code);
  client.destroy();
  return answers;
}

describe('an FTPS front end with a remote mapping service', () => {
  it('lets in and refuses as the service says, and lets no client in when it is gone', async () => {
    const { directory, files } = accountFileDirectory([
      { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
    ]);
    const decider = await startLoginWorld({ pki, directories: [directory], files, rules });
    const settings = parse(await readFile(decider.configuration, 'utf8')) as Record<string, unknown>;
    const serviceConfiguration = join(decider.folder, 'service.yaml');
    const socket = join(decider.folder, 'mapping.sock');
    await writeFile(
      serviceConfiguration,
      stringify({ ...settings, audit: { file: 'service.jsonl' }, mappingService: { listeners: [{ socket }] } }),
    );
    const [program, main] = cardgate;
    const service = spawn('setpriv', ['--pdeathsig', 'TERM', program, main, 'serve-mapping', serviceConfiguration], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    const exited = once(service, 'exit');
    for await (const line of createInterface({ input: service.stderr })) if (line === 'cardgate is ready') break;

    const front = await startLoginWorld({
      pki,
      directories: [],
      rules,
      site: { mapping: { rules: undefined, service: { endpoints: [{ socket }], totalTimeout: '1s' } } },
    });
    expect(await codes(front, ada, 'USER ada')).toEqual([230]);
    expect(await codes(front, ada, 'USER rolf')).toEqual([530]);
    expect(await codes(front, uma, 'USER uma')).toEqual([530]);
    service.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(await codes(front, ada, 'USER ada')).toEqual([421]);
    await front.stop();
    await decider.stop();
  });
});

describe('a site that wants card and password', () => {
  it('asks for the password after the card, and believes neither alone', async () => {
    const slapd = await startSlapd({
      accounts: [{ uid: 'ada', certificates: [ada.der], lines: ['userPassword: correct horse'] }],
    });
    const { directory, files } = slapdDirectory(slapd);
    const world = await startLoginWorld({
      pki,
      directories: [directory],
      files,
      rules,
      site: { authentication: { mode: 'certificateAndPassword' } },
    });
    expect(await codes(world, ada, 'USER ada', 'PASS correct horse')).toEqual([331, 230]);
    expect(await codes(world, ada, 'USER ada', 'PASS wrong')).toEqual([331, 530]);
    expect(await codes(world, ada, 'USER ada', 'PASS ')).toEqual([331, expect.any(Number)]);
    expect(await codes(world, undefined, 'USER ada')).toEqual([530]);
    expect(JSON.stringify(world.records())).not.toContain('correct horse');
    await world.stop();
    await slapd.stop();
  });
});
