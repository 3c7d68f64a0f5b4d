/**
 * The audit trail: one JSON object per line for every login attempt, every refused data connection, every transfer and the
 * end of every session. It is written for an auditor: who, by which certificate and evidence, through which rule, what, and why not.
 */
import type { Denial } from '../denial.ts';
import type { Facts } from '../explanation/steps.ts';

export interface RecordedCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal, as `serialNumberText` in pki writes it. */
  readonly serialNumber: string;
  readonly sha256: string;
  readonly subjectKeyIdentifier?: string | undefined;
  readonly userPrincipalNames?: readonly string[] | undefined;
  readonly sid?: string | undefined;
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
  /** Added by the trail of the site. */
  readonly site?: string;
  /** Where the connection came in: address, port and kind of TLS, or the listener of the mapping service. */
  readonly binding?: string | undefined;
  readonly connectionId: string;
  readonly remoteAddress: string;
  /** Of the balancer that announced the client by the PROXY protocol. */
  readonly proxyAddress?: string | undefined;
}

export interface LoginAttempt extends Common {
  readonly event: 'login';
  readonly outcome: 'granted' | 'denied' | 'unavailable';
  /** What the client was told to quote. */
  readonly reference: string;
  readonly claimedName: string;
  /** The service that asked, when the login was not to cardgate itself. */
  readonly caller?: string | undefined;
  readonly tls: { readonly protocol: string; readonly cipher: string };
  /** SHA-256 of the consent banner that the client was told before. */
  readonly consentSha256?: string | undefined;
  readonly certificate?: RecordedCertificate;
  readonly path?: readonly string[];
  readonly trustAnchor?: string;
  readonly policies?: 'any-policy' | readonly string[];
  readonly evidence?: readonly EvidenceFacts[];
  readonly rule?: string;
  readonly mappingReason?: string;
  /** By what the client proved to be the account; absent where the login ended before that. */
  readonly authenticationMethod?: 'certificate' | 'certificateAndPassword' | 'password' | 'anonymous';
  readonly account?: {
    readonly directory: string;
    readonly name: string;
    readonly distinguishedName: string;
    readonly sid?: string | undefined;
    readonly homeDirectory?: string | undefined;
  };
  readonly denial?: Denial;
  readonly durationMilliseconds: number;
}

/** A refusal outside the login path: a data connection, a handshake, too many failures. */
export interface RefusalRecord extends Common {
  readonly event: 'refusal';
  readonly reference: string;
  readonly accountName?: string;
  readonly denial: Denial;
}

export interface Transfer extends Common {
  readonly event: 'transfer';
  readonly accountName: string;
  readonly operation:
    | 'retrieve'
    | 'digest'
    | 'store'
    | 'append'
    | 'combine'
    | 'delete'
    | 'rename'
    | 'make-directory'
    | 'remove-directory'
    | 'set-modified-time'
    | 'set-mode'
    | 'make-link'
    | 'copy';
  readonly path: string;
  readonly target?: string | undefined;
  readonly outcome: 'complete' | 'aborted' | 'failed';
  readonly bytes?: number;
  readonly durationMilliseconds?: number;
  /** How the data connection was tied to the control connection, how the peer ended an upload, and why it failed. */
  readonly facts?: Facts | undefined;
}

export interface SessionEnd extends Common {
  readonly event: 'session-end';
  readonly accountName?: string;
  readonly reason: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly durationMilliseconds: number;
  /** What the client called itself; nothing proves it. */
  readonly clientName?: string | undefined;
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

/** Records from before a login that were counted instead of written, of one network and reason. */
export interface Summary {
  readonly event: 'summary';
  readonly site?: string | undefined;
  readonly of: 'login' | 'refusal' | 'session-end';
  /** The code of the denial, or the reason of the end. */
  readonly reason: string;
  /** An IPv4 address, an IPv6 network of 64 bits, or `other networks`. */
  readonly remoteAddress: string;
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  /** The newest twenty that clients were told to quote. */
  readonly references: readonly string[];
  /** The newest twenty. */
  readonly claimedNames: readonly string[];
}

/** Records that could not be kept until the audit file could be written. */
export interface RecordsLost {
  readonly event: 'records-lost';
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

/** What the parts of cardgate write. */
export type AuditRecord = LoginAttempt | RefusalRecord | Transfer | SessionEnd | ConfigurationInForce;

/** What stands in every record beside its own facts; the trail itself adds it. */
export interface RecordFrame {
  readonly time: string;
  /** Of cardgate. */
  readonly version: string;
  /** Names the life of the process that wrote it. */
  readonly run: string;
  /** Counts the records of a run from 1: a number that is missing is a record that is lost, one that stands twice is one record. */
  readonly sequence: number;
}

/** A line of the audit trail. */
export type AuditLine = RecordFrame & (AuditRecord | Summary | RecordsLost);

export interface AuditTrail {
  write(record: AuditRecord): void;
  /** Why no login is granted now: the trail may fail to write its record. Undefined when logins are admitted. */
  readonly loginObstacle: string | undefined;
  /** Why a session may neither read nor change a file now: there is hardly room left to keep the record of it. */
  readonly transferObstacle: string | undefined;
  /** Resolves with whether what was written so far has arrived: as soon as that is known, and soon in any case. */
  arrived(): Promise<boolean>;
}

/** For commands that explain and check. */
export const unrecordedTrail: AuditTrail = {
  write: () => undefined,
  loginObstacle: undefined,
  transferObstacle: undefined,
  arrived: () => Promise.resolve(true),
};

/** The trail as the parts of one site write it. */
export function trailOfSite(trail: AuditTrail, site: string): AuditTrail {
  return {
    write: (record) => trail.write(record.event === 'configuration' ? record : { ...record, site }),
    get loginObstacle() {
      return trail.loginObstacle;
    },
    get transferObstacle() {
      return trail.transferObstacle;
    },
    arrived: () => trail.arrived(),
  };
}
