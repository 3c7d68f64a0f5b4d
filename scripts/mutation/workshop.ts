/** A copy of this checkout in which mutants may live, and the instrumenter that makes them, at a version that is written here. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const repository = resolve(import.meta.dirname, '../..');
const cache = process.env['CARDGATE_MUTATE_CACHE'] ?? join(homedir(), '.cache', 'cardgate-mutate');
/** Of this run alone: another may work beside it. */
export const workshop = join(cache, `workshop-${process.pid}`);
export const testData = process.env['CARDGATE_TESTDATA'] ?? join(repository, '..', 'shared', 'testdata');

const instrumenter = '@stryker-mutator/instrumenter';
const version = '10.1.1';
const tools = join(cache, `instrumenter-${version}`);
export const instrumenterModule = join(tools, 'node_modules', instrumenter, 'dist/src/index.js');

/** Files of this checkout, new ones too, by their paths in it. */
export function checkoutFiles(): readonly string[] {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  return execFileSync('git', listing, { cwd: repository, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(repository, path)));
}

/** Installs the instrumenter unless it is there, and copies the sources. @throws Error with what npm said */
export function prepareWorkshop(): void {
  if (!existsSync(instrumenterModule)) {
    mkdirSync(tools, { recursive: true });
    const words = [
      'install',
      '--prefix',
      tools,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `${instrumenter}@${version}`,
    ];
    const { status, stderr } = spawnSync('npm', words, { cwd: tools, encoding: 'utf8' });
    if (status !== 0) throw new Error(`npm ${words.join(' ')} ended with ${status}:\n${stderr}`);
  }
  process.on('exit', () => rmSync(workshop, { recursive: true, force: true }));
  for (const file of checkoutFiles()) {
    mkdirSync(dirname(join(workshop, file)), { recursive: true });
    cpSync(join(repository, file), join(workshop, file));
  }
  symlinkSync(join(repository, 'node_modules'), join(workshop, 'node_modules'));
}
