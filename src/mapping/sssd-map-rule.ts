/** Mapping rules of SSSD (sss-certmap(5)): a search filter with templates, after `LDAP:` or, for the newer templates, `LDAPU1:`. */
import { type FilterTemplate, parseFilterTemplate } from './filter-template.ts';
import { RuleSyntaxError } from './rule-syntax-error.ts';

/** What SSSD takes where no rule is given. OpenLDAP never finds anything by it: there, `map: certificate` does the same. */
export const defaultMapRule = 'LDAP:(userCertificate;binary={cert!bin})';

/** @throws RuleSyntaxError */
export function parseSssdMapRule(source: string): FilterTemplate {
  const [, type = 'LDAP', filter = ''] = /^(?:([A-Z0-9]+):)?([\s\S]*)$/.exec(source) ?? [];
  if (type !== 'LDAP' && type !== 'LDAPU1') throw new RuleSyntaxError(`${type}: is not LDAP: or LDAPU1:`);
  return parseFilterTemplate(filter, type);
}
