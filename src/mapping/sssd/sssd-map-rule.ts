/** Mapping rules of SSSD (sss-certmap(5)): a search filter with templates, after `LDAP:` or, for the newer templates, `LDAPU1:`. */
import { type FilterTemplate, parseFilterTemplate } from '../rules/filter-template.ts';
import { RuleSyntaxError } from '../rules/rule-syntax-error.ts';

/** What SSSD takes where no rule is given. OpenLDAP never finds anything by it: there, `map: certificate` does the same. */
const defaultMapRule = 'LDAP:(userCertificate;binary={cert!bin})';

/** @throws RuleSyntaxError */
export function parseSssdMapRule(source: string): FilterTemplate {
  const [, type = 'LDAP', filter = ''] = /^(?:([A-Z0-9]+):)?([\s\S]*)$/.exec(source) ?? [];
  if (type !== 'LDAP' && type !== 'LDAPU1') throw new RuleSyntaxError(`${type}: is not LDAP: or LDAPU1:`);
  return parseFilterTemplate(filter, type);
}

/** The filter a rule searches by, if it does; a rule of SSSD without one has SSSD's own. */
export function searchOf(rule: {
  readonly map: string;
  readonly filter?: FilterTemplate | undefined;
  readonly maprule?: FilterTemplate | undefined;
}): FilterTemplate | undefined {
  return rule.map === 'sssd' ? (rule.maprule ?? parseSssdMapRule(defaultMapRule)) : rule.filter;
}
