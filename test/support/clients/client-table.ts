/** The FTPS clients that the gateway is tried with, and how each logs in: the end-to-end tests follow it, and a document shows it. */
import type { TlsVersion } from './client-session.ts';
import type { otherClients } from './other-clients.ts';

/** A card signs through PKCS#11; a certificate has its key in a file. */
type ClientLogin = 'card' | 'certificate' | 'password';

export interface TriedClient {
  /** With its version in Debian 12, or in package-lock.json. */
  readonly program: string;
  readonly logins: readonly ClientLogin[];
  readonly versions: readonly TlsVersion[];
  /** TLS from the first octet. */
  readonly implicit: boolean;
  readonly ipv6: boolean;
  /** What an administrator has to know. */
  readonly remark?: string;
}

const both = ['1.2', '1.3'] as const;

/** Driven by `other-clients.ts`; those whose program is missing are skipped. */
export const otherClientTable = {
  perl: {
    program: 'Perl Net::FTP 3.14',
    logins: ['certificate', 'password'],
    versions: both,
    implicit: true,
    ipv6: true,
  },
  ruby: { program: 'Ruby net-ftp (3.1)', logins: ['certificate'], versions: both, implicit: false, ipv6: true },
  php: {
    program: 'PHP ftp_ssl_connect (8.2)',
    logins: ['password'],
    versions: both,
    implicit: false,
    ipv6: true,
    remark: 'shows no certificate; looks at none of the server’s',
  },
  java: {
    program: 'Apache Commons Net 3.9',
    logins: ['certificate', 'password'],
    versions: both,
    implicit: true,
    ipv6: true,
    remark: 'never resumes a TLS session',
  },
  mono: {
    program: 'mono FtpWebRequest 6.8',
    logins: ['password'],
    versions: ['1.2'],
    implicit: false,
    ipv6: false,
    remark: 'shows a certificate only where its very issuer is a trust anchor of the site',
  },
  erlang: {
    program: 'Erlang ftp (25)',
    logins: ['certificate'],
    versions: both,
    implicit: false,
    ipv6: true,
    remark: 'never resumes a TLS session',
  },
  npmFtp: { program: 'npm ftp 0.3', logins: ['certificate'], versions: both, implicit: false, ipv6: false },
  wget: {
    program: 'wget 1.21',
    logins: ['certificate'],
    versions: both,
    implicit: true,
    ipv6: true,
    remark: 'only downloads',
  },
  rclone: {
    program: 'rclone 1.60',
    logins: ['password'],
    versions: both,
    implicit: false,
    ipv6: true,
    remark: 'shows no certificate',
  },
} as const satisfies Readonly<Record<keyof typeof otherClients, TriedClient>>;

/** Each in tests of its own. */
export const clientTable = {
  curl: {
    program: 'curl 7.88',
    logins: ['card', 'certificate'],
    versions: both,
    implicit: true,
    ipv6: true,
    remark: 'cards by the engine of libp11',
  },
  basicFtp: {
    program: 'basic-ftp 6.2',
    logins: ['card', 'certificate'],
    versions: both,
    implicit: true,
    ipv6: true,
    remark: 'cards by the engine of libp11',
  },
  lftp: {
    program: 'lftp 4.9',
    logins: ['certificate'],
    versions: both,
    implicit: true,
    ipv6: true,
    remark: 'insists on a key file',
  },
  ftplib: {
    program: 'Python ftplib 3.11',
    logins: ['certificate'],
    versions: both,
    implicit: true,
    ipv6: true,
    remark: 'never resumes a TLS session',
  },
  netkit: {
    program: 'netkit ftp-ssl 0.17',
    logins: ['certificate'],
    versions: both,
    implicit: false,
    ipv6: false,
    remark: 'active mode alone: `firewallSupport.activeMode`',
  },
  ...otherClientTable,
} as const satisfies Readonly<Record<string, TriedClient>>;
