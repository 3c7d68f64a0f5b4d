/**
 * Authorization rules of IIS as rules of a site. Rules of a path and of those above it add up, and Deny wins: the pages of IIS contradict
 * each other about the order, and this is safe in every reading. What cannot be carried over closes the site, or stops it.
 */
import { placeText } from '../../reading/input-fault.ts';
import { type CollectionEntry, mergeCollection } from '../../resolution/collection-entries.ts';
import { echo } from '../../resolution/echo.ts';
import { isAtOrBelow } from '../../resolution/location-path.ts';
import { type SectionLevel, sectionLevels } from '../../resolution/site-sections.ts';
import { serverSections } from '../../schema/server-sections.ts';
import { takesAnonymous } from '../login-methods.ts';
import type { SiteDraft } from '../site-draft.ts';
import type { CarriedRule } from './carried-rule.ts';
import { overlapFindings } from './rule-overlaps.ts';
import { type RulePeople, readPeople } from './rule-people.ts';

const subject = 'system.ftpServer/security/authorization';

export function carryAuthorization(draft: SiteDraft): void {
  const levels = sectionLevels(draft.configuration, 'security/authorization', draft.site.name);
  const rules = levelRules(draft, levels);
  for (const finding of overlapFindings(rules))
    draft.note('different', finding.place, { subject, message: finding.message, remedy: finding.remedy });
  const written = rules.flatMap((rule) => writtenRules(draft, rule));
  const domains = new Set(rules.flatMap(({ people }) => people.domains));
  if (domains.size > 1) {
    draft.note('needsDecision', undefined, {
      subject: `${subject}/add@users`,
      message: `the rules name accounts of ${domains.size} domains, and here a name stands for an account of every directory of the site`,
      remedy: 'Make sure that no two directories of the site have an account or group of one name, or split the site.',
    });
  }
  replaceByProvider(draft);
  if (!written.some((rule) => !('accessType' in rule))) draft.close('no rule let an account in');
  draft.set(
    'authorization',
    written.length > 0 ? written : [{ accessType: 'Deny', users: '*', permissions: ['Read', 'Write'] }],
  );
}

/** A provider of authorization replaced all rules. */
function replaceByProvider(draft: SiteDraft): void {
  const provider = draft.site.ftp.below('security/customAuthorization/provider');
  const name = provider.get('name');
  const path = 'ftpServer/security/customAuthorization/provider';
  if (!provider.isWritten) return;
  if (!provider.isSet('enabled')) {
    draft.tell('withoutEffect', name, { subject: `${path}@name`, message: 'the provider is not enabled' });
    draft.tell('withoutEffect', provider.get('enabled'), {
      subject: `${path}@enabled`,
      message: 'the provider is not enabled',
    });
    return;
  }
  const message = `the provider ${echo(provider.text('name'))} decided in place of the rules, and cannot be carried over`;
  const remedy = 'Write authorization rules that say what it decided, and open the site.';
  draft.note('needsDecision', name.attribute?.place, { subject: path, message, remedy });
  draft.findings.account(provider.attributes());
  draft.close('a provider decided about access');
}

/** In the order in which IIS reads them: the server, the site, then its paths. */
function levelRules(draft: SiteDraft, levels: readonly SectionLevel[]): readonly CarriedRule[] {
  const schema = serverSections['security/authorization']?.schema.collection;
  if (!schema) throw new Error('authorization is a collection');
  const inForce = new Map<string, readonly CollectionEntry[]>();
  const rules: CarriedRule[] = [];
  for (const { virtualPath, given } of levels) {
    const parent = [...inForce.keys()].filter((path) => isAtOrBelow(virtualPath, path)).at(-1);
    const inherited = parent === undefined ? [] : (inForce.get(parent) ?? []);
    let entries = inherited;
    for (const { element } of given) {
      const merged = mergeCollection(entries, element, schema);
      entries = merged.entries;
      for (const { element: at, message } of merged.faulty) {
        draft.findings.account(at.attributes.values());
        draft.note('notUnderstood', at.place, {
          subject,
          message,
          remedy: 'IIS reports an error for it. Correct the list.',
        });
        draft.stop(`${subject} at ${placeText(at.place)} ${message}`);
      }
    }
    inForce.set(virtualPath, entries);
    const added = entries.filter((entry) => !inherited.includes(entry));
    rules.push(...added.flatMap((entry) => ruleOf(draft, entry, virtualPath) ?? []));
    const dropped = inherited.filter((entry) => !entries.includes(entry));
    rules.push(...dropped.flatMap((entry) => undoing(draft, entry, virtualPath)));
    tellDropped(draft, given, rules);
  }
  return rules;
}

