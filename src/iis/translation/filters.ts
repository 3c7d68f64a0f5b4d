/** Filters of IIS by command, name and size. What holds for a part of a site only, and cannot here, closes the whole, or stops it. */
import { placeText } from '../reading/input-fault.ts';
import type { CollectionEntry } from '../resolution/collection-entries.ts';
import { echo } from '../resolution/echo.ts';
import type { ResolvedElement } from '../resolution/resolved-element.ts';
import { type SectionLevel, sectionLevels } from '../resolution/site-sections.ts';
import type { SettingValue, SiteDraft } from './site-draft.ts';

export function carryFilters(draft: SiteDraft): void {
  carryCommands(draft);
  const [root, ...deeper] = sectionLevels(draft.configuration, 'security/requestFiltering', draft.site.name);
  carryRequests(draft, root, deeper);
}

/** @returns entries in force; what IIS reports an error for stops the site */
export function entriesOf(draft: SiteDraft, element: ResolvedElement): readonly CollectionEntry[] {
  const { entries, faulty } = element.entries();
  for (const { element: at, message } of faulty) {
    const remedy = 'IIS reports an error for it. Correct the list.';
    draft.findings.account(at.attributes.values());
    draft.note('notUnderstood', at.place, { subject: element.path, message, remedy });
    draft.stop(`${element.path} at ${placeText(at.place)} ${message}`);
  }
  return entries;
}

function carryCommands(draft: SiteDraft): void {
  const filtering = draft.site.ftp.below('security/commandFiltering');
  const entries = entriesOf(draft, filtering);
  if (!filtering.isSet('allowUnlisted')) draft.set('commandFiltering.allowUnlisted', false);
  draft.tell('carriedOver', filtering.get('allowUnlisted'), {
    subject: `${filtering.path}@allowUnlisted`,
    message: `is commandFiltering.allowUnlisted ${filtering.isSet('allowUnlisted')}`,
  });
  const commands = entries.flatMap((entry): readonly SettingValue[] => {
    const command = String(entry.values.get('command') ?? '');
    const allowed = entry.values.get('allowed') === true;
    const isCommand = /^(?:[A-Za-z0-9]{1,64}|SITE [A-Za-z]{1,50})$/i.test(command);
    if (isCommand)
      return told(draft, entry, filtering.path, `${allowed ? 'allows' : 'denies'} ${command}`, { command, allowed });
    return lost(draft, entry, filtering.path, `${echo(command)} is no command`, allowed);
  });
  if (commands.length > 0) draft.set('commandFiltering.commands', commands);
}

/** An entry that becomes one of a setting. */
function told(
  draft: SiteDraft,
  { element }: CollectionEntry,
  path: string,
  message: string,
  value: SettingValue,
): readonly SettingValue[] {
  draft.findings.account(element.attributes.values());
  draft.note('carriedOver', element.place, { subject: `${path}/${element.name}`, message });
  return [value];
}

/** An entry that no setting can say: without one that allows less is open, and one that denies must not be missing. */
export function lost(
  draft: SiteDraft,
  { element }: CollectionEntry,
  path: string,
  message: string,
  allows: boolean,
): readonly never[] {
  const { place, attributes } = element;
  const subject = `${path}/${element.name}`;
  draft.findings.account(attributes.values());
  draft.note('needsDecision', place, {
    subject,
    message,
    remedy: 'Say it another way, or close it outside of cardgate.',
  });
  if (!allows) draft.stop(`${subject} at ${placeText(place)} denies what cannot be carried over`);
  return [];
}

interface NamedList {
  readonly below: string;
  readonly attribute: string;
  readonly setting: string;
  /** What the setting takes. */
  readonly pattern: RegExp;
}

const lists: readonly NamedList[] = [
  {
    below: 'hiddenSegments',
    attribute: 'segment',
    setting: 'hiddenSegments',
    pattern: /^(?!\.{1,2}$)[^/\\\0]{1,255}$/,
  },
  { below: 'denyUrlSequences', attribute: 'sequence', setting: 'denyUrlSequences', pattern: /^[^\0]{1,256}$/ },
];

