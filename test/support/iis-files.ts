/** Small configuration files of IIS, and imports of them. */

import { parse } from 'yaml';
import { type ImportResult, importIis } from '../../src/iis/import-iis.ts';
import { InputFault } from '../../src/iis/reading/input-fault.ts';
import type { ImportOptions } from '../../src/iis/translation/import-options.ts';

export const thumbprint = '57686f6120447564652c2049495320526f636b73';

export const noOptions: ImportOptions = {
  webConfigs: [],
  sites: undefined,
  ignoreUnknown: false,
  folders: [],
  certificates: [],
  trustAnchors: [],
  revocationHosts: [],
  mappingRules: undefined,
  names: new Map(),
  directories: [],
};

export interface IisParts {
  /** Attributes of ftpServer. */
  readonly attributes?: string;
  /** Below ftpServer, in place of ssl and basicAuthentication. */
  readonly ftpServer?: string;
  /** Below ftpServer, besides these. */
  readonly more?: string;
  readonly siteDefaults?: string;
  readonly bindings?: string;
  readonly folders?: string;
  /** More sites. */
  readonly sites?: string;
  /** Behind system.applicationHost. */
  readonly after?: string;
  /** The rules in the location of the site; undefined: all may read and write. */
  readonly rules?: string;
}

const usual = `<security><ssl serverCertHash="${thumbprint}" /><authentication><basicAuthentication enabled="true" /></authentication></security>`;

/** A file with the site `files`, into which accounts get by password, but for what is given. */
export function iisFile(parts: IisParts = {}): string {
  const {
    attributes = '',
    ftpServer = usual,
    more = '',
    siteDefaults = '',
    bindings = '<binding protocol="ftp" bindingInformation="*:21:" />',
    folders = '<application path="/"><virtualDirectory path="/" physicalPath="D:\\files" /></application>',
    sites = '',
    after = '',
    rules = '<add accessType="Allow" users="*" permissions="Read, Write" />',
  } = parts;
  return `<?xml version="1.0" encoding="UTF-8"?>
<configuration>
<system.applicationHost>
<sites>
<site name="files" id="1">
${folders}
<bindings>${bindings}</bindings>
<ftpServer ${attributes}>${ftpServer}${more}</ftpServer>
</site>
${sites}
<siteDefaults>${siteDefaults}</siteDefaults>
</sites>
</system.applicationHost>
<location path="files"><system.ftpServer><security><authorization>${rules}</authorization></security></system.ftpServer></location>
${after}
</configuration>
`;
}

/** Settings of one site, as the configuration has them. */
type ImportedSettings = Readonly<Record<string, unknown>>;

export interface Imported extends ImportResult {
  readonly settings: ImportedSettings;
  /** Outcome and subject of each finding. */
  readonly told: readonly string[];
}

/** @returns what is imported; `settings` are those of the first site that is more than a comment */
export function imported(text: string, options: Partial<ImportOptions> = {}): Imported {
  const result = importIis('a.config', Buffer.from(text), { ...noOptions, ...options });
  const configuration = result.yaml === undefined ? {} : parse(result.yaml);
  const told = result.findings.map(({ outcome, subject }) => `${outcome} ${subject}`);
  return { ...result, settings: configuration.sites?.[0] ?? {}, told };
}

/** @returns place and message of the refusal, or undefined */
export function refusalOf(text: string | Buffer): string | undefined {
  try {
    importIis('a.config', Buffer.from(text), noOptions);
    return undefined;
  } catch (error) {
    if (!(error instanceof InputFault)) throw error;
    return `${error.place.line}:${error.place.column} ${error.message}`;
  }
}
