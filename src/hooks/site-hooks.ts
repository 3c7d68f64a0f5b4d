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
import { HookInUse, type SiteHook } from './hook-in-use.ts';

export type HookDecision =
  | { readonly outcome: 'allowed' }
  /** The reason is for the operator. */
  | { readonly outcome: 'refused' | 'unavailable'; readonly hook: string; readonly reason: string };

export interface SiteHooksOptions {
  readonly site: string;
  readonly hooks: ReadonlyMap<HookName, SiteHook>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly warnings: CountedWarnings;
}

export class SiteHooks {
  readonly #options: Omit<SiteHooksOptions, 'hooks'>;
  #hooks: ReadonlyMap<HookName, HookInUse>;
  /** Replaced, and closed when their last question is answered. */
  readonly #retired = new Set<HookInUse>();

  constructor({ hooks, ...options }: SiteHooksOptions) {
    this.#options = options;
    this.#hooks = new Map(Array.from(hooks, ([name, hook]) => [name, new HookInUse(hook)]));
  }

  /**
   * From the next event on, in sessions that are running, too. A question that is under way keeps the hook that it was put to.
   * @param hooks those that go on as they are keep their turns and connections
   */
  renew(hooks: ReadonlyMap<HookName, SiteHook | 'unchanged'>): void {
    const former = this.#hooks;
    const inUse = (name: HookName, hook: SiteHook | 'unchanged') =>
      hook === 'unchanged' ? former.get(name) : new HookInUse(hook);
    this.#hooks = new Map(
      Array.from(hooks, ([name, hook]) => [name, inUse(name, hook)] as const).flatMap(([name, hook]) =>
        hook ? [[name, hook] as const] : [],
      ),
    );
    for (const [name, hook] of former) {
      if (this.#hooks.get(name) === hook) continue;
      this.#retired.add(hook);
      hook.retire(() => this.#retired.delete(hook));
    }
  }

  has(name: HookName): boolean {
    return this.#hooks.has(name);
  }

  /** @param signal gives the question up @returns `allowed` where there is no such hook @throws the reason of the signal */
  async ask(event: HookEvent, signal?: AbortSignal): Promise<HookDecision> {
    const hook = this.#hooks.get(event.hook);
    if (!hook) return { outcome: 'allowed' };
    const { settings } = hook;
    const deadline = AbortSignal.timeout(settings.timeout);
    const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
    try {
      const { site, clock } = this.#options;
      const body = JSON.stringify({ time: clock.now().toISOString(), site, ...event });
      const answer = readHookAnswer(await hook.ask(body, either));
      return answer.allow ? { outcome: 'allowed' } : { outcome: 'refused', hook: hook.name, reason: answer.reason };
    } catch (error) {
      signal?.throwIfAborted();
      const reason = deadline.aborted ? `no answer within ${settings.timeout} ms` : errorMessage(error);
      return this.#unavailable(event, hook, reason);
    }
  }

  close(): void {
    this.#options.warnings.endWindow();
    for (const hook of [...this.#hooks.values(), ...this.#retired]) hook.close();
  }

  #unavailable({ hook: event, connectionId }: HookEvent, hook: HookInUse, reason: string): HookDecision {
    const { logger, warnings } = this.#options;
    const { name, settings } = hook;
    const { whenUnavailable } = settings;
    warnings.warn(logger, 'hook-unavailable', { hook: event, asked: name, connectionId, reason, whenUnavailable });
    if (whenUnavailable === 'continue') return { outcome: 'allowed' };
    return { outcome: 'unavailable', hook: name, reason };
  }
}
