/** What a refusal says when a certificate leads to a stranger or to several accounts, and whom USER may pick. */
import { describe, expect, it } from 'vitest';
import type { Directory, DirectoryAccount } from '../../../src/directory/directory.ts';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { contradiction, pickByName } from '../../../src/mapping/contradiction.ts';
import { type Hit, keyOfHit, type RuleSearch } from '../../../src/mapping/hit.ts';
import type { MappingRule } from '../../../src/mapping/rules/rule.ts';

const sid = 'S-1-5-21-1-2-3-1105';
const picking: MappingRule = { name: 'r', map: 'issuerSerial', onMiss: 'next', severalAccounts: 'userPicks' };

function hitOf(name: string, more: Partial<DirectoryAccount> = {}): Hit {
  const account = { id: name, distinguishedName: `CN=${name}`, loginNames: [name, `${name}@corp.example`], ...more };
  return {
    account: account as unknown as DirectoryAccount,
    directory: { name: 'corp' } as Directory,
    rule: 'r',
    strength: 'strong',
    reason: 'issuerSerial',
  };
}

function searchOf(hits: readonly Hit[], claimedName: string | undefined, certificateSid?: string): RuleSearch {
  const identity = certificateSid === undefined ? {} : { securityIdentifier: { sid: certificateSid } };
  const found = new Map(hits.map((hit) => [keyOfHit(hit), hit]));
  return { facts: { identity }, found, claimedName, steps: unrecorded } as unknown as RuleSearch;
}

const [ada, eve] = [hitOf('ada'), hitOf('eve')] as const;
const both = ['CN=ada', 'CN=eve'];

describe('a refusal', () => {
  it('for another SID names the rule, the account and both SIDs', () => {
    const hits = [hitOf('ada', { sid: `${sid}0` })];
    expect(contradiction(picking, hits, [], searchOf(hits, 'ada', sid))).toMatchObject({
      code: 'sid-mismatch',
      facts: { rule: 'r', account: 'CN=ada', accountSid: `${sid}0`, certificateSid: sid },
    });
  });

  it.each<[string, MappingRule, readonly Hit[], string | undefined, object]>([
    ['without a choice', { ...picking, severalAccounts: 'deny' }, [ada, eve], 'ada', { accounts: both }],
    ['with a name of neither', picking, [ada, eve], 'bob\n', { accounts: both, claimedName: 'bob\\u{a}' }],
    ['without a name', picking, [ada, eve], undefined, { accounts: both, claimedName: undefined }],
  ])('for several accounts names them, and the name that was to pick: %s', (_rule, rule, hits, name, facts) => {
    const refusal = contradiction(rule, hits, [], searchOf(hits, name));
    expect(refusal?.code).toBe('mapping-ambiguous');
    expect(refusal?.facts).toEqual({ rule: 'r', ...facts });
  });

  it('is for an account that another rule found beside the one of this rule', () => {
    expect(contradiction(picking, [ada], [eve], searchOf([eve, ada], 'ada'))).toMatchObject({
      code: 'mapping-ambiguous',
      facts: { accounts: ['CN=eve', 'CN=ada'] },
    });
  });
});

describe('USER picks', () => {
  it.each<[string, string | undefined]>([
    ['ada', 'CN=ada'],
    ['ADA@corp.example', 'CN=ada'],
    ['eve@corp.example', 'CN=eve'],
    ['bob', undefined],
  ])('by any one of the names of an account: %s', (name, expected) => {
    const search = searchOf([ada, eve], name);
    expect(pickByName([ada, eve], search)?.account.distinguishedName).toBe(expected);
    expect(contradiction(picking, [ada, eve], [], search)?.code).toBe(expected ? undefined : 'mapping-ambiguous');
  });
});
