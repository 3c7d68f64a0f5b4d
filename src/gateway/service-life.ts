/** How long a service runs: until a signal ends it, or the loss of its log or audit trail does. */
import { actUponSignals } from './process-signals.ts';

export interface ServiceLife {
  /** SIGHUP. */
  readonly reload: () => void;
  /** SIGHUP, SIGUSR1 and SIGUSR2: log and audit file were moved away. */
  readonly reopen: () => void;
  /** Resolves with the reason when log or audit trail can never be written again. */
  readonly lost: Promise<string>;
}

export interface ServiceEnd {
  /** The signal, or what was lost. */
  readonly reason: string;
  readonly isFault: boolean;
  /** Resolves with the next signal: what still drains is to be cut off now. */
  readonly hurried: Promise<void>;
}

/** Signals that came before this call count too. */
export function untilStopped({ reload, reopen, lost }: ServiceLife): Promise<ServiceEnd> {
  const hurry = Promise.withResolvers<void>();
  return new Promise((resolve) => {
    let isEnding = false;
    let isReloadDue = false;
    const end = (reason: string, isFault: boolean) => {
      if (isEnding && !isFault) hurry.resolve();
      isEnding = true;
      resolve({ reason, isFault, hurried: hurry.promise });
    };
    actUponSignals({
      // A reload keeps the process busy for a moment: of signals that queued up meanwhile one is enough, and none once it ends.
      reload: () => {
        if (isReloadDue) return;
        isReloadDue = true;
        setImmediate(() => {
          isReloadDue = false;
          reopen();
          if (!isEnding) reload();
        });
      },
      reopen,
      stop: (signal) => end(signal, false),
    });
    void lost.then((reason) => end(reason, true));
  });
}
