/**
 * The mapping service: runs the rules in order until one leads strongly to an account, and demands that everything found on the
 * way is that same account. It never picks among accounts, and a SID that differs ends the search whatever else matched.
 */
import { type Denial, denial } from '../denial.ts';
import {
  type AccountLookup,
  type Directory,
  type DirectoryAccount,
  DirectoryAnswerError,
} from '../directory/directory.ts';
import type { StepRecorder } from '../explanation.ts';
import type { Logger } from '../operations/log.ts';
import { printable } from '../operations/printable.ts';
import { MalformedError } from '../pki/malformed-error.ts';
import { type SubjectIdentity, subjectIdentity } from '../pki/subject-identity.ts';
import type { ValidatedCertificate } from '../pki/validated-certificate.ts';
import { equalsIgnoringAsciiCase } from './ascii-case.ts';
import { describeLookup, hasWhatWasLookedFor, lookupsFor } from './lookups.ts';
import type { MappingResult, MappingService } from './mapping-service.ts';
import { lookupsOfKind, type MappingRule } from './rule.ts';
import { classify, unmetCondition } from './strength.ts';

export interface MappingServiceOptions {
  /** Tried in this order. */
  readonly rules: readonly MappingRule[];
  /** `full`: an account found by a name only is refused unless a SID or a pin proves it. */
  readonly binding: 'full';
  /** The directories of the site. */
  readonly directories: readonly Directory[];
  readonly logger: Logger;
}

/** Two accounts prove ambiguity. */
const accountsPerLookup = 2;

interface Hit {
  readonly account: DirectoryAccount;
  readonly directory: Directory;
}

interface Strong extends Hit {
  readonly rule: string;
  readonly reason: string;
}

/** What one resolution has come to so far. */
interface Search {
  readonly certificate: ValidatedCertificate;
  readonly identity: SubjectIdentity;
  readonly steps: StepRecorder;
  /** Every distinct account found by any rule, by directory and id. */
  readonly found: Map<string, Hit>;
}

type RuleOutcome =
  | { readonly outcome: 'strong'; readonly hit: Strong }
  | { readonly outcome: 'weak' | 'miss' | 'not-concerned' }
  | { readonly outcome: 'denied'; readonly denial: Denial };

/** @throws TypeError when a rule names an unknown directory, or no directory can answer it */
export function createMappingService(options: MappingServiceOptions): MappingService {
  const plan = options.rules.map((rule) => ({ rule, directories: directoriesFor(rule, options.directories) }));

  return {
    resolve: async (certificate, claimedName, steps) => {
      try {
        const identity = subjectIdentity(certificate.certificate);
        const search: Search = { certificate, identity, steps, found: new Map() };
        return await runRules(plan, search, claimedName);
      } catch (error) {
        if (error instanceof MalformedError) return denied(denial('certificate-malformed', error.message));
        if (!(error instanceof DirectoryAnswerError)) throw error;
        options.logger.warn('directory-answer-invalid', { ...error.facts, error });
        return denied(denial('directory-answer-invalid', error.message, error.facts));
      }
    },
  };
}

function directoriesFor(rule: MappingRule, directories: readonly Directory[]): readonly Directory[] {
  const named = rule.directory === undefined ? directories : directories.filter(({ name }) => name === rule.directory);
  const able = named.filter(({ lookups }) => lookupsOfKind[rule.map].some((kind) => lookups.has(kind)));
  if (able.length === 0) {
    const remedy = 'remove the rule, or configure the attribute it needs';
    throw new TypeError(`no directory of the site can answer rule ${rule.name} (map: ${rule.map}): ${remedy}`);
  }
  return able;
}

async function runRules(
  plan: readonly { readonly rule: MappingRule; readonly directories: readonly Directory[] }[],
  search: Search,
  claimedName: string | undefined,
): Promise<MappingResult> {
  for (const { rule, directories } of plan) {
    const result = await applyRule(rule, directories, search);
    if (result.outcome === 'denied') return result;
    if (result.outcome === 'strong') return confirmName(result.hit, claimedName, search.steps);
    if (result.outcome === 'miss' && rule.onMiss === 'deny') break;
  }
  const [weak] = search.found.values();
  const tried = plan.map(({ rule }) => rule.name);
  if (!weak) return denied(denial('mapping-none', 'No rule led from the certificate to an account.', { rules: tried }));
  return denied(
    denial('mapping-weak', `Only a name in the certificate leads to ${weak.account.distinguishedName}.`, {
      account: weak.account.distinguishedName,
      directory: weak.directory.name,
      rules: tried,
    }),
  );
}

