/** What an account must be and prove once it is known whose login it is: its state, and what the rules of the site want of it. */

import type { AuthenticationMethod } from '../authorization/authentication-method.ts';
import { denial } from '../denial.ts';
import { accountDenial } from '../directory/account-state.ts';
import type { Group } from '../directory/directory.ts';
import { isAnonymousAccount } from './anonymous-login.ts';
import type { Identified } from './identification.ts';
import { type LoginPolicy, type Occasion, passwordWasProven } from './login-policy.ts';
import type { StageResult } from './login-progress.ts';
import { clientAddress, type ExplainedRequest } from './login-request.ts';
import { methodDemand, possibleRules, type SiteMethods } from './method-rules.ts';
import { passwordDenial } from './password-login.ts';

/** The account may log in now. */
export interface Admitted extends Identified {
  readonly admittedAt: Date;
}

/** @returns denied by the account's state in its directory */
export function checkState(
  { clock, requireSmartcardRequired }: LoginPolicy,
  identified: Identified,
  { steps }: Occasion,
): StageResult<Admitted> {
  const { account } = identified;
  const admittedAt = clock.now();
  const refusal = accountDenial(account.state, admittedAt, { requireSmartcardRequired });
  steps.record({
    stage: 'account',
    check: 'account may log in now',
    verdict: refusal ? 'failed' : 'passed',
    facts: refusal ? { ...refusal.facts, reason: refusal.code } : { account: account.accountName },
  });
  if (!refusal) return { outcome: 'passed', proof: { ...identified, admittedAt } };
  const facts = { ...refusal.facts, account: account.distinguishedName };
  return { outcome: 'denied', denial: { ...refusal, facts } };
}

/** What the rules of the site want of the account besides what identified it. */
export interface Demanded extends Admitted {
  readonly wantsPassword: boolean;
  /** Absent where no rule asked for them yet. */
  readonly groups?: readonly Group[];
}

/**
 * The stage of the methods: by the rules of the site for this account, its groups and the network of the client. What the client is told of a refusal is the same as for a wrong password.
 * @throws DirectoryUnavailableError | DirectoryAnswerError
 */
export async function checkMethod(
  { methods }: LoginPolicy,
  admitted: Admitted,
  request: ExplainedRequest,
  { steps }: Occasion,
): Promise<StageResult<Demanded>> {
  const { account, certificate } = admitted;
  if (isAnonymousAccount(admitted.account)) return { outcome: 'passed', proof: { ...admitted, wantsPassword: false } };
  const { possible, groups } = await rulesFor(methods, admitted, clientAddress(request));
  const { setting, wants, methods: admits } = methodDemand(possible, certificate !== undefined);
  const proof = { ...admitted, wantsPassword: wants === 'password', ...(groups && { groups }) };
  steps.record({
    stage: 'account',
    check: 'method of authentication',
    verdict: wants === 'another-method' ? 'failed' : 'passed',
    facts: { rule: setting, methods: admits, shown: certificate ? 'certificate' : 'name', wanted: wants },
  });
  if (wants !== 'another-method') return { outcome: 'passed', proof };
  const shown = certificate ? 'a certificate' : 'a name and no certificate';
  const detail = `${setting} admits ${admits.join(', ') || 'no method'}, and the client came with ${shown}.`;
  const facts = { rule: setting, methods: admits, account: account.distinguishedName };
  return { outcome: 'denied', denial: denial('method-not-admitted', detail, facts) };
}

/** Groups are read only where the rule that decides depends on them. */
async function rulesFor(methods: SiteMethods, { account, directory }: Admitted, remoteAddress: string) {
  const possibleWith = (groups?: readonly Group[]) =>
    possibleRules(methods, { remoteAddress, subject: { accountName: account.accountName, groups } });
  const withoutGroups = possibleWith();
  if (withoutGroups.length === 1) return { possible: withoutGroups };
  const groups = await directory.readGroups(account);
  return { possible: possibleWith(groups), groups };
}

/** For who asks what an account may do: the methods it is admitted by are told, and none is shown. */
export async function assumeMethod(
  { methods }: LoginPolicy,
  admitted: Admitted,
  request: ExplainedRequest,
  { steps }: Occasion,
): Promise<StageResult<Proven>> {
  if (isAnonymousAccount(admitted.account)) return { outcome: 'passed', proof: { ...admitted, method: 'anonymous' } };
  const { possible, groups } = await rulesFor(methods, admitted, clientAddress(request));
  const { setting, methods: admits } = methodDemand(possible, true);
  steps.record({
    stage: 'account',
    check: 'methods of authentication',
    verdict: 'noted',
    facts: { rule: setting, methods: admits },
  });
  const method = admits.find((one) => one !== 'anonymous') ?? 'certificate';
  return { outcome: 'passed', proof: { ...admitted, method, isAssumed: true, ...(groups && { groups }) } };
}

/** It is shown by what the site demands of it, in this login or in the one that is rechecked. */
export interface Proven extends Admitted {
  readonly method: AuthenticationMethod;
  /** The account was only asked about, and has shown nothing. Default false. */
  readonly isAssumed?: boolean;
  readonly groups?: readonly Group[];
}

/**
 * The stage of the password. A recheck believes a password that its login proved, and `password-required` asks the client for one.
 */
export async function checkPassword(
  { passwords }: LoginPolicy,
  demanded: Demanded,
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<StageResult<Proven>> {
  const { account, directory, certificate, address, wantsPassword } = demanded;
  const passed = (method: AuthenticationMethod): StageResult<Proven> => ({
    outcome: 'passed',
    proof: { ...demanded, method },
    findings: { authenticationMethod: method },
  });
  if (!wantsPassword) return passed(isAnonymousAccount(account) ? 'anonymous' : 'certificate');
  const proven = passed(certificate ? 'certificateAndPassword' : 'password');
  if (passwordWasProven(occasion)) return proven;
  if (!passwords) throw new Error('a site without passwords wants one');
  const { password, remoteAddress } = request;
  if (password === undefined) return { outcome: 'password-required' };
  const subject = { account, directory, remoteAddress, hasCertificate: certificate !== undefined };
  try {
    const refusal = await passwordDenial(passwords, subject, password, occasion.steps);
    if (refusal) return { outcome: 'denied', denial: refusal };
    address?.succeeded();
    return proven;
  } catch (error) {
    address?.undecided();
    throw error;
  }
}
