/** The forms of names under constraints: each is compared with its own, costs its share, and is shown within bounds. */
import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/pki/certificate/certificate.ts';
import type { NameConstraints, Subtrees } from '../../../src/pki/certificate/extensions.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { parseDistinguishedName } from '../../../src/pki/names/distinguished-name.ts';
import { constrainedForm, type GeneralName } from '../../../src/pki/names/general-name.ts';
import { nameConstraintsRefusal } from '../../../src/pki/names/name-constraints.ts';
import type { Budget } from '../../../src/pki/path/budget.ts';
import { integer, name, utf8 } from '../../support/der-builder.ts';

const none = parseDistinguishedName(name());
const dns = (value: string): GeneralName => ({ kind: 'dNSName', value });
const upn = (value: string): GeneralName => ({ kind: 'otherName', type: oids.userPrincipalName, value: utf8(value) });
const directory = (value: string): GeneralName => ({
  kind: 'directoryName',
  name: parseDistinguishedName(name([[oids.commonName, value]])),
});

/** @returns the refusal, and what the comparison cost */
function judge(names: readonly GeneralName[], bases: readonly GeneralName[], side: keyof Subtrees) {
  const costs: number[] = [];
  const kinds = new Set<string>();
  const budget = {
    spend: (kind: string, cost: number) => {
      kinds.add(kind);
      costs.push(cost);
    },
  } as unknown as Budget;
  const sets = new Map<string, Subtrees>();
  for (const base of bases) {
    const form = constrainedForm(base);
    const before = sets.get(form) ?? { permitted: [], excluded: [] };
    sets.set(form, { ...before, [side]: [...before[side], base] });
  }
  const certificate = { subject: none, subjectAltName: names } as unknown as Certificate;
  const refusal = nameConstraintsRefusal(certificate, [sets as unknown as NameConstraints], budget);
  return { refusal, kinds: [...kinds], cost: costs.reduce((sum, cost) => sum + cost, 0), least: Math.min(...costs) };
}

describe('a comparison costs', () => {
  it.each<[string, GeneralName]>([
    ['a dNSName', dns(`a.${'b'.repeat(60)}.example`)],
    ['a directoryName', directory('x'.repeat(400))],
    ['a user principal name', upn(`a@${'b'.repeat(60)}.example`)],
    ['an address', { kind: 'iPAddress', octets: Buffer.alloc(4) }],
  ])('for %s something, and more when it is compared with more', (_kind, one) => {
    const base: GeneralName = one.kind === 'iPAddress' ? { kind: 'iPAddress', octets: Buffer.alloc(8) } : one;
    const [alone, twice] = [judge([one], [], 'excluded'), judge([one], [base, base], 'permitted')];
    expect(alone.kinds).toEqual(['nameComparisons']);
    expect(alone.least).toBeGreaterThan(0);
    expect(twice.cost).toBeGreaterThan(2 * alone.cost);
    const excluded = judge([one], [base], 'excluded');
    expect(excluded.cost).toBeGreaterThan(2 * alone.cost);
  });

  it.each<[string, (length: number) => GeneralName]>([
    ['a dNSName', (length) => dns('a'.repeat(length))],
    ['a directoryName', (length) => directory('a'.repeat(length))],
    ['an otherName', (length) => upn('a'.repeat(length))],
  ])('more for a longer name: %s', (_kind, of) => {
    expect(judge([of(200)], [], 'excluded').cost).toBeGreaterThan(judge([of(20)], [], 'excluded').cost);
  });

  it('no more than reading does for a name that is too long to be read', () => {
    expect(judge([dns('a'.repeat(100_000))], [], 'excluded').cost).toBeLessThan(
      judge([dns('a'.repeat(200))], [], 'excluded').cost * 20,
    );
  });

  it('more to parse an otherName than to compare a name that is normal already', () => {
    expect(judge([upn('a')], [], 'excluded').cost).toBeGreaterThan(judge([dns('a')], [], 'excluded').cost);
    expect(judge([directory('a'.repeat(100))], [], 'excluded').cost).toBeLessThan(
      judge([dns('a'.repeat(100))], [], 'excluded').cost,
    );
  });
});

describe('a refusal', () => {
  it.each<[string, GeneralName, GeneralName, string]>([
    ['an otherName by its type and text', upn('a@b.example'), upn('c.example'), 'otherName'],
    [
      'of a name without text its type',
      { kind: 'otherName', type: oids.userPrincipalName, value: integer(5) },
      upn('c'),
      'otherName',
    ],
    ['a directory name as text', directory('Ada'), directory('Eve'), 'directoryName CN=Ada is in none'],
    [
      'an address in hexadecimal',
      { kind: 'iPAddress', octets: Buffer.of(192, 0, 2, 1) },
      { kind: 'iPAddress', octets: Buffer.alloc(8, 255) },
      'iPAddress c0000201 is in none',
    ],
    [
      'a kind without text by itself',
      { kind: 'x400Address', der: Buffer.alloc(2) },
      { kind: 'x400Address', der: Buffer.alloc(2) },
      'x400Address is in none',
    ],
  ])('names %s', (_what, found, base, text) => {
    expect(judge([found], [base], 'permitted').refusal).toContain(text);
  });

  it('shows the text of an otherName', () => {
    expect(judge([upn('ada@b.example')], [upn('c.example')], 'permitted').refusal).toContain('ada@b.example');
    const blank = judge(
      [{ kind: 'otherName', type: '1.2.3.4', value: integer(5) }],
      [{ kind: 'otherName', type: '1.2.3.4', value: integer(6) }],
      'excluded',
    );
    expect(blank.refusal).toBe('otherName 1.2.3.4  cannot be compared with the excluded subtree otherName 1.2.3.4 ');
  });

  it.each([
    [200 - 'dNSName ""'.length, false],
    [201 - 'dNSName ""'.length, true],
  ])('of a name of %i characters is cut: %s', (length, isCut) => {
    const text = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(length - 122)}`;
    expect(judge([dns(text)], [dns('z')], 'permitted').refusal?.startsWith(`dNSName "${text}" `)).toBe(!isCut);
  });
});

it('a certificate under no constraints costs nothing', () => {
  const budget = { spend: () => expect.fail() } as unknown as Budget;
  const certificate = { subject: none, subjectAltName: [dns('_')] } as unknown as Certificate;
  expect(nameConstraintsRefusal(certificate, [], budget)).toBeUndefined();
});

it('an e-mail address in the subject that is no text counts as an empty one', () => {
  const subject = parseDistinguishedName(name([[oids.emailAddress, integer(5)]]));
  const budget = { spend: () => undefined } as unknown as Budget;
  const certificate = { subject, subjectAltName: [] } as unknown as Certificate;
  expect(nameConstraintsRefusal(certificate, [new Map() as never], budget)).toBe('rfc822Name "" is not well formed');
});
