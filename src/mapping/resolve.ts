/**
 * The account resolver: runs the rules in order until one leads strongly to an account, and demands that everything found on the
 * way is that same account. It never picks among accounts unless a rule lets USER do so, and a SID that differs ends the search
 * whatever else matched.
 */
import { type Denial, denial } from '../denial.ts';
import { type Directory, type DirectoryAccount, DirectoryAnswerError } from '../directory/directory.ts';
import type { Logger } from '../operations/log.ts';
import { printable } from '../operations/printable.ts';
import { MalformedError } from '../pki/encoding/malformed-error.ts';
import { formatRfc4514 } from '../pki/names/distinguished-name.ts';
import { serialNumberText } from '../pki/names/serial-number-text.ts';
import { subjectIdentity } from '../pki/names/subject-identity.ts';
import type { AccountResolver, MappingResult } from './account-resolver.ts';
import { equalsIgnoringAsciiCase } from './ascii-case.ts';
import { contradiction, pickByName } from './contradiction.ts';
import { type Hit, keyOfHit, type RuleSearch } from './hit.ts';
import { describeLookup, type Question, questionsFor } from './lookups.ts';
import { unmetCondition } from './rules/condition.ts';
import type { MappingRule } from './rules/rule.ts';
import { type PlannedRule, planRules } from './rules/rule-plan.ts';
import { compareAccount, compareClaimedAccount } from './stored/account-comparison.ts';
import { type BindingSettings, type Classification, classify, judgeWeak } from './strength.ts';

export interface AccountResolverOptions {
  /** Tried in this order. */
  readonly rules: readonly MappingRule[];
  readonly settings: BindingSettings;
  /** The directories of the site. */
  readonly directories: readonly Directory[];
  readonly logger: Logger;
}

/** Two accounts prove ambiguity; where USER may pick, one more than any person has. */
const accountsPerLookup = { deny: 2, userPicks: 17 } as const;

type RuleOutcome =
  | { readonly outcome: 'strong'; readonly hit: Hit }
  | { readonly outcome: 'weak' | 'miss' | 'not-concerned' }
  | { readonly outcome: 'denied'; readonly denial: Denial };

/** @throws TypeError when a rule names an unknown directory, or no directory can answer it */
export function createAccountResolver(options: AccountResolverOptions): AccountResolver {
  const plan = planRules(options.rules, options.directories);

  return {
    resolve: async (certificate, claimedName, steps) => {
      try {
        const identity = subjectIdentity(certificate.certificate);
        const facts = { certificate: certificate.certificate, identity };
        const search: RuleSearch = { validated: certificate, facts, claimedName, steps, found: new Map() };
        return await runRules(plan, options.settings, search);
      } catch (error) {
        if (error instanceof MalformedError) return denied(denial('certificate-malformed', error.message));
        if (!(error instanceof DirectoryAnswerError)) throw error;
        options.logger.warn('directory-answer-invalid', { ...error.facts, error });
        return denied(denial('directory-answer-invalid', error.message, error.facts));
      }
    },
  };
}

async function runRules(
  plan: readonly PlannedRule[],
  settings: BindingSettings,
  search: RuleSearch,
): Promise<MappingResult> {
  let required: MappingRule | undefined;
  for (const planned of plan) {
    const result = await applyRule(planned, search);
    if (result.outcome === 'denied') return result;
    if (result.outcome === 'strong') return confirmName(result.hit, search);
    if (result.outcome !== 'miss' || planned.rule.onMiss !== 'deny') continue;
    required = planned.rule;
    break;
  }
  const rules = plan.map(({ rule }) => rule.name);
  const [weak] = search.found.values();
  if (!weak) {
    await compareClaimedAccount(plan, search);
    return denied(denial('mapping-none', 'No rule led from the certificate to an account.', { rules }));
  }
  compareAccount(plan, search, weak.directory, weak.account);
  // a rule that had to find the account and did not is not made up for by a name
  return judgeName(weak, required ? { ...settings, binding: 'full' } : settings, search, rules);
}

