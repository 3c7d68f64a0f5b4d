/**
 * The settings of a site that its FTP server works by, each section as it stands in the configuration. What a module below uses alone
 * stands beside it there.
 */
import { z } from 'zod';
import { requestFiltering } from '../authorization/request-filtering.ts';
import type { AuthenticationSettings } from '../login/authentication-settings.ts';
import type { Decoded } from '../settings/decoded.ts';
import { duration } from '../settings/duration.ts';
import { hostName } from '../settings/host-names.ts';
import { iis } from '../settings/iis-name.ts';
import { address, count, port } from '../settings/values.ts';
import { ipSecurity } from './admission/ip-security.ts';
import { bandwidth } from './bandwidth/bandwidth.ts';
import { commandFiltering } from './command-filtering.ts';
import { timerSettings } from './control/connection-timers.ts';
import { dataChannelSecurity } from './data/data-peer.ts';
import { digestSettings } from './data/digest.ts';
import { paceSettings } from './data/transfer-pace.ts';
import { firewallSupport } from './data-ports/firewall-support.ts';
import { directoryBrowse } from './directory-browse.ts';
import { fileModeSettings } from './file-modes.ts';
import { messages } from './messages.ts';
import { proxyProtocol } from './proxy/proxy-settings.ts';
import { clientCertificatePolicy, ssl } from './tls/tls-settings.ts';
import { handshakeSettings } from './tls/tls-upgrade.ts';

/** IIS’s rule: port 990 is implicit unless the binding says otherwise. */
const implicitPort = 990;

const binding = z
  .strictObject({
    address: address
      .prefault('0.0.0.0')
      .describe('Address to listen on')
      .meta(iis('site/bindings/binding@bindingInformation')),
    port: port
      .describe('Port to listen on; 0 takes a free one and prints it')
      .meta(iis('site/bindings/binding@bindingInformation')),
    /** Decoded to lower case. */
    hostName: z
      .string()
      .max(253)
      .regex(hostName, {
        error:
          'must be the name of a host, such as ftp.example.org, without a port; one of other letters in its xn-- form',
      })
      .transform((name) => name.toLowerCase())
      .optional()
      .describe(
        'Serves clients that name this host by SNI or HOST; other sites may have the address and port for other names. Without it: clients that name no host, or one that no site has',
      )
      .meta(iis('site/bindings/binding@bindingInformation')),
    /** `explicit`: clear until AUTH (RFC 4217). `implicit`: data channels are protected from the start, too. */
    tls: z
      .enum(['explicit', 'implicit'])
      .optional()
      .describe(
        'explicit: AUTH TLS on a clear port; implicit: TLS from the first byte. Without it, port 990 is implicit',
      ),
  })
  .transform(({ tls, ...rest }) => ({
    ...rest,
    tls: tls ?? (rest.port === implicitPort ? ('implicit' as const) : ('explicit' as const)),
  }))
  .describe('One address and port the site listens on');

export type Binding = Decoded<typeof binding>;

const connections = z
  .strictObject({
    ...timerSettings,
    ...handshakeSettings,
    ...paceSettings,
    loginRecheckInterval: duration('1s', '1d')
      .prefault('10m')
      .describe('How often a running session is decided anew: certificate, revocation, mapping, account, rights, home'),
    maxConnections: count(1, 100_000)
      .default(2_000)
      .describe('Control connections at the same time')
      .meta(iis('ftpServer/connections@maxConnections')),
    resetOnMaxConnections: z
      .boolean()
      .default(false)
      .describe('Clients beyond them get a reset instead of 421 and maxClientsMessage')
      .meta(iis('ftpServer/connections@resetOnMaxConnections')),
    serverListenBacklog: count(1, 65_535)
      .default(60)
      .describe('Connections that the system keeps waiting for the server, at most net.core.somaxconn')
      .meta(iis('ftpServer/connections@serverListenBacklog')),
    maxSessionsPerAccount: count(0, 100_000)
      .default(0)
      .describe('Sessions of one account at the same time; 0: no limit'),
    maxConnectionsPerAddress: count(1, 100_000).default(200).describe('Control connections from one address'),
    maxLoginFailures: count(1, 20).default(3).describe('Refused logins on one connection before it is closed'),
  })
  .prefault({});

/** Part of fileHandling: what the commands that change files do. */
export const fileCommandSettings = {
  ...digestSettings,
  allowReplaceOnRename: z
    .boolean()
    .default(false)
    .describe('RNTO may replace an existing file')
    .meta(iis('ftpServer/fileHandling@allowReplaceOnRename')),
  allowReadUploadsInProgress: z
    .boolean()
    .default(false)
    .describe(
      'Clients may read a file while APPE, or STOR with REST, writes into it; without it they get 450. Other uploads are under no name before they are whole',
    )
    .meta(iis('ftpServer/fileHandling@allowReadUploadsInProgress')),
  convertLineEnds: z
    .boolean()
    .default(true)
    .describe(
      'Under TYPE A lines end in CRLF on the data connection and in LF in the file (RFC 959 3.1.1.1); false moves files as they are',
    ),
  compression: z
    .boolean()
    .default(false)
    .describe(
      'Clients may ask for MODE Z: files and listings go over the data connection compressed by zlib. It costs CPU, and the length of what is encrypted then tells of its content',
    ),
  keepPartialUploads: z
    .boolean()
    .default(false)
    .describe(
      'What came of a STOR that broke stays, for REST and STOR to go on: under the name of the file if that was free, else beside it as NAME.partial.HEX; STOR with REST, and APPE, always leave what they wrote',
    )
    .meta(iis('ftpServer/fileHandling@keepPartialUploads')),
  uploadWithoutCloseNotify: z
    .enum(['accept', 'refuse'])
    .default('accept')
    .describe('An upload that ends without TLS close_notify may be truncated; some clients never send it'),
  uploadEndDelay: duration('0s', '10s')
    .prefault('300ms')
    .describe(
      'How long such an upload, or the record of a transfer that broke, waits to see whether the control connection of a killed client ends too',
    ),
  ...fileModeSettings,
};

/** Sections that no other module has settings in. */
export const ftpSections = {
  bindings: z.array(binding).min(1).max(64).describe('Where the site listens'),
  connections,
  ssl,
  dataChannelSecurity,
  firewallSupport,
  proxyProtocol,
  messages,
  bandwidth,
  ipSecurity,
  requestFiltering,
  commandFiltering,
  directoryBrowse,
};

const reception = z.strictObject({
  ...ftpSections,
  sslClientCertificates: z.strictObject({ clientCertificatePolicy }).prefault({}),
  fileHandling: z.strictObject(fileCommandSettings).prefault({}),
});

/**
 * What a client meets that has come to no site: the defaults. It may send USER in the clear, to hear that it has named no host. TLS
 * begins under no such settings.
 */
export function receptionSettings(): FtpSettings {
  const ssl = { serverCertificate: '-', serverCertificateKey: '-', controlChannelPolicy: 'SslAllow' };
  return {
    name: '',
    authentication: { replyToUser: 'loggedIn' },
    ...reception.parse({ bindings: [{ port: 0 }], ssl }),
  };
}

export type FtpSettings = Decoded<typeof ftpSections> & {
  readonly name: string;
  readonly sslClientCertificates: { readonly clientCertificatePolicy: Decoded<typeof clientCertificatePolicy> };
  readonly authentication: Pick<AuthenticationSettings, 'replyToUser'>;
  readonly fileHandling: Decoded<typeof fileCommandSettings>;
};
