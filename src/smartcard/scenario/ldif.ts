/** LDIF (RFC 2849): entries and changes as text that every LDAP tool takes. Values that are not plain ASCII are written in base64. */

export type LdifValue = string | Buffer;

export interface LdifRecord {
  readonly dn: string;
  /** Absent: an entry, as `slapadd` wants it. */
  readonly change?: 'add' | { readonly replace: string };
  readonly attributes: readonly (readonly [type: string, value: LdifValue])[];
}

/** RFC 2849 note 2: SAFE-STRING. */
const safe = /^(?![ :<])[\x01-\x09\x0b\x0c\x0e-\x7f]*(?<! )$/;
const foldAt = 76;

export function encodeLdif(records: readonly LdifRecord[]): string {
  return ['version: 1', ...records.map(encodeRecord)].join('\n\n').concat('\n');
}

function encodeRecord({ dn, change, attributes }: LdifRecord): string {
  const values = attributes.map(([type, value]) => line(type, value));
  return [line('dn', dn), ...changeLines(change), ...values, ...(typeof change === 'object' ? ['-'] : [])].join('\n');
}

function changeLines(change: LdifRecord['change']): readonly string[] {
  if (change === undefined) return [];
  return change === 'add' ? ['changetype: add'] : ['changetype: modify', `replace: ${change.replace}`];
}

function line(type: string, value: LdifValue): string {
  const text = typeof value === 'string' && safe.test(value) ? `${type}: ${value}` : `${type}:: ${base64(value)}`;
  const parts = [text.slice(0, foldAt)];
  for (let at = foldAt; at < text.length; at += foldAt - 1) parts.push(` ${text.slice(at, at + foldAt - 1)}`);
  return parts.join('\n');
}

function base64(value: LdifValue): string {
  return (typeof value === 'string' ? Buffer.from(value) : value).toString('base64');
}
