/**
 * The certificates of a site that has several, chosen by the name that a client calls (RFC 6066 3). A name that none of them has gets the
 * first: most clients that name a host wrongly trust it all the same, and a client that does not will say so.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsIdentity } from './tls-settings.ts';

interface NamedContext {
  readonly certificate: X509Certificate;
  /** Of the certificate and its key alone: sessions, tickets and versions are those of the connection. */
  readonly context: SecureContext;
}

/** Whether the certificate says that it is for this name. @param name without a dot at its end */
export function isNamed(certificate: X509Certificate, name: string): boolean {
  return certificate.checkHost(name, { subject: 'never' }) !== undefined;
}

interface NamedContexts {
  readonly first: X509Certificate;
  readonly further: readonly NamedContext[];
}

export class ServerNames {
  /** Made once for all connections; those that began before a reload have another identity. */
  readonly #made = new WeakMap<TlsIdentity, NamedContexts>();

  /**
   * @param name as the client sent it
   * @returns undefined for the first certificate
   * @throws Error of OpenSSL when a certificate does not fit its key
   */
  contextFor(identity: TlsIdentity, name: string): SecureContext | undefined {
    const { first, further } = this.prepare(identity);
    if (isNamed(first, name)) return undefined;
    return further.find(({ certificate }) => isNamed(certificate, name))?.context;
  }

  /** @throws as `contextFor` */
  prepare(identity: TlsIdentity): NamedContexts {
    const made = this.#made.get(identity) ?? makeContexts(identity);
    this.#made.set(identity, made);
    return made;
  }
}

function makeContexts({ certificate, furtherIdentities = [], caNames }: TlsIdentity): NamedContexts {
  const ca = caNames.length > 0 ? [...caNames] : undefined;
  return {
    first: new X509Certificate(certificate),
    further: furtherIdentities.map((one) => ({
      certificate: new X509Certificate(one.certificate),
      context: createSecureContext({ cert: one.certificate, key: one.privateKey, ca }),
    })),
  };
}
