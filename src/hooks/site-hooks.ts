/**
 * The hooks of one site. Each is asked within its deadline and its turns, so that one that hangs holds up no more than the events it is asked
 * about; without an answer its policy decides. What a hook says is for the operator, and its word counts only for a refusal: it grants nothing.
 */
import type { Clock } from '../clock.ts';
import { errorMessage } from '../error-message.ts';
import type { CountedWarnings } from '../operations/counted-warnings.ts';
import type { Logger } from '../operations/log.ts';
import { readHookAnswer } from './hook-answer.ts';
import type { HookEvent, HookName } from './hook-event.ts';
import type { HookSettings } from './hook-settings.ts';
import { HookTurns } from './hook-turns.ts';
import type { HookTransport } from './program-hook.ts';

export type HookDecision =
  | { readonly outcome: 'allowed' }
  /** The reason is for the operator. */
  | { readonly outcome: 'refused' | 'unavailable'; readonly hook: string; readonly reason: string };

export interface SiteHook {
  readonly settings: Pick<HookSettings, 'timeout' | 'maximumConcurrent' | 'maximumWaiting' | 'whenUnavailable'>;
  readonly transport: HookTransport;
}

export interface SiteHooksOptions {
  readonly site: string;
  readonly hooks: ReadonlyMap<HookName, SiteHook>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly warnings: CountedWarnings;
}

export class SiteHooks {
  readonly #options: SiteHooksOptions;
  readonly #turns: ReadonlyMap<HookName, HookTurns>;

  constructor(options: SiteHooksOptions) {
    this.#options = options;
    this.#turns = new Map(
      Array.from(options.hooks, ([name, { settings }]) => [
        name,
        new HookTurns(settings.maximumConcurrent, settings.maximumWaiting),
      ]),
    );
  }

  has(name: HookName): boolean {
    return this.#options.hooks.has(name);
  }

  /** @param signal gives the question up @returns `allowed` where there is no such hook @throws the reason of the signal */
  async ask(event: HookEvent, signal?: AbortSignal): Promise<HookDecision> {
    const hook = this.#options.hooks.get(event.hook);
    const turns = this.#turns.get(event.hook);
    if (!hook || !turns) return { outcome: 'allowed' };
    const { transport, settings } = hook;
    const deadline = AbortSignal.timeout(settings.timeout);
    const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
    try {
      const { site, clock } = this.#options;
      const body = JSON.stringify({ time: clock.now().toISOString(), site, ...event });
      const answer = readHookAnswer(await turns.run(() => transport.ask(body, either), either));
      return answer.allow
        ? { outcome: 'allowed' }
        : { outcome: 'refused', hook: transport.name, reason: answer.reason };
    } catch (error) {
      signal?.throwIfAborted();
      const reason = deadline.aborted ? `no answer within ${settings.timeout} ms` : errorMessage(error);
      return this.#unavailable(event, hook, reason);
    }
  }

  close(): void {
    this.#options.warnings.endWindow();
    for (const { transport } of this.#options.hooks.values()) transport.close();
  }

  #unavailable(
    { hook: name, connectionId }: HookEvent,
    { transport, settings }: SiteHook,
    reason: string,
  ): HookDecision {
    const { logger, warnings } = this.#options;
    const { whenUnavailable } = settings;
    warnings.warn(logger, 'hook-unavailable', {
      hook: name,
      asked: transport.name,
      connectionId,
      reason,
      whenUnavailable,
    });
    if (whenUnavailable === 'continue') return { outcome: 'allowed' };
    return { outcome: 'unavailable', hook: transport.name, reason };
  }
}
