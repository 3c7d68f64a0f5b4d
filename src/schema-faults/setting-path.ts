/** Where a setting stands in a file: the keys and indices that lead to it. */

export type SettingPath = readonly (string | number)[];

/** `sites[0].ssl.serverCertificate`; empty for the file as a whole. */
export function formatSetting(path: SettingPath): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index ? `.${part}` : part)).join('');
}

/** Whether one of the two is the other, or lies in it. */
export function overlaps(one: SettingPath, other: SettingPath): boolean {
  return one.slice(0, other.length).every((part, index) => part === other[index]);
}