/** An account found by a name only: the binding of the site decides. Facts as in event 40 of the Kerberos KDC. */
function judgeName(weak: Hit, settings: BindingSettings, search: RuleSearch, rules: readonly string[]): MappingResult {
  const { account, directory } = weak;
  const { certificate } = search.facts;
  const { counts, reason } = judgeWeak(settings, search.facts, account);
  const facts = {
    account: account.distinguishedName,
    directory: directory.name,
    binding: settings.binding,
    reason,
    notBefore: certificate.notBefore.toISOString(),
    accountCreatedAt: account.createdAt?.toISOString(),
    subject: formatRfc4514(certificate.subject),
    issuer: formatRfc4514(certificate.issuer),
    serialNumber: serialNumberText(certificate.serialNumber),
  };
  search.steps.record({ stage: 'mapping', check: 'binding', verdict: counts ? 'noted' : 'failed', facts });
  if (counts) return confirmName({ ...weak, reason }, search);
  const detail = `Only a name in the certificate leads to ${account.distinguishedName}.`;
  return denied(denial('mapping-weak', detail, { ...facts, rules }));
}

async function applyRule({ rule, directories }: PlannedRule, search: RuleSearch): Promise<RuleOutcome> {
  const { facts: certificateFacts, validated, steps, found } = search;
  const check = `rule ${rule.name}`;
  const condition = unmetCondition(rule.when, validated, certificateFacts.identity);
  if (condition !== undefined) {
    steps.record({ stage: 'mapping', check, verdict: 'skipped', facts: { map: rule.map, condition } });
    return { outcome: 'not-concerned' };
  }
  const asked = directories.flatMap((directory) =>
    questionsFor(rule, certificateFacts, directory.mappingSpelling).map((question) => ({ directory, question })),
  );
  if (asked.length === 0) {
    const reason = 'the certificate holds nothing to search for';
    steps.record({ stage: 'mapping', check, verdict: 'skipped', facts: { map: rule.map, reason } });
    return { outcome: 'miss' };
  }

  const hits = await askAll(rule, asked, search);
  const earlier = [...found.values()];
  for (const [key, hit] of hits) found.set(key, hit);
  const accounts = [...hits.values()];
  const facts = {
    map: rule.map,
    directories: directories.map(({ name }) => name),
    searched: [...new Set(asked.flatMap(({ question }) => describeLookup(question.lookup)))],
    found: accounts.map(({ account }) => account.distinguishedName),
  };
  const refusal = contradiction(rule, accounts, earlier, search);
  const hit = accounts.length > 1 && !refusal ? pickByName(accounts, search) : accounts[0];
  if (refusal || !hit) {
    steps.record({ stage: 'mapping', check, verdict: 'failed', facts: { ...facts, reason: refusal?.code } });
    return refusal ? { outcome: 'denied', denial: refusal } : { outcome: 'miss' };
  }
  const { strength, reason } = hit;
  const verdict = strength === 'strong' ? 'passed' : 'noted';
  steps.record({ stage: 'mapping', check, verdict, facts: { ...facts, strength, reason } });
  return strength === 'strong' ? { outcome: 'strong', hit } : { outcome: 'weak' };
}

/** Every directory is asked everything it can answer, so that a second account cannot hide behind the first. */
async function askAll(
  rule: MappingRule,
  asked: readonly { readonly directory: Directory; readonly question: Question }[],
  { facts }: RuleSearch,
): Promise<ReadonlyMap<string, Hit>> {
  const limit = accountsPerLookup[rule.severalAccounts ?? 'deny'];
  const options = rule.base === undefined ? {} : { base: rule.base };
  const able = asked.filter(({ directory, question }) => directory.lookups.has(question.lookup.by));
  const answers = await Promise.all(
    able.map(async ({ directory, question }) => {
      const accounts = await directory.findAccounts(question.lookup, limit, options);
      return accounts.map((account) => ({ account, directory, ...evidence(rule, question, account, facts) }));
    }),
  );
  const hits = new Map<string, Hit>();
  for (const hit of answers.flat()) hits.set(keyOfHit(hit), { ...hit, rule: rule.name });
  return hits;
}

function evidence(
  rule: MappingRule,
  { lookup, proof }: Question,
  account: DirectoryAccount,
  { identity }: RuleSearch['facts'],
): Classification {
  const proven = proof(account);
  if (proven) return classify(proven, rule, account, identity.securityIdentifier?.sid);
  throw new DirectoryAnswerError('The directory returned an account that does not have what was searched for.', {
    account: account.distinguishedName,
    directory: account.directory,
    searched: describeLookup(lookup),
  });
}

function confirmName(hit: Hit, { claimedName, steps }: RuleSearch): MappingResult {
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
