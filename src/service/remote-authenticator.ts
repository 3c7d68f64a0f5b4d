/**
 * Logins decided by a remote mapping service: certificate, account and its state there, rights and home here. When no service
 * answers the login is unavailable, never granted; the record here bears the reference of the record there.
 */
import { createHash } from 'node:crypto';
import type { AccessRights } from '../authorization/access-rights.ts';
import { type Denial, denial } from '../denial.ts';
import type { Group } from '../directory/directory.ts';
import { type StepRecorder, unrecorded } from '../explanation.ts';
import {
  type AttemptParts,
  authenticatorBy,
  type Decision,
  type ExplainedRequest,
  type ExplainingAuthenticator,
  type Finder,
  type MappedAccount,
} from '../login/login-attempt.ts';
import { printable } from '../operations/printable.ts';
import { type RemoteAnswer, type RemoteService, RemoteUnavailableError } from './remote-service.ts';
import {
  addressPattern,
  type DeniedAnswer,
  type GrantedAnswer,
  maximumCertificateOctets,
  maximumCertificates,
  maximumUserLength,
  type ResolveRequest,
} from './wire.ts';

export interface RemoteAuthenticatorOptions extends AttemptParts {
  /** Which ways to log in the site allows; with none of them everybody is refused. */
  readonly methods: { readonly clientCertificate: boolean };
  readonly service: RemoteService;
  /** Site of the service whose rules decide. Default: the service’s first. */
  readonly site?: string;
  /** Asks the service for its steps when a login is explained; the service must allow it. Default `false`. */
  readonly explains: boolean;
  /** Access rights and home here. */
  readonly authorize: (
    account: MappedAccount['account'],
    groups: readonly Group[],
    steps: StepRecorder,
  ) => Promise<
    | { readonly outcome: 'authorized'; readonly homeDirectory: string; readonly accessRights: AccessRights }
    | { readonly outcome: 'denied'; readonly denial: Denial }
  >;
}

export function createRemoteAuthenticator(options: RemoteAuthenticatorOptions): ExplainingAuthenticator {
  return authenticatorBy((request, steps, found) => decide(options, request, steps, found), options);
}

async function decide(
  options: RemoteAuthenticatorOptions,
  request: ExplainedRequest,
  steps: StepRecorder,
  found: Finder,
): Promise<Decision> {
  const [endEntity] = request.peerCertificates;
  if (!options.methods.clientCertificate) {
    return refused('authentication-disabled', 'clientCertAuthentication is not enabled for this site.');
  }
  if (!endEntity) {
    return request.password === undefined
      ? refused('certificate-missing', 'The TLS handshake ended without a client certificate.')
      : refused('password-not-accepted', 'A password was sent, and no certificate.');
  }
  if (endEntity.length > maximumCertificateOctets) {
    return refused('certificate-malformed', 'The certificate is larger than 64 KiB.');
  }
  if ((request.claimedName ?? '').length > maximumUserLength) {
    return refused('name-mismatch', `No account has a name of more than ${maximumUserLength} characters.`);
  }

  const sha256 = createHash('sha256').update(endEntity).digest('hex');
  const asksForSteps = options.explains && steps !== unrecorded;
  let remote: RemoteAnswer;
  try {
    remote = await options.service.resolve(resolveRequest(options, request), sha256, asksForSteps);
  } catch (error) {
    if (!(error instanceof RemoteUnavailableError)) throw error;
    const facts = { failures: error.failures };
    steps.record({ stage: 'mapping', check: 'mapping service', verdict: 'failed', facts });
    return { outcome: 'unavailable', denial: denial('mapping-service-unavailable', error.message, facts) };
  }
  const { answer, service } = remote;
  for (const { citation, facts, atMilliseconds: _, ...step } of answer.steps ?? []) {
    steps.record({ ...step, ...(citation !== undefined && { citation }), ...(facts && { facts }) });
  }
  steps.record({
    stage: 'mapping',
    check: 'mapping service',
    verdict: answer.outcome === 'granted' ? 'passed' : 'failed',
    facts: { service, outcome: answer.outcome, reference: answer.reference },
  });
  return answer.outcome === 'granted' ? authorized(options, answer, steps, found) : remoteRefusal(answer, service);
}

function resolveRequest(
  { site }: RemoteAuthenticatorOptions,
  { peerCertificates, claimedName, remoteAddress, tls }: ExplainedRequest,
): ResolveRequest {
  return {
    // What follows only helps to build paths.
    certificates: peerCertificates
      .filter(({ length }) => length <= maximumCertificateOctets)
      .slice(0, maximumCertificates)
      .map((der) => der.toString('base64')),
    ...(claimedName !== undefined && { user: claimedName }),
    ...(site !== undefined && { site }),
    ...(addressPattern.test(remoteAddress) && { remoteAddress }),
    tls,
  };
}

async function authorized(
  options: RemoteAuthenticatorOptions,
  answer: GrantedAnswer,
  steps: StepRecorder,
  found: Finder,
): Promise<Decision> {
  const { reference, rule, reason, certificate, path, trustAnchor, policies, evidence } = answer;
  const { name: accountName, groups: wireGroups, ...rest } = answer.account;
  const account = { ...defined(rest), accountName };
  const groups = wireGroups.map(defined);
  const recorded = {
    directory: account.directory,
    name: printable(accountName),
    distinguishedName: printable(account.distinguishedName),
    ...(account.sid !== undefined && { sid: account.sid }),
  };
  found(
    {
      certificate: defined(certificate),
      path,
      trustAnchor,
      policies,
      evidence: evidence.map(defined),
      rule,
      mappingReason: reason,
      account: recorded,
    },
    { account, groups },
  );
  const authorization = await options.authorize(account, groups, steps);
  if (authorization.outcome === 'denied') return { ...authorization, reference };
  const { homeDirectory, accessRights } = authorization;
  found({ account: { ...recorded, homeDirectory } });
  return {
    outcome: 'granted',
    reference,
    login: {
      accountName,
      directory: account.directory,
      ...(account.sid !== undefined && { accountId: account.sid }),
      homeDirectory,
      accessRights,
      certificateSha256: certificate.sha256,
      validUntil: new Date(answer.validUntil),
    },
  };
}

function remoteRefusal({ outcome, code, reference, detail, facts }: DeniedAnswer, service: string): Decision {
  const said = detail ?? `The mapping service ${service} refused; its record ${reference} says why.`;
  return { outcome, reference, denial: denial(code, said, { ...facts, service }) };
}

function refused(code: Denial['code'], detail: string): Decision {
  return { outcome: 'denied', denial: denial(code, detail) };
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Decoded answers have `undefined` where something is absent; nothing else of ours does. */
function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
