/** The FTP sites of the file: sites with an ftp binding. Each has its bindings, its folders and its ftpServer as they are in force. */
import { type ConfigElement, childrenOf, sizeOf } from '../reading/config-element.ts';
import { InputFault, type InputPlace } from '../reading/input-fault.ts';
import { ftpServer } from '../schema/ftp-server-elements.ts';
import { type BindingInformation, readBindingInformation } from './binding-information.ts';
import { attributesBelow } from './collection-entries.ts';
import { echo } from './echo.ts';
import type { IisConfiguration } from './iis-configuration.ts';
import { ResolvedElement } from './resolved-element.ts';

export interface FtpBinding extends BindingInformation {
  readonly element: ConfigElement;
}

/** A virtual directory with the folder behind it. */
export interface VirtualFolder {
  /** `/`, or the path of its application and its own together. */
  readonly virtualPath: string;
  /** As it is written; empty where it is not. */
  readonly physicalPath: string;
  readonly element: ConfigElement;
}

export interface FtpSite {
  readonly name: string;
  readonly id: string;
  readonly place: InputPlace;
  readonly element: ConfigElement;
  readonly bindings: readonly FtpBinding[];
  /** That of `/` first. */
  readonly folders: readonly [VirtualFolder, ...VirtualFolder[]];
  readonly ftp: ResolvedElement;
}

const defaultPath = '/';

/**
 * Sites without an ftp binding are spoken of and left out.
 * @throws InputFault for an FTP site without a root
 */
export function ftpSites(configuration: IisConfiguration): readonly FtpSite[] {
  const { findings, siteDefaults } = configuration;
  const inDefaults = siteDefaults?.elements.find(({ name }) => name === 'bindings');
  for (const binding of inDefaults ? childrenOf(inDefaults, 'binding') : []) {
    const message = 'a binding of siteDefaults is of no site';
    findings.account(binding.attributes.values());
    findings.add({
      outcome: 'withoutEffect',
      place: binding.place,
      sites: [],
      subject: 'siteDefaults/bindings',
      message,
    });
  }
  return configuration.sites.flatMap((element) => {
    const name = element.attributes.get('name')?.value ?? '';
    const bindings = bindingsInForce(element);
    const ofFtp = bindings.filter(isOfFtp);
    if (ofFtp.length === 0) {
      const server = childrenOf(element, 'ftpServer')[0];
      const message = server
        ? 'has an ftpServer and no binding of protocol ftp: FTP never served it, and it is skipped'
        : 'has no binding of protocol ftp';
      const { attributes } = sizeOf(element);
      findings.account(attributesBelow(element));
      findings.add({
        outcome: 'withoutEffect',
        place: server?.place ?? element.place,
        sites: [],
        subject: 'site',
        message: `${echo(name)} ${message} (${attributes} ${attributes === 1 ? 'attribute' : 'attributes'})`,
      });
      return [];
    }
    const layers = [element, ...(siteDefaults ? [siteDefaults] : [])].flatMap((one) =>
      childrenOf(one, 'ftpServer').slice(0, 1),
    );
    return [
      {
        name,
        id: element.attributes.get('id')?.value ?? '',
        place: element.place,
        element,
        bindings: readBindings(configuration, name, ofFtp),
        folders: foldersOf(element, name),
        ftp: new ResolvedElement('ftpServer', ftpServer, layers),
      },
    ];
  });
}

/** `clear` drops what stands before it. */
function bindingsInForce(site: ConfigElement): readonly ConfigElement[] {
  let inForce: readonly ConfigElement[] = [];
  for (const list of childrenOf(site, 'bindings').slice(0, 1)) {
    for (const child of list.elements) {
      if (child.name === 'clear') inForce = [];
      if (child.name === 'binding') inForce = [...inForce, child];
    }
  }
  return inForce;
}

function isOfFtp({ attributes }: ConfigElement): boolean {
  return attributes.get('protocol')?.value.toLowerCase() === 'ftp';
}

function readBindings(
  { findings }: IisConfiguration,
  site: string,
  elements: readonly ConfigElement[],
): readonly FtpBinding[] {
  return elements.flatMap((element) => {
    const attribute = element.attributes.get('bindingInformation');
    const text = attribute?.value ?? '';
    const read = readBindingInformation(text);
    if (typeof read !== 'string') return [{ ...read, element }];
    const finding = {
      outcome: 'notUnderstood',
      sites: [site],
      subject: 'site/bindings/binding@bindingInformation',
      message: `${echo(text)} ${read}`,
      remedy: 'Add the binding to the site by hand, if it was in use.',
    } as const;
    if (attribute) findings.addOf(attribute, finding);
    findings.account(element.attributes.values());
    return [];
  });
}

/** @throws InputFault without a root, which IIS refuses too */
function foldersOf(site: ConfigElement, name: string): readonly [VirtualFolder, ...VirtualFolder[]] {
  const folders = childrenOf(site, 'application').flatMap((application) => {
    const base = application.attributes.get('path')?.value ?? defaultPath;
    return childrenOf(application, 'virtualDirectory').map((element) => ({
      virtualPath: joined(base, element.attributes.get('path')?.value ?? defaultPath),
      physicalPath: element.attributes.get('physicalPath')?.value ?? '',
      element,
    }));
  });
  const root = folders.find(({ virtualPath }) => virtualPath === '/');
  if (!root) {
    const message = `the site ${echo(name)} has no application / with a virtualDirectory /`;
    throw new InputFault(site.place, message, 'IIS refuses such a site. Give it the folder of its root.');
  }
  return [root, ...folders.filter((one) => one !== root)];
}

function joined(application: string, directory: string): string {
  const segments = `${application}/${directory}`.split('/').filter((segment) => segment !== '');
  return `/${segments.join('/')}`;
}
