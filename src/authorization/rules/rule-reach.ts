/** How far a rule reaches: which places its path is for, whatever they are called. */
import { posix } from 'node:path';
import type { JudgedPlace } from '../access-rights.ts';
import type { AuthorizationRule } from '../authorization-rules.ts';
import { foldedPath } from '../folded-path.ts';
import type { ReadyConditions } from './rule-conditions.ts';

export interface ReadyRule extends Pick<AuthorizationRule, 'accessType' | 'permissions'> {
  /** Place in the list of rules. */
  readonly index: number;
  /** Normalised, without a slash at its end. */
  readonly path: string;
  readonly conditions: ReadyConditions | undefined;
}

/**
 * A rule that denies reaches whatever its path leads to, through links too. One that allows reaches what really lies at its
 * path, where the spelling may differ only as file systems that fold names let it: a link must not lend rights to its target.
 */
export const reaches: Readonly<
  Record<AuthorizationRule['accessType'], (rulePath: string, place: JudgedPlace) => boolean>
> = {
  Deny: (rulePath, { path, ruled }) => isPathWithin(rulePath, path) || ruled.has(rulePath),
  Allow: (rulePath, { path, ruled }) =>
    isPathWithin(rulePath, path) || (ruled.has(rulePath) && isPathWithin(foldedPath(rulePath), foldedPath(path))),
};

/** However a path is spelled, a rule that denies must not miss it. */
export function plainPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, '');
}

export function isPathWithin(prefix: string, virtualPath: string): boolean {
  return prefix === '/' || virtualPath === prefix || virtualPath.startsWith(`${prefix}/`);
}
