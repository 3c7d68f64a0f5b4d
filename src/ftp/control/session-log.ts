/**
 * What the site log hears of one control connection: a line for each command once it is answered, whatever runs beside it, and one for
 * each channel that is opened or closed. While the site has no log, it remembers what lines need once a log is turned on.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { type Clock, millisecondsSince, type Timer } from '../../clock.ts';
import { type DenialCode, denialEntry } from '../../denial.ts';
import type { LoginFacts } from '../../login/authenticator.ts';
import type { LogEntry, LoggedCertificate } from '../../operations/site-log/log-fields.ts';
import {
  statusOfDenial,
  statusOfEnd,
  statusOfReply,
  success,
  type WindowsStatus,
} from '../../operations/site-log/windows-status.ts';
import { encodeOctets } from '../../storage/octet-text.ts';
import type { StorageErrorKind } from '../../storage/storage.ts';
import type { AcceptedConnection } from '../proxy/connection-peer.ts';
import { statusOfStorage } from '../storage-status.ts';
import type { SiteLines } from './held-lines.ts';
import type { Session } from './session.ts';

/** The control connection as its log sees it. */
export interface LoggedConnection {
  readonly id: string;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly session: Session;
  readonly settings: { readonly workingDirectory: string };
  readonly options: { readonly clock: Clock; readonly timer: Timer };
}

export interface LoggedCommand {
  readonly verb: string;
  readonly argument: string;
}

interface ControlPorts {
  readonly client: number | undefined;
  readonly server: number | undefined;
}

/** Behind a proxy the port of the client is not known. */
export function portsOf({ raw, peer }: Pick<AcceptedConnection, 'raw' | 'peer'>): ControlPorts {
  return { client: peer.proxyAddress === undefined ? raw.remotePort : undefined, server: raw.localPort };
}

/** A command that is not answered yet. */
interface Running {
  readonly command: LoggedCommand;
  readonly startedAt: number;
  readonly sentBefore: number;
  readonly receivedBefore: number;
  /** Served while another runs, whose octets are not its own. */
  readonly isBeside: boolean;
  replyOctets: number;
  code?: number;
  denial?: DenialCode;
  cause?: WindowsStatus;
  path?: string;
  isDone: boolean;
}

const loggedIn = 230;
const firstError = 400;
const notUnderstood = 500;
const notImplementedParameter = 504;

/** Commands whose argument is a secret. */
const secret: ReadonlySet<string> = new Set(['PASS', 'ACCT']);
const hidden = '***';

/** Tells the commands of one connection apart, an urgent one and the transfer it interrupts. */
const running = new AsyncLocalStorage<Running>();

export class SessionLog {
  readonly #log: SiteLines;
  readonly #control: LoggedConnection;
  readonly #ports: ControlPorts;
  #main: Running | undefined;
  #certificate: LoggedCertificate | undefined;
  #host: string | undefined;
  /** Refused outside of any command, for the line of the channel that it ends. */
  #controlDenial: DenialCode | undefined;
  #dataDenial: DenialCode | undefined;
  #openData = 0;

