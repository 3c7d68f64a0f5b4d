/** The grammar of POSIX extended regular expressions (XBD 9.5.3). What POSIX leaves undefined is refused, not guessed. */
import { RuleSyntaxError } from '../rules/rule-syntax-error.ts';

export type Expression =
  | { readonly kind: 'character'; readonly accepts: (code: number) => boolean }
  | { readonly kind: 'begin' | 'end' }
  | { readonly kind: 'sequence' | 'alternatives'; readonly items: readonly Expression[] }
  /** `most` undefined: without limit. */
  | {
      readonly kind: 'repetition';
      readonly item: Expression;
      readonly least: number;
      readonly most: number | undefined;
    };

const longestExpression = 1024;
const deepest = 16;
/** RE_DUP_MAX of XBD limits.h. */
const mostRepetitions = 255;
const duplication = /\{(\d{1,3})(?:(,)(\d{1,3})?)?\}/y;

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** @throws RuleSyntaxError */
export function parseExpression(source: string): Expression {
  if (source.length > longestExpression) throw new RuleSyntaxError(`is longer than ${longestExpression} characters`);
  if (source === '') throw new RuleSyntaxError('an empty regular expression matches everything');
  const parser = new Parser(source);
  const expression = parser.alternatives(0);
  if (!parser.atEnd) throw new RuleSyntaxError('has a ) without (');
  return expression;
}

class Parser {
  readonly #characters: readonly string[];
  #position = 0;

  constructor(source: string) {
    this.#characters = Array.from(source);
  }

  get atEnd(): boolean {
    return this.#position >= this.#characters.length;
  }

  get #next(): string | undefined {
    return this.#characters[this.#position];
  }

  alternatives(depth: number): Expression {
    if (depth > deepest) throw new RuleSyntaxError(`nests deeper than ${deepest} groups`);
    const items = [this.#sequence(depth)];
    while (this.#next === '|') {
      this.#position += 1;
      items.push(this.#sequence(depth));
    }
    return items.length === 1 && items[0] ? items[0] : { kind: 'alternatives', items };
  }

  #sequence(depth: number): Expression {
    const items: Expression[] = [];
    while (!this.atEnd && this.#next !== '|' && this.#next !== ')') items.push(this.#repeated(this.#atom(depth)));
    if (items.length === 0) throw new RuleSyntaxError('has an empty alternative or group');
    return { kind: 'sequence', items };
  }

  #atom(depth: number): Expression {
    const character = this.#characters[this.#position] ?? '';
    this.#position += 1;
    switch (character) {
      case '^':
        return { kind: 'begin' };
      case '$':
        return { kind: 'end' };
      case '.':
        return { kind: 'character', accepts: () => true };
      case '[':
        return this.#bracket();
      case '(': {
        const group = this.alternatives(depth + 1);
        if (this.#next !== ')') throw new RuleSyntaxError('has a ( without )');
        this.#position += 1;
        return group;
      }
      case '\\':
        return this.#escaped();
      case '*':
      case '+':
      case '?':
      case '{':
        throw new RuleSyntaxError(`has a ${character} with nothing to repeat; write \\${character} for the character`);
      default:
        return literal(character);
    }
  }

  #escaped(): Expression {
    const character = this.#next ?? '';
    this.#position += 1;
    if (/^[1-9]$/.test(character)) throw new RuleSyntaxError('has a back-reference, which takes unbounded time');
    if (!/^[\^.[\]$()|*+?{}\\/-]$/.test(character)) {
      throw new RuleSyntaxError(`\\${character} means nothing in a POSIX expression; use classes such as [[:alnum:]_]`);
    }
    return literal(character);
  }

  #repeated(item: Expression): Expression {
    const range = this.#range();
    if (!range) return item;
    if (item.kind === 'begin' || item.kind === 'end') throw new RuleSyntaxError('repeats an anchor');
    if (this.#range()) throw new RuleSyntaxError('has two repetitions in a row');
    return { kind: 'repetition', item, ...range };
  }

  #range(): { readonly least: number; readonly most: number | undefined } | undefined {
    const simple = { '*': [0, undefined], '+': [1, undefined], '?': [0, 1] } as const;
    const character = this.#next;
    if (character === '*' || character === '+' || character === '?') {
      this.#position += 1;
      const [least, most] = simple[character];
      return { least, most };
    }
    if (character !== '{') return undefined;
    const rest = this.#characters.slice(this.#position, this.#position + 12).join('');
    duplication.lastIndex = 0;
    const [text, least = '', comma, most] = duplication.exec(rest) ?? [];
    if (text === undefined) throw new RuleSyntaxError('has a { that begins no repetition; write \\{ for the character');
    const range = {
      least: Number(least),
      most: comma ? (most === undefined ? undefined : Number(most)) : Number(least),
    };
    if (Math.max(range.least, range.most ?? 0) > mostRepetitions || (range.most ?? range.least) < range.least) {
      throw new RuleSyntaxError(`${text} is not a repetition between 0 and ${mostRepetitions}`);
    }
    this.#position += text.length;
    return range;
  }

  #bracket(): Expression {
    const negated = this.#next === '^';
    if (negated) this.#position += 1;
    const accepts: ((code: number) => boolean)[] = [];
    for (let first = true; first || this.#next !== ']'; first = false) {
      if (this.atEnd) throw new RuleSyntaxError('has a [ without ]');
      accepts.push(this.#bracketItem());
    }
    this.#position += 1;
    return { kind: 'character', accepts: (code) => accepts.some((accept) => accept(code)) !== negated };
  }

  #bracketItem(): (code: number) => boolean {
    const rest = this.#characters.slice(this.#position, this.#position + 12).join('');
    if (/^\[[.=]/.test(rest)) throw new RuleSyntaxError('has a collating element, which depends on the locale');
    const [text, name = ''] = /^\[:([a-z]+):\]/.exec(rest) ?? [];
    if (text !== undefined) {
      const members = classes[name];
      if (!members) throw new RuleSyntaxError(`[:${name}:] is not a character class`);
      this.#position += text.length;
      return (code) => members.test(String.fromCodePoint(code));
    }
    const from = this.#code();
    const isRange = this.#next === '-' && this.#characters[this.#position + 1] !== ']' && !rest.startsWith('-');
    if (!isRange) return (code) => code === from;
    this.#position += 1;
    const to = this.#code();
    if (to < from) throw new RuleSyntaxError('has a range that runs backwards');
    return (code) => code >= from && code <= to;
  }

  #code(): number {
    const code = this.#next?.codePointAt(0);
    if (code === undefined) throw new RuleSyntaxError('has a [ without ]');
    this.#position += 1;
    return code;
  }
}

function literal(character: string): Expression {
  const expected = character.codePointAt(0);
  return { kind: 'character', accepts: (code) => code === expected };
}
