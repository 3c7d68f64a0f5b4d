/**
 * The sections of `system.ftpServer` that one file holds: those at its root are for what the file itself is for, the server or the path
 * whose folder it lies in, and those in a `location` for a path below that.
 */
import { printable } from '../../operations/printable.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import { type ConfigElement, childrenOf, sizeOf } from '../reading/config-element.ts';
import { InputFault, type InputPlace, placeText } from '../reading/input-fault.ts';
import { type ElementSchema, element as elementSchema, text } from '../schema/element-schema.ts';
import { rightPlaces } from '../schema/misplaced-elements.ts';
import { serverSections } from '../schema/server-sections.ts';
import { echo } from './echo.ts';
import { type Examination, examine, type Problem } from './examination.ts';
import type { ImportFindings } from './findings.ts';
import { type LocationPath, readLocationPath } from './location-path.ts';

/** A section as one element of a file gives it. */
export interface GivenSection {
  /** Below `system.ftpServer`, such as `security/authorization`. */
  readonly section: string;
  readonly element: ConfigElement;
  /** In lower case; undefined for the server. */
  readonly site?: string;
  /** As it is written. */
  readonly siteName?: string;
  readonly virtualPath: string;
  /** The path of the web.config that it stands in, and undefined in applicationHost.config. */
  readonly webConfigAt?: string;
  /** What its location says to files that lie deeper; undefined where it says nothing. */
  readonly override?: 'allowed' | 'denied' | undefined;
}

/** What is read becomes part of it. */
export interface SectionHolder {
  readonly findings: ImportFindings;
  readonly sections: GivenSection[];
  /** Problems that it is told of count for the site, or without a name for all. */
  examination(site: string | undefined): Examination;
  problem(site: string | undefined, at: { readonly place: InputPlace }, problem: Problem): void;
}

/**
 * @param base what the file is for
 * @throws InputFault
 */
export function readSections(configuration: SectionHolder, root: ConfigElement, base: LocationPath): void {
  new SectionReader(configuration, base).read(root);
}

type Override = GivenSection['override'];

class SectionReader {
  readonly #configuration: SectionHolder;
  readonly #base: LocationPath;
  readonly #given: GivenSection[] = [];

  constructor(configuration: SectionHolder, base: LocationPath) {
    this.#configuration = configuration;
    this.#base = base;
  }

