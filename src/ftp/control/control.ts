/** The control connection as commands see it, and what they set for the commands after them. */
import type { Denial } from '../../denial.ts';
import type { Logger } from '../../operations/log.ts';
import type { Milliseconds } from '../../settings/units.ts';
import type { DataChannel } from '../data/data-channel.ts';
import type { DigestAlgorithm } from '../data/digest.ts';
import { usualFacts } from '../listing.ts';
import { greetingLines, type MessageValues } from '../messages.ts';
import { type Reply, reply } from '../reply.ts';
import type { FtpServerOptions } from '../server-options.ts';
import type { ControlSession } from './control-session.ts';
import type { HostNaming } from './host-naming.ts';
import type { Session } from './session.ts';
import type { SessionLog } from './session-log.ts';

/** RFC 959 3.1: ASCII until the client says otherwise. */
export type TransferType = 'A' | 'I';

/** RFC 959 3.4, and draft-preston-ftpext-deflate-04. */
type TransferMode = 'S' | 'Z';

/** Until OPTS MODE Z says otherwise. */
export const usualDeflateLevel = 6;

/** What of a file the next transfer is about, in octets as they go over the data connection. */
export interface Portion {
  readonly offset: number;
  /** From RANG: the octet behind the last; absent: all there are. */
  readonly end?: number;
}

export const wholeFile: Portion = { offset: 0 };

/** What commands set for the commands after them. */
export interface SessionSettings {
  type: TransferType;
  mode: TransferMode;
  /** Of MODE Z, as zlib has it. */
  deflateLevel: number;
  /** Absolute and normalised. */
  workingDirectory: string;
  /** From REST or RANG, for the next transfer (RFC 3659 5.3). */
  portion: Portion;
  /** From OPTS HASH. */
  digestAlgorithm: DigestAlgorithm | undefined;
  /** From RNFR, for the RNTO directly behind it (RFC 959 4.1.3). */
  renameFrom: string | undefined;
  /** From SITE CPFR, for the SITE CPTO directly behind it. */
  copyFrom: string | undefined;
  /** From SITE UMASK; absent: as the site has it. */
  umask: number | undefined;
  /** RFC 2428 4: after EPSV ALL nothing else may open a data connection. */
  extendedPassiveOnly: boolean;
  /** From USER, while PASS is awaited. */
  claimedName: string | undefined;
  /** From CLNT or CSID, for the record of the session. */
  clientName: string | undefined;
  /** RFC 4217 9: PBSZ comes before PROT. */
  bufferSizeAgreed: boolean;
  /** Facts of MLST and MLSD, chosen by OPTS MLST (RFC 3659 7.9). */
  mlstFacts: ReadonlySet<string>;
}

/** What another USER leaves of them: by RFC 959 4.1.1 the parameters of transfers. */
export function transferParameters(settings: SessionSettings): SessionSettings {
  const { workingDirectory, portion, renameFrom, copyFrom, umask, claimedName } = initialSettings();
  return { ...settings, workingDirectory, portion, renameFrom, copyFrom, umask, claimedName };
}

export function initialSettings(): SessionSettings {
  return {
    type: 'A',
    mode: 'S',
    deflateLevel: usualDeflateLevel,
    workingDirectory: '/',
    portion: wholeFile,
    digestAlgorithm: undefined,
    renameFrom: undefined,
    copyFrom: undefined,
    umask: undefined,
    extendedPassiveOnly: false,
    claimedName: undefined,
    clientName: undefined,
    bufferSizeAgreed: false,
    mlstFacts: usualFacts,
  };
}

/** The control connection as a command sees it. */
export interface Control {
  readonly id: string;
  /** Of the client, which a trusted proxy may have announced. */
  readonly remoteAddress: string;
  /** That the client connected to, which is that of the proxy where there is one. */
  readonly localAddress: string;
  /** Of the trusted proxy that announced the client. */
  readonly proxyAddress?: string | undefined;
  /** Why no login is granted to its address. */
  readonly addressRefusal?: Denial | undefined;
  /** For records: address, port and kind of TLS the connection came in by. */
  readonly binding: string;
  readonly options: FtpServerOptions;
  readonly log: Logger;
  readonly settings: SessionSettings;
  readonly data: DataChannel;
  /** Between the sites of its address and port; absent where there is one. */
  readonly choice?: HostNaming | undefined;
  /** Absent where the site has no log. */
  readonly siteLog?: SessionLog | undefined;
  /** As it is now. */
  readonly session: Session;
  readonly sessionHolder: ControlSession;
  /** File and listing bytes over all data connections, for the session’s audit record. */
  bytesSent: number;
  bytesReceived: number;
  /** Refused logins so far. */
  loginFailures: number;
  /** Whether the refusal of USER or PASS in the clear is already on record. */
  clearLoginReported: boolean;
  /** By the timer of the site. */
  readonly connectedAt: number;
  /** All control connections of the server, this one included. */
  readonly peers: Iterable<Control>;
  /** How long it may be idle, at most controlChannelTimeout. */
  idleTime: Milliseconds;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  send(reply: Reply): void;
  /** Says how far a long command is, by a line of the reply that is to come, and in its code; not while another command is answered. */
  beginReply(line: Reply): void;
  /** Answers 234, throws away everything read so far and runs the handshake; afterwards the session is `secured`. */
  startTls(): Promise<void>;
  /**
   * Ends a login, if there is one, and with it what commands set; TLS stays, as it was behind the handshake.
   * @param reason for the audit record @param kept by RFC 959 4.1.1 the parameters of transfers, where another USER comes
   */
  logOut(reason: 'reinitialized' | 'another-user', kept: 'nothing' | 'parameters'): void;
  /** Whether the policy of the site lets the control channel go on in the clear. */
  readonly mayLayDownTls: boolean;
  /** Whether CCC has cleared the control channel: no name and no password may come over it, and no word about protection. */
  readonly isCleared: boolean;
  /** Behind the replies sent so far, the control channel goes on without TLS. @param kept the login and its protected data connections, or nothing */
  layDownTls(kept: 'login' | 'nothing'): Promise<void>;
  /** Says 421 or 221 and closes after the reply has left. @param reason for the audit record */
  end(reason: string, farewell?: Reply): void;
  /** Runs one transfer that ABOR, the end of the connection or the server can give up. */
  runTransfer<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Whether the connection is closing; what a command decides now does not reach the client. */
  readonly isEnding: boolean;
  /** Whether a transfer command is under way. */
  readonly isTransferring: boolean;
  /** Whether the client has closed its side of the control connection. */
  readonly hasInputEnded: boolean;
  /** Resolves when the client sends something more. */
  heardAgain(): Promise<void>;
  /** Gives the running transfer up and waits until it has been answered. @returns false when none runs */
  abortTransfer(): Promise<boolean>;
}

/** Of the connection as it is now. */
export function messageValues({ id, session, settings, options, bytesSent, bytesReceived }: Control): MessageValues {
  const userName = session.state === 'authenticated' ? session.login.accountName : settings.claimedName;
  return { siteName: options.site.name, sessionId: id, userName, bytesSent, bytesReceived };
}

/** What every client reads before it can log in. */
export function greetingOf(control: Control): Reply {
  return reply('ready', ...greetingLines(control.options.site.messages, messageValues(control)));
}
