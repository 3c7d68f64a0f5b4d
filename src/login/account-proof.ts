/** What an account must be and prove once it is known whose login it is: its state, and its password where the policy wants one. */
import { accountDenial } from '../directory/account-state.ts';
import type { Identified } from './identification.ts';
import type { LoginPolicy, Occasion } from './login-policy.ts';
import type { StageResult } from './login-progress.ts';
import type { ExplainedRequest } from './login-request.ts';
import { type PasswordLoginOptions, passwordDenial } from './password-login.ts';

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

/** The account's password was right, in this login or in the one that is rechecked; or the policy wants none. */
export interface Proven extends Admitted {
  readonly passwordProven: boolean;
}

/**
 * The stage of the password. A recheck believes a password that its login proved, and `password-required` asks the client for one.
 */
export async function checkPassword(
  policy: LoginPolicy,
  admitted: Admitted,
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<StageResult<Proven>> {
  const passwords = passwordsFor(policy, admitted);
  if (!passwords) return { outcome: 'passed', proof: { ...admitted, passwordProven: false } };
  const proven: StageResult<Proven> = { outcome: 'passed', proof: { ...admitted, passwordProven: true } };
  if (occasion.purpose === 'recheck' && occasion.passwordProven) return proven;
  const { password, remoteAddress } = request;
  if (password === undefined) return { outcome: 'password-required' };
  const { account, directory, certificate, address } = admitted;
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

/** @returns undefined where the certificate alone decides */
function passwordsFor(policy: LoginPolicy, { certificate }: Identified): PasswordLoginOptions | undefined {
  switch (policy.mode) {
    case 'disabled':
    case 'certificate':
      return undefined;
    case 'certificateOrPassword':
      return certificate ? undefined : policy.passwords;
    case 'certificateAndPassword':
    case 'password':
      return policy.passwords;
  }
}
