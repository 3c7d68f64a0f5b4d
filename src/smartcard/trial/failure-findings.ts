/** From what a library, the system, the card or the server reported to what it means: one finding for each failure. */
import { FTPError } from 'basic-ftp';
import { errorMessage } from '../../error-message.ts';
import { printable } from '../../operations/printable.ts';
import { CardFault } from '../reader/card-fault.ts';
import { alertRemedy } from '../tls13/alerts.ts';
import { HandshakeTimeout, NoCommonSignatureScheme, TlsAlertReceived, TlsTruncated } from '../tls13/tls-error.ts';
import { TrialStop } from './control-dialogue.ts';
import { serverRefusalFinding } from './server-trust.ts';
import { type FindingCode, finding, type TrialFinding } from './trial-findings.ts';

/** What was being done, where the same error means different things. */
export type Activity = 'connect' | 'tls' | 'login' | 'list' | 'upload' | 'download' | 'delete';

/** Error codes of Node, libuv and OpenSSL. */
const codes: ReadonlyMap<string, FindingCode> = new Map<string, FindingCode>([
  ['ENOTFOUND', 'address-unknown'],
  ['EAI_AGAIN', 'address-unknown'],
  ['ECONNREFUSED', 'connection-refused'],
  ['ETIMEDOUT', 'connection-timeout'],
  ['EHOSTUNREACH', 'network-unreachable'],
  ['ENETUNREACH', 'network-unreachable'],
  ['ECONNRESET', 'connection-lost'],
  ['EPIPE', 'connection-lost'],
  ['CERT_HAS_EXPIRED', 'server-certificate-expired'],
  ['CERT_NOT_YET_VALID', 'server-certificate-not-yet-valid'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'server-certificate-wrong-name'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'server-certificate-untrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'server-certificate-untrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'server-certificate-untrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'server-certificate-untrusted'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'server-certificate-untrusted'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls-expected-later'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'tls-expected-later'],
]);

/** OpenSSL names the alert behind the version in which it was first defined. */
const alertCode = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_ALERT_(\w+)$/;

/** Replies with a meaning of their own, by what was being done. */
const replies: Readonly<Partial<Record<Activity, Readonly<Record<number, FindingCode>>>>> = {
  login: { 530: 'login-refused', 421: 'login-unavailable', 331: 'password-wanted', 332: 'password-wanted' },
  upload: { 550: 'upload-refused', 553: 'upload-refused', 532: 'upload-refused' },
  list: { 550: 'list-refused', 450: 'list-refused' },
};
const dataReplies: ReadonlyMap<number, FindingCode> = new Map([
  [425, 'data-connection-refused'],
  [522, 'data-connection-refused'],
  [426, 'data-connection-failed'],
  [421, 'connection-lost'],
]);

const beforeTransfers: readonly Activity[] = ['connect', 'tls', 'login'];

/** What a failure means; anything unknown is told in its own words. */
export function findingOfFailure(error: unknown, activity: Activity): TrialFinding {
  if (error instanceof TrialStop) return error.finding;
  if (error instanceof CardFault) return finding(error.code, detailOf(error));
  if (error instanceof TlsAlertReceived) return alertFinding(error.alert ?? 'no alert');
  if (error instanceof NoCommonSignatureScheme) return finding('signature-scheme-not-wanted', detailOf(error));
  if (error instanceof HandshakeTimeout) return finding('connection-timeout', detailOf(error));
  if (error instanceof TlsTruncated) return finding('connection-lost', detailOf(error));
  if (error instanceof FTPError) return replyFinding(error.code, error.message, activity);
  const refusal = serverRefusalFinding(error);
  if (refusal) return refusal;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const [, alert] = alertCode.exec(code) ?? [];
  if (alert !== undefined) return alertFinding(alert.toLowerCase());
  const known = codes.get(code);
  if (known !== undefined) return finding(known, detailOf(error));
  if (/timeout/i.test(errorMessage(error))) return finding('connection-timeout', detailOf(error));
  return finding(beforeTransfers.includes(activity) ? 'tls-failed' : 'data-connection-failed', detailOf(error));
}

/** A reply of the server other than success. @param text with the code in front */
function replyFinding(code: number, text: string, activity: Activity): TrialFinding {
  const meaning = replies[activity]?.[code] ?? dataReplies.get(code) ?? 'reply-unexpected';
  return finding(meaning, printable(text));
}

function alertFinding(alert: string): TrialFinding {
  return finding('tls-refused', `${printable(alert)}: ${alertRemedy(alert)}`);
}

function detailOf(error: unknown): string {
  return printable(errorMessage(error));
}
