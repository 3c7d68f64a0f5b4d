/** Sections that files deeper than this one may hold, because somewhere they are unlocked: what those files say, no import of this one knows. */
import { type ConfigElement, childrenOf } from '../reading/config-element.ts';
import type { InputPlace } from '../reading/input-fault.ts';
import type { ImportFindings } from './findings.ts';

const names: ReadonlySet<string> = new Set(['authorization', 'ipSecurity', 'requestFiltering']);

/** IIS locks these sections by itself, so that no web.config holds them. */
export function tellUnlocked(root: ConfigElement, findings: ImportFindings): void {
  for (const { name, place } of [...declared(root), ...located(root)]) {
    findings.add({
      outcome: 'needsDecision',
      place,
      sites: [],
      subject: `system.ftpServer/security/${name}`,
      message: 'is unlocked, so that web.config files among the files of the sites may add to it',
      remedy: 'Look for system.ftpServer in them, and put what they say into a location of this file.',
    });
  }
}

interface UnlockedSection {
  readonly name: string;
  readonly place: InputPlace;
}

function declared(root: ConfigElement): readonly UnlockedSection[] {
  const groupsOf = (element: ConfigElement, group: string) =>
    childrenOf(element, 'sectionGroup').filter(({ attributes }) => attributes.get('name')?.value === group);
  return childrenOf(root, 'configSections')
    .flatMap((sections) => groupsOf(sections, 'system.ftpServer'))
    .flatMap((group) => groupsOf(group, 'security'))
    .flatMap((group) => childrenOf(group, 'section'))
    .filter(({ attributes }) => attributes.get('overrideModeDefault')?.value.toLowerCase() === 'allow')
    .map(({ attributes, place }) => ({ name: attributes.get('name')?.value ?? '', place }))
    .filter(({ name }) => names.has(name));
}

function located(root: ConfigElement): readonly UnlockedSection[] {
  return childrenOf(root, 'location')
    .filter(
      ({ attributes }) =>
        attributes.get('overrideMode')?.value.toLowerCase() === 'allow' ||
        attributes.get('allowOverride')?.value.toLowerCase() === 'true',
    )
    .flatMap((location) => childrenOf(location, 'system.ftpServer'))
    .flatMap((group) => childrenOf(group, 'security'))
    .flatMap(({ elements }) => elements)
    .filter(({ name }) => names.has(name));
}
