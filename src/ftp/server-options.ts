/** What a site's FTP front end is made of: its bindings, its TLS identity, its policies and limits. It reads no configuration. */
import type { AccessRights } from '../authorization/access-rights.ts';
import type { Clock, Timer } from '../clock.ts';
import type { AuthenticatedLogin, Authenticator } from '../login/authenticator.ts';
import type { AuditTrail } from '../operations/audit.ts';
import type { Logger } from '../operations/log.ts';
import type { Storage } from '../storage/storage.ts';

export interface Binding {
  /** IP address to listen on. */
  readonly address: string;
  /** 0: any free port, for tests. */
  readonly port: number;
  /** `explicit`: clear until AUTH (RFC 4217). `implicit`: TLS from the first byte, data channels protected from the start. */
  readonly tls: 'explicit' | 'implicit';
}

/** Whether the server asks for a certificate; what an absent one means is decided by the authenticator. */
export type ClientCertificatePolicy = 'CertIgnore' | 'CertAllow' | 'CertRequire';
/** `SslRequireCredentialsOnly` protects USER and PASS; as CCC is not offered, it protects as much as `SslRequire`. */
type ControlChannelPolicy = 'SslAllow' | 'SslRequire' | 'SslRequireCredentialsOnly';
type DataChannelPolicy = 'SslAllow' | 'SslRequire' | 'SslDeny';
/** What ties a protected data connection to its control connection. `session` alone breaks clients that do not resume. */
export type DataChannelBinding = 'certificateOrSession' | 'certificate' | 'session';
type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface TlsOptions {
  /** PEM: the server certificate followed by its intermediates. */
  readonly certificateChain: string;
  /** PEM, not encrypted. */
  readonly privateKey: string;
  /** PEM of each trust anchor whose name is sent in the CertificateRequest; keep it short, Windows clients cut it at 16 KB. */
  readonly caNames: readonly string[];
  readonly minimumVersion: TlsVersion;
  readonly maximumVersion: TlsVersion;
  /** OpenSSL cipher list; OpenSSL's default when absent. */
  readonly ciphers?: string;
  /** Colon-separated signature algorithms, for cards that cannot sign RSA-PSS; OpenSSL's default when absent. */
  readonly signatureAlgorithms?: string;
}

/** All in milliseconds. */
export interface Timeouts {
  /** Silence on a logged-in control connection while no command runs; default 120 000. */
  readonly controlChannel: number;
  /**
   * Time for the data connection to arrive and for its transfer command to come; while data flows, time without an octet sent or
   * acknowledged by the client; default 30 000.
   */
  readonly dataChannel: number;
  /** Time from accept to a completed login; default 30 000. */
  readonly unauthenticated: number;
  /** One TLS handshake; a card that asks for its PIN needs the person's time too; default 10 000. */
  readonly handshake: number;
  /**
   * How long an upload that ended without close_notify waits for the fate of the control connection: the process that died
   * closed both; default 300.
   */
  readonly uploadEnd: number;
  /** Between two decisions whether a login may go on; default 600 000. */
  readonly loginRecheck: number;
}

export interface Limits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Refused logins on one control connection before it is closed; default 3. */
  readonly maxLoginFailures: number;
  /** Octets of one command line without its line end; default 4096. */
  readonly maxCommandLine: number;
  /** Octets a second on a data connection, on average over the time of `dataChannel`; 0: any will do; default 240. */
  readonly minBytesPerSecond: number;
}

interface PassiveOptions {
  /** Inclusive port range for data connections; the system's ephemeral ports when absent. */
  readonly ports?: { readonly low: number; readonly high: number };
  /** IPv4 address named in the answer to PASV behind NAT; the control connection's local address when absent. */
  readonly externalAddress?: string;
}

/** May have several lines; shown to every client that connects, so they should name no software and no host. */
interface Messages {
  /** With 220. */
  readonly banner: string;
  /** With 230. */
  readonly greeting: string;
  /** With 221. */
  readonly exit: string;
}

export interface FtpServerOptions {
  readonly bindings: readonly Binding[];
  readonly tls: TlsOptions;
  readonly clientCertificatePolicy: ClientCertificatePolicy;
  readonly controlChannelPolicy: ControlChannelPolicy;
  readonly dataChannelPolicy: DataChannelPolicy;
  readonly dataChannelBinding: DataChannelBinding;
  /** An upload that ends in FIN without close_notify may have been cut by an attacker; several clients always end so. Default `accept`. */
  readonly truncatedUploads: 'accept' | 'refuse';
  /** Whether RNTO may replace an existing file; IIS's default is `false`. */
  readonly allowReplaceOnRename: boolean;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  readonly passive: PassiveOptions;
  readonly messages: Messages;
  readonly authenticator: Authenticator;
  /**
   * Opens the home of an account; a rejection refuses the login.
   * @param rights what the account may do now; they may change while it is logged in
   */
  readonly openStorage: (login: AuthenticatedLogin, rights: () => AccessRights) => Promise<Storage>;
  readonly audit: AuditTrail;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timer: Timer;
}

export const defaultTimeouts: Timeouts = {
  controlChannel: 120_000,
  dataChannel: 30_000,
  unauthenticated: 30_000,
  handshake: 10_000,
  uploadEnd: 300,
  loginRecheck: 600_000,
};

export const defaultLimits: Limits = {
  maxConnections: 1000,
  maxConnectionsPerAddress: 100,
  maxLoginFailures: 3,
  maxCommandLine: 4096,
  minBytesPerSecond: 240,
};
