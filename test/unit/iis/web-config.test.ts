/** web.config files: where they belong, what they add to applicationHost.config, and what keeps them from it. */
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importIis } from '../../../src/iis/import-iis.ts';
import { InputFault } from '../../../src/iis/reading/input-fault.ts';
import type { ImportOptions } from '../../../src/iis/translation/import-options.ts';
import { type IisParts, iisFile, imported, noOptions } from '../../support/iis-files.ts';

const allow = (users: string, permissions = 'Read') =>
  `<add accessType="Allow" users="${users}" permissions="${permissions}" />`;
const deny = (users: string, permissions = 'Read') => allow(users, permissions).replace('Allow', 'Deny');
const rules = (inside: string, attributes = '') => `<authorization ${attributes}>${inside}</authorization>`;
const security = (inside: string) => `<system.ftpServer><security>${inside}</security></system.ftpServer>`;
const webConfig = (inside: string) => `<configuration>${inside}</configuration>`;
const locationOf = (path: string, inside: string, attributes = '') =>
  `<location path="${path}" ${attributes}>${security(inside)}</location>`;

const declaration = (attributes: string) =>
  `<configSections><sectionGroup name="system.ftpServer"><sectionGroup name="security">${[
    'authorization',
    'ipSecurity',
    'requestFiltering',
  ]
    .map((name) => `<section name="${name}" ${attributes} />`)
    .join('')}</sectionGroup></sectionGroup></configSections>`;
const unlocked = declaration('overrideModeDefault="Allow"');

const given = (text: string, location: string | undefined = 'files', file = 'web.config') => ({
  file,
  location,
  octets: Buffer.from(text),
});

const lying = (text: string, file: string) => ({ ...given(text), file, location: undefined });

/** With the section of the parts unlocked, unless they say otherwise. */
function withWebConfigs(
  webConfigs: ImportOptions['webConfigs'],
  parts: IisParts = {},
  options: Partial<ImportOptions> = {},
) {
  return imported(iisFile({ after: unlocked, ...parts }), { ...options, webConfigs });
}

const isComment = ({ sites }: ReturnType<typeof imported>) => sites[0]?.written === 'written as a comment';
const reasonOf = ({ sites }: ReturnType<typeof imported>) => sites[0]?.reasons.join('\n');

function refusal(webConfigs: ImportOptions['webConfigs'], options: Partial<ImportOptions> = {}): string {
  try {
    importIis('a.config', Buffer.from(iisFile({ after: unlocked })), { ...noOptions, ...options, webConfigs });
    return 'imported';
  } catch (error) {
    if (!(error instanceof InputFault)) throw error;
    return `${error.place.file}:${error.place.line}:${error.place.column} ${error.message}. ${error.remedy}`;
  }
}