async function applyRule(
  rule: MappingRule,
  directories: readonly Directory[],
  { certificate, identity, steps, found }: Search,
): Promise<RuleOutcome> {
  const check = `rule ${rule.name}`;
  const unmet = unmetCondition(rule, certificate);
  if (unmet !== undefined) {
    steps.record({ stage: 'mapping', check, verdict: 'skipped', facts: { map: rule.map, condition: unmet } });
    return { outcome: 'not-concerned' };
  }
  const lookups = lookupsFor(rule.map, certificate.certificate, identity);
  const searched = lookups.flatMap(describeLookup);
  if (lookups.length === 0) {
    const reason = 'the certificate holds nothing to search for';
    steps.record({ stage: 'mapping', check, verdict: 'skipped', facts: { map: rule.map, reason } });
    return { outcome: 'miss' };
  }

  const hits = await askAll(directories, lookups);
  for (const hit of hits) found.set(`${hit.directory.name}\n${hit.account.id}`, hit);
  const names = hits.map(({ account }) => account.distinguishedName);
  const facts = { map: rule.map, directories: directories.map(({ name }) => name), searched, found: names };
  const refusal = contradiction(rule, identity, hits, found);
  const [hit] = hits;
  if (refusal || !hit) {
    steps.record({ stage: 'mapping', check, verdict: 'failed', facts: { ...facts, reason: refusal?.code } });
    return refusal ? { outcome: 'denied', denial: refusal } : { outcome: 'miss' };
  }
  const { strength, reason } = classify(rule, hit.account, identity.securityIdentifier?.sid);
  steps.record({
    stage: 'mapping',
    check,
    verdict: strength === 'strong' ? 'passed' : 'noted',
    facts: { ...facts, strength, reason },
  });
  return strength === 'strong' ? { outcome: 'strong', hit: { ...hit, rule: rule.name, reason } } : { outcome: 'weak' };
}

/** Every directory is asked everything it can answer, so that a second account cannot hide behind the first. */
async function askAll(directories: readonly Directory[], lookups: readonly AccountLookup[]): Promise<readonly Hit[]> {
  const questions = directories.flatMap((directory) =>
    lookups.filter(({ by }) => directory.lookups.has(by)).map((lookup) => ({ directory, lookup })),
  );
  const answers = await Promise.all(
    questions.map(async ({ directory, lookup }) => {
      const accounts = await directory.findAccounts(lookup, accountsPerLookup);
      for (const account of accounts) demandWhatWasLookedFor(account, lookup);
      return accounts.map((account) => ({ account, directory }));
    }),
  );
  return answers.flat();
}

function demandWhatWasLookedFor(account: DirectoryAccount, lookup: AccountLookup): void {
  if (hasWhatWasLookedFor(account, lookup)) return;
  throw new DirectoryAnswerError('The directory returned an account that does not have what was searched for.', {
    account: account.distinguishedName,
    directory: account.directory,
    searched: describeLookup(lookup),
  });
}

/** A SID that differs, or a second account. */
function contradiction(
  rule: MappingRule,
  { securityIdentifier }: SubjectIdentity,
  hits: readonly Hit[],
  found: ReadonlyMap<string, Hit>,
): Denial | undefined {
  const stranger = hits.find(
    ({ account }) => securityIdentifier && account.sid !== undefined && account.sid !== securityIdentifier.sid,
  );
  if (stranger && securityIdentifier) {
    const { distinguishedName, sid } = stranger.account;
    return denial('sid-mismatch', `The SID in the certificate is not that of ${distinguishedName}.`, {
      rule: rule.name,
      account: distinguishedName,
      accountSid: sid,
      certificateSid: securityIdentifier.sid,
    });
  }
  if (found.size > 1) {
    const accounts = [...found.values()].map(({ account }) => account.distinguishedName);
    return denial('mapping-ambiguous', 'The certificate leads to more than one account.', {
      rule: rule.name,
      accounts,
    });
  }
  return undefined;
}

function confirmName(hit: Strong, claimedName: string | undefined, steps: StepRecorder): MappingResult {
  const { account, directory, rule, reason } = hit;
  const { distinguishedName, loginNames } = account;
  const check = 'USER names the account';
  if (claimedName === undefined) {
    steps.record({ stage: 'mapping', check, verdict: 'skipped', facts: { account: distinguishedName, loginNames } });
    return { outcome: 'mapped', account, directory, rule, reason };
  }
  const matches = loginNames.some((name) => equalsIgnoringAsciiCase(name, claimedName));
  const facts = { claimedName: printable(claimedName), account: distinguishedName, loginNames };
  steps.record({ stage: 'mapping', check, verdict: matches ? 'passed' : 'failed', facts });
  return matches
    ? { outcome: 'mapped', account, directory, rule, reason }
    : denied(denial('name-mismatch', `USER does not name ${distinguishedName}.`, facts));
}

function denied(reason: Denial): MappingResult {
  return { outcome: 'denied', denial: reason };
}
