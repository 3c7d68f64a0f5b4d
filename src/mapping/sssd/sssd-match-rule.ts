/**
 * Matching rules of SSSD (sss-certmap(5)) as they stand: `[KRB5:][&&|||]<KEYWORD>value…`. Regular expressions are POSIX extended ones,
 * run in linear time; keywords and forms that SSSD documents are all here, anything else is refused when the rules are loaded.
 */

import type { KeyUsage } from '../../pki/certificate/key-usage.ts';
import { oids } from '../../pki/encoding/oids.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import { RuleSyntaxError } from '../rules/rule-syntax-error.ts';
import { compileExpression, type RegularExpression } from './extended-regular-expression.ts';

/** Alternative names as SSSD's keywords call them; an OID stands for otherNames of that type. */
export type SssdNameKind =
  | 'principal'
  | 'ntPrincipal'
  | 'pkinitPrincipal'
  | 'rfc822Name'
  | 'dNSName'
  | 'uniformResourceIdentifier'
  | 'directoryName'
  | 'iPAddress'
  | 'registeredID'
  | { readonly otherName: string };

export type SssdComponent =
  | { readonly on: 'issuer' | 'subject'; readonly expression: RegularExpression }
  | { readonly on: 'keyUsage'; readonly usages: readonly KeyUsage[] }
  | { readonly on: 'extendedKeyUsage'; readonly purposes: readonly string[] }
  | { readonly on: 'alternativeName'; readonly kind: SssdNameKind; readonly expression: RegularExpression }
  /** Octets that must stand somewhere in every name of the kind. */
  | { readonly on: 'octets'; readonly kind: 'otherName' | 'x400Address' | 'ediPartyName'; readonly octets: Buffer };

export interface SssdMatchRule {
  readonly source: string;
  readonly relation: 'all' | 'any';
  readonly components: readonly SssdComponent[];
}

/** What SSSD takes where no rule is given. */
export const defaultMatchRule = 'KRB5:<KU>digitalSignature<EKU>clientAuth';

const longestRule = 4096;
const mostComponents = 32;

const keyUsages: ReadonlyMap<string, KeyUsage> = new Map<string, KeyUsage>([
  ['digitalSignature', 'digitalSignature'],
  ['nonRepudiation', 'nonRepudiation'],
  ['keyEncipherment', 'keyEncipherment'],
  ['dataEncipherment', 'dataEncipherment'],
  ['keyAgreement', 'keyAgreement'],
  ['keyCertSign', 'keyCertSign'],
  ['cRLSign', 'cRLSign'],
  ['encipherOnly', 'encipherOnly'],
  ['decipherOnly', 'decipherOnly'],
]);

const purposes: ReadonlyMap<string, string> = new Map([
  ['serverAuth', oids.serverAuth],
  ['clientAuth', oids.clientAuth],
  ['codeSigning', oids.codeSigning],
  ['emailProtection', oids.emailProtection],
  ['timeStamping', oids.timeStamping],
  ['OCSPSigning', oids.ocspSigning],
  ['KPClientAuth', oids.pkinitClientAuth],
  ['pkinit', oids.pkinitClientAuth],
  ['msScLogin', oids.smartCardLogon],
]);

const nameKinds: ReadonlyMap<string, SssdNameKind> = new Map<string, SssdNameKind>([
  ['', 'principal'],
  ['Principal', 'principal'],
  ['ntPrincipalName', 'ntPrincipal'],
  ['pkinit', 'pkinitPrincipal'],
  ['rfc822Name', 'rfc822Name'],
  ['dNSName', 'dNSName'],
  ['uniformResourceIdentifier', 'uniformResourceIdentifier'],
  ['directoryName', 'directoryName'],
  ['iPAddress', 'iPAddress'],
  ['registeredID', 'registeredID'],
]);

const dottedOid = /^[0-2](?:\.(?:0|[1-9]\d*))+$/;

/** @throws RuleSyntaxError */
export function parseSssdMatchRule(source: string): SssdMatchRule {
  if (source.length > longestRule) throw new RuleSyntaxError(`is longer than ${longestRule} characters`);
  const [, type = 'KRB5', sign = '&&', text = ''] = /^(?:([A-Z0-9]+):)?(&&|\|\|)?([\s\S]*)$/.exec(source) ?? [];
  if (type !== 'KRB5') throw new RuleSyntaxError(`${type}: is not a kind of matching rule; SSSD has KRB5: only`);
  const pieces = [...text.matchAll(/<([^<>]*)>([^<]*)/g)];
  if (pieces.length === 0 || pieces.map(([piece]) => piece).join('') !== text) {
    throw new RuleSyntaxError('is not a row of components such as <ISSUER>^CN=CA,O=Example$<EKU>clientAuth');
  }
  if (pieces.length > mostComponents) throw new RuleSyntaxError(`has more than ${mostComponents} components`);
  const components = pieces.map(([, keyword = '', value = '']) => {
    try {
      return component(keyword, value);
    } catch (error) {
      if (error instanceof RuleSyntaxError) throw new RuleSyntaxError(`<${keyword}>: ${error.message}`, error.meant);
      throw error;
    }
  });
  return { source, relation: sign === '&&' ? 'all' : 'any', components };
}

function component(keyword: string, value: string): SssdComponent {
  switch (keyword) {
    case 'ISSUER':
      return { on: 'issuer', expression: compileExpression(value) };
    case 'SUBJECT':
      return { on: 'subject', expression: compileExpression(value) };
    case 'KU':
      return { on: 'keyUsage', usages: list(value, [...keyUsages.keys()], (item) => keyUsages.get(item)) };
    case 'EKU':
      return {
        on: 'extendedKeyUsage',
        purposes: list(
          value,
          [...purposes.keys()],
          (item) => purposes.get(item) ?? (dottedOid.test(item) ? item : undefined),
        ),
      };
    case 'SAN:otherName':
    case 'SAN:x400Address':
    case 'SAN:ediPartyName':
      return { on: 'octets', kind: octetsKind(keyword), octets: base64(value) };
    default:
      return { on: 'alternativeName', kind: nameKind(keyword), expression: compileExpression(value) };
  }
}

function octetsKind(keyword: string): 'otherName' | 'x400Address' | 'ediPartyName' {
  if (keyword === 'SAN:otherName') return 'otherName';
  return keyword === 'SAN:x400Address' ? 'x400Address' : 'ediPartyName';
}

const keywords = [
  'ISSUER',
  'SUBJECT',
  'KU',
  'EKU',
  'SAN',
  ...[...nameKinds.keys()].filter(Boolean).map((name) => `SAN:${name}`),
];

function nameKind(keyword: string): SssdNameKind {
  const [, name] = /^SAN(?::(.+))?$/.exec(keyword) ?? ['', '?'];
  const kind = nameKinds.get(name ?? '');
  if (kind !== undefined) return kind;
  if (name !== undefined && dottedOid.test(name)) return { otherName: name };
  const meant = nearest(keyword, keywords);
  throw new RuleSyntaxError('is not a keyword of SSSD', meant && `<${meant}>`);
}

function list<T>(value: string, names: readonly string[], read: (item: string) => T | undefined): readonly T[] {
  return value.split(',').map((item) => {
    const known = read(item);
    if (known === undefined) throw new RuleSyntaxError(`${item || 'an empty item'} is not known`, nearest(item, names));
    return known;
  });
}

function base64(value: string): Buffer {
  const octets = Buffer.from(value, 'base64');
  if (octets.length === 0 || octets.toString('base64') !== value) throw new RuleSyntaxError('is not base64');
  return octets;
}
