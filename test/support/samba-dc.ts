/**
 * A real Active Directory domain controller (Samba) on a loopback address of its own. The domain is provisioned once per
 * machine and copied for each start; people and groups are added over LDAP, as an administrator adds them.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type ChildServer, startChildServer } from './child-server.ts';
import { makeDirectoryTls } from './directory-tls.ts';
import { freeLoopbackAddress } from './free-ports.ts';
import { createSambaAdministration, type SambaAdministration } from './samba-administration.ts';

const run = promisify(execFile);

export interface SambaDc extends SambaAdministration {
  readonly host: string;
  /** ldaps://address, port 636. */
  readonly url: string;
  /** ldap://address, port 389, for StartTLS. */
  readonly startTlsUrl: string;
  readonly ca: string;
  readonly searchBase: string;
  readonly dnsDomain: string;
  readonly netbiosName: string;
  readonly domainSid: string;
  /** The account that searches: an ordinary user. */
  readonly bindDn: string;
  readonly password: string;
  /** For changes during a test. */
  readonly administrator: { readonly bindDn: string; readonly password: string };
  readonly child: ChildServer;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const domain = 'DC=corp,DC=example';
/** As in samba-provision.py. */
const domainSid = 'S-1-5-21-1111111111-2222222222-3333333333';
const administratorPassword = 'Administrator-1';
const ports = [389, 636, 3268, 3269];

export async function startSambaDc(): Promise<SambaDc> {
  const template = await sambaTemplate();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cardgate-samba-'));
  const host = await freeLoopbackAddress(ports);
  for (const part of ['private', 'state']) {
    await cp(path.join(template, part), path.join(folder, part), {
      recursive: true,
      // sockets of the provisioning run
      filter: async (source) => !(await stat(source)).isSocket(),
    });
  }
  const tls = await makeDirectoryTls(folder, `DNS:dc1.corp.example,DNS:corp.example,IP:${host}`);
  const configuration = await writeConfiguration(folder, host);
  const start = () =>
    startChildServer({
      command: '/usr/sbin/samba',
      args: [
        '-i',
        '--no-process-group',
        '-M',
        'single',
        '--maximum-runtime=3600',
        '-s',
        configuration,
        '--debug-stdout',
      ],
      diesWithParentBy: 'pipe',
      ready: { host, port: 636 },
    });
  let child = await start();
  const url = `ldaps://${host}`;
  const administration = createSambaAdministration({ url, ca: tls.ca, domain, administratorPassword });
  const password = 'Service-password-1';
  const service = await administration.addUser({ sam: 'svc-cardgate', password });
  return {
    ...administration,
    host,
    url,
    startTlsUrl: `ldap://${host}`,
    ca: tls.ca,
    searchBase: domain,
    dnsDomain: 'corp.example',
    netbiosName: 'CORP',
    domainSid,
    bindDn: service.distinguishedName,
    password,
    administrator: { bindDn: `CN=Administrator,CN=Users,${domain}`, password: administratorPassword },
    get child() {
      return child;
    },
    restart: async () => {
      await child.stop();
      child = await start();
    },
    stop: async () => {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The provisioned domain, made by the first process of this machine that asks; the others wait for it. */
async function sambaTemplate(): Promise<string> {
  const parent = path.join(os.tmpdir(), `cardgate-test-${process.getuid?.() ?? 0}`);
  const template = path.join(parent, 'samba-template');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const lock = path.join(parent, 'samba-template.lock');
  for (;;) {
    if (await exists(template)) return template;
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
    } catch {
      await removeStaleLock(lock);
      await delay(100);
      continue;
    }
    try {
      await provision(template);
      return template;
    } finally {
      await rm(lock, { force: true });
    }
  }
}

async function removeStaleLock(lock: string): Promise<void> {
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (!owner) return;
  try {
    process.kill(owner, 0);
  } catch {
    await rm(lock, { force: true });
  }
}

/** Provisions beside the final place and renames, so that a template is either whole or not there. */
async function provision(template: string): Promise<void> {
  const unfinished = `${template}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  const configuration = await writeConfiguration(unfinished, '127.0.0.1');
  const script = path.join(import.meta.dirname, 'samba-provision.py');
  try {
    // Debian's own python: another one first in PATH has no samba module
    await run('/usr/bin/python3', [script, configuration], { maxBuffer: 1 << 24 });
  } catch (cause) {
    const packages = 'samba samba-dsdb-modules samba-ad-provision';
    throw new Error(`cannot provision a Samba domain: apt-get install --no-install-recommends ${packages}`, { cause });
  }
  await rename(unfinished, template);
}

async function writeConfiguration(folder: string, host: string): Promise<string> {
  const settings: Record<string, string> = {
    'netbios name': 'DC1',
    realm: 'CORP.EXAMPLE',
    workgroup: 'CORP',
    'server role': 'active directory domain controller',
    'server services': 'ldap',
    'dcerpc endpoint servers': '-epmapper',
    // without the mask it listens on nothing
    interfaces: `${host}/8`,
    'bind interfaces only': 'yes',
    'tls enabled': 'yes',
    'tls keyfile': `${folder}/dc.key`,
    'tls certfile': `${folder}/dc.pem`,
    'tls cafile': `${folder}/ca.pem`,
    'ldb:nosync': 'true',
    'log file': `${folder}/log/log.%m`,
    'log level': '1',
  };
  const folders: Record<string, string> = {
    'private dir': 'private',
    'state directory': 'state',
    'cache directory': 'cache',
    'lock directory': 'lock',
    'pid directory': 'run',
    'binddns dir': 'bind-dns',
    'ncalrpc dir': 'run/ncalrpc',
    'winbindd socket directory': 'run/winbindd',
    'ntp signd socket directory': 'run/ntp_signd',
  };
  for (const name of ['etc', 'log', ...Object.values(folders)]) {
    if (!name.startsWith('run/') && name !== 'bind-dns') await mkdir(path.join(folder, name), { recursive: true });
  }
  for (const [name, value] of Object.entries(folders)) settings[name] = path.join(folder, value);
  const lines = Object.entries(settings).map(([name, value]) => `\t${name} = ${value}`);
  const sysvol = path.join(folder, 'state/sysvol');
  const shares = `[sysvol]\n\tpath = ${sysvol}\n[netlogon]\n\tpath = ${sysvol}/corp.example/scripts\n`;
  const file = path.join(folder, 'etc/smb.conf');
  await writeFile(file, `[global]\n${lines.join('\n')}\n${shares}`);
  return file;
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
