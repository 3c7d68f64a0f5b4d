/**
 * Which site a control connection comes to where several share its address and port: the one that HOST names (RFC 7151), else the one
 * that SNI names in the handshake (RFC 6066 3), else the default. HOST may be said anew until TLS begins, or a login in the clear. From
 * then on the connection stays where it is: its handshake asked for a certificate in the name of that site, and proves nothing to another.
 */
import type { Socket } from 'node:net';
import { type Denial, denial } from '../../denial.ts';
import { type AddressAdmission, admissionOf, recordDeniedAddress } from '../admission/admission.ts';
import type { HostNames } from '../listening/host-names.ts';
import type { ServedConnection, ServedSite, SiteEntry } from '../listening/served-site.ts';
import { fullLines } from '../listening/turning-away.ts';
import type { ConnectionPeer } from '../proxy/connection-peer.ts';
import { reply } from '../reply.ts';
import type { FtpServerOptions } from '../server-options.ts';
import { peekClientHello } from '../tls/client-hello.ts';
import { recordRefusal } from './control-audit.ts';
import { HeldLines } from './held-lines.ts';
import type { Entered, HostNaming } from './host-naming.ts';

/** What a connection is given where there is a choice. */
export interface HostChoice {
  readonly hosts: HostNames;
  /** To be called when a site counts the connection. */
  readonly leave: () => void;
}

/** The connection that comes to a site. */
export interface ChoosingConnection extends ServedConnection {
  readonly peer: ConnectionPeer;
  /** From now on it is served by this site. @param refusal why no login is granted to its address */
  serveBy(entry: SiteEntry, refusal: Denial | undefined): void;
}

/** A record of TLS 1.2 with a fatal alert (RFC 8446 6): unrecognized_name. */
const unrecognizedName = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

export class SiteChoice implements HostNaming {
  readonly #hosts: HostNames;
  readonly #connection: ChoosingConnection;
  readonly #raw: Socket;
  /** For the log of the site, when it is settled. */
  readonly lines = new HeldLines();
  #leave: () => void;
  /** Named by HOST, or settled. */
  #site: ServedSite | undefined;
  #isSettled = false;
  /** A client that repeats itself must not fill the trail. */
  readonly #recorded = new Set<ServedSite | 'host-changed'>();

