/**
 * applicationHost.config of IIS, and web.config files below it, to a configuration of cardgate: one call, from octets to text. It opens nothing that the file names, asks
 * for nothing, and says the same of the same input, octet for octet.
 */
import { createHash } from 'node:crypto';
import { printablePath } from '../operations/printable.ts';
import { configurationText, isWritten } from './output/configuration-text.ts';
import { readConfig } from './reading/config-reader.ts';
import { echo } from './resolution/echo.ts';
import type { Finding } from './resolution/findings.ts';
import { ftpSites } from './resolution/ftp-sites.ts';
import { IisConfiguration } from './resolution/iis-configuration.ts';
import { tellRest } from './resolution/rest-of-input.ts';
import { tellUnlocked } from './resolution/unlocked-sections.ts';
import type { ImportOptions } from './translation/import-options.ts';
import { carryDenyByFailure, tellReplacedSections } from './translation/server-settings.ts';
import type { SiteDraft } from './translation/site-draft.ts';
import { translateSites } from './translation/site-translation.ts';
import { placeWebConfigs, stopWhereUnknown } from './web-config-files.ts';

interface ImportedSite {
  readonly name: string;
  readonly written: 'written' | 'written, and lets no account in' | 'written as a comment';
  readonly reasons: readonly string[];
}

export interface ImportResult {
  /** Undefined where the file has no FTP site, or none of those that were asked for. */
  readonly yaml: string | undefined;
  readonly sites: readonly ImportedSite[];
  /** By their place in the file. */
  readonly findings: readonly Finding[];
  /** Something waits for an administrator. */
  readonly isOpen: boolean;
}

/**
 * @param file the name of applicationHost.config, for places
 * @throws InputFault when the file is refused as a whole
 */
export function importIis(file: string, octets: Uint8Array, options: ImportOptions): ImportResult {
  const root = readConfig(file, octets);
  const configuration = IisConfiguration.of(root, options.ignoreUnknown);
  const { findings } = configuration;
  const all = ftpSites(configuration);
  const webConfigs = placeWebConfigs(options.webConfigs, all, options.folders);
  configuration.addWebConfigs(webConfigs, root);
  stopWhereUnknown(configuration, webConfigs, all, root);
  const wanted = options.sites?.map((name) => name.toLowerCase());
  const sites = all.filter(({ name }) => wanted === undefined || wanted.includes(name.toLowerCase()));
  for (const name of options.sites ?? []) {
    if (all.some((site) => site.name.toLowerCase() === name.toLowerCase())) continue;
    const known = all.map((site) => echo(site.name)).join(', ');
    const message = `no FTP site is named ${echo(name)}`;
    const remedy = known === '' ? 'The file has no FTP site.' : `The file has ${known}.`;
    findings.add({ outcome: 'needsDecision', sites: [], subject: '--sites', message, remedy });
  }
  tellUnknownLocations(
    configuration,
    all.map(({ name }) => name.toLowerCase()),
  );
  const drafts = translateSites(sites, configuration, options);
  const denyByFailure = carryDenyByFailure(configuration);
  tellReplacedSections(configuration);
  tellUnlocked(root, configuration, webConfigs.length > 0);
  for (const one of new Set([root, ...webConfigs.map((webConfig) => webConfig.root)])) tellRest(one, findings);
  const sources = [{ file, octets }, ...options.webConfigs].map(sourceText);
  const found = findings.all();
  return {
    yaml: drafts.length === 0 ? undefined : configurationText({ sources, denyByFailure, drafts, options }),
    sites: drafts.map(importedSite),
    findings: found,
    isOpen:
      drafts.length === 0 ||
      drafts.some((draft) => !isWritten(draft)) ||
      found.some(
        ({ outcome }) => outcome === 'needsDecision' || outcome === 'notUnderstood' || outcome === 'cannotBeHad',
      ),
  };
}

function sourceText({ file, octets }: { readonly file: string; readonly octets: Uint8Array }): string {
  return `${printablePath(file)} (SHA-256 ${createHash('sha256').update(octets).digest('hex')})`;
}

/** Sections in the location of a site that is no FTP site of the file. */
function tellUnknownLocations({ findings, sections }: IisConfiguration, names: readonly string[]): void {
  for (const { section, element, site } of sections) {
    if (site === undefined || names.includes(site)) continue;
    const message = `the location is of ${echo(site)}, and no FTP site has that name`;
    findings.add({
      outcome: 'withoutEffect',
      place: element.place,
      sites: [],
      subject: `system.ftpServer/${section}`,
      message,
    });
  }
}

function importedSite(draft: SiteDraft): ImportedSite {
  const { stoppedBecause, closedBecause, site } = draft;
  if (stoppedBecause.length > 0) return { name: site.name, written: 'written as a comment', reasons: stoppedBecause };
  if (closedBecause.length > 0)
    return { name: site.name, written: 'written, and lets no account in', reasons: closedBecause };
  return { name: site.name, written: 'written', reasons: [] };
}
