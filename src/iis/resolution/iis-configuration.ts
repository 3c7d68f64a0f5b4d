/**
 * The configuration of IIS as far as it concerns FTP: sites with their defaults, and the sections of the server and of locations, from
 * applicationHost.config and from web.config files. What stands where IIS does not allow it refuses the file, or keeps the site that it
 * concerns from being written.
 */
import { type ConfigElement, childrenOf } from '../reading/config-element.ts';
import { InputFault, type InputPlace, placeText } from '../reading/input-fault.ts';
import type { ElementSchema } from '../schema/element-schema.ts';
import { sites as sitesSchema } from '../schema/site-elements.ts';
import { echo } from './echo.ts';
import { type Examination, examine, type Problem } from './examination.ts';
import { ImportFindings } from './findings.ts';
import type { LocationPath } from './location-path.ts';
import { refuseLockedSections } from './section-locks.ts';
import { type GivenSection, readSections, type SectionHolder } from './section-reading.ts';

/** Why a site cannot be written, or none can. */
interface Stop {
  /** In lower case; undefined: every site. */
  readonly site: string | undefined;
  readonly reason: string;
}

/** A web.config, and the path whose folder it lies in. */
export interface PlacedWebConfig {
  readonly root: ConfigElement;
  readonly path: Extract<LocationPath, { at: 'site' }>;
}

export class IisConfiguration implements SectionHolder {
  readonly findings: ImportFindings;
  readonly sections: GivenSection[] = [];
  readonly sites: ConfigElement[] = [];
  siteDefaults: ConfigElement | undefined;
  readonly #stops: Stop[] = [];
  readonly #ignoreUnknown: boolean;

  private constructor(findings: ImportFindings, ignoreUnknown: boolean) {
    this.findings = findings;
    this.#ignoreUnknown = ignoreUnknown;
  }

  /**
   * @param root of applicationHost.config
   * @param ignoreUnknown names that are unknown do not stop a site
   * @throws InputFault
   */
  static of(root: ConfigElement, ignoreUnknown: boolean): IisConfiguration {
    const configuration = new IisConfiguration(new ImportFindings(), ignoreUnknown);
    configuration.#read(root);
    return configuration;
  }

  /** @returns why the site cannot be written; empty when it can */
  stopsOf(site: string): readonly string[] {
    const name = site.toLowerCase();
    const reasons = this.#stops.filter((stop) => stop.site === undefined || stop.site === name);
    return [...new Set(reasons.map(({ reason }) => reason))];
  }

  /** What is found wrong counts for this site, or without a name for all. */
  stop(site: string | undefined, reason: string): void {
    this.#stops.push({ site: site?.toLowerCase(), reason });
  }

  /**
   * Each counts at its path, behind the locations of files above it.
   * @param applicationHost which says what web.config files may hold
   * @throws InputFault
   */
  addWebConfigs(files: readonly PlacedWebConfig[], applicationHost: ConfigElement): void {
    const fromAbove = files.toSorted((one, other) => one.path.virtualPath.length - other.path.virtualPath.length);
    for (const { root, path } of fromAbove) readSections(this, root, path);
    refuseLockedSections(this, applicationHost);
  }

  #read(root: ConfigElement): void {
    const xmlns = root.attributes.get('xmlns');
    if (xmlns) {
      const message = 'is the default namespace that old tools write; IIS ignores it';
      this.findings.addOf(xmlns, { outcome: 'withoutEffect', sites: [], subject: 'configuration@xmlns', message });
    }
    const host = childrenOf(root, 'system.applicationHost');
    const sites = host.flatMap((one) => childrenOf(one, 'sites'));
    const [first, second] = sites;
    if (first && second) {
      const message = `has the section system.applicationHost/sites twice; the first stands at ${placeText(first.place)}`;
      throw new InputFault(second.place, message, 'IIS refuses such a file. Join the two.', first.place);
    }
    if (first) this.#readSites(first);
    readSections(this, root, { at: 'server' });
  }

  #readSites(element: ConfigElement): void {
    const { siteDefaults, site } = {
      siteDefaults: childrenOf(element, 'siteDefaults'),
      site: childrenOf(element, 'site'),
    };
    refuseEqual(site, 'name', (value) => value.toLowerCase());
    refuseEqual(site, 'id', (value) => value.replace(/^0+/, ''));
    const own = { ...element, elements: element.elements.filter(({ name }) => name !== 'site') };
    examine(own, sitesSchema, 'sites', this.examination(undefined));
    const schema = sitesSchema.collection?.entry;
    for (const one of schema ? site : []) {
      examine(one, schema as ElementSchema, 'site', this.examination(one.attributes.get('name')?.value ?? ''));
    }
    this.siteDefaults = siteDefaults[0];
    this.sites.push(...site);
  }

  /** Problems that it is told of count for the site, or without a name for all. */
  examination(site: string | undefined): Examination {
    return {
      findings: this.findings,
      problem: (at, problem) => this.problem(site, at, problem),
    };
  }

  /** Tells a problem, and stops the site, or without a name every site, if it is one of security. */
  problem(site: string | undefined, at: { readonly place: InputPlace }, problem: Problem): void {
    const { subject, message, remedy, isSecurity, isUnknownName } = problem;
    const finding = {
      outcome: 'notUnderstood',
      sites: site === undefined ? [] : [site],
      subject,
      message,
      remedy,
    } as const;
    if ('value' in at) this.findings.addOf(at as never, finding);
    else this.findings.add({ ...finding, place: at.place });
    if (!isSecurity || (isUnknownName && this.#ignoreUnknown)) return;
    this.stop(site, `${subject} at ${placeText(at.place)} is not understood: ${message}`);
  }
}

/** IIS refuses a file with two sites of one name or number. */
function refuseEqual(sites: readonly ConfigElement[], name: string, fold: (value: string) => string): void {
  const first = new Map<string, ConfigElement>();
  for (const site of sites) {
    const attribute = site.attributes.get(name);
    if (!attribute) continue;
    const before = first.get(fold(attribute.value));
    if (before) {
      const message = `two sites have the ${name} ${echo(attribute.value)}; the first begins at ${placeText(before.place)}`;
      throw new InputFault(
        attribute.place,
        message,
        `IIS refuses such a file. Give each site a ${name} of its own.`,
        before.place,
      );
    }
    first.set(fold(attribute.value), site);
  }
}
