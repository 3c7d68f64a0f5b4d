/** What nothing has spoken of: other products’ sections, counted as wholes, and attributes of FTP that were not in force. */
import { printable } from '../../operations/printable.ts';
import { type ConfigElement, childrenOf, sizeOf } from '../reading/config-element.ts';
import type { InputPlace } from '../reading/input-fault.ts';
import { attributesBelow } from './collection-entries.ts';
import type { ImportFindings } from './findings.ts';

/** Speaks of all that is left, so that every attribute of the input is told of or counted. */
export function tellRest(root: ConfigElement, findings: ImportFindings): void {
  const counted = new Map<string, { place: InputPlace; attributes: number }>();
  const count = (name: string, element: ConfigElement) => {
    const { attributes } = sizeOf(element);
    const before = counted.get(name);
    counted.set(name, { place: before?.place ?? element.place, attributes: (before?.attributes ?? 0) + attributes });
  };
  for (const element of root.elements) {
    if (element.name === 'system.applicationHost') {
      for (const section of element.elements) {
        if (section.name === 'sites') tellElements(section, 'sites', findings);
        else count(`system.applicationHost/${printable(section.name)}`, section);
      }
    } else if (element.name === 'system.ftpServer') tellElements(element, 'system.ftpServer', findings);
    else if (element.name === 'location') {
      for (const section of element.elements) {
        if (section.name === 'system.ftpServer') tellElements(section, 'system.ftpServer', findings);
        else count(`location/${printable(section.name)}`, section);
      }
      if (childrenOf(element, 'system.ftpServer').length > 0)
        tellElements({ ...element, elements: [] }, 'location', findings);
    } else count(printable(element.name), element);
  }
  for (const [name, { place, attributes }] of counted) {
    const message = `is no part of FTP (${attributes} ${attributes === 1 ? 'attribute' : 'attributes'})`;
    findings.add({ outcome: 'withoutEffect', place, sites: [], subject: name, message });
  }
}

function tellElements(element: ConfigElement, path: string, findings: ImportFindings): void {
  const left = [...element.attributes.values()].filter((attribute) => !findings.isAccounted(attribute));
  if (left.length > 0) {
    const names = left.map(({ name }) => printable(name)).join(', ');
    const message = `${names}: ${isOfWeb(path) ? 'the web server alone reads it' : 'not in force for a site that is imported, or without a part in FTP'}`;
    findings.add({ outcome: 'withoutEffect', place: element.place, sites: [], subject: path, message });
    findings.account(left);
  }
  for (const child of element.elements) {
    const below = `${path === 'sites' ? '' : `${path}/`}${printable(child.name)}`;
    if (isOfWeb(below)) {
      const unread = [...attributesBelow(child)].filter((attribute) => !findings.isAccounted(attribute));
      if (unread.length === 0) continue;
      findings.account(unread);
      const message = `the web server alone reads it (${unread.length} ${unread.length === 1 ? 'attribute' : 'attributes'})`;
      findings.add({ outcome: 'withoutEffect', place: child.place, sites: [], subject: below, message });
    } else tellElements(child, below, findings);
  }
}

function isOfWeb(path: string): boolean {
  return (
    /^(?:site|siteDefaults)\/(?:limits|logFile|traceFailedRequestsLogging|hsts|applicationDefaults|virtualDirectoryDefaults)$/.test(
      path,
    ) || /^(?:applicationDefaults|virtualDirectoryDefaults)$/.test(path)
  );
}
