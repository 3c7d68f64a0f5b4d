/** Which directories a rule asks, and which rules no directory of the site can answer. */
import { describe, expect, it } from 'vitest';
import type { Directory } from '../../../src/directory/directory.ts';
import type { MappingRule } from '../../../src/mapping/rules/rule.ts';
import { planRules } from '../../../src/mapping/rules/rule-plan.ts';

const directory = (name: string, kind: string, ...lookups: readonly string[]) =>
  ({ name, kind, lookups: new Set(lookups) }) as unknown as Directory;
const corp = directory('corp', 'ldap', 'sid', 'userPrincipalName', 'filter');
const lab = directory('lab', 'ldap', 'sid');
const file = directory('file', 'file', 'sid', 'filter');
const site = [corp, lab, file];
const rule = (more: Partial<MappingRule>): MappingRule => ({ name: 'card', map: 'sid', onMiss: 'next', ...more });
const planned = (more: Partial<MappingRule>, of = site) =>
  planRules([rule(more)], of).map(({ directories }) => directories.map(({ name }) => name));

describe('a rule asks', () => {
  it.each<[string, Partial<MappingRule>, readonly string[]]>([
    ['all that know its look-up', {}, ['corp', 'lab', 'file']],
    ['of these the one it names', { directory: 'lab' }, ['lab']],
    ['of these its domains', { domains: ['file', 'corp'] }, ['corp', 'file']],
    ['only what both name', { directory: 'corp', domains: ['corp', 'lab'] }, ['corp']],
    ['none that does not know its look-up', { map: 'upn' }, ['corp']],
    ['below its base where a directory has one', { base: 'DC=x', domains: ['corp', 'lab'] }, ['corp', 'lab']],
  ])('%s', (_rule, more, names) => {
    expect(planned(more)).toEqual([names]);
  });

  it.each<[string, Partial<MappingRule>, string]>([
    ['an unknown domain', { domains: ['corp', 'moon'] }, 'rule card: the site has no directory named moon'],
    ['an unknown directory', { directory: 'moon' }, 'no directory of the site can answer rule card (map: sid)'],
    ['no domain', { domains: [] }, 'no directory of the site can answer rule card (map: sid)'],
    ['a look-up that none knows', { map: 'certificate' }, 'can answer rule card (map: certificate): remove the rule'],
    ['a look-up that its directory does not know', { map: 'upn', directory: 'lab' }, 'can answer rule card (map: upn)'],
    ['a base in an account file', { base: 'DC=x' }, 'rule card: an account file has no entry DC=x to search below'],
  ])('of %s is a fault of the configuration', (_fault, more, message) => {
    expect(() => planned(more)).toThrow(TypeError);
    expect(() => planned(more)).toThrow(message);
  });
});
