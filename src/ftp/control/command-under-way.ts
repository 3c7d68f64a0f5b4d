/** The command that a control connection runs, so that the end of the connection can wait for its answer and its record. */
import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds for which a connection that is gone waits for the record of its last command: a file system may hang. */
const patience = 2000;

export class CommandUnderWay {
  #work: Promise<void> | undefined;

  /** @param work never rejects */
  async run(work: Promise<void>): Promise<void> {
    this.#work = work;
    await work;
    this.#work = undefined;
  }

  /** Resolves when the last command is over, or after two seconds. */
  async settled(): Promise<void> {
    if (this.#work) await Promise.race([this.#work, delay(patience, undefined, { ref: false })]);
  }
}
