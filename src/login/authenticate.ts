/**
 * One login from certificate to verdict: validate, map, check the account, authorize. Each stage hands the next a proof of
 * what it did, and every verdict leaves exactly one audit record.
 */
import type { AccessRights } from '../authorization/access-rights.ts';
import type { Clock } from '../clock.ts';
import { type Denial, type DenialCode, denial } from '../denial.ts';
import { accountDenial } from '../directory/account-state.ts';
import {
  type Directory,
  type DirectoryAccount,
  DirectoryAnswerError,
  DirectoryUnavailableError,
  type Group,
} from '../directory/directory.ts';
import { type StepRecorder, unrecorded } from '../explanation.ts';
import type { MappingService } from '../mapping/mapping-service.ts';
import type { AuditTrail, LoginAttempt } from '../operations/audit.ts';
import type { Logger } from '../operations/log.ts';
import { printable } from '../operations/printable.ts';
import { createReference } from '../operations/reference.ts';
import type { CertificateValidator } from '../pki/certificate-validator.ts';
import type { AuthenticatedLogin, Authenticator, LoginRequest, Verdict } from './authenticator.ts';
import { accountFacts, certificateFacts, validationFacts } from './login-record.ts';

export type Authorization =
  | { readonly outcome: 'authorized'; readonly homeDirectory: string; readonly accessRights: AccessRights }
  | { readonly outcome: 'denied'; readonly denial: Denial };

export interface AuthenticatorOptions {
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
  readonly audit: AuditTrail;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What a login has found out so far; it grows stage by stage and becomes the audit record. */
type Findings = Pick<
  LoginAttempt,
  'certificate' | 'path' | 'trustAnchor' | 'policies' | 'evidence' | 'rule' | 'mappingReason' | 'account'
>;

type Finder = (more: Findings, mapped?: MappedAccount) => void;

type Decision =
  | { readonly outcome: 'granted'; readonly login: AuthenticatedLogin }
  | { readonly outcome: 'denied' | 'unavailable'; readonly denial: Denial };

/** A login that may leave open whom it claims to be: only `cardgate explain` makes such a one, and it lets nobody in. */
export type ExplainedRequest = Omit<LoginRequest, 'claimedName'> & { readonly claimedName: string | undefined };

/** The account a login was mapped to, for those who hand it on; `groups` is absent when the login ended before they were read. */
export interface MappedAccount {
  readonly account: DirectoryAccount;
  readonly groups?: readonly Group[];
}

/** A verdict with what led to it. */
export interface Resolution {
  readonly verdict: Exclude<Verdict, { readonly outcome: 'password-required' }>;
  /** As it went into the audit trail. */
  readonly record: LoginAttempt;
  readonly mapped?: MappedAccount;
}

/** An authenticator that can also show its steps, for `cardgate explain`, and all it found, for the mapping service. */
export interface ExplainingAuthenticator extends Authenticator {
  explain(request: ExplainedRequest, steps: StepRecorder): Promise<Verdict>;
  resolve(request: ExplainedRequest, steps: StepRecorder): Promise<Resolution>;
}

export function createAuthenticator(options: AuthenticatorOptions): ExplainingAuthenticator {
  return {
    authenticate: async (request) => (await attempt(options, request, unrecorded)).verdict,
    explain: async (request, steps) => (await attempt(options, request, steps)).verdict,
    resolve: (request, steps) => attempt(options, request, steps),
  };
}

async function attempt(
  options: AuthenticatorOptions,
  request: ExplainedRequest,
  steps: StepRecorder,
): Promise<Resolution> {
  const { audit, clock, logger } = options;
  const reference = createReference();
  const startedAt = clock.now().getTime();
  let findings: Findings = {};
  let mapped: MappedAccount | undefined;
  const found: Finder = (more, account) => {
    findings = { ...findings, ...more };
    mapped = account ?? mapped;
  };
  let decision: Decision;
  try {
    decision = await decide(options, request, steps, found);
  } catch (error) {
    decision = decisionForFault(error);
    logger.error('login-fault', { reference, connectionId: request.connectionId, error });
  }
  const record: LoginAttempt = {
    event: 'login',
    outcome: decision.outcome,
    reference,
    connectionId: request.connectionId,
    remoteAddress: request.remoteAddress,
    claimedName: printable(request.claimedName ?? ''),
    ...(request.caller !== undefined && { caller: printable(request.caller) }),
    tls: request.tls,
    ...findings,
    ...(decision.outcome === 'granted' ? {} : { denial: decision.denial }),
    durationMilliseconds: clock.now().getTime() - startedAt,
  };
  audit.write(record);
  return { verdict: { ...decision, reference }, record, ...(mapped && { mapped }) };
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
  const login: AuthenticatedLogin = {
    accountName: account.accountName,
    directory: account.directory,
    homeDirectory,
    accessRights,
    certificateSha256: certificate.sha256,
    validUntil: new Date(Math.min(...path.map(({ notAfter }) => notAfter.getTime()))),
    recheck: () => recheck(options, request),
  };
  return { outcome: 'granted', login };
}

/** Without an answer a running session goes on: an outage is no reason to cut everybody off, and nothing new is allowed by it. */
const undecided: ReadonlySet<DenialCode> = new Set(['directory-unavailable', 'revocation-unknown']);

async function recheck(options: AuthenticatorOptions, request: ExplainedRequest): Promise<Denial | undefined> {
  const { connectionId } = request;
  let decision: Decision;
  try {
    decision = await decide(options, request, unrecorded, () => undefined);
  } catch (error) {
    decision = decisionForFault(error);
    options.logger.warn('login-recheck-failed', { connectionId, error });
  }
  if (decision.outcome === 'granted') return undefined;
  if (!undecided.has(decision.denial.code)) return decision.denial;
  options.logger.warn('login-recheck-undecided', { connectionId, code: decision.denial.code });
  return undefined;
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

/** A directory that does not answer, or answers nonsense, is foreseen; everything else is a fault of our own. Neither lets anybody in. */
function decisionForFault(error: unknown): Decision {
  if (error instanceof DirectoryUnavailableError) {
    return { outcome: 'unavailable', denial: denial('directory-unavailable', error.message, error.facts) };
  }
  if (error instanceof DirectoryAnswerError) {
    return { outcome: 'denied', denial: denial('directory-answer-invalid', error.message, error.facts) };
  }
  return {
    outcome: 'unavailable',
    denial: denial('internal-fault', 'The login ended in a fault; the log has its description.'),
  };
}

function denied(code: DenialCode, detail: string): Decision {
  return { outcome: 'denied', denial: denial(code, detail) };
}
