/** A card that signs TLS 1.2 through the OpenSSL engine, in a process of its own that ends with the trial. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childNodeArguments } from '../../operations/node-child.ts';
import type { SecretPin } from '../token/secret-pin.ts';
import { TrialStop } from './control-dialogue.ts';
import { type EngineAnswer, type EngineRequest, isEngineAnswer, type UnlockRequest } from './engine-protocol.ts';
import type { FtpsSessionOptions } from './ftps-session.ts';
import { finding } from './trial-findings.ts';
import type { TrialStep } from './trial-steps.ts';

export class EngineCard {
  readonly #child: ChildProcess;
  readonly #silenceMilliseconds: number;
  readonly #answers: EngineAnswer[] = [];
  #hasEnded = false;
  #wake: () => void = () => undefined;

  /** @param silenceMilliseconds how long the process may say nothing; it is ended then */
  constructor(silenceMilliseconds: number) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const script = fileURLToPath(new URL(`./engine-process.${extension}`, import.meta.url));
    this.#silenceMilliseconds = silenceMilliseconds;
    this.#child = fork(script, {
      execArgv: [...childNodeArguments, ...process.execArgv],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child
      .on('message', (message) => {
        if (isEngineAnswer(message)) this.#answers.push(message);
        this.#wake();
      })
      // A request that comes too late is answered by the end of the process.
      .on('error', () => undefined)
      .once('exit', () => {
        this.#hasEnded = true;
        this.#wake();
      });
  }

  /** Sends the PIN to the card, once. @throws TrialStop */
  async unlock(request: Omit<UnlockRequest, 'kind' | 'pin'>, pin: SecretPin): Promise<void> {
    await this.#next();
    pin.use((text) => this.#ask({ kind: 'unlock', ...request, pin: text }));
    const answer = await this.#next();
    if (answer.kind === 'refused') throw new TrialStop(answer.finding);
  }

  /**
   * @param hear is told each step as it is taken, one after another
   * @returns whether everything that was tried worked
   * @throws TrialStop
   */
  async run(options: FtpsSessionOptions, hear: (step: TrialStep) => Promise<void>): Promise<boolean> {
    this.#ask({ kind: 'session', ...options });
    for (;;) {
      const answer = await this.#next();
      if (answer.kind === 'finished') return answer.works;
      if (answer.kind === 'step') await hear(answer.step);
    }
  }

  /** By force: the engine damages its memory when a login fails, and crashes on the way out. */
  end(): void {
    this.#child.kill('SIGKILL');
  }

  #ask(request: EngineRequest): void {
    if (this.#child.connected) this.#child.send(request);
  }

  async #next(): Promise<EngineAnswer> {
    const answer = this.#answers.shift() ?? (await this.#awaited());
    if (answer) return answer;
    const how = this.#hasEnded ? 'the process with the OpenSSL engine ended' : `${this.#silenceMilliseconds} ms`;
    throw new TrialStop(finding(this.#hasEnded ? 'token-fault' : 'card-silent', how));
  }

  async #awaited(): Promise<EngineAnswer | undefined> {
    if (!this.#hasEnded)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#silenceMilliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    return this.#answers.shift();
  }
}
