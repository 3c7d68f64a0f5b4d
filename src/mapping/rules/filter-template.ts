/**
 * The search filter of a rule: RFC 4515 text with templates in its values. Only equality, presence and their combinations can be
 * written, and whatever alternative is taken, a value of the certificate decides; a filter that could find the same account for every
 * certificate is refused when the rules are loaded.
 */

import { type Dialect, parseTemplate, type Template } from '../sssd/template.ts';
import { RuleSyntaxError } from './rule-syntax-error.ts';

export type ValuePart = string | Template;

export type FilterTemplate =
  | { readonly operator: 'and' | 'or'; readonly operands: readonly FilterTemplate[] }
  | { readonly operator: 'not'; readonly operand: FilterTemplate }
  | { readonly operator: 'equals'; readonly attribute: string; readonly parts: readonly ValuePart[] }
  | { readonly operator: 'present'; readonly attribute: string };

const longestFilter = 4096;
const deepest = 8;
const mostTerms = 32;
/** RFC 4512 2.5; the binary option is dropped, for not every server takes it in a filter and none needs it there. */
const assertion = /([A-Za-z][A-Za-z0-9-]{0,127}|[0-2](?:\.\d+)+)(?:;binary)?=/y;

/** @throws RuleSyntaxError */
export function parseFilterTemplate(text: string, dialect: Dialect): FilterTemplate {
  if (text.length > longestFilter) throw new RuleSyntaxError(`is longer than ${longestFilter} characters`);
  const parser = new FilterParser(text, dialect);
  const filter = parser.filter(0);
  if (!parser.atEnd) throw new RuleSyntaxError('goes on after its last )');
  if (!isBound(filter)) {
    throw new RuleSyntaxError('could find accounts without any value of the certificate: put a template into each way');
  }
  return filter;
}

/** Whether every way to match demands a value of the certificate. */
function isBound(filter: FilterTemplate): boolean {
  switch (filter.operator) {
    case 'and':
      return filter.operands.some(isBound);
    case 'or':
      return filter.operands.every(isBound);
    case 'equals':
      return filter.parts.some((part) => typeof part !== 'string');
    default:
      return false;
  }
}

class FilterParser {
  readonly #text: string;
  readonly #dialect: Dialect;
  #position = 0;
  #terms = 0;

  constructor(text: string, dialect: Dialect) {
    this.#text = text;
    this.#dialect = dialect;
  }

  get atEnd(): boolean {
    return this.#position === this.#text.length;
  }

  filter(depth: number): FilterTemplate {
    if (depth > deepest) throw new RuleSyntaxError(`nests deeper than ${deepest}`);
    this.#expect('(');
    const operator = this.#text.charAt(this.#position);
    const filter =
      operator === '&' || operator === '|' || operator === '!' ? this.#combined(operator, depth) : this.#term();
    this.#expect(')');
    return filter;
  }

  #combined(sign: '&' | '|' | '!', depth: number): FilterTemplate {
    this.#position += 1;
    if (sign === '!') return { operator: 'not', operand: this.filter(depth + 1) };
    const operands: FilterTemplate[] = [];
    while (this.#text.charAt(this.#position) === '(') operands.push(this.filter(depth + 1));
    if (operands.length === 0) throw new RuleSyntaxError(`has (${sign}) with nothing in it`);
    return { operator: sign === '&' ? 'and' : 'or', operands };
  }

  #term(): FilterTemplate {
    this.#terms += 1;
    if (this.#terms > mostTerms) throw new RuleSyntaxError(`has more than ${mostTerms} terms`);
    assertion.lastIndex = this.#position;
    const [whole, attribute = ''] = assertion.exec(this.#text) ?? [];
    if (whole === undefined) throw this.#fault('an attribute and = are due; other comparisons are not supported');
    this.#position += whole.length;
    if (this.#text.startsWith('*)', this.#position)) {
      this.#position += 1;
      return { operator: 'present', attribute };
    }
    const parts = this.#value();
    if (parts.length === 0) throw this.#fault('the value is empty');
    const whole1 = parts.some((part) => typeof part !== 'string' && standsAlone(part));
    if (whole1 && parts.length > 1) throw this.#fault('a whole certificate or address stands alone in its value');
    return { operator: 'equals', attribute, parts };
  }

  #value(): readonly ValuePart[] {
    const parts: ValuePart[] = [];
    let literal: Buffer[] = [];
    const flush = () => {
      if (literal.length > 0) parts.push(this.#utf8(Buffer.concat(literal)));
      literal = [];
    };
    for (;;) {
      const [token, escaped, template, character] = this.#token();
      if (token === '') break;
      if (template !== undefined) {
        flush();
        parts.push(parseTemplate(template, this.#dialect));
      } else literal.push(escaped === undefined ? Buffer.from(character ?? '') : Buffer.from(escaped, 'hex'));
    }
    flush();
    return parts;
  }

  /** The next piece of a value: an escaped octet, a template, or a run of plain text; empty at the closing parenthesis. */
  #token(): readonly [string, string | undefined, string | undefined, string | undefined] {
    const pieces = /\\([0-9A-Fa-f]{2})|\{\{|\}\}|\{([^{}]*)\}|[^\\{}()*\0]+/y;
    pieces.lastIndex = this.#position;
    const match = pieces.exec(this.#text);
    if (!match) {
      if (this.#text.charAt(this.#position) === ')') return ['', undefined, undefined, undefined];
      throw this.#fault('( ) * and \\ stand in values as \\28 \\29 \\2a and \\5c, single braces around templates only');
    }
    const [token, escaped, template] = match;
    this.#position += token.length;
    const isBrace = token === '{{' || token === '}}';
    return [token, escaped, template, isBrace ? token.charAt(0) : token];
  }

  #utf8(octets: Buffer): string {
    const text = octets.toString('utf8');
    if (!octets.equals(Buffer.from(text)) || /\p{Cc}/u.test(text)) throw this.#fault('a value is not printable UTF-8');
    return text;
  }

  #expect(character: string): void {
    if (this.#text.charAt(this.#position) !== character) throw this.#fault(`${character} is due`);
    this.#position += 1;
  }

  #fault(complaint: string): RuleSyntaxError {
    return new RuleSyntaxError(`at character ${this.#position + 1}: ${complaint}`);
  }
}

/** These give octets, or an assertion of their own syntax. */
function standsAlone(template: Template): boolean {
  if (template.of === 'certificate') return template.as !== 'base64';
  return template.of === 'alternativeName' && (template.source === 'x400Address' || template.source === 'ediPartyName');
}
