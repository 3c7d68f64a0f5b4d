/**
 * The FTPS servers of Debian 12 that cardgate is compared with, as scripts/bench/peers unpacks them. Each asks for a client
 * certificate of the test authority and for a password (SHA-512 crypt), on TLS 1.2 and 1.3, and writes its log of transfers.
 * They need root to run.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { startChildServer } from './child-server.ts';
import { freePort } from './free-ports.ts';
import type { TestPki } from './pki.ts';
import { python } from './python.ts';

export const peerNames = ['vsftpd', 'proftpd', 'pure-ftpd'] as const;
export type PeerName = (typeof peerNames)[number];

const peersFolder = process.env['CARDGATE_BENCH_PEERS'] ?? join(homedir(), '.cache', 'cardgate-bench');
const unpacked = (name: PeerName, ...path: readonly string[]) => join(peersFolder, name, ...path);
export const hasPeer = (name: PeerName): boolean => existsSync(unpacked(name, 'version'));

export interface FtpPeer {
  readonly name: PeerName;
  readonly version: string;
  /** The process that all others of the server descend from. */
  readonly pid: number;
  /** On 127.0.0.1; AUTH TLS. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Host path of the user’s files. */
  readonly home: string;
  /** That files of the user belong to. */
  readonly userId: number;
  stop(): Promise<void>;
}

/** Of its configuration, in the words of the peer. */
type PeerSettings = Readonly<Record<string, string | number>>;

/** The account that files belong to: none that the machine has. */
const userId = 54_321;
const user = 'ada';
const password = 'correct horse battery staple';

interface PeerSetup {
  readonly pki: TestPki;
  readonly port: number;
  /** For configuration and logs. */
  readonly folder: string;
  /** Host path of the user's files. */
  readonly home: string;
  /** crypt(3) of the password. */
  readonly passwordHash: string;
  readonly changes: PeerSettings;
}

interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

const lines = (entries: PeerSettings, between: string) =>
  Object.entries(entries)
    .map(([key, value]) => `${key}${between}${value}\n`)
    .join('');

const passwdLine = ({ passwordHash, home }: PeerSetup, hash = passwordHash) =>
  `${user}:${hash}:${userId}:${userId}::${home}:/bin/false\n`;

/** vsftpd knows the users of the system only: a mount namespace of its own shows it a system that has this user. */
async function vsftpd(setup: PeerSetup): Promise<Command> {
  const { folder, port, pki, passwordHash, changes } = setup;
  const at = (name: string) => join(folder, name);
  await mkdir(at('pam.d'));
  await mkdir(at('empty'), { mode: 0o555 });
  await writeFile(at('pam.d/vsftpd'), 'auth required pam_unix.so nodelay\naccount required pam_unix.so\n');
  await writeFile(at('passwd'), (await readFile('/etc/passwd', 'utf8')) + passwdLine(setup, 'x'));
  await writeFile(at('shadow'), `${user}:${passwordHash}:19000:0:99999:7:::\n`, { mode: 0o600 });
  const settings = {
    listen: 'YES',
    listen_address: '127.0.0.1',
    listen_port: port,
    background: 'NO',
    anonymous_enable: 'NO',
    local_enable: 'YES',
    ftp_username: 'daemon',
    pam_service_name: 'vsftpd',
    chroot_local_user: 'YES',
    allow_writeable_chroot: 'YES',
    check_shell: 'NO',
    secure_chroot_dir: at('empty'),
    write_enable: 'YES',
    local_umask: '022',
    max_clients: 0,
    max_per_ip: 0,
    xferlog_enable: 'YES',
    vsftpd_log_file: at('transfers.log'),
    ssl_enable: 'YES',
    ssl_ciphers: 'HIGH',
    require_ssl_reuse: 'NO',
    require_cert: 'YES',
    validate_cert: 'YES',
    ca_certs_file: at('authorities.pem'),
    rsa_cert_file: pki.files.serverChain,
    rsa_private_key_file: pki.files.serverKey,
    ...changes,
  };
  await writeFile(at('vsftpd.conf'), lines(settings, '='));
  const mounts = ['passwd', 'shadow', 'pam.d'].map((name) => `mount --bind "$1/${name}" /etc/${name}`);
  const script = [...mounts, 'exec "$2" "$1/vsftpd.conf"'].join(' && ');
  return {
    command: 'unshare',
    args: ['--mount', 'sh', '-c', script, 'sh', folder, unpacked('vsftpd', 'usr/sbin/vsftpd')],
  };
}

