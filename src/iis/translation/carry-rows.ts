/** Carries over what rows of the table say, attribute by attribute. */
import { echo } from '../resolution/echo.ts';
import { ftpServerRows } from '../rows/ftp-server-rows.ts';
import type { CarriedValue, SettingRow } from '../rows/setting-row.ts';
import type { SettingValue, SiteDraft } from './site-draft.ts';

/** Every attribute below `ftpServer` that a row carries by itself, where the file has it. */
export function carryRows(draft: SiteDraft): void {
  for (const row of ftpServerRows) {
    const [path = '', name = ''] = row.iis.split('@');
    if (!row.carry || path.includes('/add')) continue;
    // A log that is not written has no settings.
    if (path === 'ftpServer/logFile' && !draft.site.ftp.below('logFile').isSet('enabled')) continue;
    const below = path.split('/').slice(1).join('/');
    const resolved = (below === '' ? draft.site.ftp : draft.site.ftp.below(below)).get(name);
    if (!resolved.attribute || resolved.value === undefined) continue;
    const carried = row.carry(resolved.value);
    if (carried.value !== undefined && row.setting !== undefined) draft.set(row.setting, carried.value);
    const { outcome, message } = told(row, carried, resolved.attribute.value);
    draft.tell(outcome, resolved, { subject: row.iis, message });
  }
}

function told({ setting, why = '' }: SettingRow, carried: CarriedValue, written: string) {
  if (carried.lost !== undefined) {
    return {
      outcome: 'cannotBeHad',
      message: [echo(written), carried.lost, why].filter((part) => part !== '').join(': '),
    } as const;
  }
  if (carried.value === undefined && carried.difference !== undefined) {
    return {
      outcome: 'different',
      message: `${echo(written)}: ${carried.difference}${why === '' ? '' : `; ${why}`}`,
    } as const;
  }
  if (carried.value === undefined) return { outcome: 'withoutEffect', message: `${echo(written)}: ${why}` } as const;
  const now = `${setting} ${settingText(carried.value)}`;
  if (carried.difference === undefined)
    return { outcome: 'carriedOver', message: `${echo(written)} is ${now}` } as const;
  return { outcome: 'different', message: `${echo(written)} becomes ${now}, ${carried.difference}` } as const;
}

/** @returns a value as messages say it */
function settingText(value: SettingValue): string {
  return typeof value === 'string' ? echo(value) : JSON.stringify(value);
}
