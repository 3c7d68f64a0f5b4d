/**
 * One template of a search filter, `{name[.attribute][!conversion]}`: the language of SSSD's certificate mapping, checked when the
 * rules are loaded. What a template stands for is read from certificates elsewhere.
 */

import { nearest } from '../../schema-faults/suggestion.ts';
import { RuleSyntaxError } from '../rules/rule-syntax-error.ts';
import { attributeTypeOf } from '../stored/attribute-names.ts';

/** Kinds of alternative names a template may take a value from. */
export type AlternativeSource =
  | 'principal'
  | 'pkinitPrincipal'
  | 'ntPrincipal'
  | 'rfc822Name'
  | 'dNSName'
  | 'uniformResourceIdentifier'
  | 'iPAddress'
  | 'x400Address'
  | 'directoryName'
  | 'ediPartyName'
  | 'registeredID';

export type NameFormat = 'ad_x500' | 'ad_ldap' | 'nss_x500' | 'nss_ldap';

export interface HexFormat {
  readonly upper: boolean;
  readonly colons: boolean;
  readonly reversed: boolean;
}

type Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512';

export type Template =
  | { readonly of: 'issuer' | 'subject'; readonly format: NameFormat }
  | {
      readonly of: 'issuerComponent' | 'subjectComponent';
      /** Dotted OID. */
      readonly type?: string | undefined;
      /** From 1 for the most specific attribute, from -1 for the least. */
      readonly index?: number | undefined;
    }
  | {
      readonly of: 'alternativeName';
      readonly source: AlternativeSource;
      readonly shortName: boolean;
      readonly format: NameFormat;
    }
  | { readonly of: 'certificate'; readonly as: 'octets' | 'base64' | 'exact' }
  | { readonly of: 'digest'; readonly digest: Digest; readonly hex: HexFormat }
  | { readonly of: 'serialNumber'; readonly as: 'decimal' | HexFormat }
  | { readonly of: 'subjectKeyIdentifier'; readonly hex: HexFormat }
  | { readonly of: 'sid'; readonly rid: boolean };

export type Dialect = 'LDAP' | 'LDAPU1' | 'cardgate';

const dialects: readonly Dialect[] = ['LDAP', 'LDAPU1', 'cardgate'];
const plainHex: HexFormat = { upper: false, colons: false, reversed: false };

interface Kind {
  readonly since: Dialect;
  readonly make: (text: Parts) => Template;
}

interface Parts {
  readonly attribute: string | undefined;
  readonly conversion: string | undefined;
}

const alternative = (source: AlternativeSource, options: readonly ('shortName' | 'format')[] = []): Kind => ({
  since: 'LDAP',
  make: ({ attribute, conversion }) => {
    const shortName = attribute === 'short_name' && options.includes('shortName');
    if (attribute !== undefined && !shortName) throw unknownPart(`.${attribute}`);
    if (conversion !== undefined && !options.includes('format')) throw unknownPart(`!${conversion}`);
    return { of: 'alternativeName', source, shortName, format: nameFormat(conversion) };
  },
});
const name = (of: 'issuer' | 'subject'): Kind => ({
  since: 'LDAP',
  make: (parts) => ({ of, format: nameFormat(withoutAttribute(parts)) }),
});
const component = (of: 'issuerComponent' | 'subjectComponent'): Kind => ({
  since: 'LDAPU1',
  make: (parts) => ({ of, ...componentPlace(withoutConversion(parts)) }),
});

const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['issuer_dn', name('issuer')],
  ['subject_dn', name('subject')],
  ['issuer_dn_component', component('issuerComponent')],
  ['subject_dn_component', component('subjectComponent')],
  ['cert', { since: 'LDAP', make: (parts) => certificateTemplate(withoutAttribute(parts) ?? 'bin') }],
  ['subject_principal', alternative('principal', ['shortName'])],
  ['subject_pkinit_principal', alternative('pkinitPrincipal', ['shortName'])],
  ['subject_nt_principal', alternative('ntPrincipal', ['shortName'])],
  ['subject_rfc822_name', alternative('rfc822Name', ['shortName'])],
  ['subject_dns_name', alternative('dNSName', ['shortName'])],
  ['subject_uri', alternative('uniformResourceIdentifier')],
  ['subject_ip_address', alternative('iPAddress')],
  ['subject_x400_address', alternative('x400Address')],
  ['subject_directory_name', alternative('directoryName', ['format'])],
  ['subject_ediparty_name', alternative('ediPartyName')],
  ['subject_registered_id', alternative('registeredID')],
  ['serial_number', { since: 'LDAPU1', make: (parts) => serialNumber(withoutAttribute(parts)) }],
  ['subject_key_id', { since: 'LDAPU1', make: (parts) => ({ of: 'subjectKeyIdentifier', hex: hexConversion(parts) }) }],
  ['sid', { since: 'LDAPU1', make: (parts) => ({ of: 'sid', rid: isRid(withoutConversion(parts)) }) }],
  ['certificate_exact', { since: 'cardgate', make: ({ attribute, conversion }) => exact(attribute ?? conversion) }],
]);

