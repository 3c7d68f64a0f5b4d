/**
 * The steps of a decision, recorded while it is taken. `cardgate explain` prints them; a login passes `unrecorded`.
 * A step holds facts for the operator only; nothing in it is ever sent to an FTP client.
 */
export type FactValue = string | number | boolean | readonly string[];
export type Facts = Readonly<Record<string, FactValue | undefined>>;

export type Stage =
  | 'connection'
  | 'certificate'
  | 'revocation'
  | 'mapping'
  | 'directory'
  | 'account'
  | 'authorization'
  | 'data-channel';

export interface Step {
  readonly stage: Stage;
  /** What was looked at, in a few words: `signature`, `name constraints`, `rule by-sid`. */
  readonly check: string;
  readonly verdict: 'passed' | 'failed' | 'skipped' | 'noted';
  /** The clause that demands the check, such as `RFC 5280 6.1.3 (a)(1)`. */
  readonly citation?: string | undefined;
  readonly facts?: Facts | undefined;
}

export interface StepRecorder {
  /** Searches that only explain may be made too. Absent on the login path, which makes none. */
  readonly looksFurther?: true;
  record(step: Step): void;
}

export const unrecorded: StepRecorder = { record: () => undefined };

export interface RecordedStep extends Step {
  /** Milliseconds since the recording began; absent when no timer was given. */
  readonly atMilliseconds?: number;
}

/**
 * @param timer a monotonic count of milliseconds, such as `performance.now`
 * @param further whether the operator who reads the steps may be shown what an account holds that was not found
 */
export function recordingSteps(
  timer?: () => number,
  further: Pick<StepRecorder, 'looksFurther'> = {},
): StepRecorder & { readonly steps: readonly RecordedStep[] } {
  const steps: RecordedStep[] = [];
  const startedAt = timer?.() ?? 0;
  return {
    ...further,
    steps,
    record: (step) => void steps.push(timer ? { ...step, atMilliseconds: timer() - startedAt } : step),
  };
}
