/**
 * The FTPS server of one site: its connections, whether they came by a listener of its own or by one that it shares, their renewal, and
 * their end. It knows nothing of certificates or accounts.
 */
import type { Milliseconds } from '../settings/units.ts';
import { type RecheckCounts, recheckAll } from './control/recheck-round.ts';
import { closing, farewellTime, type ListeningAddress } from './listening/listener.ts';
import { Listeners } from './listening/listeners.ts';
import { ServedSite } from './listening/served-site.ts';
import type { FtpServerOptions, RenewableOptions } from './server-options.ts';
import { SessionKin } from './tls/session-tickets.ts';

export interface FtpServer {
  /** Control connections open now. */
  readonly connectionCount: number;
  /** @returns where it listens, in the order of the bindings @throws when a binding or the TLS identity cannot be used */
  listen(): Promise<readonly ListeningAddress[]>;
  /** From now on connections are served by these, at the bindings that are there; connections that are there keep what they began with. @throws when the TLS identity cannot be used */
  renew(options: RenewableOptions): void;
  /** Decides every running login once more, within some seconds; another call takes the place of a round that runs. */
  recheckLogins(): Promise<RecheckCounts>;
  /**
   * Stops accepting, ends idle connections at once and busy ones after their command. Called again it may shorten the time.
   * @param drainTime after which transfers are given up, and soon after the rest is cut
   */
  close(drainTime: Milliseconds): Promise<void>;
}

/** @param listeners of all sites of the process; sites that share an address and port are made before any of them listens */
export function createFtpServer(initial: FtpServerOptions, listeners: Listeners = new Listeners(initial)): FtpServer {
  const site = new ServedSite(initial);
  const { connections } = site;
  const own = listeners.join(site);
  let round = new AbortController();

  return {
    get connectionCount() {
      return connections.size;
    },
    async listen() {
      checkIdentity(site.options);
      const ports = await Promise.allSettled(own.map((listener) => listener.listen()));
      const failed = ports.find((result) => result.status === 'rejected');
      if (failed) {
        await listeners.leave(site, 0 as Milliseconds);
        throw failed.reason;
      }
      return site.options.site.bindings.flatMap(({ address, tls, hostName }, index) => {
        const found = ports[index];
        return found?.status === 'fulfilled' ? [{ address, port: found.value, tls, hostName }] : [];
      });
    },
    renew(renewed) {
      checkIdentity(renewed);
      site.options = { ...site.options, ...renewed };
    },
    recheckLogins() {
      round.abort();
      round = new AbortController();
      const watches = Array.from(connections, ({ session }) =>
        session.state === 'authenticated' ? session.watch : [],
      );
      return recheckAll(watches.flat(), round.signal);
    },
    async close(drainTime) {
      round.abort();
      const left = listeners.leave(site, drainTime);
      for (const connection of connections) connection.drain('server-closing', closing);
      // A transfer that is given up is answered by 426 and 421; what does not end by that is cut.
      const giveUp = setTimeout(() => {
        for (const connection of connections) void connection.abortTransfer();
      }, drainTime);
      const cut = setTimeout(() => {
        for (const connection of connections) connection.destroy('server-closing');
      }, drainTime + farewellTime);
      await Promise.all([left, ...Array.from(connections, (connection) => connection.closed)]);
      clearTimeout(giveUp);
      clearTimeout(cut);
      site.endWarnings();
    },
  };
}

/** A certificate that does not fit its key must stop the start or the reload, not every login. @throws Error of OpenSSL */
export function checkIdentity(options: RenewableOptions): void {
  new SessionKin().contextsFor(options);
}
