/** Which filters prove a holder by themselves, and which at least look for what other certificates of the issuer need not have. */
import { describe, expect, it } from 'vitest';
import { isProvingFilter, looksForHolder } from '../../../src/mapping/proving-filter.ts';
import { type FilterTemplate, parseFilterTemplate } from '../../../src/mapping/rules/filter-template.ts';

const parse = (text: string): FilterTemplate => parseFilterTemplate(text, 'cardgate');
const absent: FilterTemplate = { operator: 'present', attribute: 'uid' };

describe('a filter proves', () => {
  it.each<[string, boolean]>([
    ['(x={cert!sha256})', true],
    ['(x={cert!sha384})', true],
    ['(x={cert!sha512})', true],
    ['(x={cert!sha1})', false],
    ['(x={issuer_dn}{serial_number})', true],
    ['(x={subject_dn}{serial_number})', false],
    ['(x={issuer_dn})', false],
    ['(x={serial_number})', false],
    ['(|(objectSid={sid})(x={cert!sha256}))', true],
    ['(|(x={cert!sha256})(mail={subject_rfc822_name}))', false],
    ['(&(mail={subject_rfc822_name})(uid=x))', false],
  ])('%s: %s', (text, expected) => expect(isProvingFilter(parse(text))).toBe(expected));

  it('nothing by what must not be, or only has to be there', () => {
    expect(isProvingFilter(absent)).toBe(false);
    expect(isProvingFilter({ operator: 'not', operand: parse('(objectSid={sid})') })).toBe(false);
  });
});

describe('a filter looks for the holder', () => {
  it.each<[string, boolean]>([
    ['(mail={subject_rfc822_name})', true],
    ['(x={serial_number})', true],
    ['(x=id-{subject_dn})', true],
    ['(x={issuer_dn})', false],
    ['(x={issuer_dn_component.o})', false],
    ['(x=O-{issuer_dn_component.o})', false],
    ['(x={issuer_dn}{serial_number})', true],
    ['(&(x={issuer_dn})(uid=ada))', false],
    ['(&(x={issuer_dn})(mail={subject_rfc822_name}))', true],
    ['(|(x={issuer_dn})(mail={subject_rfc822_name}))', false],
    ['(|(x={serial_number})(mail={subject_rfc822_name}))', true],
  ])('%s: %s', (text, expected) => expect(looksForHolder(parse(text))).toBe(expected));

  it('not by what must not be, or only has to be there', () => {
    expect(looksForHolder(absent)).toBe(false);
    expect(looksForHolder({ operator: 'not', operand: parse('(objectSid={sid})') })).toBe(false);
  });
});
