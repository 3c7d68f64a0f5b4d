/** Where IIS FTP keeps the setting that one of ours stands for, told as metadata of its schema. */

/** In applicationHost.config: below the `site` element, or below `configuration` where it is the server’s. */
export type IisName = `${'site' | 'ftpServer' | 'system.ftpServer' | 'location'}${string}@${string}`;

/** @returns metadata for `.meta()`; the reference of settings prints it, the JSON Schema for editors leaves it out */
export function iis(name: IisName): { readonly iis: IisName } {
  return { iis: name };
}
