/** The addresses and ports of a process: sites that have one in common share its listener. */
import { DescriptorReserve } from '../../operations/descriptors.ts';
import type { Milliseconds } from '../../settings/units.ts';
import type { Binding } from '../server-settings.ts';
import type { CommonParts } from './host-names.ts';
import { Listener } from './listener.ts';
import type { ServedSite } from './served-site.ts';

export class Listeners {
  readonly #common: CommonParts;
  readonly #reserve = new DescriptorReserve();
  /** By address and port. */
  readonly #shared = new Map<string, Listener>();
  readonly #used = new Map<ServedSite, ReadonlySet<Listener>>();

  constructor(common: CommonParts) {
    this.#common = common;
  }

  /**
   * To be called for every site before any of them listens: a client that comes between meets the wrong one.
   * @returns the listeners of the site, in the order of its bindings
   */
  join(site: ServedSite): readonly Listener[] {
    const listeners = site.options.site.bindings.map((binding) => this.#listenerFor(binding));
    site.options.site.bindings.forEach(({ hostName }, index) => {
      listeners[index]?.join(site, hostName);
    });
    this.#used.set(site, new Set(listeners));
    return listeners;
  }

  /** @returns when nothing is left at the addresses and ports that no other site has */
  async leave(site: ServedSite, drainTime: Milliseconds): Promise<void> {
    const used = this.#used.get(site) ?? [];
    await Promise.all(Array.from(used, (listener) => listener.leave(site, drainTime)));
    this.#used.delete(site);
    if (this.#used.size === 0) this.#reserve.close();
  }

  #listenerFor(binding: Binding): Listener {
    // Each port that the system finds is another one.
    if (binding.port === 0) return new Listener(binding, this.#common, this.#reserve);
    const key = `${binding.address} ${binding.port}`;
    const listener = this.#shared.get(key) ?? new Listener(binding, this.#common, this.#reserve);
    this.#shared.set(key, listener);
    return listener;
  }
}
