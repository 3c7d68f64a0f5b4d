/** Sites, bindings, folders and inheritance. */
import { describe, expect, it } from 'vitest';
import { iisFile, imported, refusalOf, thumbprint } from '../../support/iis-files.ts';

const basic = '<security><authentication><basicAuthentication enabled="true" /></authentication></security>';

describe('a site', () => {
  it('with a certificate, a method of login and a rule is written', () => {
    const { sites, settings } = imported(iisFile());
    expect(sites).toEqual([{ name: 'files', written: 'written', reasons: [] }]);
    expect(settings).toMatchObject({
      name: 'files',
      bindings: [{ address: '0.0.0.0', port: 21 }],
      authentication: { clientCertAuthentication: { enabled: false }, mode: 'certificateOrPassword' },
      authorization: [{ users: '*', permissions: ['Read', 'Write'] }],
      userIsolation: { mode: 'None' },
    });
  });

  it.each([
    ['without a rule', iisFile({ rules: '' }), 'no rule let an account in'],
    [
      'with rules that deny only',
      iisFile({ rules: '<add accessType="Deny" users="*" permissions="Read" />' }),
      'no rule let an account in',
    ],
    [
      'without a certificate, where TLS is required by default',
      iisFile({ ftpServer: basic }),
      'TLS was required and there was no certificate',
    ],
    [
      'without a method of login',
      iisFile({ ftpServer: `<security><ssl serverCertHash="${thumbprint}" /></security>` }),
      'no method of login was on that can be carried over',
    ],
    ['without ftpServer', iisFile({ ftpServer: '' }), 'no method of login was on that can be carried over'],
    [
      'with a provider of authorization',
      iisFile({
        ftpServer: `<security><ssl serverCertHash="${thumbprint}" /><authentication><basicAuthentication enabled="true" /></authentication><customAuthorization><provider name="My" /></customAuthorization></security>`,
      }),
      'a provider decided about access',
    ],
  ])('%s lets no account in', (_name, file, reason) => {
    const { sites, settings } = imported(file);
    expect(sites).toMatchObject([{ written: 'written, and lets no account in' }]);
    expect(sites[0]?.reasons).toContain(reason);
    expect(settings).toMatchObject({
      authentication: { clientCertAuthentication: { enabled: false }, mode: 'certificate' },
    });
  });

  it('that does not start with the service is a comment, whatever the web server’s own value says', () => {
    expect(imported(iisFile({ attributes: 'serverAutoStart="false"' })).sites).toMatchObject([
      { written: 'written as a comment' },
    ]);
    const ofWeb = iisFile().replace('id="1"', 'id="1" serverAutoStart="false"');
    expect(imported(ofWeb).sites).toMatchObject([{ written: 'written' }]);
  });

  it.each([
    ['Default Web Site', 'Default-Web-Site'],
    ['R&amp;D &lt;1&gt;', 'R-D-1'],
    ['Ärger', 'rger'],
    ['файлы', 'site-1'],
    ['x'.repeat(100), 'x'.repeat(64)],
  ])('named %s has a name that cardgate takes', (name, expected) => {
    const file = iisFile().replaceAll('"files"', `"${name}"`);
    expect(imported(file).settings).toMatchObject({ name: expected });
  });

  it('keeps its name apart from that of another whose characters were other ones', () => {
    const site = iisFile().slice(iisFile().indexOf('<site name'), iisFile().indexOf('</site>') + 7);
    const other = site.replace('"files"', '"files?"').replace('id="1"', 'id="2"').replace('*:21:', '*:2121:');
    expect(imported(iisFile({ sites: other })).yaml).toMatch(/name: files\n[\s\S]*name: files-2\n/);
  });

  it('that is not asked for is left out, and a name that is no site’s is said', () => {
    expect(imported(iisFile(), { sites: ['FILES'] }).sites).toHaveLength(1);
    const { yaml, told } = imported(iisFile(), { sites: ['other'] });
    expect(yaml).toBeUndefined();
    expect(told).toContain('needsDecision --sites');
  });
});

