/** What a virtual reader needs of the machine: programs, the reader driver, OpenSC's module and namespaces. Says in a sentence what is missing. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CardError } from '../card/card-error.ts';
import { knownModules } from './known-modules.ts';

const run = promisify(execFile);

export interface ReaderInstallation {
  /** pcscd. */
  readonly daemon: string;
  /** libifdvpcd.so. */
  readonly driver: string;
  /** OpenSC's PKCS#11 module. */
  readonly module: string;
  /** Arguments of unshare that this user may use: a user namespace where the user is not root. */
  readonly namespaces: readonly string[];
}

interface Part {
  readonly name: string;
  readonly debianPackage: string;
  /** The first that exists is taken. */
  readonly paths: readonly string[];
}

/** Debian and Ubuntu, Fedora, Arch, and builds from source. */
const driverDirectories = [
  '/usr/lib/pcsc/drivers/serial',
  '/usr/lib64/pcsc/drivers/serial',
  '/var/lib/pcsc/drivers/serial',
  '/usr/local/lib/pcsc/drivers/serial',
];

const parts = {
  daemon: {
    name: 'The PC/SC daemon pcscd',
    debianPackage: 'pcscd',
    paths: ['/usr/sbin/pcscd', '/usr/bin/pcscd', '/usr/local/sbin/pcscd'],
  },
  driver: {
    name: 'The virtual reader driver of vsmartcard',
    debianPackage: 'vsmartcard-vpcd',
    paths: driverDirectories.map((directory) => join(directory, 'libifdvpcd.so')),
  },
  module: {
    name: 'OpenSC’s PKCS#11 module',
    debianPackage: 'opensc-pkcs11',
    paths: knownModules.filter(({ name }) => name === 'OpenSC').flatMap(({ paths }) => paths),
  },
} as const satisfies Readonly<Record<string, Part>>;

function find({ name, debianPackage, paths }: Part): string {
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new CardError(
      `${name} is not installed: none of ${paths.join(', ')} exists.`,
      `Install it, on Debian with "apt-get install ${debianPackage}".`,
    );
  }
  return path;
}

/** Of the network, since the driver listens on every address it sees; the user's own where root is needed for that. */
const namespaceChoices = [['--net'], ['--user', '--map-root-user', '--net']] as const;

/** Tries each choice with all that will be done in it. */
async function permittedNamespaces(): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const namespaces of namespaceChoices) {
    try {
      await run('unshare', [...namespaces, 'unshare', '--mount', 'true']);
      return namespaces;
    } catch (error) {
      const { stderr, message } =
        error instanceof Error && 'stderr' in error ? error : { stderr: '', message: String(error) };
      failures.push(String(stderr).trim() || message);
    }
  }
  throw new CardError(
    `This user may not make the network and mount namespaces that hide a virtual reader from others: ${failures.join('; ')}.`,
    'Run as root, or permit user namespaces; in a container, give it CAP_SYS_ADMIN.',
  );
}

/** @throws CardError when something is missing, with the package that brings it */
export async function findReaderInstallation(): Promise<ReaderInstallation> {
  if (process.platform !== 'linux') {
    throw new CardError('Virtual readers need the namespaces of Linux.', 'Use a machine or container with Linux.');
  }
  const installed = { daemon: find(parts.daemon), driver: find(parts.driver), module: find(parts.module) };
  return { ...installed, namespaces: await permittedNamespaces() };
}
