/**
 * The fields of a line of the site log, in the order and under the names that IIS FTP writes them, and behind them the certificate
 * fields that IIS lacks. The settings, the line and the reference read this one table.
 */

/** What a line says of one command, or of a channel that was opened or closed. What does not apply is absent. */
export interface LogEntry {
  readonly at: Date;
  readonly clientAddress: string;
  readonly clientPort?: number | undefined;
  readonly userName?: string | undefined;
  /** Name that the client asked for by HOST. */
  readonly host?: string | undefined;
  readonly serverAddress: string;
  readonly serverPort?: number | undefined;
  /** The command, or what became of a channel. */
  readonly method: string;
  readonly argument?: string | undefined;
  /** Reply code. */
  readonly status?: number | undefined;
  /** Error code of Windows; 0: none. */
  readonly win32Status: number;
  readonly subStatus: number;
  /** Octets of replies, and of what was downloaded. */
  readonly bytesSent: number;
  /** Octets of the command, and of what was uploaded. */
  readonly bytesReceived: number;
  readonly durationMilliseconds: number;
  readonly session: string;
  /** Virtual path. */
  readonly fullPath?: string | undefined;
  /** Code of the denial. */
  readonly denial?: string | undefined;
  readonly certificate?: LoggedCertificate | undefined;
}

/** Of the certificate that a client presented, whether it was let in or not. */
export interface LoggedCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly sha256: string;
  /** Distinguished name, or what the directory calls it. */
  readonly account?: string | undefined;
  /** Status: `good`, `revoked`, `unknown` and so on. */
  readonly revocation?: string | undefined;
}

/** What stands in every line of a site. */
export interface SiteNames {
  readonly site: string;
  readonly computer: string;
}

type FieldValue = string | number | undefined;

interface LogField {
  /** As `#Fields:` has it. */
  readonly name: string;
  readonly meaning: string;
  /** Whether IIS writes it unless told otherwise. */
  readonly isUsual: boolean;
  readonly value: (entry: LogEntry, names: SiteNames) => FieldValue;
}

function field(name: string, isUsual: boolean, meaning: string, value: LogField['value']): LogField {
  return { name, isUsual, meaning, value };
}

export const logFields = {
  Date: field('date', true, 'date in UTC', ({ at }) => at.toISOString().slice(0, 10)),
  Time: field('time', true, 'time in UTC, when the command was answered', ({ at }) => at.toISOString().slice(11, 19)),
  ClientIP: field('c-ip', true, 'address of the client', ({ clientAddress }) => clientAddress),
  ClientPort: field('c-port', false, 'port of the client', ({ clientPort }) => clientPort),
  UserName: field('cs-username', true, 'account that is logged in', ({ userName }) => userName),
  SiteName: field('s-sitename', false, 'name of the site', (_, { site }) => site),
  ComputerName: field('s-computername', false, 'name of this host', (_, { computer }) => computer),
  Host: field('cs-host', false, 'name that the client asked for by HOST', ({ host }) => host),
  ServerIP: field('s-ip', true, 'address that the client connected to', ({ serverAddress }) => serverAddress),
  ServerPort: field('s-port', true, 'port of the channel that the line is about', ({ serverPort }) => serverPort),
  Method: field('cs-method', true, 'command, or ControlChannelOpened and the like', ({ method }) => method),
  UriStem: field('cs-uri-stem', true, 'argument of the command; *** for a password', ({ argument }) => argument),
  FtpStatus: field('sc-status', true, 'reply code', ({ status }) => status),
  Win32Status: field('sc-win32-status', true, 'error code of Windows nearest to the cause', (one) => one.win32Status),
  FtpSubStatus: field('sc-substatus', true, 'sub-status of IIS', ({ subStatus }) => subStatus),
  BytesSent: field('sc-bytes', false, 'octets sent: replies, downloads, listings', ({ bytesSent }) => bytesSent),
  BytesRecv: field('cs-bytes', false, 'octets received: command and upload', ({ bytesReceived }) => bytesReceived),
  TimeTaken: field('time-taken', false, 'milliseconds that the command took', (one) => one.durationMilliseconds),
  Session: field('x-session', true, 'connectionId of the audit records', ({ session }) => session),
  FullPath: field('x-fullpath', true, 'virtual path that the command was about', ({ fullPath }) => fullPath),
  Info: field('x-debug', false, 'code of the denial', ({ denial }) => denial),
  CertSubject: field('x-cert-subject', false, 'subject of the certificate', ({ certificate }) => certificate?.subject),
  CertIssuer: field('x-cert-issuer', false, 'issuer of the certificate', ({ certificate }) => certificate?.issuer),
  CertSerialNumber: field(
    'x-cert-serial',
    false,
    'serial number of the certificate, hexadecimal',
    ({ certificate }) => certificate?.serialNumber,
  ),
  CertThumbprint: field(
    'x-cert-sha256',
    false,
    'SHA-256 of the certificate, hexadecimal',
    ({ certificate }) => certificate?.sha256,
  ),
  CertAccount: field(
    'x-cert-account',
    false,
    'account that the certificate is mapped to, by its distinguished name',
    ({ certificate }) => certificate?.account,
  ),
  CertRevocation: field(
    'x-cert-revocation',
    false,
    'status of the certificate: `good`, `revoked`, `unknown`',
    ({ certificate }) => certificate?.revocation,
  ),
} as const satisfies Record<string, LogField>;

export type LogFlag = keyof typeof logFields;

export const logFlags = Object.keys(logFields) as [LogFlag, ...LogFlag[]];

/** In the order of the table, in which `#Fields:` names them. */
export const usualFlags: readonly LogFlag[] = logFlags.filter((flag) => logFields[flag].isUsual);
