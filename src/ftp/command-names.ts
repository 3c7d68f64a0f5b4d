/** Names of commands, for settings that list some. A test holds them to the command table, which this file must not load. */
import type { FtpSettings } from './server-settings.ts';

/** Each command by all its names. */
export const commandNames: readonly (readonly string[])[] = [
  ...'ABOR ACCT ALLO APPE AUTH AVBL CCC CLNT COMB CSID DELE EPRT EPSV FEAT HASH HELP HOST LANG LIST MD5 MDTM MFF MFMT'
    .split(' ')
    .map((verb) => [verb]),
  ...'MLSD MLST MMD5 MODE NLST NOOP OPTS PASS PASV PBSZ PORT PROT QUIT RANG REIN REST RETR RNFR RNTO SITE SIZE STAT'
    .split(' ')
    .map((verb) => [verb]),
  ...'STOR STOU STRU SYST TYPE USER XCRC XMD5 XSHA256 XSHA512'.split(' ').map((verb) => [verb]),
  ...['CDUP XCUP', 'CWD XCWD', 'MKD XMKD', 'PWD XPWD', 'RMD XRMD', 'XSHA1 XSHA'].map((verbs) => verbs.split(' ')),
  ...'CHMOD COPY CPFR CPTO HELP IDLE SYMLINK UMASK UTIME WHO'.split(' ').map((verb) => [`SITE ${verb}`]),
];

/** Known, and answered 502 whatever a site allows. */
export const unofferedNames: readonly string[] = 'ADAT CONF CPSV ENC LPRT LPSV MFCT MIC PRET SMNT SSCN'.split(' ');

/** @returns what a site has to set before it serves a command that it never serves as it is; undefined for one that it serves */
export function neededFor(
  command: string,
  { firewallSupport, fileHandling, bindings }: FtpSettings,
): string | undefined {
  switch (command) {
    case 'PORT':
    case 'EPRT':
      return firewallSupport.activeMode ? undefined : 'firewallSupport.activeMode: true';
    case 'SITE CHMOD':
      return fileHandling.allowedModeBits === 0 ? 'fileHandling.allowedModeBits' : undefined;
    case 'SITE SYMLINK':
      return fileHandling.allowSymbolicLinks ? undefined : 'fileHandling.allowSymbolicLinks: true';
    case 'AUTH':
      return bindings.some(({ tls }) => tls === 'explicit') ? undefined : 'a binding with tls: explicit';
    default:
      return undefined;
  }
}
