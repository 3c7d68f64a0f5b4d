/** All that becomes of FTP sites, in the order in which one part needs what another found. */
import type { FtpSite } from '../resolution/ftp-sites.ts';
import type { IisConfiguration } from '../resolution/iis-configuration.ts';
import { carryAddresses } from './addresses.ts';
import { carryRows } from './carry-rows.ts';
import { assignEndpoints } from './endpoints.ts';
import { carryFilters } from './filters.ts';
import { carryFolders } from './folders.ts';
import { carryHomes } from './homes.ts';
import { type ImportOptions, placeholder } from './import-options.ts';
import { carryLogFile } from './log-file.ts';
import { carryLoginMethods } from './login-methods.ts';
import { tellProviders } from './providers.ts';
import { carryAuthorization } from './rules/authorization.ts';
import { carryTls } from './server-certificate.ts';
import { carryFirewall } from './server-settings.ts';
import { SiteDraft } from './site-draft.ts';
import { nameSite } from './site-name.ts';

/** @returns the drafts in the order of the file */
export function translateSites(
  sites: readonly FtpSite[],
  configuration: IisConfiguration,
  options: ImportOptions,
): readonly SiteDraft[] {
  const drafts = sites.map((site) => new SiteDraft(site, configuration, options));
  const names = new Set<string>();
  for (const draft of drafts) {
    nameSite(draft, names);
    // Its place among the settings; the endpoints of all sites are given out together.
    draft.set('bindings', []);
    carryFolders(draft);
    carryLogFile(draft);
    carryRows(draft);
    carryTls(draft);
    carryLoginMethods(draft);
    carryAuthorization(draft);
    carryHomes(draft);
    carryAddresses(draft);
    carryFilters(draft);
    carryFirewall(draft);
    tellProviders(draft);
    const { directories } = options;
    draft.set('directories', directories.length > 0 ? directories.map(({ name }) => name) : [placeholder]);
    stopUnstarted(draft);
  }
  assignEndpoints(drafts);
  for (const draft of drafts) {
    // Whatever the rules say: in IIS no account got in.
    if (draft.closedBecause.length > 0)
      draft.set('authentication', { clientCertAuthentication: { enabled: false }, mode: 'certificate' });
  }
  return drafts;
}

function stopUnstarted(draft: SiteDraft): void {
  const start = draft.site.ftp.get('serverAutoStart');
  const subject = 'ftpServer@serverAutoStart';
  if (draft.site.ftp.isSet('serverAutoStart')) {
    draft.tell('carriedOver', start, { subject, message: 'the site starts with the service' });
    return;
  }
  const remedy = 'Remove the comment signs before the site to start it.';
  draft.tell('needsDecision', start, {
    subject,
    message: 'the site does not start with the service, and is written as a comment',
    remedy,
  });
  draft.stop('it does not start with the service');
}
