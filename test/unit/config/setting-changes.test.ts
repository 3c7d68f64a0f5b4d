/** Every setting is either renewed at SIGHUP or named as needing a restart, and changes are found whether they stand in the file or in what it names. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { configurationJsonSchema } from '../../../src/config/schema.ts';
import { settingChanges } from '../../../src/config/setting-changes.ts';
import { effectEntryOf, settingEffects } from '../../../src/config/setting-effects.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

/** Every setting that holds no other settings, as `sites[].bindings[].port`. */
function leaves(schema: Schema, setting: string): readonly string[] {
  const inner = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].filter(holdsSettings);
  if (inner.length > 0) return inner.flatMap((choice) => leaves(choice, setting));
  if (schema.properties) {
    return Object.entries(schema.properties).flatMap(([name, property]) =>
      leaves(property, setting ? `${setting}.${name}` : name),
    );
  }
  if (schema.items && holdsSettings(schema.items)) return leaves(schema.items, `${setting}[]`);
  return [setting];
}

const holdsSettings = ({ properties, items, oneOf, anyOf }: Schema): boolean =>
  properties !== undefined ||
  [items, ...(oneOf ?? []), ...(anyOf ?? [])].some((inner) => inner && holdsSettings(inner));

const allLeaves = [...new Set(leaves(configurationJsonSchema() as Schema, ''))];

describe('the table of effects', () => {
  it('knows more than a hundred settings', () => expect(allLeaves.length).toBeGreaterThan(100));

  it.each(allLeaves)('has an entry for %s', (leaf) => {
    expect(effectEntryOf(leaf)).toBeDefined();
  });

  it.each(Object.keys(settingEffects))('has no entry for what is no setting: %s', (entry) => {
    expect(allLeaves.some((leaf) => effectEntryOf(leaf) === entry)).toBe(true);
  });
});

let pki: TestPki;
let folder: string;
beforeAll(async () => {
  pki = await createTestPki();
  folder = mkdtempSync(join(tmpdir(), 'cardgate-changes-'));
  mkdirSync(join(folder, 'files'));
  writeFileSync(join(folder, 'server.pem'), readFileSync(pki.files.serverChain));
  writeFileSync(join(folder, 'rules.yaml'), 'rules:\n  - { name: exact, map: certificate }\n');
  writeFileSync(join(folder, 'accounts.yaml'), 'accounts:\n  - { name: ada }\n');
  writeFileSync(join(folder, 'retrieval-ca.pem'), readFileSync(pki.files.root));
});
afterAll(async () => {
  await pki.remove();
  rmSync(folder, { recursive: true, force: true });
});

const text = () => `
audit: { file: audit.jsonl }
retrieval: { certificateAuthorities: [retrieval-ca.pem] }
directories: [{ name: local, type: file, accounts: accounts.yaml }]
sites:
  - name: files
    bindings: [{ address: 127.0.0.1, port: 2121 }]
    physicalPath: files
    ssl: { serverCertificate: server.pem, serverCertificateKey: ${pki.files.serverKey} }
    sslClientCertificates: { trustAnchors: [${pki.files.root}], intermediates: [${pki.files.issuing}], crlFiles: [${pki.files.issuingCrl}, ${pki.files.rootCrl}] }
    directories: [local]
    mapping: { rules: rules.yaml }
    authorization: [{ users: '*', permissions: [Read] }]
`;

function load(content: string) {
  const file = join(folder, 'cardgate.yaml');
  writeFileSync(file, content);
  return loadConfiguration(file, systemClock);
}

