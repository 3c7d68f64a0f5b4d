/**
 * The authorities of a card directory: a root, intermediate authorities if wanted, and the one that issues cards; beside them,
 * when asked for, a foreign one that no site trusts. Made once, with their first CRLs.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { issueStoredCrl, loadCertificateAuthority, saveCertificateAuthority } from './authority-directory.ts';
import {
  type AuthorityLocations,
  type CertificateAuthority,
  createCertificateAuthority,
  serialNumberOf,
} from './certificate-authority.ts';
import type { KeyType } from './key-type.ts';
import { type Randomness, systemRandomness } from './randomness.ts';
import { generateSoftwareKey } from './software-key.ts';

const day = 86_400_000;
const authorityLifetimeMs = 3650 * day;
/** Long enough that a trial is not spoilt by a stale CRL. */
export const defaultCrlLifetimeMs = 30 * day;
/** Clocks differ by a little; a certificate must not be "not yet valid" on the machine next door. */
export const backdatingMs = 5 * 60_000;
const maximumIntermediates = 5;

interface AuthorityPaths {
  readonly root: string;
  readonly issuing: string;
}

function authorityPaths(directory: string): AuthorityPaths {
  return { root: authorityPath(directory, 'root'), issuing: authorityPath(directory, 'issuing') };
}

export function authorityPath(directory: string, name: string): string {
  return join(directory, 'ca', name);
}

const order = ['root', 'intermediate', 'issuing', 'foreign'];
const rank = (name: string) => order.indexOf(name.replace(/-\d+$/, ''));

/** Names of the authorities of a card directory, from the root downwards, as their directories and published files are called. */
export async function authorityNames(directory: string): Promise<readonly string[]> {
  const entries = await readdir(join(directory, 'ca'), { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

export interface CardAuthoritiesOptions {
  readonly now: Date;
  /** Default: P-256; RSA-2048, whose signatures can be repeated, where the randomness is repeatable. */
  readonly keyType?: KeyType;
  /** Authorities between the root and the one that issues cards, at most 5. Default: none. */
  readonly intermediates?: number;
  /** Where the CRLs will be served over http: `<base>/root.crl` and so on. Default: not served, files only. */
  readonly crlBaseUrl?: string;
  /** Where `serveRepository` will listen: CRLs, OCSP and CA certificates. Stands for crlBaseUrl. */
  readonly repositoryUrl?: string | undefined;
  /** Put into the common names, to tell several trials apart. Default: `cardgate trial`. */
  readonly organization?: string;
  /** Default: that of the system. */
  readonly randomness?: Randomness;
}

export interface CardAuthorities {
  readonly root: CertificateAuthority;
  /** From the root downwards. */
  readonly intermediates: readonly CertificateAuthority[];
  readonly issuing: CertificateAuthority;
  readonly paths: AuthorityPaths;
  readonly created: boolean;
}

function locationsOf(
  name: string,
  { crlBaseUrl, repositoryUrl }: Pick<CardAuthoritiesOptions, 'crlBaseUrl' | 'repositoryUrl'>,
): AuthorityLocations {
  const base = (repositoryUrl ?? crlBaseUrl)?.replace(/\/+$/, '');
  if (base === undefined) return {};
  const crlDistributionPoint = `${base}/${name}.crl`;
  return repositoryUrl === undefined
    ? { crlDistributionPoint }
    : { crlDistributionPoint, ocspResponder: `${base}/ocsp`, caIssuers: `${base}/${name}.cer` };
}

interface NewAuthority {
  readonly name: string;
  readonly commonName: string;
  readonly parent?: CertificateAuthority;
  readonly pathLength?: number;
}

async function createAuthority(
  directory: string,
  { name, commonName, ...place }: NewAuthority,
  options: CardAuthoritiesOptions,
): Promise<CertificateAuthority> {
  const { now, organization = 'cardgate trial', randomness = systemRandomness } = options;
  const keyType = options.keyType ?? (randomness.repeatable ? 'RSA-2048' : 'P-256');
  const authority = await createCertificateAuthority({
    subject: [
      { type: 'O', value: organization },
      { type: 'CN', value: `${organization} ${commonName}` },
    ],
    keyType,
    privateKey: await generateSoftwareKey(keyType, randomness, `ca/${name}/key`),
    serialNumber: serialNumberOf(randomness.octets(`ca/${name}/serial`, 16)),
    validity: {
      notBefore: new Date(now.getTime() - backdatingMs),
      notAfter: new Date(now.getTime() + authorityLifetimeMs),
    },
    locations: locationsOf(name, options),
    ...place,
  });
  const path = authorityPath(directory, name);
  await saveCertificateAuthority(path, authority);
  await issueStoredCrl(path, { now, lifetimeMs: defaultCrlLifetimeMs });
  return (await loadCertificateAuthority(path)).authority;
}

async function createAuthorities(directory: string, options: CardAuthoritiesOptions): Promise<void> {
  const count = options.intermediates ?? 0;
  if (!Number.isInteger(count) || count < 0 || count > maximumIntermediates) {
    throw new RangeError(`there can be 0 to ${maximumIntermediates} intermediate authorities`);
  }
  let parent = await createAuthority(directory, { name: 'root', commonName: 'root CA' }, options);
  for (let number = 1; number <= count; number += 1) {
    const intermediate = { name: `intermediate-${number}`, commonName: `intermediate CA ${number}` };
    parent = await createAuthority(directory, { ...intermediate, parent, pathLength: count - number + 1 }, options);
  }
  // Last, since its CRL says that the whole was finished.
  await createAuthority(directory, { name: 'issuing', commonName: 'issuing CA', parent, pathLength: 0 }, options);
}

/** The authorities of a card directory, made if it has no authorities yet. @throws CardError when they cannot be read */
export async function openCardAuthorities(
  directory: string,
  options: CardAuthoritiesOptions,
): Promise<CardAuthorities> {
  const paths = authorityPaths(directory);
  const created = !existsSync(join(paths.issuing, 'crl.der'));
  if (created) {
    await createAuthorities(directory, options);
  }
  const load = async (path: string) => (await loadCertificateAuthority(path)).authority;
  const names = (await authorityNames(directory)).filter((name) => name.startsWith('intermediate-'));
  const intermediates = await Promise.all(names.map((name) => load(authorityPath(directory, name))));
  return { root: await load(paths.root), intermediates, issuing: await load(paths.issuing), paths, created };
}

/** An authority of the same directory that no trust anchor leads to, for cards that must be refused; made when first asked for. */
export async function openForeignAuthority(
  directory: string,
  options: CardAuthoritiesOptions,
): Promise<CertificateAuthority> {
  const path = authorityPath(directory, 'foreign');
  return existsSync(join(path, 'crl.der'))
    ? (await loadCertificateAuthority(path)).authority
    : createAuthority(directory, { name: 'foreign', commonName: 'foreign CA' }, options);
}
