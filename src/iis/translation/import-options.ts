/** What an administrator tells the import, because no file of IIS says it. */

export interface FolderMap {
  /** A Windows path or share. */
  readonly from: string;
  /** The folder of this host that stands for it. */
  readonly to: string;
}

export interface GivenCertificate {
  /** SHA-1, 40 digits in lower case; undefined: for every site. */
  readonly thumbprint: string | undefined;
  readonly certificate: string;
  readonly key: string;
}

/** A web.config of a folder that a site shows. */
export interface GivenWebConfig {
  /** Its name, for places, and where it lies. */
  readonly file: string;
  readonly octets: Uint8Array;
  /** A site, or a virtual path below it; undefined: the paths whose folder it lies in. */
  readonly location: string | undefined;
}

export interface ImportOptions {
  readonly webConfigs: readonly GivenWebConfig[];
  /** Names of the sites to import; undefined: every FTP site. */
  readonly sites: readonly string[] | undefined;
  /** Unknown attributes and elements stop no site. */
  readonly ignoreUnknown: boolean;
  readonly folders: readonly FolderMap[];
  readonly certificates: readonly GivenCertificate[];
  /** Files of CAs whose certificates may log in. */
  readonly trustAnchors: readonly string[];
  /** Hosts that may be asked for CRLs and OCSP answers. */
  readonly revocationHosts: readonly string[];
  readonly mappingRules: string | undefined;
  /** Names in rules, in lower case -> the account or group of the directory that stands for it. */
  readonly names: ReadonlyMap<string, string>;
  /** Entries of `directories`, as a configuration has them. */
  readonly directories: readonly { readonly name: string }[];
}

/** Stands for what is not told: the administrator puts the right value or file in its place. */
export const placeholder = 'fill-in';
