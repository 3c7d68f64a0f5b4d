/**
 * Which sections a web.config may hold. A section is locked by its declaration, as IIS itself locks those of FTP, until the declaration
 * or a location unlocks it; attributes, elements and entries may be locked one by one. IIS answers no request below a web.config that
 * breaks a lock, so that the site cannot be written.
 */
import { type ConfigElement, childrenOf } from '../reading/config-element.ts';
import { type InputPlace, placeText } from '../reading/input-fault.ts';
import type { CollectionSchema } from '../schema/element-schema.ts';
import { serverSections } from '../schema/server-sections.ts';
import { entryKey } from './collection-entries.ts';
import { isAtOrBelow } from './location-path.ts';
import type { GivenSection, SectionHolder } from './section-reading.ts';

/** @param applicationHost with the declarations @throws InputFault */
export function refuseLockedSections(holder: SectionHolder, applicationHost: ConfigElement): void {
  const declared = declaredSections(applicationHost);
  for (const given of holder.sections) {
    if (given.webConfigAt === undefined) continue;
    const broken = brokenLock(given, holder.sections, declared);
    if (!broken) continue;
    holder.problem(given.siteName, broken.at, {
      subject: `system.ftpServer/${given.section}`,
      message: `${broken.message}, and IIS serves nothing of a path whose web.config breaks a lock`,
      remedy: 'Unlock it in applicationHost.config if that is what the server does, or leave the web.config out.',
      isSecurity: given.section.startsWith('security/'),
      isUnknownName: false,
    });
  }
}

interface BrokenLock {
  readonly at: ConfigElement;
  readonly message: string;
}

/** A web.config that says something of a deeper path has to be free to say so at both. */
function brokenLock(
  given: GivenSection,
  sections: readonly GivenSection[],
  declared: ReadonlyMap<string, DeclaredSection>,
): BrokenLock | undefined {
  const paths = [given.virtualPath, given.webConfigAt ?? given.virtualPath];
  for (const virtualPath of new Set(paths)) {
    const above = sections.filter((one) => one.section === given.section && isAbove(one, { ...given, virtualPath }));
    const message = wholeLock(above, declared.get(given.section));
    if (message !== undefined) return { at: given.element, message };
    const schema = serverSections[given.section]?.schema.collection;
    for (const { element } of above) {
      const broken = brokenWithin(element, given.element, schema);
      if (broken) return broken;
    }
  }
  return undefined;
}

/** @returns what locks the section as a whole: of the locations of applicationHost.config the nearest decides, and a web.config unlocks nothing */
function wholeLock(above: readonly GivenSection[], declaration: DeclaredSection | undefined): string | undefined {
  const ofHost = above.filter(({ webConfigAt, override }) => webConfigAt === undefined && override !== undefined);
  const nearest = Math.max(...ofHost.map(rank));
  const ofWebConfigs = above.filter(({ webConfigAt }) => webConfigAt !== undefined);
  const [denying] = [...ofHost.filter((one) => rank(one) === nearest), ...ofWebConfigs].filter(
    ({ override }) => override === 'denied',
  );
  if (denying) return `is locked by the location at ${placeText(denying.element.place)}`;
  if (ofHost.length > 0) return undefined;
  if (!declaration) return 'is locked, as IIS locks it where nothing says otherwise';
  return declaration.isUnlocked ? undefined : `is locked by its declaration at ${placeText(declaration.place)}`;
}

/** Whether it stands in a file above that of the other, and is in force where the other is. */
function isAbove(one: GivenSection, { site, virtualPath, webConfigAt }: GivenSection): boolean {
  if (one.site !== undefined && (one.site !== site || !isAtOrBelow(virtualPath, one.virtualPath))) return false;
  if (one.webConfigAt === undefined) return true;
  const [here, there] = [webConfigAt?.toLowerCase() ?? '', one.webConfigAt.toLowerCase()];
  return here !== there && isAtOrBelow(here, there);
}

function rank({ site, virtualPath }: GivenSection): number {
  return site === undefined ? 0 : virtualPath.length;
}

