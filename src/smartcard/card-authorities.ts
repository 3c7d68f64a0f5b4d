/** The two authorities of a card directory: a root, and under it the one that issues cards. Made once, with their first CRLs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { issueStoredCrl, loadCertificateAuthority, saveCertificateAuthority } from './authority-directory.ts';
import { type CertificateAuthority, createCertificateAuthority } from './certificate-authority.ts';
import type { KeyType } from './software-key.ts';

const day = 86_400_000;
const authorityLifetimeMs = 3650 * day;
/** Long enough that a trial is not spoilt by a stale CRL. */
export const defaultCrlLifetimeMs = 30 * day;
/** Clocks differ by a little; a certificate must not be "not yet valid" on the machine next door. */
export const backdatingMs = 5 * 60_000;

export interface AuthorityPaths {
  readonly root: string;
  readonly issuing: string;
}

export function authorityPaths(directory: string): AuthorityPaths {
  return { root: join(directory, 'ca', 'root'), issuing: join(directory, 'ca', 'issuing') };
}

export interface CardAuthoritiesOptions {
  readonly now: Date;
  /** Default: P-256. */
  readonly keyType?: KeyType;
  /** Where the CRLs will be served over http: `<base>/root.crl` and `<base>/issuing.crl`. Default: not served, files only. */
  readonly crlBaseUrl?: string;
  /** Put into the common names, to tell several trials apart. Default: `cardgate trial`. */
  readonly organization?: string;
}

export interface CardAuthorities {
  readonly root: CertificateAuthority;
  readonly issuing: CertificateAuthority;
  readonly paths: AuthorityPaths;
  readonly created: boolean;
}

async function createAuthorities(paths: AuthorityPaths, options: CardAuthoritiesOptions): Promise<void> {
  const { now, keyType = 'P-256', crlBaseUrl, organization = 'cardgate trial' } = options;
  const validity = {
    notBefore: new Date(now.getTime() - backdatingMs),
    notAfter: new Date(now.getTime() + authorityLifetimeMs),
  };
  const base = crlBaseUrl?.replace(/\/+$/, '');
  const point = (name: string) => (base === undefined ? {} : { crlDistributionPoint: `${base}/${name}.crl` });
  const name = (commonName: string) => [
    { type: 'O', value: organization },
    { type: 'CN', value: `${organization} ${commonName}` },
  ];
  const root = await createCertificateAuthority({ subject: name('root CA'), keyType, validity, ...point('root') });
  const issuing = await createCertificateAuthority({
    subject: name('issuing CA'),
    keyType,
    validity,
    parent: root,
    pathLength: 0,
    ...point('issuing'),
  });
  await saveCertificateAuthority(paths.root, root);
  await issueStoredCrl(paths.root, { now, lifetimeMs: defaultCrlLifetimeMs });
  await saveCertificateAuthority(paths.issuing, issuing);
  await issueStoredCrl(paths.issuing, { now, lifetimeMs: defaultCrlLifetimeMs });
}

/** The authorities of a card directory; made if there are none yet. Throws CardError when they cannot be read. */
export async function openCardAuthorities(
  directory: string,
  options: CardAuthoritiesOptions,
): Promise<CardAuthorities> {
  const paths = authorityPaths(directory);
  // The issuing authority's CRL is written last, so its presence says that the whole was finished.
  const created = !existsSync(join(paths.issuing, 'crl.der'));
  if (created) {
    await createAuthorities(paths, options);
  }
  const { authority: root } = await loadCertificateAuthority(paths.root);
  const { authority: issuing } = await loadCertificateAuthority(paths.issuing);
  return { root, issuing, paths, created };
}
