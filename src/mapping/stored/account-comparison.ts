/** For `cardgate explain` only: what an account holds, beside what the rules looked for. It asks for names and changes nothing. */
import {
  type Directory,
  type DirectoryAccount,
  DirectoryAnswerError,
  DirectoryUnavailableError,
} from '../../directory/directory.ts';
import { printable } from '../../operations/printable.ts';
import { equalsIgnoringAsciiCase } from '../ascii-case.ts';
import type { RuleSearch } from '../hit.ts';
import { questionsFor } from '../lookups.ts';
import { unmetCondition } from '../rules/condition.ts';
import type { PlannedRule } from '../rules/rule-plan.ts';
import { certificateNearMiss, type Difference, principalNearMiss, sidNearMiss } from './identity-near-miss.ts';
import { nearMiss } from './near-miss.ts';

/** More is not shown: the rest is for the lint. */
const mostValues = 16;
const check = 'what the account holds';

/** One search in each directory that the rules ask. */
export async function compareClaimedAccount(plan: readonly PlannedRule[], search: RuleSearch): Promise<void> {
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

/** @returns a sentence when no account can be compared. What cannot be asked changes nothing: the login was decided without it. */
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
  search: RuleSearch,
  directory: Directory,
  account: DirectoryAccount,
): void {
  const { steps, facts, validated } = search;
  if (!steps.looksFurther) return;
  const rules = plan.flatMap(({ rule, directories }) =>
    unmetCondition(rule.when, validated, facts.identity) === undefined && directories.includes(directory) ? [rule] : [],
  );
  const lookups = rules.flatMap((rule) =>
    questionsFor(rule, facts, directory.mappingSpelling).map(({ lookup }) => lookup),
  );
  const values = account.altSecurityIdentities;
  const notShown = Math.max(values.length, account.certificates.length) - mostValues;
  steps.record({
    stage: 'mapping',
    check,
    verdict: 'noted',
    facts: {
      account: printable(account.distinguishedName),
      directory: directory.name,
      mappingValues: values.length,
      certificates: account.certificates.length,
      notShown: notShown > 0 ? notShown : undefined,
      fingerprintsHeld: account.certificateFingerprints.slice(0, mostValues).map(printable),
      accountSid: account.sid,
    },
  });
  const searched = lookups.flatMap((lookup) => (lookup.by === 'altSecurityIdentities' ? lookup.values : []));
  for (const value of values.slice(0, mostValues)) {
    const { difference, expected } = nearMiss(value, searched, facts, directory.mappingSpelling);
    const isSearched = expected !== undefined && searched.includes(expected);
    const own = expected === undefined ? {} : isSearched ? { searched: expected } : { certificateHas: expected };
    record('mapping value of the account', { ...own, accountHolds: value, whatDiffers: difference });
  }
  for (const certificate of account.certificates.slice(0, mostValues))
    record('certificate of the account', certificateNearMiss(certificate, lookups, facts));
  const name = principalNearMiss(account, rules, lookups, facts);
  if (name) record('user principal name of the account', name);
  const sid = sidNearMiss(account, facts);
  if (sid) record('SID of the account', sid);

  function record(compared: string, difference: Difference): void {
    const shown = Object.entries(difference).map(([key, text]: [string, string]) => [key, printable(text)] as const);
    steps.record({ stage: 'mapping', check: compared, verdict: 'noted', facts: Object.fromEntries(shown) });
  }
}
