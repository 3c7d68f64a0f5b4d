/** What the parts of `scripts/mutate` tell each other: mutants, what was found out about them, and the task of a worker. */

export interface Mutant {
  readonly id: string;
  /** Path in the repository. */
  readonly file: string;
  readonly line: number;
  /** The kind of change, in Stryker’s words. */
  readonly kind: string;
  readonly original: string;
  readonly replacement: string;
}

/** `late`: a test took too long or never ended, which counts as killed. `uncovered`: no test runs the place. */
export type Verdict = 'killed' | 'late' | 'survived' | 'uncovered';

/** What a worker is to do; it stands in the file that the variable `planVariable` names. */
export interface Plan {
  readonly testFiles: readonly string[];
  /** Of the mutants to judge, in this order. */
  readonly mutantIds: readonly string[];
  /** By the id of each mutant of the run, judged or not, its file. */
  readonly files: Readonly<Record<string, string>>;
  /** Where the measured coverage is kept. Without that file the worker measures, and judges nothing. */
  readonly coverageFile: string;
  /** Where the worker appends what it finds out, a JSON object a line. */
  readonly notesFile: string;
  /** A file that the worker touches every second, unless a mutant keeps it in an endless loop. */
  readonly pulseFile: string;
  /** How many milliseconds of tests each mutant meets at most, the quickest tests first. */
  readonly patienceMs: number;
}

export const planVariable = 'CARDGATE_MUTATION_PLAN';

/**
 * A line of the notes. `begun` stands before a verdict, so that a worker that dies names its mutant. After `spoiled` the
 * mutant has broken what the tests share, and the worker ends itself: the verdict may be the fault of an earlier mutant.
 */
export type Note =
  | { readonly begun: string }
  | { readonly spoiled: string }
  | { readonly judged: string; readonly verdict: Verdict }
  | { readonly unusable: string };
