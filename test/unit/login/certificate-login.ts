/** Jane Doe's login by certificate, with a validator, a mapping and a directory that answer as a test says. */

import type { AccountState } from '../../../src/directory/account-state.ts';
import type { Directory, DirectoryAccount } from '../../../src/directory/directory.ts';
import type { LoginRequest } from '../../../src/login/authenticator.ts';
import type { AccountResolver } from '../../../src/mapping/account-resolver.ts';
import type { AuditRecord } from '../../../src/operations/audit.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { janeDoe } from '../../support/jane-doe.ts';
import { authenticatorOf, everybodyMayAll, homesAt, type LoginSetup, siteLoginOf } from '../../support/login-setup.ts';
import { recordingTrail } from '../../support/recording-trail.ts';
import { throttleOf } from '../../support/settings.ts';

export const now = new Date('2026-06-01T12:00:00Z');
export const certificate = parseCertificate(janeDoe);

export const validated = {
  certificate,
  path: [certificate],
  trustAnchor: { name: 'CN=CONTOSO-DC-CA', sha256: 'aa' },
  policies: 'any-policy',
  evidence: [
    {
      certificateSha256: certificate.sha256,
      status: 'good',
      method: 'crl',
      source: 'file',
      thisUpdate: new Date('2026-06-01T11:00:00Z'),
    },
  ],
  validatedAt: now,
} as unknown as ValidatedCertificate;

const enabled: AccountState = { type: 'person', disabled: false, smartcardRequired: false };

export function accountWith(state: Partial<AccountState> = {}): DirectoryAccount {
  return {
    directory: 'corp',
    id: '1',
    distinguishedName: 'CN=Jane Doe,DC=contoso,DC=com',
    accountName: 'jdoe',
    loginNames: ['jdoe'],
    altSecurityIdentities: [],
    certificates: [],
    certificateFingerprints: [],
    state: { ...enabled, ...state },
  };
}

export const directory = { name: 'corp', readGroups: async () => [] } as unknown as Directory;

export function authenticatorWith(overrides: Partial<LoginSetup>) {
  const records: AuditRecord[] = [];
  const clock = overrides.clock ?? { now: () => now };
  const login = siteLoginOf({
    mode: 'certificate',
    validator: { validate: async () => ({ outcome: 'valid', certificate: validated }) },
    mapping: mappingTo(() => accountWith()),
    passwords: { directories: [], throttle: throttleOf(clock) },
    rules: everybodyMayAll,
    homes: homesAt(() => '/srv/jdoe'),
    requireSmartcardRequired: false,
    audit: recordingTrail((record) => void records.push(record)),
    logger: silentLogger,
    clock,
    timer: () => 0,
    ...overrides,
  });
  return { login, records, authenticator: authenticatorOf(login) };
}

export const request: LoginRequest = {
  peerCertificates: [janeDoe],
  claimedName: 'jdoe',
  remoteAddress: '127.0.0.1',
  connectionId: 'C1',
  tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
};

/** @param account called for every resolution; what it throws is thrown */
export function mappingTo(account: () => DirectoryAccount, home: Directory = directory): AccountResolver {
  return {
    resolve: async () => ({ outcome: 'mapped', account: account(), directory: home, rule: 'by-sid', reason: 'sid' }),
  };
}
