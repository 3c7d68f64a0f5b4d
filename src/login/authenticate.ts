/**
 * One login from certificate to verdict: validate, map, check the account, authorize. Each stage hands the next a proof of
 * what it did, and every verdict leaves exactly one audit record.
 */
import type { AccessRights } from '../authorization/access-rights.ts';
import type { Clock } from '../clock.ts';
import { type Denial, type DenialCode, denial } from '../denial.ts';
import { accountDenial } from '../directory/account-state.ts';
import type { Directory, DirectoryAccount, Group } from '../directory/directory.ts';
import type { StepRecorder } from '../explanation.ts';
import type { MappingService } from '../mapping/mapping-service.ts';
import type { CertificateValidator } from '../pki/certificate-validator.ts';
import type { AuthenticatedLogin } from './authenticator.ts';
import {
  type AttemptParts,
  authenticatorBy,
  type Decision,
  type ExplainedRequest,
  type ExplainingAuthenticator,
  type Finder,
} from './login-attempt.ts';
import { accountFacts, certificateFacts, validationFacts } from './login-record.ts';

export type Authorization =
  | { readonly outcome: 'authorized'; readonly homeDirectory: string; readonly accessRights: AccessRights }
  | { readonly outcome: 'denied'; readonly denial: Denial };

export interface AuthenticatorOptions extends AttemptParts {
  /** Which ways to log in the site allows; with none of them everybody is refused. */
  readonly methods: { readonly clientCertificate: boolean };
  readonly validator: CertificateValidator;
  readonly mapping: MappingService;
  /** Access rights and home of an account that is mapped and may log in. */
  readonly authorize: (
    account: DirectoryAccount,
    groups: readonly Group[],
    steps: StepRecorder,
  ) => Promise<Authorization>;
}

export function createAuthenticator(options: AuthenticatorOptions): ExplainingAuthenticator {
  return authenticatorBy((request, steps, found) => decide(options, request, steps, found), options);
}

async function decide(
  options: AuthenticatorOptions,
  request: ExplainedRequest,
  steps: StepRecorder,
  found: Finder,
): Promise<Decision> {
  if (!options.methods.clientCertificate) {
    return denied('authentication-disabled', 'clientCertAuthentication is not enabled for this site.');
  }
  if (request.peerCertificates.length === 0) {
    return request.password === undefined
      ? denied('certificate-missing', 'The TLS handshake ended without a client certificate.')
      : denied('password-not-accepted', 'A password was sent, and no certificate.');
  }

  const validation = await options.validator.validate(request.peerCertificates, steps);
  if (validation.outcome === 'invalid') {
    if (validation.certificate) found({ certificate: certificateFacts(validation.certificate) });
    return { outcome: 'denied', denial: validation.denial };
  }
  found(validationFacts(validation.certificate));

  const mapping = await options.mapping.resolve(validation.certificate, request.claimedName, steps);
  if (mapping.outcome === 'denied') return mapping;
  const { account, directory, rule, reason } = mapping;
  found({ rule, mappingReason: reason, account: accountFacts(account) }, { account });

  const state = checkState(account, options.clock, steps);
  if (state) return { outcome: 'denied', denial: state };

  const groups = await readGroups(directory, account, steps);
  found({}, { account, groups });
  const authorization = await options.authorize(account, groups, steps);
  if (authorization.outcome === 'denied') return authorization;
  const { homeDirectory, accessRights } = authorization;
  found({ account: { ...accountFacts(account), ...(homeDirectory && { homeDirectory }) } });

  const { certificate, path } = validation.certificate;
  const login: Omit<AuthenticatedLogin, 'recheck'> = {
    accountName: account.accountName,
    directory: account.directory,
    homeDirectory,
    accessRights,
    certificateSha256: certificate.sha256,
    validUntil: new Date(Math.min(...path.map(({ notAfter }) => notAfter.getTime()))),
  };
  return { outcome: 'granted', login };
}

function checkState(account: DirectoryAccount, clock: Clock, steps: StepRecorder): Denial | undefined {
  const refusal = accountDenial(account.state, clock.now());
  steps.record({
    stage: 'account',
    check: 'account may log in now',
    verdict: refusal ? 'failed' : 'passed',
    facts: refusal ? { ...refusal.facts, reason: refusal.code } : { account: account.accountName },
  });
  return refusal && { ...refusal, facts: { ...refusal.facts, account: account.distinguishedName } };
}

async function readGroups(
  directory: Directory,
  account: DirectoryAccount,
  steps: StepRecorder,
): Promise<readonly Group[]> {
  const groups = await directory.readGroups(account);
  const names = groups.map((group) => group.name ?? group.distinguishedName ?? group.sid ?? '');
  steps.record({ stage: 'account', check: 'groups', verdict: 'noted', facts: { groups: names } });
  return groups;
}

function denied(code: DenialCode, detail: string): Decision {
  return { outcome: 'denied', denial: denial(code, detail) };
}