describe('what a web.config says', () => {
  const allAccounts = { users: '*', permissions: ['Read', 'Write'] };
  const bob = { users: ['bob'], permissions: ['Read'] };

  it.each([
    [
      'at the root of a site adds to the rules of its location',
      'files',
      rules(deny('eve')),
      [allAccounts, { accessType: 'Deny', users: ['eve'], permissions: ['Read'] }],
    ],
    [
      'at a path holds there',
      'files/a/b',
      rules(deny('eve')),
      [allAccounts, { accessType: 'Deny', users: ['eve'], permissions: ['Read'], path: '/a/b' }],
    ],
    ['clears what it inherits at the root', 'files', rules(`<clear />${allow('bob')}`), [bob]],
    [
      'removes what it inherits at the root',
      'files',
      rules(`<remove users="*" roles="" permissions="Read, Write" />${allow('bob')}`),
      [bob],
    ],
    [
      'clears what it inherits at a path, where the same people are denied',
      'FILES/a',
      rules(`<clear />${allow('bob')}`),
      [
        allAccounts,
        { users: ['bob'], permissions: ['Read'], path: '/a' },
        { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/a' },
      ],
    ],
  ])('%s', (_name, location, inside, expected) => {
    expect(withWebConfigs([given(webConfig(security(inside)), location)]).settings).toMatchObject({
      authorization: expected,
    });
  });

  it('in a location holds below its own path', () => {
    const text = webConfig(locationOf('b/c', rules(deny('eve'))));
    expect(withWebConfigs([given(text, 'files/a')]).settings).toMatchObject({
      authorization: [allAccounts, { accessType: 'Deny', path: '/a/b/c' }],
    });
  });

  it('comes behind a location of applicationHost.config for the same path, and before a file below it', () => {
    const deeper = given(webConfig(security(rules(`<clear />${allow('eve')}`))), 'files/a', 'deeper.config');
    const upper = given(webConfig(security(rules(deny('eve')))), 'files', 'upper.config');
    const after = unlocked + locationOf('files/a', rules(allow('ada')));
    const { settings } = withWebConfigs([deeper, upper], { after });
    expect(settings['authorization']).toEqual([
      allAccounts,
      { accessType: 'Deny', users: ['eve'], permissions: ['Read'] },
      { users: ['eve'], permissions: ['Read'], path: '/a' },
      { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/a' },
    ]);
  });

  it('comes behind what a file above it says of its path, in whatever order the two are given', () => {
    const deeper = given(webConfig(security(rules(`<clear />${allow('eve')}`))), 'files/a', 'deeper.config');
    const upper = given(webConfig(locationOf('a', rules(allow('bob')))), 'files', 'upper.config');
    for (const files of [
      [upper, deeper],
      [deeper, upper],
    ]) {
      expect(withWebConfigs(files).settings['authorization']).toEqual([
        allAccounts,
        { users: ['eve'], permissions: ['Read'], path: '/a' },
        { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/a' },
      ]);
    }
  });

  it('filters names and addresses of the site', () => {
    const inside =
      '<requestFiltering><hiddenSegments><add segment="private" /></hiddenSegments></requestFiltering>' +
      '<ipSecurity><add ipAddress="192.0.2.1" /></ipSecurity>';
    expect(withWebConfigs([given(webConfig(security(inside)))]).settings).toMatchObject({
      requestFiltering: { hiddenSegments: ['private'] },
      ipSecurity: { entries: [{ ipAddress: '192.0.2.1', allowed: false }] },
    });
  });

  it('of an address for a path stops the site, as a location does', () => {
    const text = webConfig(security('<ipSecurity><add ipAddress="192.0.2.1" /></ipSecurity>'));
    expect(isComment(withWebConfigs([given(text, 'files/a')]))).toBe(true);
  });

  it('lets accounts in that no rule of applicationHost.config names, where that leaves it to web.config', () => {
    const file = given(webConfig(security(rules(allow('ada')))));
    expect(withWebConfigs([file], { rules: '' }).sites).toMatchObject([{ written: 'written' }]);
    expect(isComment(withWebConfigs([file], { rules: '', after: '' }))).toBe(true);
  });

  it('of other products is counted, and changes nothing', () => {
    const text = webConfig(
      '<system.webServer><a b="c" /></system.webServer><runtime><x:y xmlns:x="urn:z" /></runtime>',
    );
    const { told, settings, findings } = withWebConfigs([given(text)], { after: '' });
    expect(settings).toMatchObject({ authorization: [allAccounts] });
    expect(told).toContain('withoutEffect system.webServer');
    expect(findings.find(({ subject }) => subject === 'system.webServer')?.place?.file).toBe('web.config');
  });

  it('names both files in the configuration, and the file in what it finds', () => {
    const text = webConfig(security(rules(deny('*'))));
    const { yaml, findings } = withWebConfigs([given(text, 'files', 'sub/web.config')]);
    expect(yaml).toMatch(
      /^# Made by .* from a\.config \(SHA-256 \w{64}\),\n# {3}sub\/web\.config \(SHA-256 \w{64}\)\.\n/,
    );
    const overlap = findings.find(({ message }) => message.startsWith('denies what the rule before it'));
    expect(overlap).toMatchObject({
      place: { file: 'sub/web.config', line: 1 },
      message: expect.stringContaining('at 14:'),
    });
  });

  it.each([
    ['is asked for while none is given', [], 'needsDecision'],
    ['is left to the administrator where some are given', [given(webConfig(''))], 'different'],
  ])('of a section that is unlocked %s', (_name, files, outcome) => {
    expect(withWebConfigs(files).told).toContain(`${outcome} system.ftpServer/security/authorization`);
  });
});

describe('a lock', () => {
  const file = given(webConfig(security(rules(allow('ada')))), 'files/a');
  const empty = rules('');

  it.each([
    ['of IIS, where nothing is declared', ''],
    ['of a declaration', declaration('overrideModeDefault="Deny"')],
    [
      'of a declaration that allows the section in applicationHost.config only',
      declaration('allowDefinition="AppHostOnly"'),
    ],
    ['of one declaration of two', unlocked + declaration('overrideModeDefault="Deny"')],
    ['of a location of the server', unlocked + locationOf('', empty, 'overrideMode="Deny"')],
    ['of the location of the very path', unlocked + locationOf('files/a', empty, 'overrideMode="Deny"')],
    ['of the old attribute', unlocked + locationOf('files/a', empty, 'allowOverride="false"')],
    ['of a value that IIS does not know', unlocked + locationOf('files/a', empty, 'overrideMode="Allowed"')],
    [
      'of the nearer of two locations',
      locationOf('.', empty, 'overrideMode="Allow"') + locationOf('files/a', empty, 'overrideMode="Deny"'),
    ],
  ])('%s stops the site', (_name, after) => {
    const result = withWebConfigs([file], { after });
    expect(isComment(result)).toBe(true);
    expect(reasonOf(result)).toMatch(/^system\.ftpServer\/security\/authorization at web\.config:1:\d+ .* is locked/);
  });

  it.each([
    ['by its declaration', unlocked],
    ['by a declaration that says nothing, as IIS reads it', declaration('')],
    ['by the location of its path', locationOf('files/a', empty, 'overrideMode="Allow"')],
    ['by the location of the site', locationOf('files', empty, 'overrideMode="allow"')],
    [
      'by the nearer of two locations',
      locationOf('.', empty, 'overrideMode="Deny"') + locationOf('files/a', empty, 'overrideMode="Allow"'),
    ],
    ['beside the path', unlocked + locationOf('files/b', empty, 'overrideMode="Deny"')],
    ['below the path', unlocked + locationOf('files/a/b', empty, 'overrideMode="Deny"')],
    ['at another site', unlocked + locationOf('other/a', empty, 'overrideMode="Deny"')],
    ['by inheritance', unlocked + locationOf('files/a', empty, 'overrideMode="Inherit"')],
  ])('that is undone %s does not', (_name, after) => expect(isComment(withWebConfigs([file], { after }))).toBe(false));

  it('of a web.config holds for those below it, and one below undoes none', () => {
    const upper = (mode: string) =>
      given(webConfig(locationOf('a', empty, `overrideMode="${mode}"`)), 'files', 'up.config');
    expect(isComment(withWebConfigs([file, upper('Deny')]))).toBe(true);
    expect(isComment(withWebConfigs([file, upper('Allow')]))).toBe(false);
    const unlocking = locationOf('files', empty, 'overrideMode="Deny"');
    expect(isComment(withWebConfigs([file, upper('Allow')], { after: unlocked + unlocking }))).toBe(true);
  });

  it('at its own path binds what it says of a path below, which is free', () => {
    const text = webConfig(locationOf('a', rules(allow('ada'))));
    const after = locationOf('files/a', empty, 'overrideMode="Allow"');
    expect(isComment(withWebConfigs([given(text)], { after }))).toBe(true);
  });

  const filtering = (inside: string, attributes = '') => `<requestFiltering ${attributes}>${inside}</requestFiltering>`;
  const hidden = (inside: string, attributes = '') => `<hiddenSegments ${attributes}>${inside}</hiddenSegments>`;
  const a = '<add segment="a" />';
  const locked = '<add segment="x" lockItem="true" />';
  it.each<[string, string, string, boolean]>([
    [
      'an attribute',
      filtering('', 'lockAttributes="allowHighBitCharacters"'),
      filtering('', 'allowHighBitCharacters="true"'),
      true,
    ],
    ['all attributes', filtering('', 'lockAttributes="*"'), filtering('', 'allowHighBitCharacters="true"'), true],
    [
      'another attribute',
      filtering('', 'lockAttributes="other"'),
      filtering('', 'allowHighBitCharacters="true"'),
      false,
    ],
    [
      'all attributes but one',
      filtering('', 'lockAllAttributesExcept="other"'),
      filtering('', 'allowHighBitCharacters="true"'),
      true,
    ],
    [
      'all attributes but this',
      filtering('', 'lockAllAttributesExcept="allowHighBitCharacters"'),
      filtering('', 'allowHighBitCharacters="true"'),
      false,
    ],
    [
      'an attribute of an element below',
      filtering('<fileExtensions lockAttributes="allowUnlisted" />'),
      filtering('<fileExtensions allowUnlisted="true" />'),
      true,
    ],
    ['an element', filtering('', 'lockElements="hiddenSegments"'), filtering(hidden(a)), true],
    [
      'one of several elements',
      filtering('', 'lockElements="fileExtensions, hiddenSegments"'),
      filtering(hidden(a)),
      true,
    ],
    ['all elements but one', filtering('', 'lockAllElementsExcept="fileExtensions"'), filtering(hidden(a)), true],
    ['another element', filtering('', 'lockElements="fileExtensions"'), filtering(hidden(a)), false],
    ['clear', filtering(hidden('', 'lockElements="clear"')), filtering(hidden(`<clear />${a}`)), true],
    ['clear, and the file adds', filtering(hidden('', 'lockElements="clear"')), filtering(hidden(a)), false],
    ['an entry, which the file clears', filtering(hidden(locked)), filtering(hidden('<clear />')), true],
    ['an entry, which the file removes', filtering(hidden(locked)), filtering(hidden('<remove segment="X" />')), true],
    ['an entry, beside which the file adds', filtering(hidden(locked)), filtering(hidden(a)), false],
    ['no entry', filtering(hidden(locked.replace('true', 'false'))), filtering(hidden('<clear />')), false],
    ['the section', filtering('', 'lockItem="true"'), filtering(hidden(a)), true],
    [
      'a rule, which the file clears',
      rules(allow('ada').replace('<add', '<add lockItem="true"')),
      rules('<clear />'),
      true,
    ],
  ])('on %s', (_name, upper, inside, stops) => {
    const after = unlocked + security(upper);
    const result = withWebConfigs([given(webConfig(security(inside)))], { after });
    expect(isComment(result)).toBe(stops);
  });
});

describe('what is not understood in a web.config', () => {
  it.each([
    ['an unknown section of security', security('<unknown />')],
    ['an unknown attribute', security('<authorization verbs="x" />')],
    ['a value', security(rules(allow('a').replace('Allow', 'Allowed')))],
    ['a rule that is there already', security(rules(allow('*', 'Read, Write')))],
    ['a removal of nothing', security(rules('<remove users="eve" />'))],
    ['a section twice', security(rules(allow('ada'))) + security(rules(allow('eve')))],
    ['a section of the site', security('<ssl />')],
    ['a name in another case', '<system.ftpserver />'],
    ['a section without its group', '<security><requestFiltering /></security>'],
    ['a configuration in a configuration', '<configuration />'],
    ['a location of dots', locationOf('../b', rules(allow('ada')))],
    ['a location with a slash before it', locationOf('/b', rules(allow('ada')))],
    ['a declaration of sections of FTP', '<configSections><sectionGroup name="system.ftpServer" /></configSections>'],
  ])('%s stops the site', (_name, inside) => {
    const result = withWebConfigs([given(webConfig(inside))]);
    expect(isComment(result)).toBe(true);
    expect(reasonOf(result)).toContain('web.config:1:');
  });

  it('stops no other site', () => {
    const site = iisFile().slice(iisFile().indexOf('<site name'), iisFile().indexOf('</site>') + 7);
    const other = site.replace('"files"', '"other"').replace('id="1"', 'id="2"').replace('*:21:', '*:2121:');
    const { sites } = withWebConfigs([given(webConfig(security('<unknown />')), 'other')], { sites: other });
    expect(sites.map(({ written }) => written)).toEqual(['written', 'written as a comment']);
  });

  it.each([
    [
      'sites',
      '<system.applicationHost><sites /></system.applicationHost>',
      /web\.config only|applicationHost\.config only/,
    ],
    ['the firewall', '<system.ftpServer><firewallSupport /></system.ftpServer>', /stands in a web\.config/],
    ['another file', security('<authorization configSource="a" />'), /lies in another file/],
    ['a section twice encrypted', security('<authorization><EncryptedData /></authorization>'), /encrypted/],
    ['a location in a location', '<location><location /></location>', /a location stands in a location/],
    ['a document type', '', /document type/],
  ])('%s refuses the import', (name, inside, message) => {
    const text = name === 'a document type' ? `<!DOCTYPE a>${webConfig('')}` : webConfig(inside);
    expect(refusal([given(text)])).toMatch(message);
    expect(refusal([given(text)])).toMatch(/^web\.config:1:\d+ /);
  });

  it.each([
    ['in the root, which people of a home share', 'files', false],
    ['at a path below their homes', 'files/a', true],
  ])('where it lies %s stops a site of homes: %s', (_name, location, stops) => {
    const more = '<userIsolation mode="IsolateRootDirectoryOnly" />';
    expect(isComment(withWebConfigs([given(webConfig(security(rules(deny('eve')))), location)], { more }))).toBe(stops);
  });

  const folders = (attributes: string, defaults = '') =>
    `${defaults}<application path="/"><virtualDirectory path="/" physicalPath="D:\\files" ${attributes} /></application>`;
  it.each([
    ['by itself', folders('allowSubDirConfig="false"'), true],
    ['by default', folders('', '<virtualDirectoryDefaults allowSubDirConfig="false" />'), true],
    [
      'by itself against the default',
      folders('allowSubDirConfig="true"', '<virtualDirectoryDefaults allowSubDirConfig="false" />'),
      false,
    ],
  ])('whether a folder below is read, where the virtual directory keeps to its own %s', (_name, written, stops) => {
    const file = given(webConfig(security(rules(deny('eve')))), 'files/a');
    expect(isComment(withWebConfigs([file], { folders: written }))).toBe(stops);
    expect(isComment(withWebConfigs([{ ...file, location: 'files' }], { folders: written }))).toBe(false);
    expect(isComment(withWebConfigs([given(webConfig(''), 'files/a')], { folders: written }))).toBe(false);
  });
});

describe('where a web.config belongs', () => {
  const folders = [
    { from: 'D:', to: 'served/d' },
    { from: 'E:', to: resolve('served/e') },
  ];
  const parts = {
    folders:
      '<application path="/"><virtualDirectory path="/" physicalPath="D:\\files" /><virtualDirectory path="/away" physicalPath="E:\\" /></application>' +
      '<application path="/app"><virtualDirectory path="/" physicalPath="D:\\files\\sub" /></application>',
  };
  const text = webConfig(security(rules(deny('eve'))));
  const pathsOf = (file: string) => {
    const { settings } = withWebConfigs([lying(text, file)], parts, { folders });
    const written = settings['authorization'] as readonly { readonly accessType?: string; readonly path?: string }[];
    return written.filter(({ accessType }) => accessType === 'Deny').map(({ path = '/' }) => path);
  };

  it.each([
    ['the folder of the site', 'served/d/files/web.config', ['/']],
    ['a folder below it', 'served/d/files/a/b/web.config', ['/a/b']],
    ['the same, written from the root of the host', resolve('served/d/files/a/b/web.config'), ['/a/b']],
    ['that of a virtual directory', 'served/e/web.config', ['/away']],
    ['below that of a virtual directory', 'served/e/x/web.config', ['/away/x']],
    ['one that two paths show', 'served/d/files/sub/x/web.config', ['/app/x', '/sub/x']],
  ])('in %s', (_name, file, expected) => expect(pathsOf(file).sort()).toEqual(expected));

  it.each([
    [
      'no folder of a site',
      lying(text, 'served/d/web.config'),
      /lies in no folder of an FTP site\. Name its path: SITE/,
    ],
    ['a folder behind a virtual directory', lying(text, 'served/d/files/away/web.config'), /lies in no folder/],
    ['a folder of almost the same name', lying(text, join('served/d/files2', 'web.config')), /lies in no folder/],
    ['a site that is not there', given(text, 'other/a'), /no FTP site has that name\. The FTP sites are "files"\./],
    ['no path', given(text, ''), /is no site or path below one/],
    ['a path of dots', given(text, 'files/../a'), /is no site or path below one/],
    ['a path with a slash before it', given(text, '/files'), /Write it|Write SITE=web\.config/],
  ])('is refused for %s', (_name, file, message) => {
    try {
      withWebConfigs([file], parts, { folders });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(InputFault);
      const { message: found, remedy } = error as InputFault;
      expect(`${found}. ${remedy}`).toMatch(message);
    }
  });

  it('is not found without a mapping', () => expect(refusal([lying(text, 'web.config')])).toMatch(/lies in no folder/));

  it('one folder has one', () => {
    expect(refusal([given(text, 'files/a', 'one'), given(text, 'FILES/A', 'two')])).toMatch(
      /^two:1:1 .* and so does "one"/,
    );
  });
});

describe('no web.config opens', () => {
  const opening = webConfig(security(rules(`<clear />${allow('*', 'Read, Write')}`)));
  it.each<[string, IisParts]>([
    ['a site that does not start', { attributes: 'serverAutoStart="false"' }],
    ['a site without a method of login', { ftpServer: '' }],
    ['a site whose isolation is not understood', { more: '<userIsolation mode="Everyman" />' }],
    ['a site whose rules are not understood', { rules: '<add accessType="Denied" users="eve" permissions="Read" />' }],
    ['a site whose rules are locked', { rules: '', after: '' }],
  ])('%s', (_name, parts) => {
    for (const location of ['files', 'files/a']) {
      const { sites } = withWebConfigs([given(opening, location)], parts);
      expect(sites[0]?.written).not.toBe('written');
    }
  });
});
