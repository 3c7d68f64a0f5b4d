/** What a logged-in account may do where. Rights belong to objects, and a rule that denies wins by whatever name one is reached. */
export type Permission = 'Read' | 'Write';

export interface AccessRights {
  /**
   * @param virtualPath where the object really lies: absolute, normalised, and without links
   * @param ruled those of `rulePaths` that lead to the object, or to a directory above it, whatever they spell
   */
  allows(permission: Permission, virtualPath: string, ruled?: ReadonlySet<string>): boolean;
  /** Whether a rule denies it, not merely fails to allow it. */
  denies(permission: Permission, virtualPath: string, ruled?: ReadonlySet<string>): boolean;
  /** Paths of the rules that concern the account and hold for less than the whole home. */
  readonly rulePaths: readonly string[];
  /** The same of every rule of the site: what lies there stays where the rules find it. */
  readonly fixedPaths: readonly string[];
  /**
   * For who wants to know why; it comes to what `allows` and `denies` say.
   * @param links that lead to the place: a rule that denies one of them denies what it leads to
   */
  decide(permission: Permission, place: JudgedPlace, links?: readonly JudgedPlace[]): RuleDecision;
}

/** What the rules come to at one place, and which of them. */
export interface RuleDecision {
  readonly isAllowed: boolean;
  /** Places in the list of rules: of those that deny, or else of those that allow. Empty: no rule allows it. */
  readonly rules: readonly number[];
}

/** Where something lies, for rules to judge. */
export interface JudgedPlace {
  /** Without links. */
  readonly path: string;
  /** Paths of rules that lead to the object or to a directory above it. */
  readonly ruled: ReadonlySet<string>;
}
