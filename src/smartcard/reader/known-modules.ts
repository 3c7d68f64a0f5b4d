/** Where the packages of the usual operating systems put PKCS#11 modules. Nothing is loaded here. */
import { existsSync } from 'node:fs';

interface KnownModule {
  readonly name: string;
  /** The first that exists is taken. */
  readonly paths: readonly string[];
  /** Looked for only when this environment variable is set: without it the module has nothing to show. */
  readonly variable?: string;
}

const libraryDirectories = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64/pkcs11',
  '/usr/lib64',
  '/usr/lib/pkcs11',
  '/usr/lib',
  '/usr/local/lib',
  '/Library/OpenSC/lib',
  '/opt/homebrew/lib',
];

const inLibraryDirectories = (name: string): readonly string[] => libraryDirectories.map((path) => `${path}/${name}`);

/** OpenSC first: it knows most cards. A card that two modules show is taken from the first. */
export const knownModules: readonly KnownModule[] = [
  { name: 'OpenSC', paths: inLibraryDirectories('opensc-pkcs11.so') },
  { name: 'YubiKey', paths: [...inLibraryDirectories('libykcs11.so'), ...inLibraryDirectories('libykcs11.dylib')] },
  {
    name: 'SoftHSM',
    paths: ['/usr/lib/softhsm/libsofthsm2.so', ...inLibraryDirectories('softhsm/libsofthsm2.so')],
    variable: 'SOFTHSM2_CONF',
  },
];

/** Paths of the modules that are installed here, in the order of `known`. */
export function installedModules(
  environment: Readonly<Record<string, string | undefined>>,
  known: readonly KnownModule[] = knownModules,
): readonly string[] {
  return known
    .filter(({ variable }) => variable === undefined || environment[variable] !== undefined)
    .flatMap(({ paths }) => paths.find((path) => existsSync(path)) ?? []);
}
