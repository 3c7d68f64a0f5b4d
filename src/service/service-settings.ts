/** The settings of the mapping service: where it listens, whom it answers, how much; and what is read out of the files they name. */
import { z } from 'zod';
import type { Decoded } from '../settings/decoded.ts';
import { duration } from '../settings/duration.ts';
import { address, count, file, port } from '../settings/values.ts';

const unixListener = z.strictObject({
  socket: file.describe('Path of a unix socket'),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, { error: 'must be a file mode in octal, such as 0660' })
    .default('0660')
    .describe('File mode of the socket: a process that may write to it may ask about any certificate'),
  group: z
    .union([
      z.int().min(0).max(4_294_967_294),
      z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/, { error: 'must be the name or the number of a group' }),
    ])
    .optional()
    .describe('Group of the socket, by name or number, such as that of the proxy; default: the group of the service'),
});

const tlsListener = z.strictObject({
  address: address.describe('Address to listen on'),
  port: port.describe('Port to listen on'),
  certificate: file.describe('PEM file: the service’s certificate, then its intermediates'),
  certificateKey: file.describe('PEM file: its private key; not readable by others'),
  callerAuthorities: z.array(file).min(1).max(100).describe('PEM files: CAs of the callers, and nothing else'),
});

/**
 * `pem`: PEM, percent-encoded (nginx `$ssl_client_escaped_cert`) or with blanks for line ends (Apache `%{SSL_CLIENT_CERT}s`).
 * `base64`: DER (HAProxy `%[ssl_c_der,base64]`). `structured`: DER between colons (RFC 9440 `Client-Cert`).
 * `xfcc`: Envoy's X-Forwarded-Client-Cert with one element.
 */
const certificateEncodings = ['pem', 'base64', 'structured', 'xfcc'] as const;

export const mappingService = z.strictObject({
  listeners: z
    .array(z.union([unixListener, tlsListener]))
    .min(1)
    .max(16)
    .describe('Where the service listens'),
  certificateHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .default('x-client-certificate')
    .transform((name) => name.toLowerCase())
    .describe('Header of GET /v1/authorize with the certificate; the proxy must set or remove it'),
  certificateEncoding: z
    .enum(certificateEncodings)
    .default('pem')
    .describe('How the certificate stands in that header'),
  addressHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .transform((name) => name.toLowerCase())
    .optional()
    .describe('Header with the address of the proxy’s client, for records'),
  explainCallers: z
    .array(z.string().min(1).max(1024))
    .max(100)
    .default([])
    .describe('Callers who may ask for explanations: subjects of their certificates (RFC 4514), or unix'),
  maximumConnections: count(1, 100_000).default(1000).describe('Connections at the same time'),
  maximumDecisions: count(1, 100_000).default(256).describe('Decisions under way; one more is answered 503'),
  decisionTimeout: duration('100ms', '5m').prefault('20s').describe('How long a caller waits for one decision'),
});

export type MappingServiceSettings = Decoded<typeof mappingService>;

export interface UnixListener {
  /** Absolute path. */
  readonly socket: string;
  /** File mode. A process that may write to the socket may ask about any certificate, and need not hold its key. */
  readonly mode: number;
  /** Group of the socket; that of the process when absent. */
  readonly gid?: number | undefined;
}

/** What a service over TLS shows to its callers and accepts of them. */
export interface TlsMaterial {
  /** PEM: the service’s certificate, then its intermediates. */
  readonly certificateChain: string;
  /** PEM. */
  readonly privateKey: string;
  /** PEM: the CAs that issue the callers’ certificates, and nothing else: every holder of a certificate of theirs may ask. */
  readonly callerAuthorities: readonly string[];
}

export interface TlsListener extends TlsMaterial {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** Of one of the listeners. */
export type ServiceListener = UnixListener | TlsListener;
