/** A copy of this checkout in which mutants may live: its own sources, modules and Stryker, at versions that are written here. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '../..');
export const workshop = join(homedir(), '.cache', 'cardgate-mutate');

const strykerVersion = '10.1.1';
const stryker = ['core', 'vitest-runner'].map((name) => `@stryker-mutator/${name}@${strykerVersion}`);

/** Files of this checkout, new ones too, by their paths in it. */
export function checkoutFiles(): readonly string[] {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  return execFileSync('git', listing, { cwd: repository, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(repository, path)));
}

/** Installs modules and Stryker unless they are there. @throws Error with what npm said */
export function installStryker(): void {
  const lock = readFileSync(join(repository, 'package-lock.json'), 'utf8') + stryker.join();
  const mark = join(workshop, 'installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(workshop, { recursive: true });
  copySources();
  cpSync(join(repository, 'node_modules'), join(workshop, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  const words = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', ...stryker];
  const { status, stderr } = spawnSync('npm', words, { cwd: workshop, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${words.join(' ')} ended with ${status}:\n${stderr}`);
  writeFileSync(mark, lock);
}

/** The sources as they are in this checkout: a run that was cut off leaves its mutants behind. */
export function copySources(): void {
  for (const folder of ['src', 'test']) rmSync(join(workshop, folder), { recursive: true, force: true });
  for (const file of checkoutFiles()) {
    mkdirSync(dirname(join(workshop, file)), { recursive: true });
    cpSync(join(repository, file), join(workshop, file));
  }
}
