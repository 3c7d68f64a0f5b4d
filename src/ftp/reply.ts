/** Replies of the control connection: the codes by name, and the one place where a reply becomes bytes. */
import { encodeOctets } from '../storage/octet-text.ts';

/** Octets of replies a client may leave unread before it is cut off. */
export const maximumUnreadReplies = 256 * 1024;

/** Code and where it is defined; RFC 959 section 4.2 unless said otherwise. */
const replyCodes = {
  dataConnectionOpen: 125,
  openingDataConnection: 150,
  ok: 200,
  superfluous: 202,
  status: 211,
  directoryStatus: 212,
  fileStatus: 213,
  help: 214,
  systemType: 215,
  ready: 220,
  closing: 221,
  noTransfer: 225,
  transferComplete: 226,
  passive: 227,
  /** RFC 2428 section 3. */
  extendedPassive: 229,
  loggedIn: 230,
  /** RFC 4217 section 4. */
  startTls: 234,
  fileActionOk: 250,
  /** draft-twine-ftpmd5-00, as is 252. */
  fileDigest: 251,
  fileDigests: 252,
  pathName: 257,
  passwordNeeded: 331,
  moreNeeded: 350,
  unavailable: 421,
  noDataConnection: 425,
  transferAborted: 426,
  fileBusy: 450,
  localError: 451,
  noSpace: 452,
  syntaxError: 500,
  argumentError: 501,
  notImplemented: 502,
  badSequence: 503,
  parameterNotImplemented: 504,
  /** RFC 4217 section 10.2. */
  protectionNotAllowed: 521,
  /** RFC 4217 section 10.1; RFC 2428 uses the number for another address family, so the text must tell. */
  dataConnectionRefused: 522,
  notLoggedIn: 530,
  /** RFC 2228 section 5.2, as are 534 and 536. */
  commandNotProtected: 533,
  refusedByPolicy: 534,
  protectionNotSupported: 536,
  fileUnavailable: 550,
  /** draft-bryan-ftp-range-09 section 5. */
  rangeNotPossible: 551,
  allocationExceeded: 552,
  nameNotAllowed: 553,
  /** RFC 3659 section 5.5. */
  restartNotPossible: 554,
} as const;

export type ReplyName = keyof typeof replyCodes;

export interface Reply {
  readonly code: number;
  /** The last line ends the reply; those between go out with a leading space. */
  readonly lines: readonly string[];
}

export function reply(name: ReplyName, ...lines: readonly string[]): Reply {
  return { code: replyCodes[name], lines };
}

/** Splits a configured message into reply lines. */
export function messageLines(message: string): readonly string[] {
  return message.split(/\r?\n/u);
}

export function encodeReply(reply: Reply): Buffer {
  return encodeText(formatReply(reply));
}

/** A line of a reply whose end is to come. */
export function encodeReplyLine({ code, lines }: Reply): Buffer {
  return encodeText(`${code}-${oneLine(lines.join(' '))}\r\n`);
}

/** Octets of a name go out as they are; 0xFF is doubled, as Telnet has it (RFC 854). */
function encodeText(text: string): Buffer {
  return encodeOctets(text.isWellFormed() ? text : text.replaceAll('\udcff', '\udcff\udcff'));
}

/** RFC 959 4.2: `nnn-` opens a reply of several lines, `nnn ` closes it; a line between them must not look like the end. */
export function formatReply({ code, lines }: Reply): string {
  const safe = lines.map(oneLine);
  const last = safe.at(-1) ?? '';
  if (safe.length < 2) return `${code} ${last}\r\n`;
  const between = safe.slice(1, -1).map((line) => (line.startsWith(' ') ? line : ` ${line}`));
  return [`${code}-${safe[0]}`, ...between, `${code} ${last}`].map((line) => `${line}\r\n`).join('');
}

/** A file name on disk may hold a line end; in a reply it forges another reply. */
function oneLine(text: string): string {
  return text.replace(/[\0\r\n]/gu, '?');
}