function carryRequests(draft: SiteDraft, root: SectionLevel, deeper: readonly SectionLevel[]): void {
  const setting = 'requestFiltering';
  const isHigh = root.resolved.isSet('allowHighBitCharacters');
  if (!isHigh) draft.set(`${setting}.allowHighBitCharacters`, false);
  tellOf(draft, root.resolved, 'allowHighBitCharacters', `is ${setting}.allowHighBitCharacters ${isHigh}`);
  carryExtensions(draft, root.resolved.below('fileExtensions'), extensionsBelow(root, deeper));
  for (const { below, attribute, setting: name, pattern } of lists) {
    const element = root.resolved.below(below);
    const values = entriesWithThoseBelow(draft, root, deeper, below).flatMap((entry) => {
      const value = String(entry.values.get(attribute) ?? '');
      if (pattern.test(value)) return told(draft, entry, element.path, `is ${setting}.${name} ${echo(value)}`, value);
      return lost(draft, entry, element.path, `${echo(value)} is nothing that can be filtered`, false);
    });
    if (values.length > 0) draft.set(`${setting}.${name}`, values);
  }
  const limits = root.resolved.below('requestLimits');
  for (const name of ['maxAllowedContentLength', 'maxUrl']) {
    const resolved = limits.get(name);
    if (!resolved.attribute || typeof resolved.value !== 'number') continue;
    draft.set(`${setting}.requestLimits.${name}`, resolved.value);
    tellOf(draft, limits, name, `is ${setting}.requestLimits.${name} ${resolved.value}`);
  }
  for (const level of deeper) stopForPartOfSite(draft, level, root);
}

function tellOf(draft: SiteDraft, element: ResolvedElement, name: string, message: string): void {
  draft.tell('carriedOver', element.get(name), { subject: `${element.path}@${name}`, message });
}

function extensionsBelow(root: SectionLevel, deeper: readonly SectionLevel[]): readonly CollectionEntry[] {
  const atRoot = new Set(
    root.resolved
      .below('fileExtensions')
      .entries()
      .entries.map(({ element }) => element),
  );
  return deeper
    .flatMap(({ resolved }) => resolved.below('fileExtensions').entries().entries)
    .filter(({ element, values }) => !atRoot.has(element) && values.get('allowed') !== true);
}

function carryExtensions(draft: SiteDraft, element: ResolvedElement, below: readonly CollectionEntry[]): void {
  const setting = 'requestFiltering.fileExtensions';
  if (!element.isSet('allowUnlisted')) draft.set(`${setting}.allowUnlisted`, false);
  tellOf(draft, element, 'allowUnlisted', `is ${setting}.allowUnlisted ${element.isSet('allowUnlisted')}`);
  const extensions = distinct([...entriesOf(draft, element), ...below]).flatMap((entry): readonly SettingValue[] => {
    const fileExtension = String(entry.values.get('fileExtension') ?? '');
    const allowed = entry.values.get('allowed') === true;
    const isExtension = fileExtension.length <= 64 && /^[^/\\\0]*$/.test(fileExtension);
    if (!isExtension) return lost(draft, entry, element.path, `${echo(fileExtension)} is no extension`, allowed);
    return told(draft, entry, element.path, `${allowed ? 'allows' : 'denies'} ${echo(fileExtension)}`, {
      fileExtension,
      allowed,
    });
  });
  if (extensions.length > 0) draft.set(`${setting}.extensions`, extensions);
}

/** What is hidden or denied in a part of the site is so in the whole: here no path has filters of its own. */
function entriesWithThoseBelow(
  draft: SiteDraft,
  root: SectionLevel,
  deeper: readonly SectionLevel[],
  below: string,
): readonly CollectionEntry[] {
  return distinct([root, ...deeper].flatMap(({ resolved }) => entriesOf(draft, resolved.below(below))));
}

function distinct(entries: readonly CollectionEntry[]): readonly CollectionEntry[] {
  return [...new Map(entries.map((entry) => [entry.element, entry])).values()];
}

function stopForPartOfSite(draft: SiteDraft, { resolved, virtualPath, given }: SectionLevel, root: SectionLevel): void {
  const limits = resolved.below('requestLimits');
  const rootLimits = root.resolved.below('requestLimits');
  const isTighter =
    (!resolved.isSet('allowHighBitCharacters') && root.resolved.isSet('allowHighBitCharacters')) ||
    (!resolved.below('fileExtensions').isSet('allowUnlisted') &&
      root.resolved.below('fileExtensions').isSet('allowUnlisted')) ||
    ['maxAllowedContentLength', 'maxUrl'].some((name) => limits.get(name).value !== rootLimits.get(name).value);
  const place = given[0]?.element.place;
  if (isTighter) {
    const message = `${virtualPath} has limits of its own, and a site has one of each`;
    draft.note('needsDecision', place, {
      subject: resolved.path,
      message,
      remedy: 'Serve it as a site of its own, or limit the whole.',
    });
    draft.stop(`requests were filtered at ${virtualPath}`);
  } else if (place) {
    const message = `what ${virtualPath} hides or denies is hidden or denied in the whole site, and what it allows is not`;
    draft.note('different', place, { subject: resolved.path, message });
  }
}
