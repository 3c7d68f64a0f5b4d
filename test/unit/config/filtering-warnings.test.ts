/** What check-config warns of where lists of commands and names cannot work as they stand. */
import { describe, expect, it } from 'vitest';
import { filteringWarnings } from '../../../src/config/checks/filtering-check.ts';
import { siteSchema } from '../../../src/config/site-schema.ts';

const site = (changes: object) =>
  siteSchema.parse({
    name: 'files',
    bindings: [{ port: 2121 }],
    physicalPath: '/srv/ftp',
    ssl: { serverCertificate: 'server.pem', serverCertificateKey: 'server.key' },
    sslClientCertificates: { trustAnchors: ['root.pem'] },
    mapping: { rules: 'rules.yaml' },
    authorization: [{ users: '*', permissions: ['Read'] }],
    ...changes,
  });
const warned = (changes: object) =>
  filteringWarnings(site(changes)).flatMap(({ applies, path, message }) =>
    applies ? [`${path.join('.')}: ${message}`] : [],
  );
const names = (settings: object) => ({ requestFiltering: settings });
const extensions = (...list: readonly (readonly [string, boolean])[]) =>
  list.map(([fileExtension, allowed]) => ({ fileExtension, allowed }));
const commands = (allowUnlisted: boolean, ...list: readonly (readonly [string, boolean])[]) => ({
  commandFiltering: { allowUnlisted, commands: list.map(([command, allowed]) => ({ command, allowed })) },
});
const usable = ['AUTH', 'USER', 'PBSZ', 'PROT', 'EPSV', 'QUIT'].map((verb) => [verb, true] as const);

describe('check-config', () => {
  it.each<[string, object]>([
    ['nothing filtered', {}],
    [
      'extensions with and without a dot',
      names({ fileExtensions: { extensions: extensions(['.exe', false], ['bat', false]) } }),
    ],
    [
      'extensions that are allowed',
      names({ fileExtensions: { allowUnlisted: false, extensions: extensions(['.txt', true]) } }),
    ],
    [
      'sequences and hidden names',
      names({ denyUrlSequences: ['..', '\\', '/private/'], hiddenSegments: ['_vti_bin'] }),
    ],
    ['commands that a login needs', commands(false, ...usable)],
    ['an older name', commands(true, ['XRMD', false])],
    ['PORT where the site offers it', { ...commands(true, ['PORT', true]), firewallSupport: { activeMode: true } }],
    ['a command that is never served, denied', commands(true, ['PRET', false])],
    ['a command that none needs', commands(true, ['DELE', false], ['SITE CHMOD', false])],
  ])('has nothing against %s', (_what, changes) => {
    expect(warned(changes)).toEqual([]);
  });

  it.each<[string, object, RegExp]>([
    [
      'no extension is allowed',
      names({ fileExtensions: { allowUnlisted: false } }),
      /allowUnlisted: no extension is allowed/,
    ],
    [
      'an extension has a dot in it',
      names({ fileExtensions: { extensions: extensions(['.tar.gz', false]) } }),
      /0\.fileExtension: \.tar\.gz never matches/,
    ],
    [
      'an extension is listed twice',
      names({ fileExtensions: { extensions: extensions(['.exe', false], ['EXE', true]) } }),
      /1\.fileExtension: EXE is listed before/,
    ],
    [
      'an entry says what allowUnlisted says',
      names({ fileExtensions: { extensions: extensions(['.exe', true]) } }),
      /0\.allowed: .* changes nothing/,
    ],
    ['a path can never be so long', names({ requestLimits: { maxUrl: 32_768 } }), /maxUrl: maxUrl 32768 has no effect/],
    ['a sequence is in every path', names({ denyUrlSequences: ['/'] }), /denyUrlSequences\.0: \/ is in every path/],
    ['a sequence is in no path', names({ denyUrlSequences: ['/../'] }), /denyUrlSequences\.0: .* never matches/],
    ['USER is denied', commands(true, ['USER', false]), /USER is denied: no client can log in/],
    ['AUTH is not listed', commands(false, ...usable.slice(1)), /AUTH is denied/],
    ['PROT is denied', commands(true, ['PROT', false]), /PBSZ and PROT are denied/],
    [
      'no command is left for data connections',
      commands(true, ['PASV', false], ['EPSV', false]),
      /PASV and EPSV are denied/,
    ],
    ['QUIT is denied', commands(true, ['QUIT', false]), /QUIT is denied/],
    [
      'a command does not exist',
      commands(true, ['DELET', false]),
      /commands\.0\.command: DELET is no command of this server/,
    ],
    ['a command of SITE does not exist', commands(true, ['SITE EXEC', true]), /SITE EXEC is no command of this server/],
    ['a command is never served', commands(true, ['PRET', true]), /PRET is never served/],
    ['a command needs another setting', commands(true, ['EPRT', true]), /EPRT is allowed here, and the site does not/],
    [
      'SITE CHMOD needs bits',
      { ...commands(true, ['SITE CHMOD', true]), fileHandling: { allowedModeBits: '0000' } },
      /SITE CHMOD is allowed here/,
    ],
    ['links are not allowed', commands(true, ['SITE SYMLINK', true]), /SITE SYMLINK is allowed here/],
    [
      'every binding has TLS from the start',
      { ...commands(true, ['AUTH', true]), bindings: [{ port: 990, tls: 'implicit' }] },
      /AUTH is allowed here/,
    ],
    [
      'a command is listed twice',
      commands(true, ['DELE', true], ['dele', false]),
      /commands\.1\.command: DELE is listed before, as DELE/,
    ],
    [
      'a command is listed by two of its names',
      commands(true, ['XMKD', true], ['MKD', false]),
      /MKD is listed before, as XMKD/,
    ],
  ])('warns where %s', (_what, changes, expected) => {
    expect(warned(changes).join('\n')).toMatch(expected);
  });
});

describe('the schema', () => {
  it.each<[object]>([
    [names({ hiddenSegments: ['a/b'] })],
    [names({ hiddenSegments: ['..'] })],
    [names({ hiddenSegments: [''] })],
    [names({ denyUrlSequences: [''] })],
    [names({ fileExtensions: { extensions: [{ fileExtension: '.exe' }] } })],
    [names({ requestLimits: { maxUrl: 31 } })],
    [names({ requestLimits: { maxAllowedContentLength: -1 } })],
    [commands(true, ['DELE x', false])],
    [{ commandFiltering: { commands: [{ command: 'DELE' }] } }],
  ])('refuses %j', (changes) => {
    expect(() => site(changes)).toThrow();
  });
});
