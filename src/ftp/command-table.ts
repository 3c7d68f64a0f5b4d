/**
 * The one table of commands: guards, HELP and FEAT are read from it. A command that is not here is not understood; one that is
 * here and refused says why.
 */
import { type CommandSpec, loggedIn, open } from './command-spec.ts';
import { atItsSite, chooseHost, chooseLanguage, identifyServer, noteClient } from './commands/client.ts';
import { combine } from './commands/combine.ts';
import { clientPort, extendedClientPort, extendedPassive, passive } from './commands/data-ports.ts';
import { digestFeature, extendedDigest, hash, hashFeature, md5, severalMd5 } from './commands/digests.ts';
import {
  availableSpace,
  changeDirectory,
  changeToParent,
  makeDirectory,
  printDirectory,
  removeDirectory,
} from './commands/directories.ts';
import { deleteFile, fileSize, renameFrom, renameTo } from './commands/files.ts';
import { features, help, noOperation, status, system } from './commands/information.ts';
import { list, listFacts, listNames, showFacts } from './commands/listings.ts';
import { account, pass, user } from './commands/login.ts';
import { range, restart } from './commands/restart.ts';
import { retrieve } from './commands/retrieve.ts';
import { auth, bufferSize, clearCommandChannel, protection } from './commands/security.ts';
import {
  compressionFeature,
  option,
  quit,
  reinitialize,
  transferMode,
  transferStructure,
  transferType,
} from './commands/settings.ts';
import { site, siteCommands, siteFeatures } from './commands/site/site.ts';
import { append, store, storeUnique } from './commands/store.ts';
import { modifiableFacts, modificationTime, modifyFacts, modifyModificationTime } from './commands/times.ts';
import { abort, allocate } from './commands/transfer.ts';
import type { Control } from './control/control.ts';
import type { DigestAlgorithm } from './data/digest.ts';
import { mlstFacts } from './listing.ts';

const inClear = { inClear: true };

