/** What a logged-in account may do where. */
export type Permission = 'Read' | 'Write';

export interface AccessRights {
  /** `virtualPath` is absolute and normalised: it begins with `/` and has no `.` or `..` segments. */
  allows(permission: Permission, virtualPath: string): boolean;
  /** Whether a rule is for something below `virtualPath`: moving that directory would carry files out of the rule’s reach. */
  hasRuleBelow(virtualPath: string): boolean;
}
