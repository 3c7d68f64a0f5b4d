/** A real OpenLDAP server with its own data, on loopback, with the schema an AD-like mapping needs and a password policy overlay. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type ChildServer, startChildServer } from './child-server.ts';
import { makeDirectoryTls } from './directory-tls.ts';
import { freePort } from './free-ports.ts';

const run = promisify(execFile);

interface SlapdAccount {
  readonly uid: string;
  readonly userPrincipalName?: string;
  readonly mail?: string;
  readonly altSecurityIdentities?: readonly string[];
  /** Whole certificates, DER. */
  readonly certificates?: readonly Buffer[];
  /** Lower-case hexadecimal SHA-256, kept in x509CertHash. */
  readonly fingerprints?: readonly string[];
  /** Binary objectSid. */
  readonly objectSid?: Buffer;
  readonly homeDirectory?: string;
  /** Auxiliary object classes beside the usual ones. */
  readonly objectClasses?: readonly string[];
  /** More LDIF lines of this entry, such as `shadowExpire: 1` or `pwdAccountLockedTime: 000001010000Z`. */
  readonly lines?: readonly string[];
}

export interface SlapdOptions {
  readonly accounts?: readonly SlapdAccount[];
  /** Name of each group below ou=groups and its members: uids, or `group:NAME`. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** More entries, as LDIF. */
  readonly ldif?: string;
  /** More schema definitions, as lines of slapd.conf. */
  readonly schema?: readonly string[];
  /** URL to which the server refers a client that asks for what it does not hold. */
  readonly referral?: string;
  /** Access rules that come before those of the whole tree, such as `access to dn.base="…" by anonymous read`. */
  readonly access?: readonly string[];
  /** More lines of the mdb database section of slapd.conf, such as `sizelimit 1`. */
  readonly configuration?: readonly string[];
}

