/** The examples of the documents work: configurations pass check-config, and commands are understood by the command line. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { documents, root } from '../../../scripts/reference/documents.ts';
import { systemClock } from '../../../src/clock.ts';
import { program } from '../../../src/commands/program.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { ConfigurationError, formatFault } from '../../../src/config/yaml/fault.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

interface Example {
  readonly name: string;
  readonly text: string;
}

/** Rule sets are tested with the language they are written in. */
const examples = (language: string): readonly Example[] =>
  documents()
    .filter((file) => !file.startsWith('mappings/') && file !== 'CHANGELOG.md')
    .flatMap((file) =>
      Array.from(
        readFileSync(join(root, file), 'utf8').matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm')),
        ([, text = ''], index) => ({ name: `${file}, ${language} example ${index + 1}`, text }),
      ),
    );

describe('configurations', () => {
  type Tree = Readonly<Record<string, unknown>>;
  let pki: TestPki;
  let folder: string;
  let firstSite: Tree;

  beforeAll(async () => {
    pki = await createTestPki();
    folder = await mkdtemp(join(tmpdir(), 'cardgate-examples-'));
    const pem = (name: string, source: string) => writeFileSync(join(folder, name), readFileSync(source));
    for (const name of ['corp-root.pem', 'smartcard-root.pem', 'policy-ca.pem']) pem(name, pki.files.root);
    pem('smartcard-issuing.pem', pki.files.issuing);
    pem('issuing.crl', pki.files.issuingCrl);
    pem('server.pem', pki.files.serverChain);
    pem('gateway.pem', pki.files.serverChain);
    for (const name of ['server.key', 'gateway.key'])
      writeFileSync(join(folder, name), pki.server.privateKeyPem, { mode: 0o600 });
    writeFileSync(join(folder, 'bind-password'), 'secret\n', { mode: 0o600 });
    const served = ['srv/files', 'srv/reports', 'srv/archive/2026', 'srv/hooks'];
    for (const name of [...served, 'var/log/cardgate/files', 'var/cache/cardgate', 'run/cardgate'])
      mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'srv/hooks/clamd-hook.py'), '', { mode: 0o700 });
    await cp(join(root, 'mappings'), join(folder, 'mappings'), { recursive: true });
    const [first] = examples('yaml').filter(({ name }) => name.startsWith('docs/administration/install.md'));
    firstSite = parse(first?.text ?? '') as Tree;
  });

  afterAll(async () => {
    await pki?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(examples('yaml'))('$name passes check-config, put into the first site', ({ text }) => {
    const file = join(folder, 'cardgate.yaml');
    const settings = stringify(merged(firstSite, parse(text) as Tree));
    writeFileSync(file, settings.replace(/(?<=[:-] )(?=\/(?:srv|var|run)\/)/g, folder));
    expect(faultsOf(file)).toEqual([]);
  });

  /** An example tells what differs from the first site: objects are merged, as is each site; all else takes the place of what was. */
  function merged(base: Tree, changes: Tree): Tree {
    const entries = Object.entries(changes).map(([name, value]) => {
      const former = base[name];
      if (name === 'sites') return [name, (value as Tree[]).map((one) => merged((former as Tree[])[0]!, one))];
      const isTree = (tree: unknown): tree is Tree => typeof tree === 'object' && tree !== null && !Array.isArray(tree);
      // Rules and a remote service exclude each other; the same for modes of isolation and what belongs to them.
      const isWhole = ['mapping', 'userIsolation'].includes(name);
      return [name, !isWhole && isTree(former) && isTree(value) ? merged(former, value) : value];
    });
    return { ...base, ...Object.fromEntries(entries) };
  }

  function faultsOf(file: string): readonly string[] {
    try {
      loadConfiguration(file, systemClock, 'check');
      return [];
    } catch (error) {
      if (error instanceof ConfigurationError) return error.faults.map(formatFault);
      throw error;
    }
  }
});

describe('commands', () => {
  const lines = examples('sh').flatMap(({ name, text }) =>
    expanded(text)
      .filter((words) => words.includes('cardgate') && words[0] !== 'docker')
      .map((words) => ({ name, words: words.slice(words.indexOf('cardgate') + 1) })),
  );

  it.each(lines)('$name: cardgate $words', async ({ words }) => {
    const command = program(() => undefined);
    const ran = withoutActions(command);
    const ends = words.includes('--version') ? 'commander.version' : undefined;
    const outcome = command.parseAsync([...words], { from: 'user' }).then(
      () => (ran.size === 1 ? undefined : 'no command was run'),
      (error: { readonly code?: string }) => error.code,
    );
    expect(await outcome).toBe(ends);
  });

  /** Every command of the tree only notes that it was called. */
  function withoutActions(command: Command): ReadonlySet<Command> {
    const ran = new Set<Command>();
    const silence = (one: Command) => {
      one.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
      if (one.commands.length === 0) one.action(() => void ran.add(one));
      for (const child of one.commands) silence(child);
    };
    silence(command);
    return ran;
  }

  /** The words of each simple command: enough of a shell for comments, quotes, variables of the example, && and pipes. */
  function expanded(script: string): readonly (readonly string[])[] {
    const variables = new Map<string, string>();
    return script.split('\n').flatMap((line) => {
      const [, name, value] = /^(\w+)='([^']*)'$/.exec(line) ?? [];
      if (name !== undefined) variables.set(name, value ?? '');
      const words = line
        .replace(/(^|\s)#.*/, '')
        .replace(/\$(\w+)/g, (_all, variable: string) => variables.get(variable) ?? '')
        .split(/&&|[|<>]/);
      return words.map((part) =>
        Array.from(
          part.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g),
          ([, single, double, bare]) => single ?? double ?? bare ?? '',
        ),
      );
    });
  }
});
