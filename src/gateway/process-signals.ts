/**
 * The signals of the process. They are taken over by the first statement of main and kept until the command is ready for them:
 * Node opens its debugger upon a SIGUSR1 without a handler, and most others end the process without a record.
 */

/** Commands that run until they are stopped, by the words that name them. */
const services: readonly string[] = ['serve', 'serve-mapping', 'card insert', 'card ca serve'];

/** What a service does upon each signal. Untaken, SIGQUIT writes the memory of the process, and the TLS key with it, to disk. */
const meanings = {
  SIGHUP: 'reload',
  SIGUSR1: 'reopen',
  SIGUSR2: 'reopen',
  SIGTERM: 'stop',
  SIGINT: 'stop',
  SIGQUIT: 'stop',
} as const satisfies Partial<Record<NodeJS.Signals, string>>;

type TakenSignal = keyof typeof meanings;

export interface SignalActions {
  /** SIGHUP: read the configuration anew, and open log and audit file anew. */
  readonly reload?: () => void;
  /** SIGUSR1 and SIGUSR2: open log and audit file anew. */
  readonly reopen?: () => void;
  /** SIGTERM, SIGINT, SIGQUIT; each time one comes. */
  readonly stop: (signal: NodeJS.Signals) => void;
}

const waiting: TakenSignal[] = [];
let actions: SignalActions | undefined;
let taken = false;

/** @param words the arguments of the command line, the program's name left out */
export function runsUntilStopped(words: readonly string[]): boolean {
  const line = `${words.filter((word) => !word.startsWith('-')).join(' ')} `;
  return services.some((service) => line.startsWith(`${service} `));
}

/** Commands that end by themselves keep the default of every signal but SIGUSR1 and SIGUSR2, so that Ctrl-C ends them at once. */
export function takeSignals(words: readonly string[]): void {
  if (taken) return;
  taken = true;
  const signals = Object.keys(meanings) as TakenSignal[];
  const lasting = runsUntilStopped(words);
  for (const signal of signals) {
    if (lasting || meanings[signal] === 'reopen') process.on(signal, receive);
  }
}

/** From now on signals are acted upon, beginning with those that came before. */
export function actUponSignals(chosen: SignalActions): void {
  actions = chosen;
  for (const signal of waiting.splice(0)) act(chosen, signal);
}

function receive(signal: NodeJS.Signals): void {
  if (actions) act(actions, signal as TakenSignal);
  else waiting.push(signal as TakenSignal);
}

function act(chosen: SignalActions, signal: TakenSignal): void {
  const meaning = meanings[signal];
  if (meaning === 'stop') chosen.stop(signal);
  else chosen[meaning]?.();
}