describe('bindings', () => {
  it.each([
    ['*:21:', [{ address: '0.0.0.0', port: 21 }]],
    [':2121:', [{ address: '0.0.0.0', port: 2121 }]],
    ['10.0.0.1:990:', [{ address: '10.0.0.1', port: 990 }]],
    ['[2001:DB8::1]:21:', [{ address: '2001:db8::1', port: 21 }]],
    ['*:21:FTP.example.com', [{ address: '0.0.0.0', port: 21, hostName: 'ftp.example.com' }]],
  ])('%s', (information, bindings) => {
    const file = iisFile({ bindings: `<binding protocol="FTP" bindingInformation="${information}" />` });
    expect(imported(file).settings['bindings']).toEqual(bindings);
  });

  it.each([
    '',
    '*',
    '*:0:',
    '*:65536:',
    '*:21',
    '*:+21:',
    '*:21:a:b',
    '*:x:',
    '300.1.1.1:21:',
    '[::1:21:',
    '2001:db8::1:21:',
    '*:021:',
  ])('%j is not understood, and listens nowhere', (information) => {
    const binding = `<binding protocol="ftp" bindingInformation="${information}" />`;
    const { settings, told, sites } = imported(
      iisFile({ bindings: `${binding}<binding protocol="ftp" bindingInformation="*:2121:" />` }),
    );
    expect(told).toContain('notUnderstood site/bindings/binding@bindingInformation');
    expect(settings['bindings']).toEqual([{ address: '0.0.0.0', port: 2121 }]);
    expect(sites).toMatchObject([{ written: 'written' }]);
  });

  it('clear drops what stands before it', () => {
    const bindings =
      '<binding protocol="ftp" bindingInformation="*:21:" /><clear /><binding protocol="ftp" bindingInformation="*:2121:" />';
    expect(imported(iisFile({ bindings })).settings['bindings']).toEqual([{ address: '0.0.0.0', port: 2121 }]);
  });

  it('of one endpoint may be for a host, and for clients that name none', () => {
    const bindings =
      '<binding protocol="ftp" bindingInformation="*:21:a.example" /><binding protocol="ftp" bindingInformation="*:21:" />';
    expect(imported(iisFile({ bindings })).settings['bindings']).toEqual([
      { address: '0.0.0.0', port: 21, hostName: 'a.example' },
      { address: '0.0.0.0', port: 21 },
    ]);
  });

  it.each(['*.example', '*', '-', 'a..example'])('for the host %s are not had', (host) => {
    const bindings = `<binding protocol="ftp" bindingInformation="*:21:${host}" /><binding protocol="ftp" bindingInformation="*:2121:" />`;
    const { settings, told } = imported(iisFile({ bindings }));
    expect(settings['bindings']).toEqual([{ address: '0.0.0.0', port: 2121 }]);
    expect(told).toContain('needsDecision site/bindings/binding@bindingInformation');
  });

  it.each([
    ['*:21:', '*:21:a.example', 'written'],
    ['*:21:b.example', '*:21:A.example', 'written'],
    ['*:21:a.example', '*:21:A.example', 'comment'],
    ['*:21:', '*:21:', 'comment'],
    ['*:21:', '192.0.2.1:21:a.example', 'comment'],
  ])('of two sites, %s and %s: the second is a %s', (first, second, expected) => {
    const site = iisFile().slice(iisFile().indexOf('<site name'), iisFile().indexOf('</site>') + 7);
    const one = site.replace('"files"', '"one"').replace('id="1"', 'id="3"').replace('*:21:', first);
    const two = site.replace('"files"', '"two"').replace('id="1"', 'id="2"').replace('*:21:', second);
    const outcomes = imported(iisFile().replace(site, `${one}${two}`)).sites;
    expect(outcomes.map(({ written }) => (written.includes('comment') ? 'comment' : 'written'))).toEqual([
      'written',
      expected,
    ]);
  });

  it('of two sites at one endpoint are both written, and share the longer backlog', () => {
    const site = iisFile().slice(iisFile().indexOf('<site name'), iisFile().indexOf('</site>') + 7);
    const named = site.replace('"files"', '"named"').replace('id="1"', 'id="2"').replace('*:21:', '*:21:a.example');
    const file = iisFile({ sites: site.replace('id="1"', 'id="3"').replace('"files"', '"owner"') }).replace(
      site,
      named,
    );
    const backlogs = file.replace(/<ftpServer([^>]*)>/u, '<ftpServer$1><connections serverListenBacklog="100" />');
    const { yaml = '', sites } = imported(backlogs);
    expect(sites.map(({ name, written }) => `${name}: ${written}`)).toEqual([
      'named: written, and lets no account in',
      'owner: written, and lets no account in',
    ]);
    expect([...yaml.matchAll(/serverListenBacklog: (\d+)/gu)].map(([, backlog]) => backlog)).toEqual(['100', '100']);
  });
});

