/**
 * One control connection: its sockets, its TLS upgrade, its timers and its end. command-loop.ts runs its commands one after another;
 * which there are, the table in command.ts knows.
 */
import type { Socket } from 'node:net';
import { type Denial, denial } from '../../denial.ts';
import type { Logger } from '../../operations/log.ts';
import { createReference } from '../../operations/reference.ts';
import type { Milliseconds } from '../../settings/units.ts';
import type { ControlProof, DataChannel } from '../data/data-channel.ts';
import { RunningTransfer } from '../data/running-transfer.ts';
import { prepareTcp } from '../data/tcp-options.ts';
import type { SiteEntry } from '../listening/served-site.ts';
import type { AcceptedConnection, ConnectionPeer } from '../proxy/connection-peer.ts';
import { type Reply, reply } from '../reply.ts';
import type { FtpServerOptions } from '../server-options.ts';
import { CommandLoop } from './command-loop.ts';
import { ConnectionTimers } from './connection-timers.ts';
import { type Control, greetingOf, initialSettings, type SessionSettings, transferParameters } from './control.ts';
import { recordRefusal, recordSessionEnd } from './control-audit.ts';
import { ControlSession } from './control-session.ts';
import { ControlTransport } from './control-transport.ts';
import { loopEvents } from './loop-events.ts';
import { ReplyWriter } from './reply-writer.ts';
import type { ControlTls, Session } from './session.ts';
import { portsOf, SessionLog } from './session-log.ts';
import { type ChoosingConnection, type HostChoice, SiteChoice } from './site-choice.ts';
import { partsOf, type ServingParts } from './site-parts.ts';

export class ControlConnection implements ChoosingConnection {
  readonly id = createReference();
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly proxyAddress: string | undefined;
  readonly peer: ConnectionPeer;
  addressRefusal: Denial | undefined;
  readonly choice: SiteChoice | undefined;
  readonly siteLog: SessionLog | undefined;
  readonly binding: string;
  readonly connectedAt: number;
  settings: SessionSettings = initialSettings();
  readonly sessionHolder = new ControlSession();
  bytesSent = 0;
  bytesReceived = 0;
  loginFailures = 0;
  clearLoginReported = false;
  readonly #closed = Promise.withResolvers<void>();
  readonly closed = this.#closed.promise;
  readonly #commands: CommandLoop;
  readonly #raw: Socket;
  readonly #transport: ControlTransport;
  #parts: ServingParts;
  #isImplicit = false;
  #isCleared = false;
  #ending: string | undefined;
  readonly #transfer = new RunningTransfer();
  readonly #replies: ReplyWriter;
  readonly #timers: ConnectionTimers;

