/** The settings of one FTP site, in the words of IIS where IIS has the setting. */
import { z } from 'zod';
import { sslClientCertificates } from './certificate-schema.ts';
import { duration } from './yaml/duration.ts';
import { address, file } from './yaml/field-schemas.ts';

const count = (least: number, most: number) => z.int().min(least).max(most);
const port = count(0, 65_535);

const binding = z
  .strictObject({
    address: address.prefault('0.0.0.0').describe('Address to listen on'),
    port: port.describe('Port to listen on; 0 takes a free one and prints it'),
    tls: z
      .enum(['explicit', 'implicit'])
      .optional()
      .describe(
        'explicit: AUTH TLS on a clear port; implicit: TLS from the first byte. Without it, port 990 is implicit',
      ),
  })
  .describe('One address and port the site listens on');

const connections = z
  .strictObject({
    controlChannelTimeout: duration('1s', '1d').prefault('120s').describe('Idle control connection is closed after'),
    dataChannelTimeout: duration('1s', '1h')
      .prefault('30s')
      .describe(
        'Data connection without an octet sent or acknowledged by the client, or not used at all, is closed after',
      ),
    minBytesPerSecond: count(0, 1_000_000_000)
      .default(240)
      .describe('A transfer slower than this, on average over dataChannelTimeout, is cut; 0 cuts none'),
    unauthenticatedTimeout: duration('1s', '10m')
      .prefault('60s')
      .describe('Time allowed before login, the TLS handshake and the entry of a PIN included'),
    handshakeTimeout: duration('1s', '5m')
      .prefault('30s')
      .describe('Time allowed for a TLS handshake, PIN entry included'),
    loginRecheckInterval: duration('1s', '1d')
      .prefault('10m')
      .describe('How often a running session is decided anew: certificate, revocation, mapping, account, rights, home'),
    maxConnections: count(1, 100_000).default(2_000).describe('Control connections at the same time'),
    maxConnectionsPerAddress: count(1, 100_000).default(200).describe('Control connections from one address'),
    maxLoginFailures: count(1, 20).default(3).describe('Refused logins on one connection before it is closed'),
  })
  .prefault({});

const ssl = z.strictObject({
  serverCertificate: file.describe('PEM file: the server’s certificate, then its intermediates'),
  serverCertificateKey: file.describe('PEM file: the private key; not readable by others'),
  controlChannelPolicy: z
    .enum(['SslAllow', 'SslRequire', 'SslRequireCredentialsOnly'])
    .default('SslRequire')
    .describe('Whether the control connection must be protected'),
  dataChannelPolicy: z
    .enum(['SslAllow', 'SslRequire', 'SslDeny'])
    .default('SslRequire')
    .describe('Whether data connections must be protected'),
  minimumVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Oldest TLS version'),
  maximumVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.3').describe('Newest TLS version'),
  signatureAlgorithms: z
    .string()
    .regex(/^[\w+:-]{1,500}$/)
    .optional()
    .describe('Signature algorithms in OpenSSL’s words; for cards that sign PKCS #1 v1.5 only'),
});

const authorizationRule = z.strictObject({
  accessType: z.enum(['Allow', 'Deny']).default('Allow').describe('Deny wins over Allow'),
  users: z
    .union([z.literal('*'), z.array(z.string().min(1).max(256)).max(10_000)])
    .optional()
    .describe('Account names, or * for every account that is logged in'),
  roles: z
    .array(z.string().min(1).max(1024))
    .max(1_000)
    .optional()
    .describe('Groups, by SID, distinguished name or name'),
  permissions: z
    .array(z.enum(['Read', 'Write']))
    .min(1)
    .describe('What the rule allows or denies'),
  path: z
    .string()
    .max(4096)
    .regex(/^\/(?!(?:.*\/)?\.\.?(?:\/|$))/, { error: 'must be a path that begins with / and has no . or .. in it' })
    .default('/')
    .describe('The directory the rule is for, and all below it'),
});

const mapping = z
  .strictObject({
    rules: file.optional().describe('YAML file with the mapping rules'),
    binding: z
      .enum(['full', 'compatibility', 'off'])
      .default('full')
      .describe(
        'Whether an account found by a name only counts: full never; compatibility if it is older than the certificate',
      ),
    backdating: duration('0s', '24d')
      .prefault('10m')
      .describe('With compatibility: by how much the certificate may be older'),
    service: z
      .strictObject({
        endpoints: z
          .array(z.union([z.strictObject({ socket: file }), z.strictObject({ url: z.url({ protocol: /^https$/ }) })]))
          .min(1)
          .max(20)
          .describe('Mapping services in order of preference: unix socket, or https URL'),
        certificate: file.optional().describe('PEM file: certificate shown to services at a URL'),
        certificateKey: file.optional().describe('PEM file: its private key; not readable by others'),
        certificateAuthorities: z
          .array(file)
          .max(100)
          .default([])
          .describe('PEM files: CAs of the services’ certificates'),
        site: z.string().max(64).optional().describe('Site of the service whose rules decide; its first when absent'),
        attemptTimeout: duration('50ms', '1m').prefault('8s').describe('Time for one service'),
        totalTimeout: duration('50ms', '2m').prefault('15s').describe('Time for all of them together'),
      })
      .optional()
      .describe('Asks remote mapping services instead of own rules and directories'),
  })
  .describe('How a certificate leads to an account');