/** Entries of this level that something behind them cleared or removed. */
function tellDropped(draft: SiteDraft, given: SectionLevel['given'], rules: readonly CarriedRule[]): void {
  for (const { element } of given) {
    for (const child of element.elements) {
      if (rules.some(({ entry }) => entry.element === child)) continue;
      const unaccounted = [...child.attributes.values()].some((attribute) => !draft.findings.isAccounted(attribute));
      if (!unaccounted) continue;
      draft.findings.account(child.attributes.values());
      const message =
        child.name === 'add'
          ? 'is not in force: something behind it clears or removes it'
          : 'changes the list above it';
      draft.note('withoutEffect', child.place, { subject: `${subject}/${child.name}`, message });
    }
  }
}

function ruleOf(draft: SiteDraft, entry: CollectionEntry, path: string): CarriedRule | undefined {
  const { values } = entry;
  const accessType = values.get('accessType');
  const permissions = values.get('permissions');
  if (accessType !== 'Allow' && accessType !== 'Deny') return undefined;
  const people = readPeople(String(values.get('users') ?? ''), String(values.get('roles') ?? ''), draft.options.names);
  const rule = { entry, accessType, people, permissions: Array.isArray(permissions) ? permissions : [], path } as const;
  return placedUnderIsolation(draft, rule);
}

/**
 * A path that drops an Allow of a path above it: here rules only add up, so that the same people are denied there. That may close more
 * than IIS did. To drop a Deny opens, and is left out.
 */
function undoing(draft: SiteDraft, entry: CollectionEntry, path: string): readonly CarriedRule[] {
  const rule = ruleOf(draft, entry, path);
  if (!rule) return [];
  const where = `the rule at ${placeText(entry.element.place)} does not hold at ${path}`;
  if (rule.accessType === 'Deny') {
    const message = `${where}; a rule that denies holds below its path always, and still denies there`;
    draft.note('needsDecision', entry.element.place, {
      subject,
      message,
      remedy: 'Move what it denied out of that path, if people need it.',
    });
    return [];
  }
  const message = `${where}; a rule that denies the same people stands for that, and wins over what else they are allowed there`;
  draft.note('needsDecision', entry.element.place, {
    subject,
    message,
    remedy: 'Allow these people the paths beside it, in place of the whole.',
  });
  return [{ ...rule, accessType: 'Deny' }];
}

/** With homes of their own, people see paths below their home, and rules of IIS the whole path (IsolateAllDirectories). */
function placedUnderIsolation(draft: SiteDraft, rule: CarriedRule): CarriedRule | undefined {
  const mode = draft.site.ftp.below('userIsolation').text('mode');
  if (mode !== 'IsolateAllDirectories' || rule.path === '/') return rule;
  const [, user, ...rest] = rule.path.split('/').filter((segment) => segment !== '');
  const { place, attributes } = rule.entry.element;
  draft.findings.account(attributes.values());
  if (rule.accessType === 'Allow' || user === undefined) {
    const outcome = rule.accessType === 'Allow' ? 'needsDecision' : 'different';
    const message = `the rule for ${echo(rule.path)} is left out: rules of cardgate see paths below a home, those of IIS the whole path`;
    draft.note(outcome, place, {
      subject,
      message,
      remedy: 'Write a rule for the people and the path below their home.',
    });
    if (rule.accessType === 'Deny')
      draft.stop(`${subject} at ${placeText(place)} denies ${rule.path}, in which homes lie`);
    return undefined;
  }
  const message = `the rule for ${echo(rule.path)} denies the account ${echo(user)} its path /${rest.join('/')}`;
  draft.note('different', place, { subject, message });
  const unnamed = {
    ...rule.people,
    everyAccount: false,
    accounts: [],
    groups: [],
    unknown: [],
    anonymousByName: false,
  };
  const isPublic = rule.path.toLowerCase().startsWith('/localuser/public/');
  const people = isPublic ? { ...unnamed, anonymous: true } : { ...unnamed, accounts: [user], anonymous: false };
  return { ...rule, people, path: `/${rest.join('/')}` };
}