  /** Says that the control channel is open. */
  constructor(log: SiteLines, control: LoggedConnection, ports: ControlPorts) {
    this.#log = log;
    this.#control = control;
    this.#ports = ports;
    log.channel(this.#channel('ControlChannelOpened', ports.server, success));
  }

  /** Runs a command and writes its line. */
  async command(command: LoggedCommand, run: () => Promise<void>): Promise<void> {
    if (!this.#log.isOn) {
      await run();
      return;
    }
    const { options, bytesSent, bytesReceived } = this.#control;
    const isBeside = this.#main !== undefined;
    const one: Running = {
      command,
      startedAt: options.timer(),
      sentBefore: bytesSent,
      receivedBefore: bytesReceived,
      isBeside,
      replyOctets: 0,
      isDone: false,
    };
    if (!isBeside) this.#main = one;
    try {
      await running.run(one, run);
    } finally {
      one.isDone = true;
      if (!isBeside) this.#main = undefined;
      this.#log.command(this.#entryOf(one));
    }
  }

  replied(code: number, octets: number): void {
    const one = this.#current();
    if (!one) return;
    one.code = code;
    one.replyOctets += octets;
  }

  /** Of several refusals of one command the first is its cause. */
  refused(code: DenialCode): void {
    if (!this.#log.isOn) return;
    const isData = denialEntry(code).stage === 'data-channel';
    const one = this.#current() ?? (isData ? this.#main : undefined);
    if (one) one.denial ??= code;
    if (!isData) {
      if (!one) this.#controlDenial ??= code;
    } else if (this.#openData > 0) this.#dataDenial ??= code;
    else if (!one) this.#log.channel(this.#channel('DataChannelClosed', undefined, statusOfDenial(code), code));
  }

  /** A storage operation failed. */
  failed(kind: StorageErrorKind): void {
    const one = this.#current();
    if (one) one.cause ??= statusOfStorage(kind);
  }

  /** What a command was really about. @param path virtual */
  concerned(path: string): void {
    const one = this.#current();
    if (one) one.path ??= path;
  }

  /** A login was decided, for or against the client. */
  decided({ certificate, revocation, account }: LoginFacts): void {
    this.#certificate = certificate && { ...certificate, revocation, account };
  }

  /** The client named the host it wants to speak to, and the site has that name. */
  hostChosen(name: string): void {
    this.#host = name;
  }

  dataChannel(socket: Socket): void {
    const port = socket.localPort;
    this.#openData += 1;
    this.#log.channel(this.#channel('DataChannelOpened', port, success));
    socket.once('close', () => {
      this.#openData -= 1;
      const code = this.#dataDenial;
      this.#dataDenial = undefined;
      this.#log.channel(this.#channel('DataChannelClosed', port, code ? statusOfDenial(code) : success, code));
    });
  }

  /** @param reason as in the record of the session */
  ended(reason: string): void {
    const code = this.#controlDenial;
    const status = code ? statusOfDenial(code) : statusOfEnd(reason);
    this.#log.channel(this.#channel('ControlChannelClosed', this.#ports.server, status, code));
  }

  /** The command that this is part of. What a listener does long after its command belongs to none. */
  #current(): Running | undefined {
    const one = running.getStore();
    return one?.isDone === false ? one : undefined;
  }

  #entryOf(one: Running): LogEntry {
    const { command, startedAt, isBeside, code, denial } = one;
    const { options, bytesSent, bytesReceived, settings } = this.#control;
    const { win32, subStatus } = statusOf(one);
    return {
      ...this.#common(),
      serverPort: this.#ports.server,
      method: command.verb,
      argument: argumentOf(one),
      status: code,
      win32Status: win32,
      subStatus,
      bytesSent: one.replyOctets + (isBeside ? 0 : Math.max(0, bytesSent - one.sentBefore)),
      bytesReceived: lineOctets(command) + (isBeside ? 0 : Math.max(0, bytesReceived - one.receivedBefore)),
      durationMilliseconds: millisecondsSince(startedAt, options.timer),
      // Of a login, IIS tells where it leads.
      fullPath: one.path ?? (code === loggedIn ? settings.workingDirectory : undefined),
      denial,
    };
  }

  #channel(method: string, serverPort: number | undefined, status: WindowsStatus, denial?: DenialCode): LogEntry {
    return {
      ...this.#common(),
      serverPort,
      method,
      win32Status: status.win32,
      subStatus: status.subStatus,
      bytesSent: 0,
      bytesReceived: 0,
      durationMilliseconds: 0,
      denial,
    };
  }

  #common() {
    const { id, remoteAddress, localAddress, session, options } = this.#control;
    return {
      at: options.clock.now(),
      clientAddress: remoteAddress,
      clientPort: this.#ports.client,
      userName: session.state === 'authenticated' ? session.login.accountName : undefined,
      host: this.#host,
      serverAddress: localAddress,
      session: id,
      certificate: session.state === 'plain' ? undefined : this.#certificate,
    };
  }
}

/** What a refusal was about says more than the storage, and that more than the reply. */
function statusOf({ code = 0, denial, cause }: Running): WindowsStatus {
  if (code < firstError) return success;
  if (denial) return statusOfDenial(denial);
  return cause ?? statusOfReply(code);
}

/** What follows a word that is no command may be a password behind a slip of the keys. */
function argumentOf({ command: { verb, argument }, code = 0 }: Running): string | undefined {
  if (argument === '') return undefined;
  const isUnknown =
    code === notUnderstood || (verb === 'SITE' && code >= notUnderstood && code <= notImplementedParameter);
  return secret.has(verb) || isUnknown ? hidden : argument;
}

function lineOctets({ verb, argument }: LoggedCommand): number {
  const end = 2;
  return encodeOctets(argument === '' ? verb : `${verb} ${argument}`).length + end;
}

/** ERROR_CONNECTION_COUNT_LIMIT, and the sub-status that IIS has for its limit. */
const full: WindowsStatus = { win32: 1238, subStatus: 19 };

/** @returns the line of a client that was turned away because the site is full */
export function lineOfTurnedAway({ raw, peer }: Pick<AcceptedConnection, 'raw' | 'peer'>, at: Date): LogEntry {
  const ports = portsOf({ raw, peer });
  return {
    at,
    clientAddress: peer.remoteAddress,
    clientPort: ports.client,
    serverAddress: peer.localAddress,
    serverPort: ports.server,
    session: '',
    method: 'ControlChannelClosed',
    win32Status: full.win32,
    subStatus: full.subStatus,
    bytesSent: 0,
    bytesReceived: 0,
    durationMilliseconds: 0,
  };
}