const userIsolation = z.strictObject({
  mode: z
    .enum(['None', 'IsolateAllDirectories', 'Template', 'DirectoryAttribute'])
    .default('IsolateAllDirectories')
    .describe(
      'None: all share physicalPath; IsolateAllDirectories: physicalPath/account; Template: as template says; DirectoryAttribute: home as the directory says',
    ),
  template: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe(
      'Home below physicalPath, of {accountName}, {directory}, {domain} and {id}, such as {domain}/{accountName}',
    ),
  replacePrefixes: z
    .array(
      z.strictObject({
        from: z.string().min(1).max(1024).describe('Beginning of the directory’s value, such as \\\\fs1\\ftp'),
        to: z.string().min(1).max(1024).describe('Host path that stands for it'),
      }),
    )
    .max(100)
    .default([])
    .describe('With DirectoryAttribute: what stands for paths of another system'),
  createHome: z.boolean().default(false).describe('Make the home directory at the first login'),
});

export const siteSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .describe('Name in logs and records'),
  bindings: z.array(binding).min(1).max(64).describe('Where the site listens'),
  physicalPath: file.describe('Directory that holds the files of the site'),
  connections,
  ssl,
  sslClientCertificates,
  dataChannelSecurity: z
    .strictObject({
      dataChannelBinding: z
        .enum(['certificateOrSession', 'certificate', 'session'])
        .default('certificateOrSession')
        .describe('How a data connection proves that it belongs to the control connection'),
      matchClientAddressForPasv: z
        .literal(true)
        .default(true)
        .describe('Data connections must come from the client’s address'),
    })
    .prefault({}),
  authentication: z
    .strictObject({
      clientCertAuthentication: z
        .strictObject({ enabled: z.boolean().default(true).describe('Log in by client certificate') })
        .prefault({}),
      mode: z
        .enum(['certificate', 'certificateAndPassword', 'certificateOrPassword'])
        .default('certificate')
        .describe(
          'Whether the password of the directory account is wanted too, or will do where no certificate is sent',
        ),
      requireSmartcardRequired: z
        .boolean()
        .default(false)
        .describe('Admit only accounts that cannot log in anywhere without a smart card'),
    })
    .prefault({}),
  directories: z
    .array(z.string())
    .max(20)
    .default([])
    .describe('Names of the directories that hold the accounts; none with mapping.service'),
  mapping,
  userIsolation: userIsolation.prefault({}),
  authorization: z
    .array(authorizationRule)
    .min(1)
    .max(1_000)
    .describe('Which accounts may read and write; no other account is let in'),
  firewallSupport: z
    .strictObject({
      lowDataChannelPort: port.default(0).describe('Lowest passive port; 0: ports of the system'),
      highDataChannelPort: port.default(0).describe('Highest passive port'),
      externalIp4Address: z
        .ipv4()
        .refine((address) => !/^(?:0|22[4-9]|2[345]\d)\./.test(address), {
          error: 'must be an IPv4 address that clients can connect to',
        })
        .optional()
        .describe('Address put into the reply to PASV'),
    })
    .prefault({}),
  messages: z
    .strictObject({
      bannerMessage: z.string().max(8_192).default('cardgate ready.').describe('Greeting before login'),
      greetingMessage: z.string().max(8_192).default('Logged in.').describe('Text after login'),
      exitMessage: z.string().max(1_024).default('Goodbye.').describe('Text at QUIT'),
    })
    .prefault({}),
  commandFiltering: z
    .strictObject({ maxCommandLine: count(512, 65_536).default(4_096).describe('Longest command line in bytes') })
    .prefault({}),
  fileHandling: z
    .strictObject({
      allowReplaceOnRename: z.boolean().default(false).describe('RNTO may replace an existing file'),
      uploadWithoutCloseNotify: z
        .enum(['accept', 'refuse'])
        .default('accept')
        .describe('An upload that ends without TLS close_notify may be truncated; some clients never send it'),
      operationTimeout: duration('1s', '10m')
        .prefault('30s')
        .describe('Time for one file operation, ten times it until an upload is on the disk; then the client gets 451'),
      uploadEndDelay: duration('0s', '10s')
        .prefault('300ms')
        .describe(
          'How long such an upload waits to see whether its client was killed and the control connection ends too',
        ),
    })
    .prefault({}),
});

export type SiteSettings = z.output<typeof siteSchema>;
