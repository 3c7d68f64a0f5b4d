/** Access rights for tests that are not about them. */
import type { AccessRights, Permission } from '../../src/authorization/access-rights.ts';

export const fullRights: AccessRights = {
  allows: () => true,
  denies: () => false,
  rulePaths: [],
  fixedPaths: [],
  decide: () => ({ isAllowed: true, rules: [] }),
};

/** @param granted everywhere in the home, and nothing else */
export function rightsTo(...granted: readonly Permission[]): AccessRights {
  return { ...fullRights, allows: (permission) => granted.includes(permission) };
}
