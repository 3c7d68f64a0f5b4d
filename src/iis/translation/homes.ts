/** User isolation: where accounts of a site work, so that the tree of folders that Windows left can stay as it is. */
import { placeholder } from './import-options.ts';
import type { SiteDraft } from './site-draft.ts';

const path = 'ftpServer/userIsolation';

export function carryHomes(draft: SiteDraft): void {
  const isolation = draft.site.ftp.below('userIsolation');
  const mode = isolation.text('mode');
  const resolved = isolation.get('mode');
  const subject = `${path}@mode`;
  const directory = isolation.below('activeDirectory');
  switch (mode) {
    case 'None':
      draft.set('userIsolation', { mode });
      draft.tell('carriedOver', resolved, { subject, message: 'is userIsolation.mode None: all work in one folder' });
      break;
    case 'StartInUsersDirectory':
      draft.set('userIsolation', { mode });
      draft.tell('carriedOver', resolved, { subject, message: `is userIsolation.mode ${mode}` });
      break;
    case 'IsolateRootDirectoryOnly':
    case 'IsolateAllDirectories':
      draft.set('userIsolation', { mode, layout: 'iis' });
      draft.tell('carriedOver', resolved, {
        subject,
        message: `is userIsolation.mode ${mode} with layout iis: homes are DOMAIN/user and LocalUser/user, as they lie on the disk`,
      });
      break;
    case 'ActiveDirectory':
      draft.set('userIsolation', {
        mode: 'DirectoryAttribute',
        replacePrefixes: draft.options.folders.map(({ from, to }) => ({ from, to })),
      });
      draft.tell('needsDecision', resolved, {
        subject,
        message: 'homes are what msIIS-FTPRoot and msIIS-FTPDir of the account say',
        remedy: `Set homeDirectoryFrom: iisFtp in the directory, and name what stands for their paths: --map '\\\\fs1\\ftp=/srv/files'.`,
      });
      break;
    default:
      draft.set('userIsolation', { mode: 'IsolateAllDirectories' });
      draft.tell('cannotBeHad', resolved, {
        subject,
        message: 'a provider for Windows said where homes are',
        remedy: 'Lay the homes out as folders of accounts, or write a template.',
      });
      draft.stop('a provider said where homes are');
  }
  tellActiveDirectory(draft, directory, mode === 'ActiveDirectory');
}

function tellActiveDirectory(draft: SiteDraft, directory: SiteDraft['site']['ftp'], isInForce: boolean): void {
  const user = { subject: `${path}/activeDirectory@adUserName` };
  if (isInForce) {
    const remedy = `Set bindDn of the directory (${placeholder} where none is given) to an account that may read these attributes.`;
    draft.tell('needsDecision', directory.get('adUserName'), {
      ...user,
      message: 'reads the attributes of accounts',
      remedy,
    });
    draft.tell('different', directory.get('adCacheRefresh'), {
      subject: `${path}/activeDirectory@adCacheRefresh`,
      message: 'the home is read anew at each login',
    });
    return;
  }
  const message = 'the mode is not ActiveDirectory';
  draft.tell('withoutEffect', directory.get('adUserName'), { ...user, message });
  draft.tell('withoutEffect', directory.get('adCacheRefresh'), {
    subject: `${path}/activeDirectory@adCacheRefresh`,
    message,
  });
}