/** @returns none for a rule that concerns no client, or permits nothing */
function writtenRules(draft: SiteDraft, rule: CarriedRule) {
  const { entry, accessType, people, permissions, path } = rule;
  const { place, attributes } = entry.element;
  const tell = (
    outcome: 'carriedOver' | 'different' | 'withoutEffect' | 'needsDecision' | 'cannotBeHad',
    message: string,
    remedy?: string,
  ) => {
    draft.findings.account(attributes.values());
    draft.note(outcome, place, { subject: `${subject}/add`, message, ...(remedy !== undefined && { remedy }) });
  };
  const isNamed = people.everyAccount || people.accounts.length > 0 || people.groups.length > 0;
  const namesAnonymous = concernsAnonymous(draft, rule);
  if (people.unknown.length > 0) {
    const names = people.unknown.map(echo).join(', ');
    const message = `${accessType} for ${names}, which a directory does not have, or has as another`;
    if (accessType === 'Deny') draft.stop(`${subject} at ${placeText(place)} denies what cannot be carried over`);
    tell(
      'needsDecision',
      message,
      `Name the account or group of the directory that is meant: --name ${echo(`${people.unknown[0] ?? ''}=name`)}.`,
    );
  }
  if (permissions.length === 0 || (!isNamed && !namesAnonymous && people.unknown.length === 0)) {
    const isForAnonymous = people.anonymous || people.anonymousByName;
    tell('withoutEffect', `${accessType} for ${isForAnonymous ? noAnonymous(people) : 'no account, or no permission'}`);
    return [];
  }
  const domains =
    people.domains.length === 0 ? '' : `; ${people.domains.map(echo).join(', ')} is left out of the names`;
  const outcome = domains === '' && !people.anonymousByName ? 'carriedOver' : 'different';
  const names = people.everyAccount ? ['every account'] : [...people.accounts, ...people.groups].slice(0, 5).map(echo);
  const who = [...names, ...(namesAnonymous ? ['anonymous clients'] : [])].join(', ');
  if (people.unknown.length === 0) tell(outcome, `${accessType} ${permissions.join(', ')} for ${who}${domains}`);
  const rest = { permissions: [...permissions], ...(path !== '/' && { path }) };
  const type = accessType === 'Deny' && { accessType: 'Deny' as const };
  // What is denied to every account is denied to clients without one.
  const isCovered = accessType === 'Deny' && people.everyAccount;
  return [
    ...(isNamed ? [{ ...type, ...namedPeople(people), ...rest }] : []),
    ...(namesAnonymous && !isCovered ? [{ ...type, users: '?', ...rest }] : []),
  ];
}

function namedPeople({ everyAccount, accounts, groups }: RulePeople) {
  if (everyAccount) return { users: '*' };
  return { ...(accounts.length > 0 && { users: accounts }), ...(groups.length > 0 && { roles: groups }) };
}

function concernsAnonymous(draft: SiteDraft, { people, accessType }: CarriedRule): boolean {
  const isMeant = people.anonymous || (people.anonymousByName && accessType === 'Deny');
  return isMeant && takesAnonymous(draft);
}

function noAnonymous({ anonymousByName, anonymous }: RulePeople): string {
  return anonymousByName && !anonymous
    ? 'a user called anonymous: IIS calls clients without an account ?'
    : 'anonymous clients, and none log in';
}
