import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { identityKinds } from '../../../src/mapping/rules/rule.ts';
import { decodeRules } from '../../../src/mapping/rules/rule-language.ts';
import { ruleSetSchema } from '../../../src/mapping/rules/rule-schema.ts';
import { rulesFromFile } from '../../support/shipped-rules.ts';

const sha256 = 'ab'.repeat(32);

describe('rule language', () => {
  it('a full rule, with the fingerprint in the form openssl prints', () => {
    const issuer = sha256.toUpperCase().match(/../g)!.join(':');
    const rule = {
      name: 'by-upn',
      when: { issuerSha256: [issuer], policies: ['1.3.6.1.4.1.311.21.8.1'] },
      map: 'upn',
      directory: 'corp',
      onMiss: 'deny',
    };
    expect(decodeRules({ rules: [rule] })).toEqual({
      outcome: 'decoded',
      rules: [{ ...rule, when: { ...rule.when, issuerSha256: [sha256] } }],
    });
  });

  it('after a miss the next rule is tried unless the rule says otherwise', () => {
    expect(decodeRules({ rules: [{ name: 'a', map: 'sid' }] })).toEqual({
      outcome: 'decoded',
      rules: [{ name: 'a', map: 'sid', onMiss: 'next' }],
    });
  });

  const good = { name: 'a', map: 'sid' };
  it.each<[string, unknown, (string | number)[]]>([
    ['nothing', null, []],
    ['a list', [good], []],
    ['no rules', { rules: [] }, ['rules']],
    ['an unknown key at the top', { rules: [good], rule: 1 }, ['rule']],
    ['an unknown key in a rule', { rules: [{ ...good, on_miss: 'deny' }] }, ['rules', 0, 'on_miss']],
    ['an unknown kind', { rules: [good, { name: 'b', map: 'serial' }] }, ['rules', 1, 'map']],
    ['a missing kind', { rules: [{ name: 'b' }] }, ['rules', 0, 'map']],
    ['a name with spaces', { rules: [{ ...good, name: 'my rule' }] }, ['rules', 0, 'name']],
    ['a name twice', { rules: [good, good] }, ['rules', 1, 'name']],
    [
      'a SHA-1',
      { rules: [{ ...good, when: { issuerSha256: ['ab'.repeat(20)] } }] },
      ['rules', 0, 'when', 'issuerSha256', 0],
    ],
    ['a bad OID', { rules: [{ ...good, when: { policies: ['1.02'] } }] }, ['rules', 0, 'when', 'policies', 0]],
    ['a condition without content', { rules: [{ ...good, when: {} }] }, ['rules', 0, 'when']],
    [
      'an empty list of issuers',
      { rules: [{ ...good, when: { issuerSha256: [] } }] },
      ['rules', 0, 'when', 'issuerSha256'],
    ],
    ['another onMiss', { rules: [{ ...good, onMiss: 'allow' }] }, ['rules', 0, 'onMiss']],
    [
      'a hundred and one rules',
      { rules: Array.from({ length: 101 }, (_, i) => ({ name: `r${i}`, map: 'sid' })) },
      ['rules'],
    ],
  ])('refused with its place: %s', (_what, value, place) => {
    const decoded = decodeRules(value);
    expect(decoded).toMatchObject({
      outcome: 'faulty',
      faults: [{ path: place, remedy: expect.stringMatching(/[.?]$/) }],
    });
  });

  it('every fault is reported at once', () => {
    const decoded = decodeRules({
      rules: [
        { name: '', map: 'x' },
        { name: 'b', map: 'sid', y: 1 },
      ],
    });
    expect(decoded.outcome === 'faulty' && decoded.faults.map(({ path: place }) => place.join('.'))).toEqual([
      'rules.0.name',
      'rules.0.map',
      'rules.1.y',
    ]);
  });

  it('a JSON Schema for editors can be made of it', () => {
    expect(z.toJSONSchema(ruleSetSchema, { io: 'input' })).toMatchObject({ properties: { rules: { type: 'array' } } });
  });
});

describe('shipped rule sets', () => {
  const folder = path.join(import.meta.dirname, '../../../mappings');
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

  it.each(files)('%s decodes', (file) => {
    expect(rulesFromFile(file).length).toBeGreaterThan(0);
  });

  it('the other examples of the README decode too', () => {
    const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');
    const sets = [...readme.matchAll(/```yaml\n(rules:[\s\S]*?)```/g)].map(([, yaml]) =>
      yaml!.replace('3f1c…', sha256),
    );
    expect(sets).toHaveLength(2);
    for (const yaml of sets) expect(decodeRules(parse(yaml)), yaml).toMatchObject({ outcome: 'decoded' });
  });

  it('the README tells of every file here', () => {
    const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');
    expect(files.filter((file) => !readme.includes(`\`${file}\``))).toEqual([]);
  });

  it('the examples of the README decode, one for each kind', () => {
    const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');
    const examples = [...readme.matchAll(/^### \w+\n+```yaml\n([\s\S]*?)```/gm)].map(([, yaml]) => parse(yaml!)[0]);
    const decoded = decodeRules({ rules: examples });
    expect(decoded.outcome === 'decoded' && decoded.rules.map(({ map }) => map)).toEqual(
      expect.arrayContaining([...identityKinds]),
    );
    expect(examples).toHaveLength(identityKinds.length);
  });
});
