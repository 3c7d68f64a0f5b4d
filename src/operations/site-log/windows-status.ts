/**
 * What a site log says of a cause in the words of Windows: the error code of Windows nearest to it, and the sub-status of IIS FTP. A denial has its sub-status
 * in the table of denials; here are those of causes that are no denial.
 */
import { type DenialCode, denialEntry } from '../../denial.ts';

export interface WindowsStatus {
  /** System error code of Windows. */
  readonly win32: number;
  /** Sub-status of IIS FTP; 0: it has none for the cause. */
  readonly subStatus: number;
}

export const success: WindowsStatus = { win32: 0, subStatus: 0 };

/** ERROR_ACCESS_DENIED, ERROR_LOGON_FAILURE and so on, by the sub-status of a denial. */
const errorsOfDenials: ReadonlyMap<number, number> = new Map([
  [1, 5],
  [2, 5],
  [3, 31],
  [15, 121],
  [23, 64],
  [24, 5],
  [25, 5],
  [32, 1236],
  [33, 3],
  [34, 5],
  [35, 1326],
  [36, 1326],
  [38, 1236],
  [41, 1359],
  [47, 5],
  [48, 5],
  [49, 5],
  [50, 121],
  [51, 50],
  [53, 1236],
]);

export function statusOfDenial(code: DenialCode): WindowsStatus {
  const { subStatus } = denialEntry(code);
  return { win32: errorsOfDenials.get(subStatus) ?? 5, subStatus };
}

/** By reply code, where neither a denial nor the storage says more. */
const replies: ReadonlyMap<number, WindowsStatus> = new Map([
  [421, { win32: 1236, subStatus: 0 }],
  [425, { win32: 1236, subStatus: 0 }],
  [426, { win32: 1236, subStatus: 23 }],
  [450, { win32: 32, subStatus: 3 }],
  [451, { win32: 31, subStatus: 3 }],
  [452, { win32: 112, subStatus: 3 }],
  [500, { win32: 87, subStatus: 0 }],
  [501, { win32: 87, subStatus: 0 }],
  [502, { win32: 50, subStatus: 0 }],
  [503, { win32: 22, subStatus: 0 }],
  [504, { win32: 87, subStatus: 0 }],
  [521, { win32: 5, subStatus: 24 }],
  [522, { win32: 1236, subStatus: 32 }],
  [530, { win32: 1326, subStatus: 0 }],
  [550, { win32: 2, subStatus: 3 }],
  [551, { win32: 38, subStatus: 3 }],
  [553, { win32: 123, subStatus: 3 }],
  [554, { win32: 38, subStatus: 3 }],
]);

/** ERROR_INVALID_FUNCTION, for a reply that no row names. */
const otherError: WindowsStatus = { win32: 1, subStatus: 0 };

const firstError = 400;

export function statusOfReply(code: number | undefined): WindowsStatus {
  if (code === undefined || code < firstError) return success;
  return replies.get(code) ?? otherError;
}

/** Reasons of the end of a control connection that are no end of the client’s own. */
const ends: ReadonlyMap<string, WindowsStatus> = new Map([
  ['idle-timeout', { win32: 121, subStatus: 14 }],
  ['login-timeout', { win32: 121, subStatus: 16 }],
  ['server-closing', { win32: 1236, subStatus: 21 }],
  ['connection-lost', { win32: 64, subStatus: 53 }],
  ['tls-handshake-failed', { win32: 1236, subStatus: 32 }],
]);

/** @param reason as in the record of the session */
export function statusOfEnd(reason: string): WindowsStatus {
  return ends.get(reason) ?? success;
}