describe('folders', () => {
  const path = (physicalPath: string) =>
    iisFile({
      folders: `<application path="/"><virtualDirectory path="/" physicalPath="${physicalPath}" /></application>`,
    });

  it.each([
    ['C:\\inetpub\\ftproot', 'C:\\inetpub\\ftproot', '/srv/ftp', '/srv/ftp'],
    ['c:/INETPUB/ftproot/sub dir/', 'C:\\inetpub\\ftproot', '/srv/ftp/', '/srv/ftp/sub dir'],
    ['%SystemDrive%\\inetpub', '%systemdrive%', '/c', '/c/inetpub'],
    ['\\\\nas\\files\\a', '\\\\nas\\files', '/mnt/nas', '/mnt/nas/a'],
    ['\\\\?\\UNC\\nas\\files', '\\\\nas\\files', '/mnt/nas', '/mnt/nas'],
    ['C:\\', 'C:', '/', '/'],
  ])('%s below %s is %s', (written, from, to, expected) => {
    expect(imported(path(written), { folders: [{ from, to }] }).settings['physicalPath']).toBe(expected);
  });

  it.each(['C:\\inetpub\\ftproot2', 'C:\\inetpub', 'C:\\inetpub\\ftproot\\..\\x', '..\\up', ''])(
    '%j is no folder that is mapped, and asked for',
    (written) => {
      const { settings, told } = imported(path(written), {
        folders: [{ from: 'C:\\inetpub\\ftproot', to: '/srv/ftp' }],
      });
      expect(settings['physicalPath']).toBe('fill-in/folder');
      expect(told).toContain('needsDecision site/application/virtualDirectory@physicalPath');
    },
  );

  it('the longest mapping counts', () => {
    const folders = [
      { from: 'D:', to: '/d' },
      { from: 'D:\\files', to: '/srv' },
    ];
    expect(imported(iisFile(), { folders }).settings['physicalPath']).toBe('/srv');
  });

  it.each([
    ['no application', ''],
    ['no root application', '<application path="/a"><virtualDirectory path="/" physicalPath="D:\\" /></application>'],
    ['no root directory', '<application path="/"><virtualDirectory path="/a" physicalPath="D:\\" /></application>'],
  ])('a site with %s is refused', (_name, folders) => {
    expect(refusalOf(iisFile({ folders }))).toMatch(/^5:1 the site "files" has no application/);
  });
});

describe('inheritance', () => {
  const defaults = (inside: string) => `<ftpServer>${inside}</ftpServer>`;

  it.each([
    ['an attribute of siteDefaults', defaults('<connections controlChannelTimeout="300" />'), '', '300s'],
    [
      'an attribute of the site before that of siteDefaults',
      defaults('<connections controlChannelTimeout="300" />'),
      '<connections controlChannelTimeout="60" />',
      '60s',
    ],
    [
      'each attribute by itself',
      defaults('<connections controlChannelTimeout="300" />'),
      '<connections dataChannelTimeout="20" />',
      '300s',
    ],
  ])('%s', (_name, siteDefaults, more, controlChannelTimeout) => {
    expect(imported(iisFile({ siteDefaults, more })).settings).toMatchObject({
      connections: { controlChannelTimeout },
    });
  });

  it('a method of login may be on in siteDefaults alone', () => {
    const ftpServer = `<security><ssl serverCertHash="${thumbprint}" /></security>`;
    expect(imported(iisFile({ ftpServer, siteDefaults: defaults(basic) })).sites).toMatchObject([
      { written: 'written' },
    ]);
  });
});

describe('virtual directories', () => {
  const folders = [
    { from: 'D:', to: '/d' },
    { from: 'E:', to: '/e' },
  ];
  const application = (path: string, ...directories: readonly string[]) =>
    `<application path="${path}">${directories.map((directory) => `<virtualDirectory ${directory} />`).join('')}</application>`;
  const root = 'path="/" physicalPath="D:\\root"';

  it('are those of the root application and of deeper ones, by their whole path', () => {
    const file = iisFile({
      folders:
        application('/', root, 'path="/LocalUser/ada" physicalPath="E:\\ada"') +
        application('/app', 'path="/" physicalPath="D:\\app"', 'path="/deep" physicalPath="D:\\deep"'),
    });
    expect(imported(file, { folders }).settings).toMatchObject({
      physicalPath: '/d/root',
      virtualDirectories: [
        { path: '/LocalUser/ada', physicalPath: '/e/ada' },
        { path: '/app', physicalPath: '/d/app' },
        { path: '/app/deep', physicalPath: '/d/deep' },
      ],
      directoryBrowse: { showVirtualDirectories: false },
    });
  });

  it('are shown where the file shows them', () => {
    const more = '<directoryBrowse showFlags="DisplayVirtualDirectories" />';
    const { settings } = imported(
      iisFile({ more, folders: application('/', root, 'path="/a" physicalPath="D:\\a"') }),
      { folders },
    );
    expect(settings).not.toHaveProperty('directoryBrowse.showVirtualDirectories', false);
  });

  it('of a path that no client can name are left out', () => {
    const file = iisFile({ folders: application('/', root, 'path="/a/../b" physicalPath="D:\\a"') });
    expect(imported(file, { folders }).settings).not.toHaveProperty('virtualDirectories');
  });

  it.each(['IsolateAllDirectories', 'IsolateRootDirectoryOnly'])('%s keeps the layout of Windows', (mode) => {
    expect(imported(iisFile({ more: `<userIsolation mode="${mode}" />` })).settings).toMatchObject({
      userIsolation: { mode, layout: 'iis' },
    });
  });
});
