/** Extensions (RFC 8446 4.2): which a server may send in which message, and nothing that was not asked for. */
import { uint, vector, WireReader } from '../presentation-language.ts';
import { TlsViolation } from '../tls-error.ts';

export const extensionTypes = {
  server_name: 0,
  supported_groups: 10,
  signature_algorithms: 13,
  pre_shared_key: 41,
  early_data: 42,
  supported_versions: 43,
  cookie: 44,
  psk_key_exchange_modes: 45,
  certificate_authorities: 47,
  signature_algorithms_cert: 50,
  key_share: 51,
} as const;

export type ExtensionName = keyof typeof extensionTypes;

export type Extensions = ReadonlyMap<ExtensionName, Buffer>;

interface MessageRules {
  readonly allowed: readonly ExtensionName[];
  /** `answers`: only to what the ClientHello offered. `free`: anything else is to be ignored (RFC 8446 4.3.2, 4.6.1). */
  readonly kind: 'answers' | 'free';
}

const places = {
  ServerHello: { allowed: ['supported_versions', 'key_share', 'pre_shared_key'], kind: 'answers' },
  HelloRetryRequest: { allowed: ['supported_versions', 'key_share', 'cookie'], kind: 'answers' },
  EncryptedExtensions: { allowed: ['server_name', 'supported_groups'], kind: 'answers' },
  Certificate: { allowed: [], kind: 'answers' },
  CertificateRequest: {
    allowed: ['signature_algorithms', 'signature_algorithms_cert', 'certificate_authorities'],
    kind: 'free',
  },
  NewSessionTicket: { allowed: ['early_data'], kind: 'free' },
} as const satisfies Readonly<Record<string, MessageRules>>;

export function extension(name: ExtensionName, ...data: readonly Buffer[]): Buffer {
  return Buffer.concat([uint(2, extensionTypes[name]), vector(2, ...data)]);
}

function isExtensionName(name: string): name is ExtensionName {
  return Object.hasOwn(extensionTypes, name);
}

const namesByCode = new Map<number, ExtensionName>(
  Object.keys(extensionTypes)
    .filter(isExtensionName)
    .map((name) => [extensionTypes[name], name]),
);

/**
 * Reads the contents of an extensions vector.
 * @param offered what the ClientHello offered; only that may be answered, a cookie apart
 * @throws TlsViolation unsupported_extension, illegal_parameter or decode_error
 */
export function readHandshakeExtensions(
  contents: Buffer,
  message: keyof typeof places,
  offered: ReadonlySet<ExtensionName>,
): Extensions {
  const { allowed, kind }: MessageRules = places[message];
  const reader = new WireReader(contents, `the extensions of its ${message}`);
  const seen = new Set<number>();
  const extensions = new Map<ExtensionName, Buffer>();
  while (reader.remaining > 0) {
    const code = reader.uint(2);
    const data = reader.vector(2);
    if (seen.has(code)) throw new TlsViolation('illegal_parameter', `its ${message} has extension ${code} twice`);
    seen.add(code);
    const name = namesByCode.get(code);
    const isOffered = name !== undefined && (offered.has(name) || name === 'cookie');
    const isAllowed = name !== undefined && allowed.includes(name);
    if (kind === 'answers' && !isOffered)
      throw new TlsViolation('unsupported_extension', `its ${message} has extension ${code}, which was not offered`);
    if (name !== undefined && !isAllowed)
      throw new TlsViolation('illegal_parameter', `its ${message} must not have the extension ${name}`);
    if (name !== undefined) extensions.set(name, data);
  }
  return extensions;
}
