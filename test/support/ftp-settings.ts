/** The settings of an FTP server with the defaults of the schema, and what a test changes in them: tests wait less than administrators may. */
import { z } from 'zod';
import { requestFiltering } from '../../src/authorization/request-filtering.ts';
import { type FtpSettings, fileCommandSettings, ftpSections } from '../../src/ftp/server-settings.ts';
import { clientCertificatePolicy } from '../../src/ftp/tls/tls-settings.ts';
import { authentication } from '../../src/login/authentication-settings.ts';

const schema = z.strictObject({
  ...ftpSections,
  sslClientCertificates: z.strictObject({ clientCertificatePolicy }).prefault({}),
  authentication: z.strictObject({ replyToUser: authentication.unwrap().shape.replyToUser }).prefault({}),
  fileHandling: z.strictObject(fileCommandSettings).prefault({}),
});

/** Settings without their units. */
type Plain<T> = T extends number ? number : T extends object ? { readonly [Key in keyof T]?: Plain<T[Key]> } : T;

export type FtpSettingChanges = Omit<Plain<FtpSettings>, 'bindings' | 'name'> & Partial<Pick<FtpSettings, 'bindings'>>;

/** Files that a test reads by itself. */
const ssl = { serverCertificate: 'server.pem', serverCertificateKey: 'server.key' };

export function ftpSettings(changes: FtpSettingChanges = {}): FtpSettings {
  const defaults = schema.parse({ bindings: [{ port: 0 }], ssl });
  const sections = Object.entries(defaults).map(([name, section]) => {
    const change = changes[name as keyof FtpSettingChanges];
    return [name, Array.isArray(section) ? (change ?? section) : { ...section, ...change }];
  });
  return Object.fromEntries([['name', 'test'], ...sections]) as FtpSettings;
}

/** The section `requestFiltering` with its defaults. */
export function filtering(changes: z.input<typeof requestFiltering>): FtpSettings['requestFiltering'] {
  return requestFiltering.parse(changes);
}
