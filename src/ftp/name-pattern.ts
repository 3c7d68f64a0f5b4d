/**
 * Names with wildcards as LIST, NLST and STAT take them (RFC 3659 2.2.2): `*`, `?` and `[...]`, a backslash before what stands for
 * itself. A match costs at most one comparison for each pair of characters, whatever the pattern is.
 */

/** One place of a pattern: a character, a class of them, or any; `star` is any number of any. */
type Place =
  | { readonly kind: 'character'; readonly code: number }
  | { readonly kind: 'class'; readonly isNegated: boolean; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' };

export interface NamePattern {
  /** A name that begins with a dot is meant only by a pattern that does so, too. */
  readonly meansDotNames: boolean;
  matches(name: string): boolean;
}

/** A path of which some names are patterns. */
export interface PathPattern {
  /** What stands before the first pattern, as it was called: empty, or with its slash. */
  readonly base: string;
  /** From the first pattern on: names, and patterns. */
  readonly segments: readonly (string | NamePattern)[];
}

const special = /(?<!\\)(?:\\\\)*[*?[]/u;
const escaped = /\\(?=[*?[\]\\])/gu;

/** @returns undefined where no name of the path is a pattern, or where a name behind one is `..` */
export function parsePathPattern(called: string): PathPattern | undefined {
  const names = called.split('/');
  const first = names.findIndex((name) => special.test(name));
  if (first < 0) return undefined;
  const rest = names.slice(first).filter((name) => name !== '' && name !== '.');
  if (rest.includes('..')) return undefined;
  const base = names.slice(0, first).map((name) => `${name.replace(escaped, '')}/`);
  return {
    base: base.join(''),
    segments: rest.map((name) => (special.test(name) ? parseNamePattern(name) : name.replace(escaped, ''))),
  };
}

/** A name that is spelled as its pattern is meant, too: brackets are common in names. */
export function parseNamePattern(text: string): NamePattern {
  const places = placesOf(Array.from(text));
  return {
    meansDotNames: text.startsWith('.'),
    matches: (name) => name === text || matchesPlaces(places, codesOf(name)),
  };
}

function placesOf(characters: readonly string[]): readonly Place[] {
  const places: Place[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    const bracket = character === '[' ? parseClass(characters, at) : undefined;
    if (character === '*') {
      if (places.at(-1)?.kind !== 'star') places.push({ kind: 'star' });
    } else if (character === '?') places.push({ kind: 'any' });
    else if (bracket) {
      places.push(bracket.place);
      at = bracket.end;
    } else {
      const isEscape = character === '\\' && at + 1 < characters.length;
      if (isEscape) at += 1;
      places.push({ kind: 'character', code: codeOf(characters[at]) });
    }
  }
  return places;
}

/** POSIX 2.13.1: a bracket that nothing closes stands for itself, and one right behind the opening belongs to the class. */
function parseClass(characters: readonly string[], start: number): { place: Place; end: number } | undefined {
  const isNegated = characters[start + 1] === '!' || characters[start + 1] === '^';
  const ranges: (readonly [number, number])[] = [];
  let at = start + (isNegated ? 2 : 1);
  for (const begin = at; characters[at] !== ']' || at === begin; at += 1) {
    if (characters[at] === '\\') at += 1;
    if (at >= characters.length) return undefined;
    const low = codeOf(characters[at]);
    const hasRange = characters[at + 1] === '-' && at + 2 < characters.length && characters[at + 2] !== ']';
    if (hasRange) at += 2;
    ranges.push([low, codeOf(characters[at])]);
  }
  return { place: { kind: 'class', isNegated, ranges }, end: at };
}

/** Goes back to the last star only: what an earlier star took stays as short as it can be, so that no choice is tried twice. */
function matchesPlaces(places: readonly Place[], codes: readonly number[]): boolean {
  let place = 0;
  let afterStar = -1;
  let resume = 0;
  for (let at = 0; at < codes.length; ) {
    const here = places[place];
    if (here?.kind === 'star') {
      place += 1;
      afterStar = place;
      resume = at;
    } else if (here && fits(here, codes[at] ?? 0)) {
      place += 1;
      at += 1;
    } else {
      if (afterStar < 0) return false;
      place = afterStar;
      resume += 1;
      at = resume;
    }
  }
  return places.slice(place).every(({ kind }) => kind === 'star');
}

function fits(place: Exclude<Place, { kind: 'star' }>, code: number): boolean {
  switch (place.kind) {
    case 'any':
      return true;
    case 'character':
      return place.code === code;
    case 'class':
      return place.ranges.some(([low, high]) => low <= code && code <= high) !== place.isNegated;
  }
}

function codesOf(name: string): readonly number[] {
  const codes: number[] = [];
  for (let at = 0; at < name.length; at += 1) {
    const code = name.codePointAt(at) ?? 0;
    codes.push(code);
    if (code > 0xffff) at += 1;
  }
  return codes;
}

function codeOf(character = ''): number {
  return character.codePointAt(0) ?? 0;
}