describe('changes', () => {
  it.each<[string, (content: string) => string, string, string]>([
    ['a port', (content) => content.replace('2121', '2122'), 'sites[files].bindings', 'restart'],
    ['the audit file', (content) => content.replace('audit.jsonl', 'other.jsonl'), 'audit.file', 'restart'],
    ['an optional setting that is new', (content) => `${content}log: { file: log }\n`, 'log.file', 'restart'],
    ['a right', (content) => content.replace('[Read]', '[Read, Write]'), 'sites[files].authorization', 'renewed'],
    [
      'a limit',
      (content) => `${content}    connections: { maxConnections: 5 }\n`,
      'sites[files].connections',
      'renewed',
    ],
  ])('are found in the file: %s', (_case, change, setting, effect) => {
    expect(settingChanges(load(text()), load(change(text())), 'serve')).toEqual([{ setting, effect }]);
  });

  it.each([
    ['server.pem', 'sites[files].ssl', 'renewed'],
    ['rules.yaml', 'sites[files].mapping', 'renewed'],
    ['accounts.yaml', 'directories[local]', 'renewed'],
    ['retrieval-ca.pem', 'retrieval.certificateAuthorities', 'restart'],
  ])('are found in the content of a file it names: %s', (name, setting, effect) => {
    const before = load(text());
    const content = readFileSync(join(folder, name));
    writeFileSync(join(folder, name), `${content}\n`);
    expect(settingChanges(before, load(text()), 'serve')).toEqual([{ setting, effect }]);
    writeFileSync(join(folder, name), content);
  });

  it('are none where only a comment or the order of settings differs', () => {
    expect(settingChanges(load(text()), load(`# comment\n${text()}`), 'serve')).toEqual([]);
  });

  it('of the FTPS side are nothing to the mapping service', () => {
    const changes = settingChanges(load(text()), load(text().replace('2121', '2122')), 'serve-mapping');
    expect(changes).toEqual([{ setting: 'sites[files].bindings', effect: 'unused' }]);
  });

  it('tell of a new site and a new directory by their names', () => {
    const site = text()
      .slice(text().indexOf('  - name: files'))
      .replace('name: files', 'name: more')
      .replace('2121', '2122');
    const more = text().replace(
      'directories: [{',
      'directories: [{ name: second, type: file, accounts: accounts.yaml }, {',
    );
    const changes = settingChanges(load(text()), load(more + site), 'serve');
    expect(changes).toEqual([
      { setting: 'directories[second]', effect: 'renewed' },
      { setting: 'sites[more]', effect: 'restart' },
    ]);
  });

  it('of a site that came after the start need a restart, whatever changes in it', () => {
    const site = text().slice(text().indexOf('  - name: files'));
    const more = text() + site.replace('name: files', 'name: more').replace('2121', '2122');
    const changed = `${more.slice(0, -'[Read] }]\n'.length)}[Read, Write] }]\n`;
    expect(settingChanges(load(more), load(changed), 'serve', load(text()))).toEqual([
      { setting: 'sites[more]', effect: 'restart' },
    ]);
  });

  it('of listeners are told by where they listen, not by their places', () => {
    const listener = (port: number, certificate: string) =>
      `{ address: 127.0.0.1, port: ${port}, certificate: ${certificate}, certificateKey: ${pki.files.serverKey}, callerAuthorities: [retrieval-ca.pem] }`;
    const listening = (...listeners: string[]) => load(`${text()}mappingService: { listeners: [${listeners}] }\n`);
    const [first, second] = [listener(8443, 'server.pem'), listener(8444, 'server.pem')];
    const started = listening(first, second);
    expect(settingChanges(started, listening(second, first), 'serve-mapping')).toEqual([]);
    const another = listener(8444, pki.files.serverChain);
    expect(settingChanges(started, listening(another, first), 'serve-mapping')).toEqual([
      { setting: 'mappingService.listeners[127.0.0.1 port 8444].certificate', effect: 'renewed' },
    ]);
    expect(settingChanges(started, listening(listener(8445, 'server.pem'), first), 'serve-mapping')).toEqual([
      { setting: 'mappingService.listeners[127.0.0.1 port 8444]', effect: 'restart' },
      { setting: 'mappingService.listeners[127.0.0.1 port 8445]', effect: 'restart' },
    ]);
    expect(settingChanges(started, listening(first), 'serve')).toEqual([
      { setting: 'mappingService.listeners[127.0.0.1 port 8444]', effect: 'unused' },
    ]);
  });
});
