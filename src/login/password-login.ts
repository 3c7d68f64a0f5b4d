/**
 * The password’s part of a login: which account a typed name means, and whether the password is that account’s. Names are
 * compared letter by letter, a name of several accounts is refused, and no password is tried that the throttle holds back.
 */
import { type Denial, denial } from '../denial.ts';
import type { Directory, DirectoryAccount } from '../directory/directory.ts';
import type { StepRecorder } from '../explanation/steps.ts';
import { equalsIgnoringAsciiCase } from '../mapping/ascii-case.ts';
import { printable } from '../operations/printable.ts';
import type { FailureThrottle } from './failure-throttle.ts';

export interface PasswordLoginOptions {
  /** The directories of the site; those that know passwords are asked. */
  readonly directories: readonly Directory[];
  /** One for all sites, so that guesses at several of them add up. */
  readonly throttle: FailureThrottle;
}

/** Those whose accounts can prove a password. */
export function passwordDirectories({ directories }: PasswordLoginOptions): readonly Directory[] {
  return directories.filter(({ verifyPassword }) => verifyPassword);
}

export type LoginNameResult =
  | { readonly outcome: 'identified'; readonly account: DirectoryAccount; readonly directory: Directory }
  | { readonly outcome: 'denied'; readonly denial: Denial };

/** Characters; a user principal name has at most 1024, and no person types that many. */
const longestName = 256;
const invisible = /[\p{C}]/u;

/** @throws DirectoryUnavailableError | DirectoryAnswerError */
export async function findAccountByName(
  directories: readonly Directory[],
  name: string,
  steps: StepRecorder,
): Promise<LoginNameResult> {
  const plausible = name.length > 0 && name.length <= longestName && !invisible.test(name);
  const able = directories.filter(({ findByLoginName }) => findByLoginName);
  const found = plausible ? await askAll(able, name) : [];
  const names = found.map(({ account }) => account.distinguishedName);
  const facts = { claimedName: printable(name), directories: able.map((directory) => directory.name), found: names };
  const [only, ...more] = found;
  const passed = only !== undefined && more.length === 0;
  steps.record({ stage: 'mapping', check: 'account of the name', verdict: passed ? 'passed' : 'failed', facts });
  if (passed) return { outcome: 'identified', ...only };
  return {
    outcome: 'denied',
    denial: only
      ? denial('account-name-ambiguous', `${found.length} accounts have the name.`, facts)
      : denial('account-not-found', 'No account has the name.', facts),
  };
}

async function askAll(directories: readonly Directory[], name: string) {
  const answers = await Promise.all(
    directories.map(async (directory) => {
      const accounts = (await directory.findByLoginName?.(name)) ?? [];
      return accounts
        .filter(({ loginNames }) => loginNames.some((own) => equalsIgnoringAsciiCase(own, name)))
        .map((account) => ({ account, directory }));
    }),
  );
  return answers.flat();
}

/** Whose password is to be tried, and what is known of who shows it. */
interface PasswordSubject {
  readonly account: DirectoryAccount;
  readonly directory: Directory;
  readonly remoteAddress: string;
  /** The account was found by a certificate that was accepted. */
  readonly hasCertificate: boolean;
}

/**
 * @returns why the password does not let the client in
 * @throws DirectoryUnavailableError
 */
export async function passwordDenial(
  { throttle }: PasswordLoginOptions,
  { account, directory, ...shown }: PasswordSubject,
  password: string,
  steps: StepRecorder,
): Promise<Denial | undefined> {
  const refusal = await tryPassword(throttle, { account, directory, ...shown }, password);
  steps.record({
    stage: 'account',
    check: 'password',
    verdict: refusal ? 'failed' : 'passed',
    facts: refusal ? { ...refusal.facts, reason: refusal.code } : { account: account.accountName },
  });
  return refusal && { ...refusal, facts: { ...refusal.facts, account: account.distinguishedName } };
}

async function tryPassword(
  throttle: FailureThrottle,
  { account, directory, remoteAddress, hasCertificate }: PasswordSubject,
  password: string,
): Promise<Denial | undefined> {
  if (account.state.smartcardRequired) {
    return denial('account-smartcard-required', 'The account is for smart cards only; no password was tried.');
  }
  if (!directory.verifyPassword) {
    return denial('password-not-accepted', `The directory ${directory.name} knows no passwords.`);
  }
  const key = JSON.stringify([directory.name, account.id]);
  const admission = throttle.admitAccount({ account: key, remoteAddress, hasCertificate });
  if (!admission) return throttled(hasCertificate ? 'card' : 'account');
  try {
    const answer = await directory.verifyPassword(account, password);
    if (answer.outcome === 'refused') return answer.denial;
    admission.succeeded();
    return undefined;
  } catch (error) {
    admission.undecided();
    throw error;
  }
}

const throttledBy = {
  account: 'Too many wrong passwords for this account, from this address or from addresses that are new to it',
  address: 'Too many wrong passwords from this address',
  card: 'Too many wrong passwords besides the certificate of this account',
} as const;

export function throttled(by: keyof typeof throttledBy): Denial {
  return denial('password-throttled', `${throttledBy[by]}; this one was not tried.`, { by });
}