export interface Slapd {
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number;
  /** ldaps://127.0.0.1:port */
  readonly url: string;
  /** ldap://127.0.0.1:port, for StartTLS. */
  readonly startTlsUrl: string;
  /** PEM of the CA that issued the server's certificate. */
  readonly ca: string;
  readonly searchBase: string;
  /** The account that searches. */
  readonly bindDn: string;
  readonly password: string;
  /** Client certificate of the same account, for SASL EXTERNAL. */
  readonly clientCertificate: { readonly certificate: string; readonly privateKey: string };
  /** rootdn, for changes during a test. */
  readonly administrator: { readonly bindDn: string; readonly password: string };
  readonly child: ChildServer;
  restart(): Promise<void>;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

const shippedSchema = path.join(import.meta.dirname, '..', '..', 'mappings', 'openldap.schema');
const base = 'dc=corp,dc=example';
const servicePassword = 'service-password';
const rootPassword = 'root-password';

export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cardgate-slapd-'));
  const host = '127.0.0.1';
  const [port, tlsPort] = [await freePort(host), await freePort(host)];
  await mkdir(path.join(folder, 'db'));
  const tls = await makeDirectoryTls(folder, `DNS:ldap.corp.example,IP:${host}`);
  const configuration = path.join(folder, 'slapd.conf');
  const data = path.join(folder, 'data.ldif');
  await writeFile(configuration, slapdConfiguration(folder, tls, options));
  await writeFile(data, ldifOf(options));
  await run('/usr/sbin/slapadd', ['-q', '-f', configuration, '-b', base, '-l', data]);
  const start = () =>
    startChildServer({
      command: '/usr/sbin/slapd',
      args: ['-d', '0', '-f', configuration, '-h', `ldap://${host}:${port} ldaps://${host}:${tlsPort}`],
      diesWithParentBy: 'signal',
      ready: { host, port: tlsPort },
    });
  let child = await start();
  return {
    host,
    port,
    tlsPort,
    url: `ldaps://${host}:${tlsPort}`,
    startTlsUrl: `ldap://${host}:${port}`,
    ca: tls.ca,
    searchBase: `ou=people,${base}`,
    bindDn: `uid=cardgate,ou=services,${base}`,
    password: servicePassword,
    clientCertificate: tls.client,
    administrator: { bindDn: `cn=admin,${base}`, password: rootPassword },
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

/** With the schema that is shipped, and attributes that other servers have of their own. */
function slapdConfiguration(
  folder: string,
  tls: { caFile: string; certificateFile: string; keyFile: string },
  options: SlapdOptions,
): string {
  const schema = ['core', 'cosine', 'inetorgperson', 'nis', 'dyngroup'];
  const text = "EQUALITY caseIgnoreMatch SYNTAX '1.3.6.1.4.1.1466.115.121.1.15'";
  const time = "EQUALITY generalizedTimeMatch SYNTAX '1.3.6.1.4.1.1466.115.121.1.24' SINGLE-VALUE";
  return `modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
moduleload dynlist
${schema.map((name) => `include /etc/ldap/schema/${name}.schema`).join('\n')}
include ${shippedSchema}
attributetype ( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' ${text} SINGLE-VALUE )
attributetype ( 2.16.840.1.113719.1.301.4.26.1 NAME 'krbPrincipalExpiration' ${time} )
attributetype ( 2.16.840.1.113730.3.1.93 NAME 'accountUnlockTime' ${time} )
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'stateOfOtherServers' SUP top AUXILIARY
  MAY ( nsAccountLock $ homeDirectory $ krbPrincipalExpiration $ accountUnlockTime ) )
${(options.schema ?? []).join('\n')}
${options.referral === undefined ? '' : `referral ${options.referral}`}
pidfile ${folder}/slapd.pid
argsfile ${folder}/slapd.args
TLSCACertificateFile ${tls.caFile}
TLSCertificateFile ${tls.certificateFile}
TLSCertificateKeyFile ${tls.keyFile}
TLSVerifyClient try
authz-regexp "^cn=([^,]+),o=gateways$" "uid=$1,ou=services,${base}"
database mdb
suffix "${base}"
rootdn "cn=admin,${base}"
rootpw ${rootPassword}
directory ${folder}/db
maxsize 4294967296
dbnosync
index objectClass,uid,mail,userPrincipalName,altSecurityIdentities,objectSid,x509CertHash,userCertificate,member eq
access to attrs=userPassword by anonymous auth by * none
${(options.access ?? []).join('\n')}
access to * by users read by anonymous auth
${(options.configuration ?? []).join('\n')}
overlay ppolicy
ppolicy_use_lockout
`;
}

function ldifOf(options: SlapdOptions): string {
  const unit = (name: string) => [`dn: ou=${name},${base}`, 'objectClass: organizationalUnit', `ou: ${name}`];
  const entries = [
    [`dn: ${base}`, 'objectClass: domain', 'dc: corp'],
    ...['people', 'groups', 'services'].map(unit),
    [
      `dn: uid=cardgate,ou=services,${base}`,
      ...['objectClass: inetOrgPerson', 'uid: cardgate', 'cn: cardgate', 'sn: cardgate'],
      `userPassword: ${servicePassword}`,
    ],
    ...(options.accounts ?? []).map(accountLines),
    ...Object.entries(options.groups ?? {}).map(([name, members]) => [
      `dn: cn=${name},ou=groups,${base}`,
      'objectClass: groupOfNames',
      `cn: ${name}`,
      ...members.map((member) => `member: ${memberName(member)}`),
    ]),
  ];
  return `${entries.map((lines) => lines.join('\n')).join('\n\n')}\n\n${options.ldif ?? ''}\n`;
}

function memberName(member: string): string {
  return member.startsWith('group:') ? `cn=${member.slice(6)},ou=groups,${base}` : `uid=${member},ou=people,${base}`;
}

function accountLines(account: SlapdAccount): string[] {
  const encoded = (name: string, value: string | Buffer) => `${name}:: ${Buffer.from(value).toString('base64')}`;
  const optional = (name: string, value: string | Buffer | undefined) =>
    value === undefined ? [] : [encoded(name, value)];
  return [
    `dn: uid=${account.uid},ou=people,${base}`,
    ...['inetOrgPerson', 'cardHolder', 'stateOfOtherServers', 'shadowAccount', ...(account.objectClasses ?? [])].map(
      (name) => `objectClass: ${name}`,
    ),
    ...['uid', 'cn', 'sn'].map((name) => encoded(name, account.uid)),
    ...optional('userPrincipalName', account.userPrincipalName),
    ...optional('mail', account.mail),
    ...(account.altSecurityIdentities ?? []).map((value) => encoded('altSecurityIdentities', value)),
    ...(account.certificates ?? []).map((der) => encoded('userCertificate;binary', der)),
    ...(account.fingerprints ?? []).map((value) => encoded('x509CertHash', value)),
    ...optional('objectSid', account.objectSid),
    ...optional('homeDirectory', account.homeDirectory),
    ...(account.lines ?? []),
  ];
}
