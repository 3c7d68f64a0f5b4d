/** The steps of a trial as they are taken, in the order a help desk asks for them. */
import type { TrialFinding } from './trial-findings.ts';

export const stepNames = {
  modules: 'modules',
  cards: 'cards',
  connection: 'connection',
  greeting: 'greeting',
  tls: 'TLS',
  'server-certificate': 'server certificate',
  'certificate-request': 'certificate request',
  certificate: 'certificate',
  choice: 'choice',
  pin: 'PIN',
  login: 'login',
  list: 'list',
  upload: 'upload',
  download: 'download',
  delete: 'delete',
} as const;

type StepName = keyof typeof stepNames;

export interface TrialStep {
  readonly step: StepName;
  /** `no`: it failed, or speaks against the certificate. `skipped`: it was not needed, or not asked for. */
  readonly verdict: 'ok' | 'no' | 'skipped';
  /** One line, printable. */
  readonly text: string;
  /** Further lines, printable. */
  readonly details: readonly string[];
  readonly findings: readonly TrialFinding[];
}

/** The trial is over; why is recorded already. */
export class TrialEnded extends Error {
  override readonly name = 'TrialEnded';
}

/** Keeps the steps and tells each at once. */
export class TrialRecorder {
  readonly steps: TrialStep[] = [];
  readonly #tell: (step: TrialStep) => void;

  constructor(tell: (step: TrialStep) => void) {
    this.#tell = tell;
  }

  ok(step: StepName, text: string, details: readonly string[] = [], findings: readonly TrialFinding[] = []): void {
    this.add({ step, verdict: 'ok', text, details, findings });
  }

  no(step: StepName, text: string, findings: readonly TrialFinding[], details: readonly string[] = []): void {
    this.add({ step, verdict: 'no', text, details, findings });
  }

  /** Records why the trial cannot go on. To be thrown. */
  ended(
    step: StepName,
    text: string,
    found: TrialFinding,
    details: readonly string[] = [],
    doubts: readonly TrialFinding[] = [],
  ): TrialEnded {
    this.no(step, text, [found, ...doubts], details);
    return new TrialEnded(found.code);
  }

  skipped(step: StepName, text: string, findings: readonly TrialFinding[] = []): void {
    this.add({ step, verdict: 'skipped', text, details: [], findings });
  }

  add(step: TrialStep): void {
    this.steps.push(step);
    this.#tell(step);
  }
}
