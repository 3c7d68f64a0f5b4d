/**
 * What must not be: an account whose SID is not the certificate's, and more than one account. The one exception is a rule that lets
 * USER pick among accounts that all hold a strong value of this very certificate.
 */
import { type Denial, denial } from '../denial.ts';
import { printable } from '../operations/printable.ts';
import { equalsIgnoringAsciiCase } from './ascii-case.ts';
import { type Hit, keyOfHit, type RuleSearch } from './hit.ts';
import type { MappingRule } from './rules/rule.ts';

/**
 * @param hits what the rule found; `search.found` holds them already
 * @param earlier what other rules found before
 */
export function contradiction(
  rule: MappingRule,
  hits: readonly Hit[],
  earlier: readonly Hit[],
  search: RuleSearch,
): Denial | undefined {
  return strangerAmong(rule, hits, search) ?? severalAmong(rule, hits, earlier, search);
}

/** A SID binds whatever else matched: second accounts need a certificate without one. */
function strangerAmong(rule: MappingRule, hits: readonly Hit[], { facts }: RuleSearch): Denial | undefined {
  const certificateSid = facts.identity.securityIdentifier?.sid;
  if (certificateSid === undefined) return undefined;
  const stranger = hits.find(({ account: { sid } }) => sid !== undefined && sid !== certificateSid);
  if (!stranger) return undefined;
  const { distinguishedName, sid } = stranger.account;
  return denial('sid-mismatch', `The SID in the certificate is not that of ${distinguishedName}.`, {
    rule: rule.name,
    account: distinguishedName,
    accountSid: sid,
    certificateSid,
  });
}

function severalAmong(
  rule: MappingRule,
  hits: readonly Hit[],
  earlier: readonly Hit[],
  search: RuleSearch,
): Denial | undefined {
  const { found } = search;
  if (found.size <= 1) return undefined;
  const accounts = [...found.values()].map(({ account }) => account.distinguishedName);
  const facts = { rule: rule.name, accounts };
  if (rule.severalAccounts !== 'userPicks' || hits.length <= 1) {
    return denial('mapping-ambiguous', 'The certificate leads to more than one account.', facts);
  }
  if (hits.some(({ strength }) => strength !== 'strong')) {
    return denial('mapping-ambiguous', 'Not every account found is mapped to this very certificate.', facts);
  }
  if (hits.length > mostAccounts) {
    return denial('mapping-ambiguous', `More than ${mostAccounts} accounts are mapped to the certificate.`, facts);
  }
  const picked = pickByName(hits, search);
  // what other rules found must be the one picked: a user must not clear the way to an account by mapping their own to the card
  const isAlone = earlier.every((hit) => picked && keyOfHit(hit) === keyOfHit(picked));
  if (picked && isAlone) return undefined;
  const detail = picked
    ? 'Another rule leads to another account than the one that USER names.'
    : 'USER names none, or not only one, of the accounts mapped to the certificate.';
  const { claimedName } = search;
  return denial('mapping-ambiguous', detail, {
    ...facts,
    claimedName: claimedName === undefined ? undefined : printable(claimedName),
  });
}

const mostAccounts = 16;

/** @returns the one account that USER names; undefined when it names none of them or several */
export function pickByName(hits: readonly Hit[], { claimedName }: RuleSearch): Hit | undefined {
  if (claimedName === undefined) return undefined;
  const [picked, ...more] = hits.filter(({ account }) =>
    account.loginNames.some((name) => equalsIgnoringAsciiCase(name, claimedName)),
  );
  return more.length === 0 ? picked : undefined;
}