  constructor({ hosts, leave }: HostChoice, connection: ChoosingConnection, raw: Socket) {
    this.#hosts = hosts;
    this.#leave = leave;
    this.#connection = connection;
    this.#raw = raw;
    void connection.closed.then(() => this.#leave());
  }

  async byHost(host: string, isOf: (options: FtpServerOptions) => boolean): Promise<Entered> {
    const bound = this.#hosts.siteOf(host);
    const { defaultSite } = this.#hosts;
    const current = this.#isSettled ? this.#site : defaultSite;
    const site = bound ?? (current && isOf(current.options) ? current : undefined);
    if (site !== undefined && site === this.#site) return 'entered';
    if (this.#isSettled) {
      this.#recordChange(host);
      return 'refused';
    }
    return site ? this.#enter(site) : 'refused';
  }

  /** Reads the ClientHello that comes now. @returns whether TLS may begin; else the connection ends, and its record says why */
  async byHandshake(): Promise<boolean> {
    const { options } = this.#connection;
    const hello = await peekClientHello(this.#raw, options.site.connections.handshakeTimeout);
    if (this.#connection.isEnding) return false;
    if (hello === 'none') {
      recordRefusal(this.#connection, denial('tls-handshake-failed', 'No ClientHello came on the control connection.'));
      this.#connection.destroy('tls-handshake-failed');
      return false;
    }
    const comes = await this.#byName(hello === 'unreadable' ? undefined : hello.serverName);
    if (!comes && !this.#connection.isEnding) {
      // In the words of TLS itself (RFC 6066 3).
      this.#raw.end(unrecognizedName, () => this.#connection.destroy('host-refused'));
    }
    return comes && !this.#connection.isEnding;
  }

  /** @param name from SNI */
  async #byName(name: string | undefined): Promise<boolean> {
    const named = name === undefined ? undefined : this.#hosts.siteOf(name);
    if (this.#site) {
      if (name !== undefined && named && named !== this.#site && (await this.#isAdmittedTo(named))) {
        recordRefusal(this.#connection, hostChanged(name));
        return false;
      }
      this.#settle(this.#site);
      return true;
    }
    const sites = [named, this.#hosts.defaultSite].filter((site) => site !== undefined);
    for (const site of sites) {
      const entered = await this.#enter(site);
      if (entered === 'entered') this.#settle(site);
      if (entered !== 'refused') return entered === 'entered';
    }
    // A site that does not admit the address has said so.
    if (sites.length === 0) recordRefusal(this.#connection, hostUnknown(name));
    return false;
  }

  async byLogin(): Promise<boolean> {
    if (this.#isSettled) return true;
    const site = this.#site ?? this.#hosts.defaultSite;
    const entered = this.#site ? 'entered' : site ? await this.#enter(site) : 'refused';
    if (site && entered === 'entered') this.#settle(site);
    else if (entered === 'refused') this.refuseLogin(hostUnknown(undefined));
    return entered === 'entered';
  }

  refuseLogin(refusal: Denial): void {
    const reference = recordRefusal(this.#connection, refusal);
    this.#connection.end(refusal.code, reply('notLoggedIn', `Login not permitted, reference ${reference}.`));
  }

  /** The connection is over: what it said is of the site that it came to, else of the default. */
  finish(): void {
    this.lines.release(this.#connection.options.siteLog);
  }

  /** An address that a site does not admit learns nothing of it: the site is as one that is not there. */
  async #enter(site: ServedSite): Promise<Entered> {
    const { peer, binding } = this.#connection;
    const admission = await admissionOf(site.options, peer);
    if (this.#connection.isEnding) return 'ended';
    const shut = shutBy(admission);
    if (shut) {
      if (!this.#recorded.has(site)) recordDeniedAddress(site.options, binding, peer, shut);
      this.#recorded.add(site);
      return 'refused';
    }
    if (site.isFull(peer)) {
      site.tellFull(this.#raw, peer);
      this.#endFull(site);
      return 'ended';
    }
    this.#leave();
    this.#leave = site.hold(this.#connection, site.enter(peer));
    if (this.#site) this.lines.forget();
    this.#site = site;
    this.#connection.serveBy(site, admission.outcome === 'denied' ? admission.denial : undefined);
    return 'entered';
  }

  #endFull({ options: { site } }: ServedSite): void {
    // When TLS is about to begin the client cannot read it, and the connection is cut.
    if (site.connections.resetOnMaxConnections) this.#raw.resetAndDestroy();
    else this.#connection.end('connection-refused', reply('unavailable', ...fullLines(site)));
  }

  async #isAdmittedTo(site: ServedSite): Promise<boolean> {
    return !shutBy(await admissionOf(site.options, this.#connection.peer));
  }

  #settle(site: ServedSite): void {
    this.#site = site;
    this.#isSettled = true;
    this.lines.release(this.#connection.options.siteLog);
  }

  #recordChange(host: string): void {
    if (!this.#recorded.has('host-changed')) recordRefusal(this.#connection, hostChanged(host));
    this.#recorded.add('host-changed');
  }
}

/** @returns why the connection may not come to the site */
function shutBy(admission: AddressAdmission): Denial | undefined {
  const isShut = admission.outcome === 'denied' && admission.action !== 'refuseLogin';
  return isShut ? admission.denial : undefined;
}

/** Characters of a name in a record; no host has more. */
const maximumHost = 255;

/** @param name as the client sent it */
function hostUnknown(name: string | undefined): Denial {
  const said = name === undefined ? 'The client named no host' : 'No site here has the host that the client named';
  return denial('host-unknown', `${said}, and no site here serves this client without one.`, {
    host: name?.slice(0, maximumHost),
  });
}

function hostChanged(name: string): Denial {
  return denial('host-changed', 'The client named the host of another site when its own was settled.', {
    host: name.slice(0, maximumHost),
  });
}
