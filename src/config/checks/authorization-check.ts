/** Authorization rules that can concern no account: names that no account or group can have, and rules that say nothing. */
import { sidToBinary } from '../../directory/active-directory/sid.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import type { LoadedDirectory } from '../directory-material.ts';
import type { SiteSettings } from '../site-schema.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';
import { checkRuleOrder } from './rule-order-check.ts';

type Rule = SiteSettings['authorization'][number];

/** @param directories that the site names, as far as they could be loaded */
export function checkAuthorization(
  source: YamlSource,
  site: SettingPath,
  settings: SiteSettings,
  directories: readonly LoadedDirectory[],
): void {
  const setting = [...site, 'authorization'];
  const known = knownNames(settings, directories);
  settings.authorization.forEach((rule, index) => {
    const at = [...setting, index];
    const users = typeof rule.users === 'string' ? [] : (rule.users ?? []);
    for (const [place, user] of users.entries()) checkUser(source, [...at, 'users', place], user, known?.users);
    for (const [place, role] of (rule.roles ?? []).entries()) {
      checkRole(source, [...at, 'roles', place], role, known?.groups);
    }
    if (isEmpty(rule)) {
      const lists = ['users', 'roles'].map((name) => [...at, name]);
      source.warning(
        at,
        'has empty lists, and so concerns no account',
        'Add users or roles, or remove the rule.',
        lists,
      );
    }
    checkEvasion(source, at, settings, rule);
  });
  for (const [index, { users = [], roles = [] }] of settings.authentication.rules.entries()) {
    const at = [...site, 'authentication', 'rules', index];
    for (const [place, user] of users.entries()) checkUser(source, [...at, 'users', place], user, known?.users);
    for (const [place, role] of roles.entries()) checkRole(source, [...at, 'roles', place], role, known?.groups);
  }
  const { enabled: hasAnonymous } = settings.authentication.anonymousAuthentication;
  checkRuleOrder(source, setting, settings.authorization, settings.authorizationOrder, hasAnonymous);
  if (settings.authorization.every(({ accessType }) => accessType === 'Deny')) {
    source.warning(
      setting,
      'has no rule that allows anything: every login will be refused',
      'Add a rule with accessType Allow.',
      settings.authorization.map((_rule, index) => [...setting, index, 'accessType']),
    );
  }
}

function isEmpty({ users, roles }: Rule): boolean {
  const given = [users, roles].filter((list) => list !== undefined);
  return given.length > 0 && given.every((list) => list.length === 0);
}

/** A rule that looks at certificates concerns no login without one. */
function checkEvasion(source: YamlSource, at: SettingPath, { authentication }: SiteSettings, rule: Rule): void {
  const { mode, rules } = authentication;
  const takesPasswords = mode === 'certificateOrPassword' || rules.some(({ methods }) => methods.includes('password'));
  if (rule.accessType === 'Allow' || !takesPasswords) return;
  for (const name of ['extendedKeyUsage', 'policies', 'issuers'] as const) {
    if (!rule[name]) continue;
    source.warning(
      [...at, name],
      `a person whom the rule denies by ${name} logs in by password instead, and it concerns no login without a certificate`,
      'Add a rule that denies the same to authentication: [password], or take certificates alone.',
    );
  }
}

function checkUser(source: YamlSource, setting: SettingPath, user: string, known: readonly string[] | undefined): void {
  if (user === '*' || user === '?') {
    const meant = user === '*' ? 'every account' : 'anonymous clients';
    source.warning(
      setting,
      `${user} in a list is the name of one account, not ${meant}`,
      `Write users: '${user}' without the brackets for ${meant}.`,
    );
  } else if (user.includes('\\')) {
    const [, name = ''] = user.split('\\');
    source.warning(setting, `${user} names a domain, and accounts are compared by their own name`, `Write ${name}.`);
  } else checkKnown(source, setting, user, known, 'account');
}

function checkRole(source: YamlSource, setting: SettingPath, role: string, known: readonly string[] | undefined): void {
  if (/^S-\d/i.test(role)) {
    if (sidToBinary(role.toUpperCase()) !== undefined) return;
    source.fault(
      setting,
      `${role} is not a SID`,
      'Write it as Get-ADGroup NAME shows it: S-1-5-21- and four numbers, without spaces or leading zeros.',
    );
  } else if (looksLikeName.test(role)) {
    if (distinguishedName.test(role)) return;
    source.fault(
      setting,
      `${role} is not a distinguished name`,
      'Write it as the directory shows it, such as CN=Staff,OU=Groups,DC=corp,DC=example.',
    );
  } else checkKnown(source, setting, role, known, 'group');
}

/** RFC 4514 section 3, attribute types by name or number; values as their strings only. */
const looksLikeName = /^\s*(?:[A-Za-z][\w-]*|\d+(?:\.\d+)+)\s*=/;
const pair = String.raw`(?:[A-Za-z][\w-]*|\d+(?:\.\d+)+)\s*=\s*(?:#(?:[0-9A-Fa-f]{2})+|(?:[^,+"\\<>;\x00]|\\[ "#+,;<=>\\]|\\[0-9A-Fa-f]{2})*)`;
const distinguishedName = new RegExp(String.raw`^\s*${pair}(?:\s*[,+]\s*${pair})*\s*$`);

export function isDistinguishedName(text: string): boolean {
  return distinguishedName.test(text);
}

function checkKnown(
  source: YamlSource,
  setting: SettingPath,
  name: string,
  known: readonly string[] | undefined,
  kind: 'account' | 'group',
): void {
  if (!known || known.some((one) => one.toLowerCase() === name.toLowerCase())) return;
  const near = nearest(name, known);
  source.warning(
    setting,
    `no ${kind} of the site’s account files is named ${name}`,
    near === undefined ? 'Correct the name, or remove it from the rule.' : `Did you mean ${near}?`,
  );
}

/** All names there are, where every directory of the site is a file. */
function knownNames({ directories: names }: SiteSettings, directories: readonly LoadedDirectory[]) {
  const used = directories.filter(({ settings }) => names.includes(settings.name));
  const files = used.flatMap((one) => ('accounts' in one ? [one] : []));
  if (files.length === 0 || files.length < names.length) return undefined;
  const accounts = files.flatMap((one) => one.accounts);
  return { users: accounts.map(({ name }) => name), groups: accounts.flatMap(({ groups }) => groups) };
}
