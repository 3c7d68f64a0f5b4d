/**
 * The audit trail: one JSON object per line for every login attempt, every refused data connection, every transfer and the
 * end of every session. It is written for an auditor: who, by which certificate and evidence, through which rule, what, and why not.
 */
import type { Clock } from '../clock.ts';
import { type Denial, type DenialCode, denialEntry } from '../denial.ts';
import type { Facts } from '../explanation.ts';
import { createWinston } from './log.ts';

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hexadecimal. */
  readonly serialNumber: string;
  readonly sha256: string;
  readonly subjectKeyIdentifier?: string;
  readonly userPrincipalNames?: readonly string[];
  readonly sid?: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

export interface EvidenceFacts {
  readonly certificateSha256: string;
  readonly status: string;
  readonly method: string;
  readonly source: string;
  /** OCSP only: subject of the responder. */
  readonly responder?: string;
  readonly producedAt?: string;
  readonly thisUpdate?: string;
  readonly nextUpdate?: string;
  readonly ageSeconds?: number;
  /** `good-within-grace` only: how long ago the evidence ended. */
  readonly endedSecondsAgo?: number;
}

interface Common {
  readonly connectionId: string;
  readonly remoteAddress: string;
}

export interface LoginAttempt extends Common {
  readonly event: 'login';
  readonly outcome: 'granted' | 'denied' | 'unavailable';
  /** What the client was told to quote. */
  readonly reference: string;
  readonly claimedName: string;
  /** The service that asked, when the login was not to cardgate itself. */
  readonly caller?: string;
  readonly tls: { readonly protocol: string; readonly cipher: string };
  readonly certificate?: CertificateFacts;
  readonly path?: readonly string[];
  readonly trustAnchor?: string;
  readonly policies?: 'any-policy' | readonly string[];
  readonly evidence?: readonly EvidenceFacts[];
  readonly rule?: string;
  readonly mappingReason?: string;
  readonly account?: {
    readonly directory: string;
    readonly name: string;
    readonly distinguishedName: string;
    readonly sid?: string;
    readonly homeDirectory?: string;
  };
  readonly denial?: Denial;
  readonly durationMilliseconds: number;
}

/** A refusal outside the login path: a data connection, a handshake, too many failures. */
export interface Refusal extends Common {
  readonly event: 'refusal';
  readonly reference: string;
  readonly accountName?: string;
  readonly denial: Denial;
}

export interface Transfer extends Common {
  readonly event: 'transfer';
  readonly accountName: string;
  readonly operation: 'retrieve' | 'store' | 'append' | 'delete' | 'rename' | 'make-directory' | 'remove-directory';
  readonly path: string;
  readonly target?: string;
  readonly outcome: 'complete' | 'aborted' | 'failed';
  readonly bytes?: number;
  readonly durationMilliseconds?: number;
  /** How the data connection was tied to the control connection, and how the peer ended an upload. */
  readonly facts?: Facts;
}

export interface SessionEnd extends Common {
  readonly event: 'session-end';
  readonly accountName?: string;
  readonly reason: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly durationMilliseconds: number;
}

/** Which configuration decides from now on: at the start, and at each attempt to read it anew. */
export interface ConfigurationInForce {
  readonly event: 'configuration';
  readonly action: 'started' | 'reloaded' | 'reload-refused';
  /** The file. */
  readonly configuration: string;
  /** Digest of the configuration that was read; of `reload-refused`: of the one that stays in force. */
  readonly sha256: string;
  readonly formerSha256?: string;
  /** Of the start: what needs a restart is still as it was then. */
  readonly startedSha256?: string;
  /** Changed settings that are in force now. */
  readonly tookEffect?: readonly string[];
  /** Settings whose old value stays in force until a restart. */
  readonly needsRestart?: readonly string[];
  readonly faults?: readonly string[];
}

export type AuditRecord = LoginAttempt | Refusal | Transfer | SessionEnd | ConfigurationInForce;

export interface AuditTrail {
  write(record: AuditRecord): void;
}

export interface ClosableAuditTrail extends AuditTrail {
  close(): Promise<void>;
}

/** @param file absolute path; standard output when absent */
export function createAuditTrail(file: string | undefined, clock: Clock): ClosableAuditTrail {
  const { winston, close } = createWinston('info', file, 'stdout');
  return {
    write: (record) =>
      void winston.log({
        level: 'info',
        message: record.event,
        line: { time: clock.now().toISOString(), ...withMeaning(record) },
      }),
    close,
  };
}

/** A denial in a record carries its table entry along, so that the record can be read without the table. */
function withMeaning(record: AuditRecord): object {
  if (!('denial' in record) || !record.denial) return record;
  const { code, detail, facts } = record.denial;
  return { ...record, denial: { code, ...explained(code), detail, facts } };
}

function explained(code: DenialCode) {
  const { stage, subStatus, level, meaning, remedy } = denialEntry(code);
  return { stage, subStatus, level, meaning, remedy };
}
