/** Sections that web.config files may hold, because applicationHost.config unlocks them: what those say that are not given, no import knows. */
import type { ConfigElement } from '../reading/config-element.ts';
import type { InputPlace } from '../reading/input-fault.ts';
import { declaredSections } from './section-locks.ts';
import type { SectionHolder } from './section-reading.ts';

/** @param areGiven whether an administrator has given web.config files */
export function tellUnlocked(applicationHost: ConfigElement, holder: SectionHolder, areGiven: boolean): void {
  const declared = [...declaredSections(applicationHost)]
    .filter(([, { isUnlocked }]) => isUnlocked)
    .map(([section, { place }]) => ({ section, place }));
  const located = holder.sections
    .filter(({ webConfigAt, override, section }) => {
      return webConfigAt === undefined && override === 'allowed' && section.startsWith('security/');
    })
    .map(({ section, element }) => ({ section, place: element.place }));
  for (const { section, place } of [...declared, ...located]) tell(section, place, holder, areGiven);
}

function tell(section: string, place: InputPlace, { findings }: SectionHolder, areGiven: boolean): void {
  const subject = `system.ftpServer/${section}`;
  const message = 'is unlocked, so that web.config files among the files of the sites may add to it';
  if (areGiven) {
    findings.add({ outcome: 'different', place, sites: [], subject, message: `${message}; those that were given do` });
    return;
  }
  const remedy =
    'Look for system.ftpServer in them, and name each that has it behind applicationHost.config: SITE/virtual/path=web.config.';
  findings.add({ outcome: 'needsDecision', place, sites: [], subject, message, remedy });
}
