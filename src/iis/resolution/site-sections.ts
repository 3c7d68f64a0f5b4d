/** The sections of `system.ftpServer` as they are in force for one site: at its root, and at each path below that has a location. */
import { serverSections } from '../schema/server-sections.ts';
import type { IisConfiguration } from './iis-configuration.ts';
import { isAtOrBelow } from './location-path.ts';
import { ResolvedElement } from './resolved-element.ts';
import type { GivenSection } from './section-reading.ts';

export interface SectionLevel {
  /** `/`, or a path below it. */
  readonly virtualPath: string;
  /** With what it inherits. */
  readonly resolved: ResolvedElement;
  /** As the locations of this very path give it; at `/` also as the server does, which comes first. */
  readonly given: readonly GivenSection[];
}

/**
 * @param section below `system.ftpServer`, such as `security/authorization`
 * @param site its name; without it the server alone
 * @returns the level of `/` first, and each path behind those that it lies below
 */
export function sectionLevels(
  { sections }: IisConfiguration,
  section: string,
  site?: string,
): readonly [SectionLevel, ...SectionLevel[]] {
  const schema = serverSections[section]?.schema;
  if (!schema) throw new Error(`no section ${section}`);
  const name = site?.toLowerCase();
  const given = sections.filter((one) => one.section === section && (one.site === undefined || one.site === name));
  const levelOf = (virtualPath: string): SectionLevel => {
    const inForce = given
      .filter((one) => one.site === undefined || isAtOrBelow(virtualPath, one.virtualPath))
      .sort((one, other) => rank(one) - rank(other));
    const own = inForce.filter((one) => one.virtualPath.toLowerCase() === virtualPath.toLowerCase());
    const layers = inForce.map(({ element }) => element).toReversed();
    return { virtualPath, given: own, resolved: new ResolvedElement(`system.ftpServer/${section}`, schema, layers) };
  };
  const paths = new Map(given.map(({ virtualPath }) => [virtualPath.toLowerCase(), virtualPath]));
  paths.delete('/');
  const deeper = [...paths.values()].sort((one, other) => one.length - other.length || (one < other ? -1 : 1));
  return [levelOf('/'), ...deeper.map(levelOf)];
}

/** The server’s comes before all of the site’s, and the nearer path last. */
function rank({ site, virtualPath }: GivenSection): number {
  return site === undefined ? -1 : virtualPath.length;
}