/** Locks on an element against what a deeper file writes in the same element. */
function brokenWithin(
  upper: ConfigElement,
  deeper: ConfigElement,
  schema: CollectionSchema | undefined,
): BrokenLock | undefined {
  const by = (name: string, what: string) => `${what} is locked by ${name} at ${placeText(upper.place)}`;
  if (isLocked(upper) && (deeper.attributes.size > 0 || deeper.elements.length > 0))
    return { at: deeper, message: by('lockItem', deeper.name) };
  for (const attribute of deeper.attributes.keys()) {
    const lock = lockOf(upper, attribute, 'lockAttributes', 'lockAllAttributesExcept');
    if (lock) return { at: deeper, message: by(lock, attribute) };
  }
  for (const child of deeper.elements) {
    const lock = lockOf(upper, child.name, 'lockElements', 'lockAllElementsExcept');
    if (lock) return { at: child, message: by(lock, child.name) };
    const entry = schema && lockedEntry(upper, child, schema);
    if (entry) return { at: child, message: `changes the entry that lockItem locks at ${placeText(entry.place)}` };
    for (const same of childrenOf(upper, child.name)) {
      // Entries of a collection are others, whatever their name.
      const broken = schema?.add === child.name ? undefined : brokenWithin(same, child, collectionBelow(child.name));
      if (broken) return broken;
    }
  }
  return undefined;
}

/** Of the collections of request filtering, which lie in elements of the section. */
function collectionBelow(name: string): CollectionSchema | undefined {
  return serverSections['security/requestFiltering']?.schema.elements[name]?.collection;
}

function lockedEntry(upper: ConfigElement, child: ConfigElement, schema: CollectionSchema): ConfigElement | undefined {
  const locked = childrenOf(upper, schema.add).filter(isLocked);
  if (child.name === schema.clear) return locked[0];
  if (child.name !== schema.remove && child.name !== schema.add) return undefined;
  const key = entryKey(child, schema).toLowerCase();
  return locked.find((entry) => entryKey(entry, schema).toLowerCase() === key);
}

function isLocked({ attributes }: ConfigElement): boolean {
  const lock = attributes.get('lockItem');
  return lock !== undefined && lock.value.toLowerCase() !== 'false';
}

/** @returns the lock that holds for the name */
function lockOf({ attributes }: ConfigElement, name: string, listed: string, except: string): string | undefined {
  const namesOf = (lock: string) => attributes.get(lock)?.value.split(/[\s,;]+/);
  const names = namesOf(listed);
  if (names?.includes('*') || names?.includes(name)) return listed;
  const free = namesOf(except);
  return free !== undefined && !free.includes(name) ? except : undefined;
}

interface DeclaredSection {
  readonly place: InputPlace;
  readonly isUnlocked: boolean;
}

/** @returns by path below `system.ftpServer`: what configSections declares of the sections that have a part in paths */
export function declaredSections(applicationHost: ConfigElement): ReadonlyMap<string, DeclaredSection> {
  const groupsOf = (element: ConfigElement, group: string) =>
    childrenOf(element, 'sectionGroup').filter(({ attributes }) => attributes.get('name')?.value === group);
  const found = new Map<string, DeclaredSection>();
  const sections = childrenOf(applicationHost, 'configSections')
    .flatMap((declarations) => groupsOf(declarations, 'system.ftpServer'))
    .flatMap((group) => groupsOf(group, 'security'))
    .flatMap((group) => childrenOf(group, 'section'));
  for (const { attributes, place } of sections) {
    const name = `security/${attributes.get('name')?.value ?? ''}`;
    if (serverSections[name]?.standsAt !== 'path') continue;
    const allowed = (attribute: string, value: string) =>
      (attributes.get(attribute)?.value ?? value).toLowerCase() === value.toLowerCase();
    const isUnlocked = allowed('overrideModeDefault', 'Allow') && allowed('allowDefinition', 'Everywhere');
    const before = found.get(name);
    found.set(name, { place, isUnlocked: isUnlocked && (before?.isUnlocked ?? true) });
  }
  return found;
}
