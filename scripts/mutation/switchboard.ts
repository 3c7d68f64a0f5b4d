/** The global object through which mutated sources learn which mutant is active, and say which ones were run. */

interface Switchboard {
  activeMutant?: string | undefined;
  /** Under which name the places that are run are noted. */
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  /** After so many runs of the mutant its code throws: an endless loop ends. */
  hitLimit?: number | undefined;
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> };
}

const holder = globalThis as { __stryker__?: Switchboard };
holder.__stryker__ ??= {};
const switchboard = holder.__stryker__;
/** Read by the mutated sources of processes that a test starts. */
const childVariable = '__STRYKER_ACTIVE_MUTANT__';

/** @param hitLimit how often the mutant may run before its code throws */
export function activate(mutantId: string, hitLimit: number): void {
  switchboard.activeMutant = mutantId;
  switchboard.hitCount = 0;
  switchboard.hitLimit = hitLimit;
  process.env[childVariable] = mutantId;
}

export function deactivate(): void {
  switchboard.activeMutant = undefined;
  switchboard.hitCount = undefined;
  delete process.env[childVariable];
}

/** From here on places are noted under this name. */
export function noteUnder(name: string): void {
  switchboard.currentTestId = name;
}

/** @returns by name how often each mutant was run */
export function notedRuns(): Readonly<Record<string, Readonly<Record<string, number>>>> {
  return switchboard.mutantCoverage?.perTest ?? {};
}
