/** Sites of IIS, imported by the command, served by one gateway, and logged into by card, by password, or by no account at all. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readVector, skipReason } from '../../conformance/vectors.ts';
import { cardgate } from '../../support/built-program.ts';
import { ControlClient } from '../../support/control-client.ts';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { iisFile, thumbprint } from '../../support/iis-files.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { runInProcess } from '../../support/run-in-process.ts';

let pki: TestPki;
let ada: Person;
let folder: string;
let gateway: Gateway;

const card = `<security><ssl serverCertHash="${thumbprint}" /><authentication><clientCertAuthentication enabled="true" /></authentication><sslClientCertificates clientCertificatePolicy="CertRequire" useActiveDirectoryMapping="true" validationFlags="NoRevocationCheck" /></security>`;
const sample = (name: string) => (skipReason ? '' : readVector(`iis/samples/${name}`).toString('utf8'));
const withRules = (file: string, rules: string) =>
  file.replace(
    '</configuration>',
    `<location path="ftp.example.com"><system.ftpServer><security><authorization>${rules}</authorization></security></system.ftpServer></location></configuration>`,
  );
const allowAda = '<add accessType="Allow" users="CORP\\ada" permissions="Read, Write" />';

/** Name of the site -> file of IIS, what USER of a client with ada’s certificate gets, and what more is asked. */
const cases: Readonly<
  Record<
    string,
    { readonly file: string; readonly user: number; readonly asks?: readonly (readonly [string, string])[] }
  >
> = {
  'published sample for certificates': {
    file: withRules(sample('ref-site.security.authentication.clientCertAuthentication.xml'), allowAda),
    user: 230,
  },
  'the same without a rule': {
    file: sample('ref-site.security.authentication.clientCertAuthentication.xml'),
    user: 530,
  },
  'the same with a Deny behind the Allow': {
    file: withRules(
      sample('ref-site.security.authentication.clientCertAuthentication.xml'),
      `${allowAda}<add accessType="Deny" users="*" permissions="Read, Write" />`,
    ),
    user: 530,
  },
  'published sample for certificate and password': {
    file: withRules(sample('ref-site.security.sslClientCertificates.xml'), allowAda).replace(
      'useActiveDirectoryMapping="false"',
      '$& validationFlags="NoRevocationCheck"',
    ),
    user: 331,
  },
  'published sample with messages, which has no certificate': {
    file: withRules(sample('ref-site.messages.xml'), allowAda),
    user: 530,
    asks: [['PASS secret', '503']],
  },
  'a virtual directory, filters, and a rule for a path': {
    file: iisFile({
      ftpServer: card,
      folders:
        '<application path="/"><virtualDirectory path="/" physicalPath="D:\\files" /><virtualDirectory path="/reports" physicalPath="D:\\reports" /></application>',
      after:
        '<location path="files/closed"><system.ftpServer><security><authorization><add accessType="Deny" users="*" permissions="Read" /></authorization></security></system.ftpServer></location>' +
        '<system.ftpServer><security><requestFiltering><hiddenSegments><add segment="hidden" /></hiddenSegments></requestFiltering></security></system.ftpServer>',
    }),
    user: 230,
    asks: [
      ['SIZE /reports/a.txt', '213 6'],
      ['SIZE /open.txt', '213 5'],
      ['CWD /closed', '550'],
      ['CWD /hidden', '550'],
      ['CWD /reports', '250'],
    ],
  },
  'a provider that decided about access': {
    file: iisFile({
      ftpServer: card.replace(
        '</security>',
        '<customAuthorization><provider name="My" /></customAuthorization></security>',
      ),
    }),
    user: 530,
  },
};

beforeAll(async () => {
  if (skipReason) return;
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  folder = await mkdtemp(join(tmpdir(), 'cardgate-imported-'));
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  for (const name of ['files', 'files/closed', 'files/hidden', 'reports']) await mkdir(join(folder, name));
  await write('files/open.txt', 'plain');
  await write('reports/a.txt', 'report');
  await write('rules.yaml', 'rules:\n  - { name: one-to-one, map: certificate }\n');
  const sha256 = createHash('sha256').update(ada.der).digest('hex');
  await write('accounts.yaml', stringify({ accounts: [{ name: 'ada', certificates: [sha256] }] }));
  await write(
    'directories.yaml',
    stringify({ directories: [{ name: 'corp', type: 'file', accounts: 'accounts.yaml' }] }),
  );
  const { serverChain, serverKey, root, issuing } = pki.files;
  const sites: unknown[] = [];
  let directories: unknown;
  for (const [index, { file }] of Object.values(cases).entries()) {
    await write('applicationHost.config', file);
    const output = join(folder, `${index}.yaml`);
    const words = ['import-iis', join(folder, 'applicationHost.config'), '--output', output];
    const folders = ['--map', `D:=${folder}`, '--map', `c:\\inetpub\\www.example.com=${join(folder, 'files')}`];
    const trust = [
      '--certificate',
      `${serverChain},${serverKey}`,
      '--trust-anchor',
      root,
      '--mapping-rules',
      'rules.yaml',
    ];
    const done = await runInProcess([...words, ...folders, ...trust, '--directory', join(folder, 'directories.yaml')]);
    expect(done).toMatchObject({ exitCode: 0 });
    const configuration = parse(await readFile(output, 'utf8')) as {
      directories: unknown;
      sites: Record<string, object>[];
    };
    directories = configuration.directories;
    // All in one process: each at a free port, under a name of its own. Clients send the issuing CA’s certificate or not.
    sites.push(
      ...configuration.sites.map((site) => ({
        ...site,
        name: `site-${index}`,
        bindings: [{ address: '127.0.0.1', port: 0 }],
        sslClientCertificates: { ...site['sslClientCertificates'], intermediates: [issuing] },
      })),
    );
  }
  expect(sites).toHaveLength(Object.keys(cases).length);
  const configuration = join(folder, 'cardgate.yaml');
  await writeFile(
    configuration,
    stringify({ audit: { file: 'audit.jsonl' }, log: { file: 'log' }, directories, sites }),
  );
  gateway = await startGateway({ command: cardgate, configuration });
});
afterAll(async () => {
  await gateway?.stop();
  await pki?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

describe.skipIf(skipReason)('a site that was imported', () => {
  it.each(Object.entries(cases))('%s', async (name, { user, asks = [] }) => {
    const port = gateway.ports[Object.keys(cases).indexOf(name)] ?? 0;
    const client = await ControlClient.connect(port);
    await client.reply();
    await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
    expect((await client.command('USER ada')).code).toBe(user);
    for (const [command, reply] of asks) {
      const { text } = await client.command(command);
      expect(`${command}: ${text}`).toContain(`${command}: ${reply}`);
    }
    client.destroy();
  });
});
