/**
 * The commands as an administrator types them, with what they print: every script beside this file (its language: script.ts).
 * UPDATE_SCRIPTS=1 writes what the commands print now into the scripts, for a reader to compare.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandOutcome, runCase } from './run-script.ts';
import { parseScript } from './script.ts';
import { withOutcomes } from './update-script.ts';
import { type World, worlds } from './worlds.ts';

const update = process.env['UPDATE_SCRIPTS'] !== undefined;
const running = new Map<string, Promise<World>>();

function worldNamed(name: string): Promise<World> {
  const start = worlds[name];
  if (!start) throw new Error(`there is no world ${name}`);
  const world = running.get(name) ?? start();
  running.set(name, world);
  return world;
}

afterAll(async () => {
  for (const world of running.values()) await (await world).stop();
});

const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.txt'));

describe.each(names)('%s', (name) => {
  const path = join(import.meta.dirname, name);
  const text = readFileSync(path, 'utf8');
  const script = parseScript(text);
  const outcomes: CommandOutcome[] = [];
  let world: World;

  beforeAll(async () => {
    world = await worldNamed(script.world);
  });
  afterAll(() => {
    if (update) writeFileSync(path, withOutcomes(text, outcomes));
  });

  it.for(script.cases)('$title', async (scriptCase, { skip }) => {
    if (world.obstacle !== undefined) skip(world.obstacle);
    const own = await runCase(script, scriptCase, world, { goOn: update });
    outcomes.push(...own);
    if (update) return;
    for (const { line, actual, expected } of own) expect(actual, `line ${line}`).toBe(expected);
  });
});
