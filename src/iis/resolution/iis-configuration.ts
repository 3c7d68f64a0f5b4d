/**
 * The parts of applicationHost.config that concern FTP: sites with their defaults, and the sections of the server and of locations. What
 * stands where IIS does not allow it refuses the file, or keeps the site that it concerns from being written.
 */
import { printable } from '../../operations/printable.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import { type ConfigElement, childrenOf, sizeOf } from '../reading/config-element.ts';
import { InputFault, type InputPlace } from '../reading/input-fault.ts';
import { type ElementSchema, element as elementSchema, text } from '../schema/element-schema.ts';
import { rightPlaces } from '../schema/misplaced-elements.ts';
import { serverSections } from '../schema/server-sections.ts';
import { sites as sitesSchema } from '../schema/site-elements.ts';
import { echo } from './echo.ts';
import { type Examination, examine, type Problem } from './examination.ts';
import { ImportFindings } from './findings.ts';
import { readLocationPath } from './location-path.ts';

/** A section as one element of the file gives it. */
export interface GivenSection {
  /** Below `system.ftpServer`, such as `security/authorization`. */
  readonly section: string;
  readonly element: ConfigElement;
  /** In lower case; undefined for the server. */
  readonly site?: string;
  readonly virtualPath: string;
}

/** Why a site cannot be written, or none can. */
interface Stop {
  /** In lower case; undefined: every site. */
  readonly site: string | undefined;
  readonly reason: string;
}