const form = /^([a-z0-9_]+)(?:\.([^.!]+))?(?:!([A-Za-z0-9_]+))?$/;

/** @param text what stands between the braces. @throws RuleSyntaxError */
export function parseTemplate(text: string, dialect: Dialect): Template {
  const [, key = '', attribute, conversion] = form.exec(text) ?? [];
  const kind = kinds.get(key);
  if (!kind) {
    const meant = nearest(text.replace(/[.!].*$/, ''), [...kinds.keys()]);
    throw new RuleSyntaxError(`{${text}} is not a template; mappings/README.md lists them`, meant && `{${meant}}`);
  }
  try {
    const template = kind.make({ attribute, conversion });
    const since = template.of === 'digest' ? 'LDAPU1' : kind.since;
    if (dialects.indexOf(since) > dialects.indexOf(dialect)) {
      throw new RuleSyntaxError(since === 'LDAPU1' ? 'needs the prefix LDAPU1:' : 'is not known to SSSD');
    }
    return template;
  } catch (error) {
    if (error instanceof RuleSyntaxError) throw new RuleSyntaxError(`{${text}}: ${error.message}`, error.meant);
    throw error;
  }
}

function unknownPart(part: string): RuleSyntaxError {
  return new RuleSyntaxError(`${part} cannot stand here`);
}

function withoutAttribute({ attribute, conversion }: Parts): string | undefined {
  if (attribute !== undefined) throw unknownPart(`.${attribute}`);
  return conversion;
}

function withoutConversion({ attribute, conversion }: Parts): string | undefined {
  if (conversion !== undefined) throw unknownPart(`!${conversion}`);
  return attribute;
}

function exact(part: string | undefined): Template {
  if (part !== undefined) throw unknownPart(part);
  return { of: 'certificate', as: 'exact' };
}

function isRid(attribute: string | undefined): boolean {
  if (attribute !== undefined && attribute !== 'rid') throw unknownPart(`.${attribute}`);
  return attribute === 'rid';
}

const nameFormats: ReadonlyMap<string, NameFormat> = new Map([
  ['ad', 'ad_x500'],
  ['ad_x500', 'ad_x500'],
  ['ad_ldap', 'ad_ldap'],
  ['nss', 'nss_ldap'],
  ['nss_ldap', 'nss_ldap'],
  ['nss_x500', 'nss_x500'],
]);

function nameFormat(conversion = 'nss_ldap'): NameFormat {
  const format = nameFormats.get(conversion);
  if (!format) throw unknownPart(`!${conversion}`);
  return format;
}

function componentPlace(attribute: string | undefined): {
  readonly type?: string | undefined;
  readonly index?: number | undefined;
} {
  if (attribute === undefined) return {};
  const [, label = '', number] = /^([A-Za-z0-9-]*)(?:\[(-?\d{1,2})\])?$/.exec(attribute) ?? [];
  const type = label === '' ? undefined : attributeTypeOf(label);
  if ((label === '' && number === undefined) || (label !== '' && type === undefined))
    throw unknownPart(`.${attribute}`);
  const index = number === undefined ? undefined : Number(number);
  if (index === 0) throw new RuleSyntaxError('components are counted from 1 and from -1');
  return { type, index };
}

/** `hex`, or after an underscore u for upper case, c for colons, r for reversed octets, in any order and case. */
function hexOptions(letters: string): HexFormat {
  const options = letters.toLowerCase();
  if (!/^(?!.*(.).*\1)[ucr]+$/.test(options)) throw unknownPart(`_${letters}`);
  return { upper: options.includes('u'), colons: options.includes('c'), reversed: options.includes('r') };
}

function hexFormat(conversion: string): HexFormat {
  const [, letters] = /^hex(?:_([A-Za-z]+))?$/i.exec(conversion) ?? ['', undefined];
  if (!/^hex(?:_|$)/i.test(conversion)) throw unknownPart(`!${conversion}`);
  return letters === undefined ? plainHex : hexOptions(letters);
}

function hexConversion(parts: Parts): HexFormat {
  return hexFormat(withoutAttribute(parts) ?? 'hex');
}

function serialNumber(conversion = 'hex'): Template {
  return { of: 'serialNumber', as: conversion.toLowerCase() === 'dec' ? 'decimal' : hexFormat(conversion) };
}

const digests: ReadonlySet<string> = new Set<Digest>(['sha1', 'sha256', 'sha384', 'sha512']);

function isDigest(text: string): text is Digest {
  return digests.has(text);
}

function certificateTemplate(conversion: string): Template {
  if (conversion === 'bin') return { of: 'certificate', as: 'octets' };
  if (conversion === 'base64') return { of: 'certificate', as: 'base64' };
  const [digest = '', letters] = conversion.toLowerCase().split('_');
  if (!isDigest(digest)) throw unknownPart(`!${conversion}`);
  return { of: 'digest', digest, hex: letters === undefined ? plainHex : hexOptions(letters) };
}
