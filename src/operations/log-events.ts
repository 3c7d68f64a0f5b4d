/**
 * Everything the operating log can say: each event with when it is written and what its line holds. The logger takes no other event,
 * and the reference of records prints this table.
 */
interface LogEventDescription {
  readonly when: string;
  /** Names of the fields, beside those of every line. */
  readonly holds?: string;
}

const ofService = {
  started: { when: 'All sites listen.', holds: 'configuration, sha256, version, sites, node' },
  'configuration-warning': {
    when: 'The configuration that was started or reloaded holds a setting that weakens or surprises.',
    holds: 'setting, message, remedy',
  },
  'mapping-service-started': {
    when: 'The mapping service listens.',
    holds: 'configuration, sha256, version, sites',
  },
  'listen-failed': {
    when: 'A listener cannot be opened, so the service does not start.',
    holds: 'site, setting, reason, remedy',
  },
  'listener-failed': { when: 'The system reports an error of a listener that is open.', holds: 'address, port, error' },
  reloaded: {
    when: 'SIGHUP put the configuration in force; level `warn` where a changed setting needs a restart.',
    holds: 'configuration, sha256, formerSha256, startedSha256, tookEffect, needsRestart',
  },
  'reload-refused': {
    when: 'SIGHUP found a fault; the former configuration stays in force.',
    holds: 'configuration, sha256, faults',
  },
  'evidence-renewed': {
    when: 'After SIGHUP, the CRLs and OCSP answers in use were asked for anew.',
    holds: 'asked, changed, failed',
  },
  'sessions-rechecked': {
    when: 'After SIGHUP, the running sessions of a site were decided anew.',
    holds: 'site, confirmed, withdrawn, undecided, over',
  },
  stopping: { when: 'The service stops; running transfers may finish.', holds: 'reason, drainMilliseconds' },
  stopped: { when: 'The service has stopped.' },
  'stopped-with-file-operations-that-never-returned': {
    when: 'The service stops although a file system still holds threads of it.',
    holds: 'threads',
  },
  'mapping-service-stopping': {
    when: 'The mapping service stops; decisions under way may finish.',
    holds: 'reason, drainMilliseconds',
  },
  'mapping-service-stopped': { when: 'The mapping service has stopped.' },
  'audit-alarm': { when: 'The audit trail cannot be written, or can be written again.', holds: 'text' },
  'site-log-alarm': {
    when: 'The log of a site cannot be written, loses lines, or can be written again.',
    holds: 'site, text',
  },
  'lines-lost': { when: 'The log can be written again after lines were lost.', holds: 'count, firstAt, lastAt' },
} as const satisfies Readonly<Record<string, LogEventDescription>>;

const ofConnections = {
  'hook-unavailable': {
    when: 'A hook of a site gave no answer; ten lines a minute.',
    holds: 'hook, asked, reason, whenUnavailable',
  },
  'hook-unavailable-again': { when: 'How many more there were in that minute.', holds: 'count, firstAt, lastAt' },
  'connection-refused': {
    when: 'A site has maxConnections, or maxConnectionsPerAddress, already; ten lines a minute.',
    holds: 'remoteAddress, connections, ofAddress',
  },
  'connection-refused-again': { when: 'How many more there were in that minute.', holds: 'count, firstAt, lastAt' },
  'connection-failed': { when: 'A fault in cardgate ended a control connection.', holds: 'error' },
  'control-connection-lost': { when: 'The network ended a control connection.', holds: 'error' },
  'command-failed': {
    when: 'A command ended with a fault; the client was told the reference.',
    holds: 'reference, verb, error',
  },
  'transfer-failed': { when: 'A transfer broke off.', holds: 'error' },
  'descriptors-nearly-used-up': {
    when: 'A connection was refused to keep the last file descriptors; ten lines a minute.',
    holds: 'remoteAddress, open, limit, remedy',
  },
  'descriptors-nearly-used-up-again': {
    when: 'How many more there were in that minute.',
    holds: 'count, firstAt, lastAt',
  },
  'descriptors-exhausted': {
    when: 'Something failed because no file descriptor is left; one line a minute.',
    holds: 'during, errno, limit, remedy',
  },
  'descriptors-exhausted-again': { when: 'How many more there were in that minute.', holds: 'count, firstAt, lastAt' },
  'external-name-found': {
    when: 'A host name of externalAddresses has an address, or another one.',
    holds: 'name, address, former',
  },
  'external-name-failed': {
    when: 'A host name of externalAddresses could not be looked up; PASV tells its last address for an hour, if there was one.',
    holds: 'name, kept, reason',
  },
  'server-certificate-good': {
    when: 'The responder of the server’s certificate says good, for the first time or again; clients that ask are told.',
    holds: 'subject, serialNumber, responder, validUntil',
  },
  'server-certificate-revoked': {
    when: 'The responder says that the server’s certificate is revoked; clients that ask are told.',
    holds: 'subject, serialNumber, responder, validUntil',
  },
  'server-certificate-status-unknown': {
    when: 'No responder told the status of the server’s certificate; clients are told the last answer while it holds, then none.',
    holds: 'subject, serialNumber, heldUntil, reason',
  },
  'file-system-unresponsive': {
    when: 'A file operation in a home got no answer in operationTimeout.',
    holds: 'site, home, operation',
  },
  'file-system-answers-again': { when: 'That home answers again.', holds: 'site, home, operation' },
  'home-unavailable': { when: 'The home of an account that was let in cannot be opened.', holds: 'accountName, error' },
  'upload-leftovers-removed': {
    when: 'What uploads of killed processes left behind was removed.',
    holds: 'root, removed, skipped, isComplete',
  },
  'upload-leftovers-not-removed': { when: 'What uploads left behind cannot be removed.', holds: 'root, error' },
} as const satisfies Readonly<Record<string, LogEventDescription>>;

