/**
 * Logins decided by a remote mapping service: certificate, account and its state there, rights and home here. When no service
 * answers the login is unavailable, never granted; the record here bears the reference of the record there.
 */
import { createHash } from 'node:crypto';
import type { CertificateCircumstances } from '../authorization/rules/rule-conditions.ts';
import { denial } from '../denial.ts';
import { unrecorded } from '../explanation/steps.ts';
import { authorizeAccount, findHome, type Grouped, homeOf } from '../login/account-rights.ts';
import type { Login } from '../login/authenticator.ts';
import { stageDenial } from '../login/identification.ts';
import type { AuthorizationPolicy, Occasion } from '../login/login-policy.ts';
import { begun, next, type Progress, type StageResult } from '../login/login-progress.ts';
import { accountFacts } from '../login/login-record.ts';
import type { ExplainedRequest } from '../login/login-request.ts';
import { clientAddress } from '../login/login-request.ts';
import { defined } from '../settings/defined.ts';
import { remoteCertificate } from './remote-circumstances.ts';
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

export interface RemoteLoginPolicy extends AuthorizationPolicy {
  /** Whether the site takes client certificates; without them every login is refused. */
  readonly clientCertificate: boolean;
  readonly service: RemoteService;
  /** Site of the service whose rules decide; absent: the service’s first. */
  readonly site?: string | undefined;
  /** Asks the service for its steps when a login is explained; the service must allow it. Default `false`. */
  readonly explains: boolean;
}

/** Never rejects. */
export async function decideRemotely(
  policy: RemoteLoginPolicy,
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<Progress<Login>> {
  const answered = await next(begun, () => askService(policy, request, occasion));
  const authorized = await next(answered, (proof) =>
    authorizeAccount(
      policy,
      proof,
      {
        method: 'certificate',
        remoteAddress: clientAddress(request),
        certificate: proof.certificate,
      },
      occasion,
    ),
  );
  const housed = await next(authorized, (proof) => findHome(policy, proof, occasion));
  return next(housed, ({ account, groups, accessRights, certificateSha256, validUntil, ...housed }) => ({
    outcome: 'passed',
    proof: {
      accountName: account.accountName,
      directory: account.directory,
      accountId: account.sid,
      ...homeOf(housed),
      accessRights,
      groups,
      authenticationMethod: 'certificate',
      certificateSha256,
      validUntil,
    },
  }));
}

/** The service validated the certificate, mapped it, and found that the account may log in. */
interface Answered extends Grouped {
  readonly certificateSha256: string;
  readonly validUntil: Date;
  readonly certificate: CertificateCircumstances;
}

async function askService(
  policy: RemoteLoginPolicy,
  request: ExplainedRequest,
  { steps }: Occasion,
): Promise<StageResult<Answered>> {
  const [endEntity] = request.peerCertificates;
  if (!policy.clientCertificate) {
    return stageDenial('authentication-disabled', 'clientCertAuthentication is not enabled for this site.');
  }
  if (!endEntity) {
    return request.password === undefined
      ? stageDenial('certificate-missing', 'The TLS handshake ended without a client certificate.')
      : stageDenial('password-not-accepted', 'A password was sent, and no certificate.');
  }
  if (endEntity.length > maximumCertificateOctets) {
    return stageDenial('certificate-malformed', 'The certificate is larger than 64 KiB.');
  }
  if ((request.claimedName ?? '').length > maximumUserLength) {
    return stageDenial('name-mismatch', `No account has a name of more than ${maximumUserLength} characters.`);
  }

  const sha256 = createHash('sha256').update(endEntity).digest('hex');
  const asksForSteps = policy.explains && steps !== unrecorded;
  let remote: RemoteAnswer;
  try {
    remote = await policy.service.resolve(resolveRequest(policy, request), sha256, asksForSteps);
  } catch (error) {
    if (!(error instanceof RemoteUnavailableError)) throw error;
    const facts = { failures: error.failures };
    steps.record({ stage: 'mapping', check: 'mapping service', verdict: 'failed', facts });
    return { outcome: 'unavailable', denial: denial('mapping-service-unavailable', error.message, facts) };
  }
  const { answer, service } = remote;
  for (const { citation, facts, atMilliseconds: _, ...step } of answer.steps ?? []) {
    steps.record({ ...step, citation, facts });
  }
  steps.record({
    stage: 'mapping',
    check: 'mapping service',
    verdict: answer.outcome === 'granted' ? 'passed' : 'failed',
    facts: { service, outcome: answer.outcome, reference: answer.reference },
  });
  return answer.outcome === 'granted' ? proofOf(answer, endEntity) : remoteRefusal(answer, service);
}

function resolveRequest(
  { site }: RemoteLoginPolicy,
  { peerCertificates, claimedName, remoteAddress, tls }: ExplainedRequest,
): ResolveRequest {
  return {
    // What follows only helps to build paths.
    certificates: peerCertificates
      .filter(({ length }) => length <= maximumCertificateOctets)
      .slice(0, maximumCertificates)
      .map((der) => der.toString('base64')),
    user: claimedName,
    site,
    ...(addressPattern.test(remoteAddress) && { remoteAddress }),
    tls,
  };
}

function proofOf(answer: GrantedAnswer, endEntity: Buffer): StageResult<Answered> {
  const { reference, rule, reason, certificate, path, trustAnchor, policies, evidence } = answer;
  const { name: accountName, groups: wireGroups, ...rest } = answer.account;
  const account = { ...defined(rest), accountName };
  const groups = wireGroups.map(defined);
  return {
    outcome: 'passed',
    proof: {
      account,
      groups,
      certificateSha256: certificate.sha256,
      validUntil: new Date(answer.validUntil),
      certificate: remoteCertificate(answer, endEntity),
    },
    findings: {
      reference,
      certificate: defined(certificate),
      path,
      trustAnchor,
      policies,
      evidence: evidence.map(defined),
      rule,
      mappingReason: reason,
      authenticationMethod: 'certificate',
      account: accountFacts(account),
      mapped: { account, groups },
    },
  };
}

function remoteRefusal({ outcome, code, reference, detail, facts }: DeniedAnswer, service: string): StageResult<never> {
  const said = detail ?? `The mapping service ${service} refused; its record ${reference} says why.`;
  return { outcome, denial: denial(code, said, { ...facts, service }), findings: { reference } };
}
