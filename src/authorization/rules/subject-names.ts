/** Whom a rule names: accounts and groups, compared as directories compare names. */

/** Of whom rules tell: the mapped account and its groups, nested ones included. */
export interface NamedSubject {
  readonly accountName: string;
  readonly groups: readonly {
    readonly sid?: string | undefined;
    readonly distinguishedName?: string | undefined;
    readonly name?: string | undefined;
  }[];
}

/** What rules for people have in common. */
export interface NamedPeople {
  /** `*`: every account; `?`: clients without one. */
  readonly users?: '*' | '?' | readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
}

/** A rule that names no user and no role concerns no account. */
export function concernsSubject(subject: NamedSubject): (rule: NamedPeople) => boolean {
  const accountName = comparedName(subject.accountName);
  const groups = groupNames(subject, () => true);
  return ({ users = [], roles = [] }) =>
    users === '*' ||
    (users !== '?' && users.some((user) => comparedName(user) === accountName)) ||
    roles.some((role) => groups.has(comparedName(role)));
}

/** Rules by whom they name, so that a login is not compared with those for other people. */
export class PeopleIndex {
  /** By place in the list of rules: 1 for those that concern every account. */
  readonly #everyAccount: Uint8Array;
  /** Likewise: 1 for those that concern clients without an account. */
  readonly #anonymous: Uint8Array;
  readonly #users = new Map<string, number[]>();
  readonly #roles = new Map<string, number[]>();
  /** Of the roles; a name of another shape is not among them. */
  readonly #shapes = new Set<NameShape>();

  constructor(rules: readonly (NamedPeople & { readonly accessType: 'Allow' | 'Deny' })[]) {
    this.#everyAccount = new Uint8Array(rules.length);
    this.#anonymous = new Uint8Array(rules.length);
    for (const [index, { users = [], roles = [], accessType }] of rules.entries()) {
      // What * allows was meant for people who proved who they are; what it denies is denied to all.
      if (users === '?' || (users === '*' && accessType === 'Deny')) this.#anonymous[index] = 1;
      if (users === '*') this.#everyAccount[index] = 1;
      else if (users !== '?') for (const user of users) add(this.#users, comparedName(user), index);
      for (const role of roles) {
        add(this.#roles, comparedName(role), index);
        this.#shapes.add(shapeOf(comparedName(role)));
      }
    }
  }

  /** The same for clients without an account, whom no name and no group concerns. */
  namingAnonymous(): Uint8Array {
    return this.#anonymous.slice();
  }

  /** @returns by place in the list of rules, 1 for those that name the account, one of its groups, or every account */
  naming(subject: NamedSubject): Uint8Array {
    const named = this.#everyAccount.slice();
    for (const index of this.#users.get(comparedName(subject.accountName)) ?? []) named[index] = 1;
    if (this.#roles.size === 0) return named;
    // A login may have a thousand groups of three names each.
    const mayBeRole = (name: string) => !ascii.test(name) || this.#shapes.has(shapeOf(name));
    for (const group of groupNames(subject, mayBeRole)) {
      for (const index of this.#roles.get(group) ?? []) named[index] = 1;
    }
    return named;
  }
}

function add(index: Map<string, number[]>, name: string, rule: number): void {
  const rules = index.get(name);
  if (rules) rules.push(rule);
  else index.set(name, [rule]);
}

function groupNames({ groups }: NamedSubject, isWanted: (name: string) => boolean): ReadonlySet<string> {
  const names = new Set<string>();
  for (const group of groups) {
    for (const name of [group.sid, group.distinguishedName, group.name]) {
      if (name !== undefined && isWanted(name)) names.add(comparedName(name));
    }
  }
  return names;
}

type NameShape = 'distinguished name' | 'SID' | 'name';

/** Letters in another case leave it as it is. */
function shapeOf(name: string): NameShape {
  if (name.includes('=')) return 'distinguished name';
  return /^s-\d/i.test(name) ? 'SID' : 'name';
}

const ascii = /^[ -~]*$/;
const spacedSeparator = / [,=+]|[,=+] /;

/**
 * Directories compare names without regard to case, and distinguished names without regard to a space at their separators
 * (RFC 4514 2.4 writes none, RFC 2253 allowed one): a spelling must not make a rule that denies miss its group. What
 * need not be replaced is only looked at.
 */
export function comparedName(name: string): string {
  const folded = (ascii.test(name) ? name : name.normalize('NFC')).toLowerCase();
  return spacedSeparator.test(folded) ? folded.replace(/ ?(?<!\\)([,=+]) ?/g, '$1') : folded;
}