export class IisConfiguration {
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
      const message = `has the section system.applicationHost/sites twice; the first stands at ${first.place.line}:${first.place.column}`;
      throw new InputFault(second.place, message, 'IIS refuses such a file. Join the two.', first.place);
    }
    if (first) this.#readSites(first);
    for (const group of childrenOf(root, 'system.ftpServer')) this.#readSections(group, { at: 'server' });
    for (const location of childrenOf(root, 'location')) this.#readLocation(location);
    for (const section of root.elements) this.#judgeOther(section, undefined);
    this.#refuseTwiceGiven();
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
      problem: (at, problem) => this.#problem(site, at, problem),
    };
  }

  #problem(site: string | undefined, at: { readonly place: InputPlace }, problem: Problem): void {
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
    this.stop(site, `${subject} at ${at.place.line}:${at.place.column} is not understood: ${message}`);
  }

  #readLocation(location: ConfigElement): void {
    const groups = childrenOf(location, 'system.ftpServer');
    for (const host of childrenOf(location, 'system.applicationHost')) {
      const [sites] = childrenOf(host, 'sites');
      if (!sites) continue;
      const message =
        'system.applicationHost/sites stands in a location, and IIS allows it at the root of the file only';
      throw new InputFault(sites.place, message, 'Move it there, if the settings are wanted.');
    }
    const [nested] = childrenOf(location, 'location');
    if (nested) {
      throw new InputFault(nested.place, 'a location stands in a location', 'Move it below configuration.');
    }
    const guessed = readLocationPath(location.attributes.get('path')?.value);
    for (const section of location.elements)
      this.#judgeOther(section, guessed.at === 'site' ? guessed.site : undefined);
    if (groups.length === 0) return;
    const written = location.attributes.get('path');
    const path = readLocationPath(written?.value);
    const site = path.at === 'site' ? path.site : undefined;
    const examination = this.examination(site);
    examine({ ...location, elements: [] }, locationSchema, 'location', examination);
    this.findings.account(written ? [written] : []);
    const override = location.attributes.get('overrideMode');
    const allow = location.attributes.get('allowOverride');
    const problem = { subject: 'location', isSecurity: true, isUnknownName: false };
    if (override && allow) {
      const message = 'overrideMode and allowOverride exclude each other, and IIS refuses both together';
      this.#problem(site, allow, { ...problem, message, remedy: 'Keep overrideMode.' });
    }
    if (path.at === 'site' && path.isOdd && written) {
      const message = `the path ${echo(written.value)} is not as IIS writes paths`;
      const remedy = 'Write it as Site or Site/virtual/path, without a slash at its ends, backslash or dots.';
      this.#problem(site, written, { ...problem, subject: 'location@path', message, remedy });
    }
    for (const group of groups) this.#readSections(group, path);
  }

  /** A section whose name is almost one of FTP’s, or that holds one of FTP: IIS refuses it, and it was meant to be FTP’s. */
  #judgeOther(section: ConfigElement, site: string | undefined): void {
    const { name } = section;
    if (sectionNames.includes(name) || othersOfIis.has(name)) return;
    const meant = nearest(name, sectionNames) ?? (holdsFtp(section) ? 'system.ftpServer' : undefined);
    if (meant === undefined) return;
    this.#problem(site, section, {
      subject: printable(name),
      message: 'is no section that this program knows',
      remedy: `Names are case-sensitive in IIS: write ${meant}, if that is meant.`,
      isSecurity: true,
      isUnknownName: false,
    });
  }

  #readSections(group: ConfigElement, path: ReturnType<typeof readLocationPath>): void {
    const site = path.at === 'site' ? path.site : undefined;
    examine({ ...group, elements: [] }, noAttributes, 'system.ftpServer', this.examination(site));
    for (const child of group.elements) {
      const isGroup = child.name === 'security';
      if (isGroup)
        examine({ ...child, elements: [] }, noAttributes, 'system.ftpServer/security', this.examination(site));
      for (const element of isGroup ? child.elements : [child]) {
        this.#readSection(isGroup ? `security/${element.name}` : element.name, element, path);
      }
    }
  }

  #readSection(section: string, element: ConfigElement, path: ReturnType<typeof readLocationPath>): void {
    const site = path.at === 'site' ? path.site : undefined;
    const known = serverSections[section];
    const subject = `system.ftpServer/${printable(section)}`;
    if (!known) {
      this.#unknownSection(subject, section, element, site);
      return;
    }
    if (known.standsAt === 'server' && site !== undefined) {
      const message = `${subject} stands in the location of a site, and IIS allows it at the level of the server only`;
      throw new InputFault(
        element.place,
        message,
        'Move it to system.ftpServer at the root, if the settings are wanted.',
      );
    }
    const isSecurity = section.startsWith('security/');
    examine(element, known.schema, subject, this.examination(site), isSecurity);
    if (known.standsAt === 'serverInEffect' && site !== undefined) {
      const message = 'has an effect at the level of the server only';
      this.findings.add({ outcome: 'withoutEffect', place: element.place, sites: [site], subject, message });
      return;
    }
    if (path.at === 'site' && path.isOdd) return;
    const where =
      path.at === 'site' ? { site: path.site.toLowerCase(), virtualPath: path.virtualPath } : { virtualPath: '/' };
    this.sections.push({ section, element, ...where });
  }

  #unknownSection(subject: string, section: string, element: ConfigElement, site: string | undefined): void {
    const parent = section.startsWith('security/') ? 'security/' : '';
    const names = Object.keys(serverSections).filter((name) => name.startsWith('security/') === (parent !== ''));
    const elements = Object.fromEntries(names.map((name) => [name.slice(parent.length), noAttributes]));
    // Examined as a child of what it stands in, so that it is judged by its name.
    const group = { ...element, attributes: new Map(), elements: [element] };
    const path = `system.ftpServer${parent === '' ? '' : '/security'}`;
    examine(group, { attributes: {}, elements }, path, this.examination(site), parent !== '' || subject in rightPlaces);
  }

  /** Twice the same section for one path: IIS takes neither. An empty one says nothing. */
  #refuseTwiceGiven(): void {
    const full = this.sections.filter(({ element }) => sizeOf(element).attributes > 0 || element.elements.length > 0);
    const first = new Map<string, GivenSection>();
    for (const given of full) {
      const key = JSON.stringify([given.section, given.site, given.virtualPath.toLowerCase()]);
      const before = first.get(key);
      if (!before) {
        first.set(key, given);
        continue;
      }
      this.#problem(given.site, given.element, {
        subject: `system.ftpServer/${given.section}`,
        message: `is given twice for one path, first at ${before.element.place.line}:${before.element.place.column}`,
        remedy: 'IIS refuses such a file. Join the two.',
        isSecurity: given.section.startsWith('security/'),
        isUnknownName: false,
      });
    }
  }
}

const sectionNames: readonly string[] = ['system.ftpServer', 'system.applicationHost', 'location'];

/** They have names like those of FTP, and elements of such names. */
const othersOfIis: ReadonlySet<string> = new Set(['system.webServer', 'system.web', 'configSections']);

function holdsFtp({ elements }: ConfigElement): boolean {
  return elements.some((child) => ['system.ftpServer', 'ftpServer'].includes(child.name) || holdsFtp(child));
}

const noAttributes: ElementSchema = elementSchema({});

const locationSchema: ElementSchema = elementSchema(
  { path: text(), overrideMode: text(), allowOverride: text(), inheritInChildApplications: text() },
  {},
  { isSecurity: true },
);

/** IIS refuses a file with two sites of one name or number. */
function refuseEqual(sites: readonly ConfigElement[], name: string, fold: (value: string) => string): void {
  const first = new Map<string, ConfigElement>();
  for (const site of sites) {
    const attribute = site.attributes.get(name);
    if (!attribute) continue;
    const before = first.get(fold(attribute.value));
    if (before) {
      const message = `two sites have the ${name} ${echo(attribute.value)}; the first begins at ${before.place.line}:${before.place.column}`;
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
