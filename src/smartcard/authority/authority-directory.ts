/**
 * A certification authority of the harness kept in a directory: certificate.pem, chain.pem, private-key.pem (mode 0600),
 * crl.der, issued/ with a copy of every certificate, and authority.json with what has been revoked.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialNumberText } from '../../pki/names/serial-number-text.ts';
import { CardError } from '../card/card-error.ts';
import { replaceFile } from '../card/replace-file.ts';
import {
  type AuthorityLocations,
  type CertificateAuthority,
  type IssuedCertificate,
  openCertificateAuthority,
} from './certificate-authority.ts';
import { type IssuedRevocation, isRevocationReason } from './certificate-revocation-list.ts';

export interface AuthorityState {
  /** Number of the CRL issued last; 0 before the first. */
  readonly crlNumber: bigint;
  readonly revoked: readonly IssuedRevocation[];
}

export interface StoredAuthority extends AuthorityState {
  readonly authority: CertificateAuthority;
}

const fresh: AuthorityState = { crlNumber: 0n, revoked: [] };

export async function saveCertificateAuthority(
  directory: string,
  authority: CertificateAuthority,
  state: AuthorityState = fresh,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  await replaceFile(join(directory, 'private-key.pem'), authority.privateKeyPem, 0o600);
  await replaceFile(join(directory, 'certificate.pem'), authority.certificatePem);
  await replaceFile(join(directory, 'chain.pem'), authority.chainPem);
  const record = {
    locations: authority.locations,
    crlNumber: state.crlNumber.toString(),
    revoked: state.revoked.map(({ serialNumber, revokedAt, reason }) => ({
      serialNumber: serialNumberText(serialNumber),
      revokedAt: revokedAt.toISOString(),
      reason: reason ?? 'unspecified',
    })),
  };
  await replaceFile(join(directory, 'authority.json'), `${JSON.stringify(record, undefined, 2)}\n`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodeRevocation(value: unknown): IssuedRevocation | undefined {
  if (!isRecord(value) || typeof value['serialNumber'] !== 'string' || typeof value['revokedAt'] !== 'string') {
    return undefined;
  }
  const revokedAt = new Date(value['revokedAt']);
  if (
    !/^[0-9a-f]{1,40}$/.test(value['serialNumber']) ||
    Number.isNaN(revokedAt.getTime()) ||
    !isRevocationReason(value['reason'])
  ) {
    return undefined;
  }
  return { serialNumber: BigInt(`0x${value['serialNumber']}`), revokedAt, reason: value['reason'] };
}

function decodeLocations(value: unknown): AuthorityLocations | undefined {
  if (!isRecord(value)) return undefined;
  const known = ['crlDistributionPoint', 'ocspResponder', 'caIssuers'];
  const good = Object.entries(value).every(([key, url]) => known.includes(key) && typeof url === 'string');
  return good ? value : undefined;
}

function decodeRecord(path: string, text: string): AuthorityState & { readonly locations: AuthorityLocations } {
  const broken = () =>
    new CardError(`${path} is not a record of this authority.`, 'Restore it, or make the card directory anew.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken();
  }
  if (!isRecord(value) || typeof value['crlNumber'] !== 'string' || !/^\d{1,40}$/.test(value['crlNumber'])) {
    throw broken();
  }
  const revoked = Array.isArray(value['revoked']) ? value['revoked'].map(decodeRevocation) : [undefined];
  const good = revoked.filter((entry) => entry !== undefined);
  // A revocation that cannot be read must not silently become a good certificate.
  const locations = decodeLocations(value['locations']);
  if (locations === undefined || good.length !== revoked.length) {
    throw broken();
  }
  return { crlNumber: BigInt(value['crlNumber']), revoked: good, locations };
}

const issuedFile = (directory: string, serialNumber: bigint) =>
  join(directory, 'issued', `${serialNumber.toString(16)}.pem`);

async function recordIssued(directory: string, { serialNumber, pem }: IssuedCertificate): Promise<void> {
  await mkdir(join(directory, 'issued'), { recursive: true });
  await replaceFile(issuedFile(directory, serialNumber), pem);
}

/** Whether the authority in this directory issued a certificate with this serial number. */
export function hasIssued(directory: string, serialNumber: bigint): boolean {
  return existsSync(issuedFile(directory, serialNumber));
}

/** Throws CardError when the directory holds no authority or a broken one. */
export async function loadCertificateAuthority(directory: string): Promise<StoredAuthority> {
  const read = (name: string) =>
    readFile(join(directory, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new CardError(
        `The certification authority in ${directory} cannot be read (${name}: ${error.code ?? error.message}).`,
        'Make it with "cardgate card create", or check the path and its permissions.',
      );
    });
  const certificatePem = await read('certificate.pem');
  const chainPem = await read('chain.pem');
  const { locations, ...state } = decodeRecord(join(directory, 'authority.json'), await read('authority.json'));
  const authority = openCertificateAuthority({
    certificateDer: new X509Certificate(certificatePem).raw,
    privateKeyPem: await read('private-key.pem'),
    parentChainPem: chainPem.startsWith(certificatePem) ? chainPem.slice(certificatePem.length) : '',
    locations,
  });
  const issue: CertificateAuthority['issue'] = async (request) => {
    const issued = await authority.issue(request);
    await recordIssued(directory, issued);
    return issued;
  };
  return { authority: { ...authority, issue }, ...state };
}

/**
 * Issues the next CRL from what has been revoked and writes crl.der.
 * @param lifetimeMs time from thisUpdate to nextUpdate.
 */
export async function issueStoredCrl(
  directory: string,
  options: { readonly now: Date; readonly lifetimeMs: number; readonly revoke?: readonly IssuedRevocation[] },
): Promise<{ readonly path: string; readonly number: bigint; readonly revoked: readonly IssuedRevocation[] }> {
  const { authority, crlNumber, revoked: before } = await loadCertificateAuthority(directory);
  const known = new Set(before.map(({ serialNumber }) => serialNumber));
  const revoked = [...before, ...(options.revoke ?? []).filter(({ serialNumber }) => !known.has(serialNumber))];
  const number = crlNumber + 1n;
  const der = await authority.issueCrl({
    revoked,
    thisUpdate: options.now,
    nextUpdate: new Date(options.now.getTime() + options.lifetimeMs),
    number,
  });
  const path = join(directory, 'crl.der');
  await saveCertificateAuthority(directory, authority, { crlNumber: number, revoked });
  await replaceFile(path, der);
  return { path, number, revoked };
}
