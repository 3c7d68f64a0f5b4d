/** The log of a site, where the file says something of it: which folder it has, and whether it is written. */
import { echo } from '../resolution/echo.ts';
import { hostFolder } from './folders.ts';
import { placeholder } from './import-options.ts';
import type { SiteDraft } from './site-draft.ts';

const path = 'ftpServer/logFile';

export function carryLogFile(draft: SiteDraft): void {
  const logFile = draft.site.ftp.below('logFile');
  if (!logFile.isWritten) return;
  const enabled = logFile.get('enabled');
  const directory = logFile.get('directory');
  if (!logFile.isSet('enabled')) {
    draft.tell('carriedOver', enabled, { subject: `${path}@enabled`, message: 'no log of the site is written' });
    for (const attribute of logFile.attributes()) {
      if (attribute.name === 'enabled' || draft.findings.isAccounted(attribute)) continue;
      const value = { value: undefined, attribute };
      draft.tell('withoutEffect', value, { subject: `${path}@${attribute.name}`, message: 'the log is not enabled' });
    }
    return;
  }
  draft.tell('carriedOver', enabled, {
    subject: `${path}@enabled`,
    message: 'the log of the site is written: logFile',
  });
  const folder = logFile.text('directory');
  const mapped = hostFolder(folder, draft.options.folders);
  const below = `FTPSVC${/^\d{1,10}$/.test(draft.site.id) ? draft.site.id : ''}`;
  draft.set('logFile.directory', `${mapped ?? `${placeholder}/logs`}/${below}`);
  const finding = {
    subject: `${path}@directory`,
    message: `${echo(folder)} is ${mapped === undefined ? 'a path of Windows' : echo(mapped)}; the files of the site lie in ${below} below it`,
  };
  const remedy = `Name the folder of this host: --map '${echo(folder).slice(1, -1)}=/var/log/cardgate'.`;
  if (mapped !== undefined) draft.tell('different', directory, finding);
  else if (directory.attribute) draft.tell('needsDecision', directory, { ...finding, remedy });
  else draft.note('needsDecision', [...logFile.attributes()][0]?.place, { ...finding, remedy });
}