async function proftpd(setup: PeerSetup): Promise<Command> {
  const { folder, port, pki, changes } = setup;
  const at = (name: string) => join(folder, name);
  await writeFile(at('passwd'), passwdLine(setup), { mode: 0o600 });
  await writeFile(at('group'), `${user}:x:${userId}:\n`, { mode: 0o600 });
  const settings = {
    ModulePath: unpacked('proftpd', 'usr/lib/proftpd'),
    LoadModule: 'mod_tls.c',
    ServerType: 'standalone',
    DefaultAddress: '127.0.0.1',
    Port: port,
    User: 'daemon',
    Group: 'daemon',
    UseIPv6: 'off',
    UseReverseDNS: 'off',
    DelayEngine: 'off',
    MaxInstances: 10_000,
    PidFile: at('pid'),
    ScoreboardFile: at('scoreboard'),
    SystemLog: at('system.log'),
    TransferLog: at('transfers.log'),
    WtmpLog: 'off',
    AuthOrder: 'mod_auth_file.c',
    AuthUserFile: at('passwd'),
    AuthGroupFile: at('group'),
    AuthPAM: 'off',
    RequireValidShell: 'off',
    DefaultRoot: '~',
    AllowOverwrite: 'on',
    TLSEngine: 'on',
    TLSRequired: 'on',
    TLSProtocol: 'TLSv1.2 TLSv1.3',
    TLSOptions: 'NoSessionReuseRequired',
    TLSVerifyClient: 'on',
    TLSCACertificateFile: at('authorities.pem'),
    TLSECCertificateFile: pki.files.serverChain,
    TLSECCertificateKeyFile: pki.files.serverKey,
    TLSCertificateChainFile: pki.files.issuing,
    ...changes,
  };
  await writeFile(at('proftpd.conf'), lines(settings, ' '));
  return { command: unpacked('proftpd', 'usr/sbin/proftpd'), args: ['--nodaemon', '--config', at('proftpd.conf')] };
}

/** Its certificate file holds the authorities of clients, too; -C: before the ciphers makes it ask for certificates (README.TLS). */
async function pureFtpd({ folder, port, pki, home, passwordHash, changes }: PeerSetup): Promise<Command> {
  const at = (name: string) => join(folder, name);
  await writeFile(at('passwd'), `${user}:${passwordHash}:${userId}:${userId}::${home}/./${':'.repeat(12)}\n`, {
    mode: 0o600,
  });
  execFileSync(unpacked('pure-ftpd', 'usr/bin/pure-pw'), ['mkdb', at('users.pdb'), '-f', at('passwd')]);
  await writeFile(
    at('server.pem'),
    (await readFile(pki.files.serverChain, 'utf8')) + (await readFile(at('authorities.pem'), 'utf8')),
  );
  const options = {
    '-S': `127.0.0.1,${port}`,
    '-l': `puredb:${at('users.pdb')}`,
    '-Y': 3,
    '-J': '-C:HIGH',
    '-2': `${at('server.pem')},${pki.files.serverKey}`,
    '-g': at('pid'),
    '-O': `clf:${at('transfers.log')}`,
    '-f': 'none',
    '-c': 10_000,
    '-C': 10_000,
    '-k': '100',
    ...changes,
  };
  return {
    command: unpacked('pure-ftpd', 'usr/sbin/pure-ftpd'),
    args: ['-A', '-E', '-H', '-4', ...Object.entries(options).flatMap(([name, value]) => [name, String(value)])],
  };
}

const setups: Readonly<Record<PeerName, (setup: PeerSetup) => Promise<Command>>> = {
  vsftpd,
  proftpd,
  'pure-ftpd': pureFtpd,
};

/**
 * Starts a peer on a free loopback port.
 * @param parent folder for its configuration, logs and files, on the disk that is to be measured
 * @param changes in its configuration
 */
export async function startPeer(
  name: PeerName,
  parent: string,
  pki: TestPki,
  changes: PeerSettings = {},
): Promise<FtpPeer> {
  const folder = join(parent, name);
  const home = join(folder, 'home');
  await mkdir(home, { recursive: true });
  await chown(home, userId, userId);
  await chmod(home, 0o755);
  const authorities = await Promise.all([pki.files.root, pki.files.issuing].map((file) => readFile(file, 'utf8')));
  await writeFile(join(folder, 'authorities.pem'), authorities.join(''));
  const passwordHash = execFileSync('openssl', ['passwd', '-6', '-stdin'], {
    input: password,
    encoding: 'utf8',
  }).trim();
  const port = await freePort();
  const command = await setups[name]({ pki, port, folder, home, passwordHash, changes });
  const server = await startChildServer({
    command: python,
    args: [join(import.meta.dirname, 'keep-orphans.py'), command.command, ...command.args],
    diesWithParentBy: 'signal',
    ready: { host: '127.0.0.1', port },
  });
  const version = readFileSync(unpacked(name, 'version'), 'utf8').trim();
  return { name, version, pid: server.pid, port, user, password, home, userId, stop: () => server.stop() };
}