  /** @param entry of its site, or of none while it has the choice @param choice where several sites have the address and port */
  constructor(accepted: AcceptedConnection, entry: SiteEntry, choice?: HostChoice) {
    const { raw, peer, binding, addressRefusal } = accepted;
    this.#raw = raw;
    this.peer = peer;
    this.#transport = new ControlTransport(raw, {
      onData: (chunk) => this.#commands.push(chunk),
      onEnd: () => this.#commands.endInput(),
      onLost: () => this.destroy('connection-lost'),
    });
    this.#replies = new ReplyWriter(this.#transport, () => this.destroy('unread-replies'));
    ({ remoteAddress: this.remoteAddress, localAddress: this.localAddress, proxyAddress: this.proxyAddress } = peer);
    this.binding = binding;
    this.addressRefusal = addressRefusal;
    this.#parts = partsOf(entry, this, raw);
    this.connectedAt = this.options.timer();
    this.#timers = new ConnectionTimers(this.options.site.connections, this);
    this.choice = choice && new SiteChoice(choice, this, raw);
    const lines = this.choice?.lines ?? this.options.siteLog;
    if (lines && !peer.isProxyItself) this.siteLog = new SessionLog(lines, this, portsOf(accepted));
    const parts = { replies: this.#replies, timers: this.#timers, transport: this.#transport };
    this.#commands = new CommandLoop(this.options.site.commandFiltering.maxCommandLine, loopEvents(this, parts));
    raw.once('close', () => void this.#release());
    raw.on('error', (error) => {
      this.log.debug('control-connection-lost', { error });
      this.destroy('connection-lost');
    });
    prepareTcp(raw);
    this.#timers.awaitLogin();
  }

  serveBy(entry: SiteEntry, refusal: Denial | undefined): void {
    this.#parts = partsOf(entry, this, this.#raw);
    this.addressRefusal = refusal;
    this.#commands.maximumLine = this.options.site.commandFiltering.maxCommandLine;
    this.#timers.goOnBy(this.options.site.connections);
  }

  /** Greets, on an implicit binding after the handshake. */
  async start(tls: 'explicit' | 'implicit'): Promise<void> {
    this.#isImplicit = tls === 'implicit';
    if (tls === 'explicit') {
      this.#transport.listen();
      this.#awaitCommand();
    } else if (!(await this.#secure())) return;
    this.send(greetingOf(this));
  }

  send(answer: Reply): void {
    const { code, octets } = this.#replies.send(answer);
    this.siteLog?.replied(code, octets);
  }

  beginReply(line: Reply): void {
    if (!this.#commands.isServingUrgent) this.#replies.begin(line);
  }

  async startTls(): Promise<void> {
    // What came in the clear must not run under TLS (command injection).
    this.#commands.clear();
    this.#transport.hush();
    this.send(reply('startTls', 'Ready for the TLS handshake.'));
    await this.#secure();
  }

  get mayLayDownTls(): boolean {
    return this.#transport.mayLayDownTls;
  }

  get isCleared(): boolean {
    return this.#isCleared;
  }

  async layDownTls(kept: 'login' | 'nothing'): Promise<void> {
    await this.#transport.layDownTls(() => {
      this.#commands.clear();
      this.#isCleared = kept === 'login';
      if (kept === 'nothing') this.#forgetTls();
      this.#awaitCommand();
    });
  }

  logOut(reason: 'reinitialized' | 'another-user', kept: 'nothing' | 'parameters'): void {
    const { session, settings } = this;
    const { proof, protection } = this.data;
    if (session.state === 'authenticated') {
      recordSessionEnd(this, reason);
      this.bytesSent = 0;
      this.bytesReceived = 0;
    }
    if (this.#isCleared) this.#forgetTls();
    else this.#begin(session.state === 'plain' ? undefined : session.tls, proof);
    if (kept === 'nothing') return;
    this.settings = transferParameters(settings);
    this.data.protection = protection;
  }

  end(reason: string, farewell?: Reply): void {
    if (this.#ending !== undefined) return;
    this.#ending = reason;
    this.#commands.clear();
    this.#transfer.giveUp();
    if (this.#transport.isChanging) return void this.#raw.destroy();
    if (farewell) this.send(farewell);
    // Through TLS, so that close_notify goes out before FIN.
    this.#transport.socket.end();
    this.#transport.socket.resume();
    this.#timers.awaitFarewell(() => this.#raw.destroy());
  }

  /** Ends the connection now when it is idle, and after the command that runs otherwise. */
  drain(reason: string, farewell: Reply): void {
    this.#commands.drain(reason, farewell);
  }

  destroy(reason: string): void {
    this.#ending ??= reason;
    this.#transfer.giveUp();
    this.#raw.destroy();
  }

  runTransfer<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#transfer.run((signal) => {
      this.#commands.transferBegins();
      if (this.#ending !== undefined) this.#transfer.giveUp();
      return work(signal);
    });
  }

  get options(): FtpServerOptions {
    return this.#parts.options;
  }

  get log(): Logger {
    return this.#parts.log;
  }

  get data(): DataChannel {
    return this.#parts.data;
  }

  get peers(): Iterable<Control> {
    return this.#parts.peers;
  }

  get session(): Session {
    return this.sessionHolder.now;
  }

  get idleTime(): Milliseconds {
    return this.#timers.idleTime;
  }

  set idleTime(time: Milliseconds) {
    this.#timers.idleTime = time;
  }

  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  get isTransferring(): boolean {
    return this.#transfer.isRunning;
  }

  get hasInputEnded(): boolean {
    return this.#commands.hasInputEnded;
  }

  heardAgain(): Promise<void> {
    return this.#commands.heardAgain();
  }

  abortTransfer(): Promise<boolean> {
    return this.#transfer.giveUpAndWait();
  }

  #awaitCommand(): void {
    this.#timers.awaitCommand(this.session.state === 'authenticated');
  }

  /** Under the site that the connection has come to when the handshake begins. */
  async #secure(): Promise<boolean> {
    if (this.choice && !(await this.choice.byHandshake())) return false;
    const isSecured = await this.#transport.secure(this.#parts, this.#isImplicit, (outcome, security) => {
      if (outcome.outcome === 'failed' || this.#ending !== undefined) {
        if (outcome.outcome === 'failed' && this.#ending === undefined)
          recordRefusal(this, denial('tls-handshake-failed', `TLS on the control connection: ${outcome.reason}.`));
        this.destroy('tls-handshake-failed');
        return false;
      }
      const { facts, peerCertificates } = outcome.handshake;
      this.#begin({ facts, peerCertificates }, { security, endEntity: peerCertificates[0] });
      return true;
    });
    if (isSecured) this.#awaitCommand();
    return isSecured;
  }

  #forgetTls(): void {
    this.#isCleared = false;
    this.#begin(undefined, undefined);
    this.#transport.closeSecurity();
  }

  /** The state before any command. On an implicit binding data connections are protected without one. */
  #begin(tls: ControlTls | undefined, proof: ControlProof | undefined): void {
    this.settings = initialSettings();
    this.idleTime = this.options.site.connections.controlChannelTimeout;
    this.data.reset('the client began its session anew');
    if (this.session.state === 'authenticated') this.#timers.awaitLogin();
    this.sessionHolder.reset();
    if (!tls) return;
    this.sessionHolder.secured(tls);
    this.data.proof = proof;
    if (!this.#isImplicit) return;
    this.data.protection = this.options.site.ssl.dataChannelPolicy === 'SslDeny' ? 'C' : 'P';
    this.settings.bufferSizeAgreed = true;
  }

  /** The record of a command under way comes before that of the session. */
  async #release(): Promise<void> {
    // What still runs must not start a timer or a listener, for nothing stops it.
    this.#ending ??= 'connection-lost';
    this.#timers.stop();
    this.#transfer.giveUp();
    this.data.reset('the control connection ended');
    this.#transport.closeSecurity();
    this.#commands.clear();
    await this.#commands.settled();
    // Balancers look whether the site is there every second.
    this.siteLog?.ended(this.#ending);
    this.choice?.finish();
    if (!this.peer.isProxyItself || this.session.state === 'authenticated') recordSessionEnd(this, this.#ending);
    this.#closed.resolve();
  }
}
