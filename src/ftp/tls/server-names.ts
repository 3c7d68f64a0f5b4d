/**
 * The certificates of a site that has several. One for other names is chosen by the name that a client calls (RFC 6066 3); a name that none
 * of them has gets the first: most clients that name a host wrongly trust it all the same, and a client that does not will say so. Those of the
 * names of the first with other kinds of keys are offered together, and the client gets the one that it can verify.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { hostNamesOf, type SslSettings, type TlsIdentity } from './tls-settings.ts';

type ServerCertificate = Pick<TlsIdentity, 'certificate' | 'privateKey'>;

/** Certificates of the same names, each with another kind of key. */
export interface NamedCertificates {
  readonly leaf: X509Certificate;
  readonly certificates: readonly ServerCertificate[];
}

/** Whether the certificate says that it is for this name. @param name without a dot at its end */
export function isNamed(certificate: X509Certificate, name: string): boolean {
  return certificate.checkHost(name, { subject: 'never' }) !== undefined;
}

const leavesOfIdentities = new WeakMap<TlsIdentity, readonly X509Certificate[]>();

/** @returns the server's own certificates, that of the site itself first, then in the order of the settings; parsed once */
export function leavesOf(identity: TlsIdentity): readonly X509Certificate[] {
  const known = leavesOfIdentities.get(identity);
  if (known) return known;
  const leaves = serverCertificates(identity).map(({ certificate }) => new X509Certificate(certificate));
  leavesOfIdentities.set(identity, leaves);
  return leaves;
}

function serverCertificates({
  furtherIdentities = [],
  certificate,
  privateKey,
}: TlsIdentity): readonly ServerCertificate[] {
  return [{ certificate, privateKey }, ...furtherIdentities];
}

/** @returns those of the site itself first */
export function namedCertificates(identity: TlsIdentity): readonly NamedCertificates[] {
  const certificates = serverCertificates(identity);
  const groups = new Map<string, { leaf: X509Certificate; certificates: ServerCertificate[] }>();
  for (const [index, leaf] of leavesOf(identity).entries()) {
    const group = groups.get(hostNamesOf(leaf)) ?? { leaf, certificates: [] };
    group.certificates.push(...certificates.slice(index, index + 1));
    groups.set(hostNamesOf(leaf), group);
  }
  return [...groups.values()];
}

/** As `createSecureContext` takes them. */
export function certificateOptions({ certificates }: NamedCertificates) {
  return {
    cert: certificates.map(({ certificate }) => certificate),
    key: certificates.map(({ privateKey }) => privateKey),
  };
}

export class ServerNames {
  readonly #all: readonly NamedCertificates[];
  readonly #first: X509Certificate | undefined;
  readonly #others: readonly { readonly leaf: X509Certificate; readonly context: SecureContext }[];

  /** @throws Error of OpenSSL when a certificate does not fit its key */
  constructor(
    all: readonly NamedCertificates[],
    common: { readonly ca: string[] | undefined; readonly sigalgs: SslSettings['signatureAlgorithms'] },
  ) {
    const [first, ...others] = all;
    this.#all = all;
    this.#first = first?.leaf;
    this.#others = others.map((named) => ({
      leaf: named.leaf,
      // Node takes one certificate and its key from it: sessions, tickets and versions are those of the connection.
      context: createSecureContext({ ...certificateOptions(named), ...common }),
    }));
  }

  /** Whether there is a choice. */
  get areSeveral(): boolean {
    return this.#others.length > 0;
  }

  /** @param name as the client sent it @returns those of the first for a name that none has */
  certificatesFor(name: string): NamedCertificates | undefined {
    return this.#all.find(({ leaf }) => isNamed(leaf, name)) ?? this.#all[0];
  }

  /** @param name as the client sent it. @returns undefined for the first certificate */
  contextFor(name: string): SecureContext | undefined {
    if (this.#first && isNamed(this.#first, name)) return undefined;
    return this.#others.find(({ leaf }) => isNamed(leaf, name))?.context;
  }
}
