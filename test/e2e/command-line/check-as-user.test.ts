/** `cardgate check-config --user`: root checks as the user of the service, who may read and write less. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { cardgate } from '../../support/built-program.ts';
import { runClient } from '../../support/clients/run-client.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

const isRoot = process.getuid?.() === 0;
let pki: TestPki;
let folder: string;
let configuration: string;

beforeAll(async () => {
  pki = await createTestPki();
  folder = await mkdtemp(join(tmpdir(), 'cardgate-as-user-'));
  configuration = join(folder, 'cardgate.yaml');
  for (const name of ['files', 'log']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'bind-password'), 'secret', { mode: 0o600 });
  await writeFile(join(folder, 'rules.yaml'), 'rules:\n  - { name: exact, map: certificate }\n');
  await writeFile(
    configuration,
    stringify({
      audit: { file: 'log/audit.jsonl' },
      retrieval: { cacheDirectory: 'log/cache' },
      directories: [
        {
          name: 'people',
          type: 'ldap',
          servers: ['ldaps://127.0.0.1'],
          certificateAuthorities: [pki.files.root],
          bindDn: 'cn=x',
          bindPasswordFile: 'bind-password',
          searchBase: 'dc=x',
        },
      ],
      sites: [
        {
          name: 'files',
          bindings: [{ address: '127.0.0.1', port: 0 }],
          physicalPath: 'files',
          ssl: { serverCertificate: pki.files.serverChain, serverCertificateKey: pki.files.serverKey },
          sslClientCertificates: { trustAnchors: [pki.files.root], crlFiles: [pki.files.rootCrl] },
          directories: ['people'],
          mapping: { rules: 'rules.yaml' },
          userIsolation: { createHome: true },
          authorization: [{ users: '*', permissions: ['Read', 'Write'] }],
        },
      ],
    }),
  );
});

afterAll(async () => {
  await pki?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** In a process of its own, which cannot become root again. */
async function checkAsOtherUser() {
  const [program, main] = cardgate;
  const words = [main, 'check-config', configuration, '--user', 'daemon', '--json'];
  const { exitCode, stdout } = await runClient(program, words);
  const { faults } = JSON.parse(stdout) as { readonly faults: readonly { readonly setting: string }[] };
  return { exitCode, settings: faults.map(({ setting }) => setting) };
}

it.skipIf(!isRoot)('a configuration that the user cannot read is a fault', async () => {
  expect(await checkAsOtherUser()).toMatchObject({ exitCode: 2 });
});

it.skipIf(!isRoot)('files that the user cannot read and folders that it cannot write are faults', async () => {
  await chmod(folder, 0o755);
  const { exitCode, settings } = await checkAsOtherUser();
  expect(exitCode).toBe(2);
  for (const setting of ['audit.file', 'retrieval.cacheDirectory', 'directories[0].bindPasswordFile']) {
    expect(settings).toContain(setting);
  }
});
