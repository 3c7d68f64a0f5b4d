/** One hook with its turns and the questions that are under way: where another takes its place, it is closed behind the last of them. */
import type { HookSettings } from './hook-settings.ts';
import { HookTurns } from './hook-turns.ts';
import type { HookTransport } from './program-hook.ts';

export interface SiteHook {
  readonly settings: Pick<HookSettings, 'timeout' | 'maximumConcurrent' | 'maximumWaiting' | 'whenUnavailable'>;
  readonly transport: HookTransport;
}

export class HookInUse {
  readonly settings: SiteHook['settings'];
  readonly #transport: HookTransport;
  readonly #turns: HookTurns;
  #questions = 0;
  #whenIdle: (() => void) | undefined;

  constructor({ settings, transport }: SiteHook) {
    this.settings = settings;
    this.#transport = transport;
    this.#turns = new HookTurns(settings.maximumConcurrent, settings.maximumWaiting);
  }

  /** For messages. */
  get name(): string {
    return this.#transport.name;
  }

  /** @throws Error without an answer; the reason of the signal */
  async ask(event: string, signal: AbortSignal): Promise<unknown> {
    this.#questions += 1;
    try {
      return await this.#turns.run(() => this.#transport.ask(event, signal), signal);
    } finally {
      this.#questions -= 1;
      if (this.#questions === 0) this.#whenIdle?.();
    }
  }

  /** Questions that were asked have their answers. @param closed hears when the hook is closed, which may be at once */
  retire(closed: () => void): void {
    this.#whenIdle = () => {
      this.#transport.close();
      closed();
    };
    if (this.#questions === 0) this.#whenIdle();
  }

  close(): void {
    this.#transport.close();
  }
}
