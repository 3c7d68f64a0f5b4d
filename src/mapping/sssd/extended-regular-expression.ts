/**
 * POSIX extended regular expressions (XBD 9.4) for SSSD rules, run as a set of states over the text: time is in proportion to
 * the length of both, whatever the expression, so that no certificate can make a match expensive. Back-references are refused.
 *
 * Not by a library: RE2 in its JavaScript form (re2js 2.10, 0.9 MB) reads another language. To it `[\d]` is a digit and not a backslash
 * or d, `.` is no line end, and `\b`, `(?i)` and an empty alternative mean something; it has no equivalence classes. With it a rule
 * matches other certificates than in SSSD, and it spares no parser: only one of our own refuses what POSIX leaves undefined and says why.
 */

import { RuleSyntaxError } from '../rules/rule-syntax-error.ts';
import { type Expression, parseExpression } from './extended-regular-expression-parser.ts';

const mostStates = 1000;
const longestText = 4096;

type State =
  | { readonly kind: 'character'; readonly accepts: (code: number) => boolean; readonly next: number }
  | { readonly kind: 'begin' | 'end'; readonly next: number }
  | { readonly kind: 'split'; readonly ways: number[] }
  | { readonly kind: 'accept' };

export interface RegularExpression {
  readonly source: string;
  /** Whether it matches anywhere in the text, case-sensitively; longer text than 4096 characters never matches. */
  matches(text: string): boolean;
}

/** @throws RuleSyntaxError */
export function compileExpression(source: string): RegularExpression {
  const states: State[] = [{ kind: 'accept' }];
  const add = (state: State): number => {
    if (states.length >= mostStates) throw new RuleSyntaxError('is too large: shorten it or its repetitions');
    return states.push(state) - 1;
  };
  const start = emit(parseExpression(source), 0, add, states);
  return { source, matches: (text) => text.length <= longestText && run(states, start, text) };
}

/** Builds from the end: @param next the state to go on with. @returns the state to begin with */
function emit(node: Expression, next: number, add: (state: State) => number, states: State[]): number {
  switch (node.kind) {
    case 'character':
      return add({ kind: 'character', accepts: node.accepts, next });
    case 'begin':
    case 'end':
      return add({ kind: node.kind, next });
    case 'sequence':
      return node.items.reduceRight((following, item) => emit(item, following, add, states), next);
    case 'alternatives':
      return add({ kind: 'split', ways: node.items.map((item) => emit(item, next, add, states)) });
    case 'repetition': {
      let following = next;
      if (node.most === undefined) {
        const ways = [next];
        following = add({ kind: 'split', ways });
        ways.push(emit(node.item, following, add, states));
      } else {
        for (let count = node.least; count < node.most; count += 1) {
          following = add({ kind: 'split', ways: [emit(node.item, following, add, states), next] });
        }
      }
      for (let count = 0; count < node.least; count += 1) following = emit(node.item, following, add, states);
      return following;
    }
  }
}

function run(states: readonly State[], start: number, text: string): boolean {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const reachedAt = new Int32Array(states.length).fill(-1);
  let current: number[] = [];
  for (let position = 0; position <= codes.length; position += 1) {
    // the expression may begin anywhere, so its first state joins those still running
    const pending = [...current, start];
    const waiting: number[] = [];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (reachedAt[index] === position) continue;
      reachedAt[index] = position;
      const state = states[index];
      if (state?.kind === 'accept') return true;
      if (state?.kind === 'split') pending.push(...state.ways);
      else if (state?.kind === 'character') waiting.push(index);
      else if (state && (state.kind === 'begin' ? position === 0 : position === codes.length)) pending.push(state.next);
    }
    const code = codes[position];
    if (code === undefined) return false;
    current = waiting.flatMap((index) => {
      const state = states[index];
      return state?.kind === 'character' && state.accepts(code) ? [state.next] : [];
    });
  }
  return false;
}
