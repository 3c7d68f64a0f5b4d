/** What stands in each kind of audit record, field by field; docs/reference/records.md prints it, and the types of the records hold it complete. */
import type {
  ConfigurationInForce,
  LoginAttempt,
  RecordFrame,
  RecordsLost,
  RefusalRecord,
  SessionEnd,
  Summary,
  Transfer,
} from './audit.ts';

/** Fields that stand in the records of every connection, and are described once. */
type Connection = 'site' | 'binding' | 'connectionId' | 'remoteAddress' | 'proxyAddress';

type FieldsOf<Kind> = Readonly<Record<Exclude<keyof Kind, 'event' | Connection>, string>>;

interface KindDescription<Kind> {
  readonly when: string;
  readonly fields: FieldsOf<Kind>;
}

const times = { firstAt: 'time of the first', lastAt: 'time of the last' };

export const auditRecords: {
  readonly login: KindDescription<LoginAttempt>;
  readonly refusal: KindDescription<RefusalRecord>;
  readonly transfer: KindDescription<Transfer>;
  readonly 'session-end': KindDescription<SessionEnd>;
  readonly configuration: KindDescription<ConfigurationInForce>;
  readonly summary: KindDescription<Omit<Summary, Connection>>;
  readonly 'records-lost': KindDescription<RecordsLost>;
} = {
  login: {
    when: 'a login is decided',
    fields: {
      outcome: '`granted`, `denied` or `unavailable`',
      reference: 'what the client was told to quote',
      claimedName: 'the argument of USER',
      caller: 'the service that asked the mapping service',
      tls: 'protocol version and cipher suite',
      consentSha256: 'SHA-256 of `messages.consentBanner`, which the client was told before',
      certificate: 'subject, issuer, serial number, SHA-256, key identifier, UPN, SID, validity',
      path: 'SHA-256 of each certificate of the valid path',
      trustAnchor: 'SHA-256 of the trust anchor',
      policies: 'certificate policies the path is valid for',
      evidence: 'for each certificate: status, method, source, responder, times and age',
      rule: 'the mapping rule that found the account',
      mappingReason: 'why the mapping is strong enough; `login-name` or `anonymous` where no certificate was shown',
      authenticationMethod:
        '`certificate`, `certificateAndPassword`, `password` or `anonymous`: by what the client logged in; absent where it was refused before that',
      account: 'directory, name, distinguished name, SID, home',
      denial: 'code, stage, sub-status, level, meaning, detail, remedy, facts',
      durationMilliseconds: 'how long the decision took',
    },
  },
  refusal: {
    when: 'something else is refused: a handshake, a data connection, a file',
    fields: {
      reference: 'what the client was told to quote, if anything',
      accountName: 'the account that is logged in, if any',
      denial: 'as in `login`',
    },
  },
  transfer: {
    when: 'a file or directory is read or changed',
    fields: {
      accountName: 'who did it',
      operation:
        '`retrieve`, `digest`, `store`, `append`, `combine`, `delete`, `rename`, `make-directory`, `remove-directory`, `set-modified-time`, `set-mode`, `make-link` or `copy`',
      path: 'what it was done to',
      target: 'new name of what was renamed, name of the copy, or what the link leads to',
      outcome:
        '`complete`; `aborted`: given up by ABOR, by the end of the control connection (RFC 959 4.1.1) or by the gateway; `failed`: anything else, `facts.reason` says what',
      bytes: 'octets moved',
      durationMilliseconds: 'how long they took',
      facts:
        'how the data connection was tied to the control connection, how the peer ended it, the time or mode that was set, how many octets of a file that TYPE A or MODE Z converted, which digest of which octets was told, which parts were combined, under which name the beginning of a broken upload was kept, and why it failed',
    },
  },
  'session-end': {
    when: 'a control connection ends, or the login on it by REIN or by another USER',
    fields: {
      accountName: 'the account that was logged in, if any',
      reason: 'why it ended',
      bytesSent: 'octets of files and listings',
      bytesReceived: 'octets of files',
      durationMilliseconds: 'how long the control connection has lasted',
      clientName: 'what the client called itself by CLNT or CSID; nothing proves it',
    },
  },
  configuration: {
    when: 'the service starts, or SIGHUP reads the configuration',
    fields: {
      action: '`started`, `reloaded` or `reload-refused`',
      configuration: 'its file',
      sha256: 'digest of the configuration that was read, or that stays in force',
      formerSha256: 'digest of the one before',
      startedSha256: 'digest of the one at the start',
      tookEffect: 'changed settings that are in force now',
      needsRestart: 'changed settings that are not',
      faults: 'why it was refused',
    },
  },
  summary: {
    when: 'a minute in which a stranger caused more records than are written in full',
    fields: {
      of: 'the event that was counted',
      reason: 'code of the denial, or why the session ended',
      count: 'how many there were beyond those written in full',
      ...times,
      references: 'the newest twenty',
      claimedNames: 'the newest twenty',
    },
  },
  'records-lost': {
    when: 'records can be written again after some could not be kept',
    fields: { count: 'how many are lost', ...times },
  },
};

export const commonAuditFields: Readonly<Record<Connection | keyof RecordFrame | 'event', string>> = {
  time: 'when the record was made, in UTC',
  event: 'what kind of record it is',
  site: 'name of the site; absent where no site is concerned',
  binding: 'where the connection came in: address, port and kind of TLS, or listener of the mapping service',
  connectionId: 'the same in every record of a control connection',
  remoteAddress: 'of the client; in `summary` its network',
  proxyAddress: 'of the balancer that announced the client by the PROXY protocol; absent where none did',
  version: 'of cardgate',
  run: 'names the life of the process that wrote the record',
  sequence: 'counts the records of a run: a missing number is a lost record, one that stands twice is one record',
};
