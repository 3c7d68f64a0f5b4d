/**
 * One question to several servers in order: the next is asked when one fails, or when those asked so far are silent. The first
 * answer counts; what the others say is not waited for.
 */

export interface FirstAnswerOptions<S> {
  /** Milliseconds of silence after which the next server is asked as well. */
  readonly patience: number;
  /** Whether a server said nothing at all, to any caller, during that time: one that is merely busy is not asked twice. */
  readonly isSilent: (server: S) => boolean;
  readonly onSilent: (server: S) => void;
  /** Failures after which every other server says the same. */
  readonly isFinal: (error: unknown) => boolean;
}

export interface Failure<S> {
  readonly server: S;
  readonly error: unknown;
}

/** No server is left to ask. */
export class NoAnswerError<S> extends Error {
  override readonly name = 'NoAnswerError';
  readonly failures: readonly Failure<S>[];
  constructor(failures: readonly Failure<S>[]) {
    super('no server answered');
    this.failures = failures;
  }
}

/**
 * @param ask the signal says that the answer is not needed any more; it must settle in bounded time by itself
 * @throws NoAnswerError, or the error that `isFinal`
 */
export function firstAnswer<S, T>(
  servers: readonly S[],
  ask: (server: S, signal: AbortSignal) => Promise<T>,
  { patience, isSilent, onSilent, isFinal }: FirstAnswerOptions<S>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const rest = new AbortController();
    const running = new Set<S>();
    const failures: Failure<S>[] = [];
    let next = 0;
    let timer: NodeJS.Timeout | undefined;

    const settle = (conclude: () => void) => {
      clearInterval(timer);
      conclude();
      rest.abort();
    };
    const askNext = () => {
      const server = servers[next];
      if (server === undefined) return;
      next += 1;
      running.add(server);
      ask(server, rest.signal).then(
        (answer) => settle(() => resolve(answer)),
        (error: unknown) => {
          if (rest.signal.aborted) return;
          running.delete(server);
          failures.push({ server, error });
          if (isFinal(error)) settle(() => reject(error));
          else if (next < servers.length) askNext();
          else if (running.size === 0) settle(() => reject(new NoAnswerError(failures)));
        },
      );
    };
    const judge = () => {
      if (rest.signal.aborted) return;
      const silent = [...running].filter(isSilent);
      if (silent.length < running.size) return;
      for (const server of silent) onSilent(server);
      askNext();
      if (next === servers.length) clearInterval(timer);
    };
    if (servers.length > 1) {
      // after a stall of our own, what the servers said meanwhile is read before they are judged
      timer = setInterval(() => setImmediate(judge), patience);
    }
    askNext();
    if (servers.length === 0) settle(() => reject(new NoAnswerError(failures)));
  });
}
