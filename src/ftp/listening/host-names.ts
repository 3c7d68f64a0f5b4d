/**
 * The sites of one address and port, by the host names that clients call them (SNI, RFC 6066 3; HOST, RFC 7151). One of them may have no
 * name there: it serves clients that name none, or one that no site has.
 */
import { denial } from '../../denial.ts';
import type { AuditTrail } from '../../operations/audit.ts';
import type { Logger } from '../../operations/log.ts';
import type { FtpServerOptions } from '../server-options.ts';
import { type FtpSettings, receptionSettings } from '../server-settings.ts';
import { SessionKin } from '../tls/session-tickets.ts';
import type { ServedSite, SiteEntry } from './served-site.ts';

/** What belongs to no site. */
export interface CommonParts {
  readonly audit: AuditTrail;
  readonly logger: Logger;
}

export class HostNames {
  readonly #common: CommonParts;
  readonly #named = new Map<string, ServedSite>();
  #defaultSite: ServedSite | undefined;
  #reception: { readonly of: FtpServerOptions; readonly entry: SiteEntry } | undefined;

  constructor(common: CommonParts) {
    this.#common = common;
  }

  get defaultSite(): ServedSite | undefined {
    return this.#defaultSite;
  }

  /** Each once. */
  get sites(): readonly ServedSite[] {
    return [...new Set([...(this.#defaultSite ? [this.#defaultSite] : []), ...this.#named.values()])];
  }

  /** There where no client has a choice. */
  get onlySite(): ServedSite | undefined {
    return this.#named.size === 0 ? this.#defaultSite : undefined;
  }

  /** @param hostName in lower case; undefined: of clients that name no other */
  add(site: ServedSite, hostName: string | undefined): void {
    if (hostName !== undefined) this.#named.set(hostName, site);
    else this.#defaultSite = site;
  }

  remove(site: ServedSite): void {
    if (this.#defaultSite === site) this.#defaultSite = undefined;
    for (const [name, named] of this.#named) if (named === site) this.#named.delete(name);
  }

  /** @param name in whatever case, with or without a dot at its end */
  siteOf(name: string): ServedSite | undefined {
    return this.#named.get(name.toLowerCase().replace(/\.$/u, ''));
  }

  /**
   * What a client is served by that has named no host: the words and times of the default. Without one it meets nothing that belongs
   * to a site, and nothing logs it in. Made once for the options of now, for each connection asks.
   */
  reception(): SiteEntry {
    const first = this.#defaultSite ?? this.#named.values().next().value;
    if (!first) throw new Error('a listener without a site');
    if (this.#reception?.of !== first.options) {
      const options = this.#defaultSite ? first.options : this.#withoutSite(first.options);
      this.#reception = { of: first.options, entry: { options, kin: new SessionKin(), peers: [] } };
    }
    return this.#reception.entry;
  }

  #withoutSite(first: FtpServerOptions): FtpServerOptions {
    const { siteLog: _siteLog, hooks: _hooks, statuses: _statuses, ...common } = first;
    return {
      ...common,
      ...this.#common,
      site: receptionOf(first.site),
      identity: { certificate: '', privateKey: '', caNames: [] },
      authenticator: {
        authenticate: async () => ({ outcome: 'denied', denial: hostUnnamed, reference: '' }),
      },
      openStorage: () => Promise.reject(new Error('files of no site')),
    };
  }
}

/** What the sites of one address and port have in common, check-config sees to it. */
function receptionOf({ messages: { consentBanner }, proxyProtocol }: FtpSettings): FtpSettings {
  const common = receptionSettings();
  return { ...common, proxyProtocol, messages: { ...common.messages, consentBanner } };
}

const hostUnnamed = denial('host-unknown', 'The client named no host.');
