/** For `cardgate explain` only: what an account holds, beside what the rules looked for. It asks for names and changes nothing. */
import {
  type Directory,
  type DirectoryAccount,
  DirectoryAnswerError,
  DirectoryUnavailableError,
} from '../directory/directory.ts';
import { printable } from '../operations/printable.ts';
import { equalsIgnoringAsciiCase } from './ascii-case.ts';
import { unmetCondition } from './condition.ts';
import type { Search } from './hit.ts';
import { questionsFor } from './lookups.ts';
import { nearMiss } from './near-miss.ts';
import type { PlannedRule } from './rule-plan.ts';

/** More is not shown: the rest is for the lint. */
const mostValues = 16;
const check = 'what the account holds';

/** One search in each directory that the rules ask. */
export async function compareClaimedAccount(plan: readonly PlannedRule[], search: Search): Promise<void> {
  const { claimedName, steps } = search;
  if (!steps.looksFurther || claimedName === undefined) return;
  for (const directory of new Set(plan.flatMap(({ directories }) => directories))) {
    const accounts = await namedAccounts(directory, claimedName);
    if (typeof accounts === 'string') {
      const facts = { directory: directory.name, claimedName: printable(claimedName), reason: printable(accounts) };
      steps.record({ stage: 'mapping', check, verdict: 'skipped', facts });
    } else {
      for (const account of accounts) compareAccount(plan, search, directory, account);
    }
  }
}

/** @returns a reason when there are none. What cannot be asked changes nothing: the login was decided without it. */
async function namedAccounts(directory: Directory, name: string): Promise<readonly DirectoryAccount[] | string> {
  if (!directory.findByLoginName) return 'the directory finds no accounts by name';
  try {
    const accounts = (await directory.findByLoginName(name)).filter(({ loginNames }) =>
      loginNames.some((loginName) => equalsIgnoringAsciiCase(loginName, name)),
    );
    return accounts.length > 0 ? accounts : 'no account has this name';
  } catch (error) {
    if (!(error instanceof DirectoryUnavailableError) && !(error instanceof DirectoryAnswerError)) throw error;
    return error.message;
  }
}

export function compareAccount(
  plan: readonly PlannedRule[],
  search: Search,
  directory: Directory,
  account: DirectoryAccount,
): void {
  const { steps, facts, validated } = search;
  if (!steps.looksFurther) return;
  const lookups = plan
    .filter(({ rule, directories }) => {
      const isConcerned = unmetCondition(rule.when, validated, facts.identity) === undefined;
      return isConcerned && directories.includes(directory);
    })
    .flatMap(({ rule }) => questionsFor(rule, facts, directory.mappingSpelling).map(({ lookup }) => lookup));
  const searched = lookups.flatMap((lookup) => (lookup.by === 'altSecurityIdentities' ? lookup.values : []));
  const names = lookups.flatMap((lookup) => (lookup.by === 'userPrincipalName' ? [lookup.userPrincipalName] : []));
  const { altSecurityIdentities: values, userPrincipalName } = account;
  steps.record({
    stage: 'mapping',
    check,
    verdict: 'noted',
    facts: {
      account: printable(account.distinguishedName),
      directory: directory.name,
      mappingValues: values.length,
      notShown: values.length > mostValues ? values.length - mostValues : undefined,
      certificatesHeld: account.certificates.length,
      fingerprintsHeld: account.certificateFingerprints.slice(0, mostValues).map(printable),
      accountSid: account.sid,
    },
  });
  for (const value of values.slice(0, mostValues)) {
    const { difference, expected } = nearMiss(value, searched, facts, directory.mappingSpelling);
    record('mapping value', expected, value, difference);
  }
  if (names.length > 0) {
    const isEqual = names.some((name) => equalsIgnoringAsciiCase(userPrincipalName, name));
    const holds = userPrincipalName ?? '(none)';
    if (!isEqual) record('user principal name', names.join(' '), holds, 'user principal name different');
  }

  function record(what: string, expected: string | undefined, holds: string, difference: string): void {
    const shown = { expected: expected === undefined ? undefined : printable(expected), holds: printable(holds) };
    steps.record({
      stage: 'mapping',
      check: `${what} of the account`,
      verdict: 'noted',
      facts: { ...shown, difference: printable(difference) },
    });
  }
}