export const commandTable: readonly CommandSpec[] = [
  open('ABOR', '', 'Give up the running transfer.', 'RFC 959 4.1.3', abort, { duringTransfer: 'at-once' }),
  loggedIn('ACCT', '<account>', 'No account is needed beside the login; accepted.', 'RFC 959 4.1.1', account),
  loggedIn('ALLO', '<octets> [R <octets>]', 'Nothing to allocate; accepted.', 'RFC 959 4.1.3', allocate),
  loggedIn('APPE', '<path>', 'Receive a file and append it.', 'RFC 959 4.1.3', append),
  open('AUTH', '<TLS|TLS-C|TLS-P|SSL>', 'Start TLS.', 'RFC 4217 4', auth, { ...inClear, feature: 'AUTH TLS' }),
  loggedIn(
    'AVBL',
    '[<path>]',
    'Tell how many octets are free.',
    'draft-peterson-streamlined-ftp-command-extensions-10',
    availableSpace,
    { feature: 'AVBL' },
  ),
  open(
    'CCC',
    '',
    'Go on without TLS on the control channel, where the site allows it.',
    'RFC 4217 5',
    clearCommandChannel,
    inClear,
  ),
  open('CLNT', '<name>', 'Tell what the client is called.', 'no standard', noteClient, { ...inClear, feature: 'CLNT' }),
  loggedIn('CDUP', '', 'Change to the parent directory.', 'RFC 959 4.1.1', changeToParent, { alias: 'XCUP' }),
  loggedIn('COMB', '<path> <path>...', 'Append files to one and remove them.', 'no standard', combine, {
    feature: 'COMB',
  }),
  loggedIn('CSID', '<name>', 'Tell what client and server are called.', 'no standard', identifyServer, {
    feature: 'CSID',
  }),
  loggedIn('CWD', '<path>', 'Change the working directory.', 'RFC 959 4.1.1', changeDirectory, { alias: 'XCWD' }),
  loggedIn('DELE', '<path>', 'Delete a file.', 'RFC 959 4.1.3', deleteFile),
  loggedIn('EPRT', '<|protocol|address|port|>', 'Connect to this port of yours.', 'RFC 2428 2', extendedClientPort, {
    feature: ({ options }) => (options.site.firewallSupport.activeMode ? 'EPRT' : undefined),
  }),
  loggedIn('EPSV', '[<1|2|ALL>]', 'Wait for a data connection.', 'RFC 2428 3', extendedPassive, { feature: 'EPSV' }),
  open('FEAT', '', 'List the features.', 'RFC 2389 3', (control) => features(control, commandTable), inClear),
  loggedIn('HASH', '<path>', 'Tell the digest of a file.', 'draft-bryan-ftpext-hash-02 3', hash, {
    feature: hashFeature,
  }),
  open('HELP', '[<command>]', 'Explain a command.', 'RFC 959 4.1.3', (...call) => help(...call, commandTable), inClear),
  open('HOST', '<name>', 'Name the host before logging in.', 'RFC 7151 3', chooseHost, { ...inClear, feature: 'HOST' }),
  open('LANG', '[<tag>]', 'Choose the language of replies.', 'RFC 2640 4', chooseLanguage, {
    ...inClear,
    feature: 'LANG EN*',
  }),
  loggedIn('LIST', '[<options>] [<path>]', 'List a directory for people.', 'RFC 959 4.1.3', list),
  loggedIn('MD5', '<path>', 'Tell the MD5 digest of a file.', 'draft-bryan-ftpext-hash-02 appendix B', md5, {
    feature: digestFeature('MD5', 'MD5'),
  }),
  loggedIn('MDTM', '<path>', 'Tell when a file was modified.', 'RFC 3659 3', modificationTime, { feature: 'MDTM' }),
  loggedIn(
    'MFF',
    '<facts> <path>',
    'Set facts of a file: Modify, UNIX.mode.',
    'draft-somers-ftp-mfxx-04 5',
    modifyFacts,
    {
      feature: modifiableFacts,
    },
  ),
  loggedIn(
    'MFMT',
    '<time> <path>',
    'Set when a file was modified.',
    'draft-somers-ftp-mfxx-04 3',
    modifyModificationTime,
    { feature: 'MFMT' },
  ),
  loggedIn('MKD', '<path>', 'Make a directory.', 'RFC 959 4.1.3', makeDirectory, { alias: 'XMKD' }),
  loggedIn('MLSD', '[<path>]', 'List a directory for programs.', 'RFC 3659 7', listFacts),
  loggedIn('MLST', '[<path>]', 'Show the facts of one object.', 'RFC 3659 7', showFacts, { feature: mlstFeature }),
  loggedIn(
    'MMD5',
    '<path>[,<path>]',
    'Tell the MD5 digests of files.',
    'draft-bryan-ftpext-hash-02 appendix B',
    severalMd5,
    {
      feature: digestFeature('MMD5', 'MD5'),
    },
  ),
  open('MODE', '<S|Z>', 'Set the transfer mode.', 'RFC 959 4.1.2', transferMode, { feature: compressionFeature }),
  loggedIn('NLST', '[<options>] [<path>]', 'List names.', 'RFC 959 4.1.3', listNames),
  open('NOOP', '', 'Do nothing.', 'RFC 959 4.1.3', noOperation, {
    ...inClear,
    duringTransfer: 'in-turn',
  }),
  open('OPTS', '<command> [<options>]', 'Set an option of UTF8, MLST, HASH or MODE Z.', 'RFC 2389 4', option, inClear),
  open('PASS', '[<password>]', 'Log in with a password.', 'RFC 959 4.1.1', pass),
  loggedIn('PASV', '', 'Wait for a data connection.', 'RFC 959 4.1.2', passive, { feature: 'PASV' }),
  open('PBSZ', '<0>', 'Agree on no protection buffer.', 'RFC 4217 9', bufferSize, { ...inClear, feature: 'PBSZ' }),
  loggedIn('PORT', '<h1,h2,h3,h4,p1,p2>', 'Connect to this port of yours.', 'RFC 959 4.1.2', clientPort),
  open('PROT', '<C|P>', 'Protect data connections or not.', 'RFC 4217 9', protection, { ...inClear, feature: 'PROT' }),
  loggedIn('PWD', '', 'Print the working directory.', 'RFC 959 4.1.3', printDirectory, { alias: 'XPWD' }),
  open('QUIT', '', 'End the session.', 'RFC 959 4.1.1', quit, inClear),
  loggedIn('RANG', '<start> <end>', 'Choose the octets for the next command.', 'draft-bryan-ftp-range-09 3', range, {
    feature: 'RANG STREAM',
  }),
  open('REIN', '', 'Log out.', 'RFC 959 4.1.1', reinitialize),
  loggedIn('REST', '<offset>', 'Start the next transfer there.', 'RFC 3659 5', restart, { feature: 'REST STREAM' }),
  loggedIn('RETR', '<path>', 'Send a file.', 'RFC 959 4.1.3', retrieve),
  loggedIn('RMD', '<path>', 'Remove an empty directory.', 'RFC 959 4.1.3', removeDirectory, { alias: 'XRMD' }),
  loggedIn('RNFR', '<path>', 'Name what to rename.', 'RFC 959 4.1.3', renameFrom),
  loggedIn('RNTO', '<path>', 'Rename it.', 'RFC 959 4.1.3', renameTo),
  loggedIn(
    'SITE',
    '<command> [<arguments>] [<path>]',
    'Commands of this server; SITE HELP lists them.',
    'RFC 959 4.1.3',
    site,
    {
      feature: siteFeatures,
      subcommands: siteCommands,
    },
  ),
  loggedIn('SIZE', '<path>', 'Tell the size of a file.', 'RFC 3659 4', fileSize, { feature: 'SIZE' }),
  open('STAT', '[[<options>] <path>]', 'Tell the status, or list over here.', 'RFC 959 4.1.3', status, {
    ...inClear,
    duringTransfer: 'at-once',
  }),
  loggedIn('STOR', '<path>', 'Receive a file.', 'RFC 959 4.1.3', store),
  loggedIn('STOU', '[<path>]', 'Receive a file under a new name.', 'RFC 959 4.1.3', storeUnique),
  open('STRU', '<F>', 'Set the file structure; file only.', 'RFC 959 4.1.2', transferStructure),
  open('SYST', '', 'Tell the kind of system.', 'RFC 959 4.1.3', system, inClear),
  open('TYPE', '<A|I|L 8>', 'Set the representation type.', 'RFC 959 4.1.2', transferType, { feature: 'TVFS' }),
  open('USER', '<name>', 'Log in.', 'RFC 959 4.1.1', atItsSite(user), { ...inClear, feature: 'UTF8' }),
  digestCommand('XCRC', 'CRC32'),
  digestCommand('XMD5', 'MD5'),
  digestCommand('XSHA1', 'SHA-1', 'XSHA'),
  digestCommand('XSHA256', 'SHA-256'),
  digestCommand('XSHA512', 'SHA-512'),
];

/** As servers have them since 2001; no standard describes them. */
function digestCommand(verb: string, algorithm: DigestAlgorithm, alias?: string): CommandSpec {
  const syntax = '<path> [<start> [<end>]]';
  const help = `Tell the ${algorithm} digest of a file.`;
  const feature = digestFeature(verb, algorithm);
  const run = extendedDigest(algorithm);
  return loggedIn(verb, syntax, help, 'draft-bryan-ftpext-hash-02 appendix B', run, {
    feature,
    ...(alias && { alias }),
  });
}

/** RFC 3659 7.8: all facts there are, those enabled marked by an asterisk. */
function mlstFeature(control: Control): string {
  return `MLST ${mlstFacts.map((fact) => `${fact}${control.settings.mlstFacts.has(fact) ? '*' : ''};`).join('')}`;
}