const ofLogins = {
  'login-fault': {
    when: 'A fault in cardgate stopped a login; the client was told the reference.',
    holds: 'reference, connectionId, error',
  },
  'login-recheck-failed': {
    when: 'A fault in cardgate stopped the recheck of a running session.',
    holds: 'connectionId, error',
  },
  'login-recheck-fault': { when: 'The recheck of a running session could not even begin.', holds: 'error' },
  'login-recheck-undecided': {
    when: 'A running session goes on because nothing could be decided about it.',
    holds: 'connectionId, code',
  },
  'directory-answer-invalid': {
    when: 'A directory returned an entry that does not fit the question.',
    holds: 'facts of the entry, error',
  },
} as const satisfies Readonly<Record<string, LogEventDescription>>;

const ofCertificates = {
  'crl-refused': { when: 'A CRL that was retrieved cannot be used.', holds: 'url, reason' },
  'ocsp-answer-refused': { when: 'An OCSP answer cannot be believed.', holds: 'url, reason' },
  'retrieval-outage-began': {
    when: 'A source of CRLs, OCSP answers or CA certificates failed for the first time.',
    holds: 'source, reason',
  },
  'retrieval-outage-ended': { when: 'That source answers again.', holds: 'source, durationMilliseconds, failures' },
  'evidence-file-removed': {
    when: 'A file of the evidence directory was no evidence and was removed.',
    holds: 'path, url',
  },
  'evidence-directory-unusable': {
    when: 'The evidence directory cannot be read or written; evidence is kept in memory.',
    holds: 'path, reason, error',
  },
} as const satisfies Readonly<Record<string, LogEventDescription>>;

const ofDirectories = {
  'directory-server-failed': {
    when: 'A directory server failed; the next one is asked.',
    holds: 'directory, server, reason',
  },
  'directory-server-recovered': { when: 'That server answers again.', holds: 'directory, server' },
  'directory-discovery-failed': {
    when: 'The DNS named no server; those known before are kept.',
    holds: 'domain, site, serversKept, error',
  },
  'directory-discovery-empty': { when: 'One of the names asked in the DNS has no answer.', holds: 'name, error' },
  'directory-discovery-name-refused': {
    when: 'The DNS named a server outside of the domain.',
    holds: 'domain, target',
  },
  'mapping-service-failed': {
    when: 'A remote mapping service failed; the next one is asked.',
    holds: 'service, reason',
  },
  'caller-handshake-failed': {
    when: 'The TLS handshake of a caller of the mapping service failed.',
    holds: 'error, remoteAddress',
  },
  'caller-refused': { when: 'A caller of the mapping service was refused.', holds: 'caller, reason, remoteAddress' },
  'request-refused': { when: 'A request to the mapping service was refused.', holds: 'code, remoteAddress' },
  'request-fault': {
    when: 'A fault in cardgate ended a request to the mapping service.',
    holds: 'error, remoteAddress',
  },
  'answer-fault': { when: 'A fault in cardgate kept the mapping service from sending an answer.', holds: 'error' },
} as const satisfies Readonly<Record<string, LogEventDescription>>;

/** In the order of the reference. */
export const logEvents = {
  'The service': ofService,
  'Connections and files': ofConnections,
  Logins: ofLogins,
  'Certificates and their status': ofCertificates,
  'Directories and mapping services': ofDirectories,
};

export type LogEvent =
  | keyof typeof ofService
  | keyof typeof ofConnections
  | keyof typeof ofLogins
  | keyof typeof ofCertificates
  | keyof typeof ofDirectories;

/** Events of which a flood is told in one line a minute: `connection-refused-again` says how many more there were. */
export type CountedLogEvent = { [Event in LogEvent]: `${Event}-again` extends LogEvent ? Event : never }[LogEvent];

/** What every line of the log holds. */
export const commonLogFields = {
  time: 'when the line was written, in UTC',
  level: '`error`, `warn`, `info` or `debug`',
  event: 'what happened: one of the events below',
  site: 'name of the site, where one is concerned',
  connectionId: 'of the control connection, as in audit records',
  remoteAddress: 'of the client or caller',
} as const;
