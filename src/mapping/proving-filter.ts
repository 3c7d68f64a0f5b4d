/**
 * Whether a filter finds an account only by what one certificate alone has: itself, a digest of it, its issuer with its serial number,
 * or its SID. Every alternative has to, and in a single value, for an account may hold the issuer of one card and the number of another.
 */
import type { FilterTemplate, ValuePart } from './rules/filter-template.ts';
import type { Template } from './sssd/template.ts';

export function isProvingFilter(filter: FilterTemplate): boolean {
  switch (filter.operator) {
    case 'and':
      return filter.operands.some(isProvingFilter);
    case 'or':
      return filter.operands.every(isProvingFilter);
    case 'equals':
      return isProvingValue(filter.parts);
    default:
      return false;
  }
}

/** Whether whatever way the filter matches, it demands a value that the issuer's other certificates need not have. */
export function looksForHolder(filter: FilterTemplate): boolean {
  switch (filter.operator) {
    case 'and':
      return filter.operands.some(looksForHolder);
    case 'or':
      return filter.operands.every(looksForHolder);
    case 'equals':
      return filter.parts.some((part) => typeof part !== 'string' && !ofIssuer.has(part.of));
    default:
      return false;
  }
}

const ofIssuer: ReadonlySet<Template['of']> = new Set(['issuer', 'issuerComponent']);

function isProvingValue(parts: readonly ValuePart[]): boolean {
  const templates = parts.filter((part) => typeof part !== 'string');
  const holdsIssuer = templates.some(({ of }) => of === 'issuer');
  return templates.some((template) => {
    switch (template.of) {
      case 'certificate':
        return true;
      case 'digest':
        // two certificates with the same SHA-1 can be made
        return template.digest !== 'sha1';
      case 'sid':
        return !template.rid;
      case 'serialNumber':
        return holdsIssuer;
      default:
        return false;
    }
  });
}
