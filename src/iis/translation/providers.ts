/** Providers: programs for Windows that FTP called. None can be carried over. */
import { echo } from '../resolution/echo.ts';
import type { SiteDraft } from './site-draft.ts';

const lists = [
  {
    below: 'security/authentication/customAuthentication/providers',
    instead: 'its accounts go into a directory or a file of accounts',
    outcome: 'cannotBeHad',
  },
  { below: 'customFeatures/providers', instead: 'it wrote a log, or said where homes are', outcome: 'cannotBeHad' },
] as const;

export function tellProviders(draft: SiteDraft): void {
  for (const { below, instead, outcome } of lists) {
    const list = draft.site.ftp.below(below);
    const { entries, faulty } = list.entries();
    for (const { element, message } of faulty)
      draft.note('notUnderstood', element.place, { subject: list.path, message, remedy: 'Correct the list.' });
    for (const { element, values } of entries) {
      draft.findings.account(element.attributes.values());
      const subject = `${list.path}/add`;
      const name = echo(String(values.get('name') ?? ''));
      if (values.get('enabled') === true) {
        draft.note(outcome, element.place, {
          subject,
          message: `the provider ${name} is a program for Windows: ${instead}`,
          remedy: 'Do its work another way.',
        });
      } else draft.note('withoutEffect', element.place, { subject, message: `the provider ${name} is not enabled` });
    }
  }
}