  read(root: ConfigElement): void {
    if (this.#base.at === 'site') this.#refuseOfHost(root);
    for (const group of childrenOf(root, 'system.ftpServer')) this.#readGroup(group, this.#base, undefined);
    for (const location of childrenOf(root, 'location')) this.#readLocation(location);
    for (const section of root.elements) this.#judgeOther(section, siteOf(this.#base));
    this.#refuseTwiceGiven();
    this.#configuration.sections.push(...this.#given);
  }

  /** What only applicationHost.config may hold. */
  #refuseOfHost(root: ConfigElement): void {
    const [host] = childrenOf(root, 'system.applicationHost');
    if (host) {
      const message = 'system.applicationHost stands in a web.config, and IIS allows it in applicationHost.config only';
      throw new InputFault(host.place, message, 'Name applicationHost.config first, and each web.config behind it.');
    }
    const declaring = childrenOf(root, 'configSections').flatMap(({ elements }) => elements);
    const ofFtp = declaring.find(({ attributes }) => attributes.get('name')?.value === 'system.ftpServer');
    if (!ofFtp) return;
    this.#configuration.problem(siteOf(this.#base), ofFtp, {
      subject: 'configSections/sectionGroup@name',
      message: 'declares sections of FTP, which applicationHost.config does',
      remedy: 'Remove the declaration. IIS refuses such a file.',
      isSecurity: true,
      isUnknownName: false,
    });
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
    const written = location.attributes.get('path');
    const path = readLocationPath(written?.value, this.#base);
    const site = siteOf(path);
    for (const section of location.elements) this.#judgeOther(section, site);
    if (groups.length === 0) return;
    const configuration = this.#configuration;
    examine({ ...location, elements: [] }, locationSchema, 'location', configuration.examination(site));
    configuration.findings.account(written ? [written] : []);
    const mode = location.attributes.get('overrideMode');
    const allow = location.attributes.get('allowOverride');
    const problem = { subject: 'location', isSecurity: true, isUnknownName: false };
    if (mode && allow) {
      const message = 'overrideMode and allowOverride exclude each other, and IIS refuses both together';
      configuration.problem(site, allow, { ...problem, message, remedy: 'Keep overrideMode.' });
    }
    if (path.at === 'site' && path.isOdd && written) {
      const message = `the path ${echo(written.value)} is not as IIS writes paths`;
      const form = this.#base.at === 'server' ? 'Site or Site/virtual/path' : 'a path below the folder of the file';
      const remedy = `Write it as ${form}, without a slash at its ends, backslash or dots.`;
      configuration.problem(site, written, { ...problem, subject: 'location@path', message, remedy });
    }
    for (const group of groups) this.#readGroup(group, path, overrideOf(mode?.value, allow?.value));
  }

  /** A section whose name is almost one of FTP’s, or that holds one of FTP: IIS refuses it, and it was meant to be FTP’s. */
  #judgeOther(section: ConfigElement, site: string | undefined): void {
    const { name } = section;
    if (sectionNames.includes(name) || othersOfIis.has(name)) return;
    const meant =
      nearest(name, sectionNames) ?? (astray.has(name) || holdsFtp(section) ? 'system.ftpServer' : undefined);
    if (meant === undefined) return;
    this.#configuration.problem(site, section, {
      subject: printable(name),
      message: 'is no section that this program knows',
      remedy: `Names are case-sensitive in IIS: write ${meant}, if that is meant.`,
      isSecurity: true,
      isUnknownName: false,
    });
  }

  #readGroup(group: ConfigElement, path: LocationPath, override: Override): void {
    const examination = this.#configuration.examination(siteOf(path));
    examine({ ...group, elements: [] }, noAttributes, 'system.ftpServer', examination);
    for (const child of group.elements) {
      const isGroup = child.name === 'security';
      if (isGroup) examine({ ...child, elements: [] }, noAttributes, 'system.ftpServer/security', examination);
      for (const element of isGroup ? child.elements : [child]) {
        this.#readSection(isGroup ? `security/${element.name}` : element.name, element, path, override);
      }
    }
  }

  #readSection(section: string, element: ConfigElement, path: LocationPath, override: Override): void {
    const site = siteOf(path);
    const known = serverSections[section];
    const subject = `system.ftpServer/${printable(section)}`;
    if (!known) {
      this.#unknownSection(subject, section, element, site);
      return;
    }
    if (known.standsAt === 'server' && site !== undefined) {
      const where = this.#base.at === 'site' ? 'a web.config' : 'the location of a site';
      const message = `${subject} stands in ${where}, and IIS allows it at the level of the server only`;
      const remedy = `Move it to system.ftpServer at the root of applicationHost.config, if the settings are wanted.`;
      throw new InputFault(element.place, message, remedy);
    }
    const isSecurity = section.startsWith('security/');
    examine(element, known.schema, subject, this.#configuration.examination(site), isSecurity);
    if (known.standsAt === 'serverInEffect' && site !== undefined) {
      const message = 'has an effect at the level of the server only';
      const outcome = 'withoutEffect';
      this.#configuration.findings.add({ outcome, place: element.place, sites: [site], subject, message });
      return;
    }
    if (path.at === 'site' && path.isOdd) return;
    const where =
      path.at === 'site'
        ? { site: path.site.toLowerCase(), siteName: path.site, virtualPath: path.virtualPath }
        : { virtualPath: '/' };
    const webConfig = this.#base.at === 'site' ? { webConfigAt: this.#base.virtualPath } : {};
    this.#given.push({ section, element, override, ...where, ...webConfig });
  }

  #unknownSection(subject: string, section: string, element: ConfigElement, site: string | undefined): void {
    const parent = section.startsWith('security/') ? 'security/' : '';
    const names = Object.keys(serverSections).filter((name) => name.startsWith('security/') === (parent !== ''));
    const elements = Object.fromEntries(names.map((name) => [name.slice(parent.length), noAttributes]));
    // Examined as a child of what it stands in, so that it is judged by its name.
    const group = { ...element, attributes: new Map(), elements: [element] };
    const path = `system.ftpServer${parent === '' ? '' : '/security'}`;
    const examination = this.#configuration.examination(site);
    examine(group, { attributes: {}, elements }, path, examination, parent !== '' || subject in rightPlaces);
  }

  /** Twice the same section for one path: IIS takes neither. An empty one says nothing. */
  #refuseTwiceGiven(): void {
    const full = this.#given.filter(({ element }) => sizeOf(element).attributes > 0 || element.elements.length > 0);
    const first = new Map<string, GivenSection>();
    for (const given of full) {
      const key = JSON.stringify([given.section, given.site, given.virtualPath.toLowerCase()]);
      const before = first.get(key);
      if (!before) {
        first.set(key, given);
        continue;
      }
      this.#configuration.problem(given.site, given.element, {
        subject: `system.ftpServer/${given.section}`,
        message: `is given twice for one path, first at ${placeText(before.element.place)}`,
        remedy: 'IIS refuses such a file. Join the two.',
        isSecurity: given.section.startsWith('security/'),
        isUnknownName: false,
      });
    }
  }
}

function siteOf(path: LocationPath): string | undefined {
  return path.at === 'site' ? path.site : undefined;
}

/** Of values that IIS does not know, none unlocks. */
function overrideOf(mode: string | undefined, allow: string | undefined): Override {
  const written = (mode ?? allow)?.toLowerCase();
  if (written === undefined || (mode !== undefined && written === 'inherit')) return undefined;
  return written === (mode === undefined ? 'true' : 'allow') ? 'allowed' : 'denied';
}

const sectionNames: readonly string[] = ['system.ftpServer', 'system.applicationHost', 'location'];

/** They have names like those of FTP, and elements of such names. */
const othersOfIis: ReadonlySet<string> = new Set(['system.webServer', 'system.web', 'configSections']);

/** What stands around sections of FTP, or in them, without the elements that it belongs in. */
const astray: ReadonlySet<string> = new Set([
  'configuration',
  'security',
  ...Object.keys(serverSections)
    .filter((section) => section.startsWith('security/'))
    .map((section) => section.replace('security/', '')),
]);

function holdsFtp({ elements }: ConfigElement): boolean {
  return elements.some((child) => ['system.ftpServer', 'ftpServer'].includes(child.name) || holdsFtp(child));
}

const noAttributes: ElementSchema = elementSchema({});

const locationSchema: ElementSchema = elementSchema(
  { path: text(), overrideMode: text(), allowOverride: text(), inheritInChildApplications: text() },
  {},
  { isSecurity: true },
);
