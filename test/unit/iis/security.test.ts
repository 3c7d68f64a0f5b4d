/** Rules, filters, TLS, login and isolation: no site becomes more open than it was. */
import { describe, expect, it } from 'vitest';
import { iisFile, imported, refusalOf, thumbprint } from '../../support/iis-files.ts';

const allow = (attributes: string) => `<add accessType="Allow" ${attributes} />`;
const deny = (attributes: string) => `<add accessType="Deny" ${attributes} />`;
const all = allow('users="*" permissions="Read, Write"');
const rulesOf = (file: string, options = {}) => imported(file, options).settings['authorization'];
const isComment = (file: string, options = {}) => imported(file, options).sites[0]?.written === 'written as a comment';
const location = (path: string, rules: string, more = '') =>
  `<location path="${path}" ${more}><system.ftpServer><security><authorization>${rules}</authorization></security></system.ftpServer></location>`;
const atServer = (rules: string) =>
  `<system.ftpServer><security><authorization>${rules}</authorization></security></system.ftpServer>`;

describe('authorization rules', () => {
  it.each([
    [
      'users of a domain by their own name',
      allow('users="CORP\\ada, CORP\\bob" permissions="Read"'),
      [{ users: ['ada', 'bob'], permissions: ['Read'] }],
    ],
    ['roles', allow('roles="Staff" permissions="Write, Read"'), [{ roles: ['Staff'], permissions: ['Read', 'Write'] }]],
    [
      'users and roles of one rule',
      allow('users="ada" roles="Staff" permissions="Read"'),
      [{ users: ['ada'], roles: ['Staff'], permissions: ['Read'] }],
    ],
    ['every account among others', allow('users="ada, *" permissions="Read"'), [{ users: '*', permissions: ['Read'] }]],
    [
      'the group of all accounts',
      allow('roles="Everyone" permissions="Read"'),
      [{ users: '*', permissions: ['Read'] }],
    ],
    [
      'Deny',
      all + deny('users="eve" permissions="Write"'),
      [
        { users: '*', permissions: ['Read', 'Write'] },
        { accessType: 'Deny', users: ['eve'], permissions: ['Write'] },
      ],
    ],
    [
      'a Deny for the group of all accounts',
      all + deny('roles="Everyone" permissions="Write"'),
      [
        { users: '*', permissions: ['Read', 'Write'] },
        { accessType: 'Deny', users: '*', permissions: ['Write'] },
      ],
    ],
    [
      'nothing for no account',
      all + allow('users="" roles="" permissions="Read"'),
      [{ users: '*', permissions: ['Read', 'Write'] }],
    ],
    [
      'nothing for anonymous clients',
      all + allow('users="?" permissions="Read"') + allow('users="anonymous" permissions="Read"'),
      [{ users: '*', permissions: ['Read', 'Write'] }],
    ],
    [
      'nothing without a permission',
      all + allow('users="ada" permissions=""'),
      [{ users: '*', permissions: ['Read', 'Write'] }],
    ],
    [
      'clear',
      `${allow('users="early" permissions="Read"')}<clear />${allow('users="late" permissions="Read"')}`,
      [{ users: ['late'], permissions: ['Read'] }],
    ],
    [
      'remove',
      `${all + allow('users="ada" permissions="Read"')}<remove users="*" permissions="Write,Read" />`,
      [{ users: ['ada'], permissions: ['Read'] }],
    ],
  ])('%s', (_name, rules, expected) => expect(rulesOf(iisFile({ rules }))).toEqual(expected));

  it('of the server come before those of the site, and are cleared by it', () => {
    const server = atServer(allow('users="ada" permissions="Read"'));
    expect(rulesOf(iisFile({ rules: all, after: server }))).toEqual([
      { users: ['ada'], permissions: ['Read'] },
      { users: '*', permissions: ['Read', 'Write'] },
    ]);
    expect(rulesOf(iisFile({ rules: `<clear />${all}`, after: server }))).toEqual([
      { users: '*', permissions: ['Read', 'Write'] },
    ]);
  });

  it('of a path hold there', () => {
    const after = location('FILES/Up/Load', deny('users="*" permissions="Write"'));
    expect(rulesOf(iisFile({ after }))).toEqual([
      { users: '*', permissions: ['Read', 'Write'] },
      { accessType: 'Deny', users: '*', permissions: ['Write'], path: '/Up/Load' },
    ]);
  });

  it('that a path drops are denied there, because here rules only add up', () => {
    const after = location('files/private', `<clear />${allow('users="ada" permissions="Read"')}`);
    expect(rulesOf(iisFile({ after }))).toEqual([
      { users: '*', permissions: ['Read', 'Write'] },
      { users: ['ada'], permissions: ['Read'], path: '/private' },
      { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/private' },
    ]);
  });

  it('that deny stay below a path that drops them', () => {
    const rules = all + deny('users="eve" permissions="Read"');
    const after = location('files/open', '<remove users="eve" permissions="Read" />');
    expect(rulesOf(iisFile({ rules, after }))).toHaveLength(2);
    expect(imported(iisFile({ rules, after })).told).toContain('needsDecision system.ftpServer/security/authorization');
  });

  it('that deny what one before them allows are named, with its place', () => {
    const { findings } = imported(iisFile({ rules: all + deny('users="eve" permissions="Write"') }));
    expect(findings.find(({ message }) => message.startsWith('denies what'))?.message).toMatch(
      /^denies what the rule before it at 14:\d+ may allow, and wins$/,
    );
    const apart = imported(
      iisFile({ rules: allow('users="ada" permissions="Read"') + deny('users="eve" permissions="Read"') }),
    );
    expect(apart.findings.some(({ message }) => message.startsWith('denies what'))).toBe(false);
  });

  it.each([
    ['a user principal name', allow('users="ada@corp.example" permissions="Read"')],
    ['a group of the Windows host', allow('roles="BUILTIN\\Users" permissions="Read"')],
    ['Administrators', allow('roles="Administrators" permissions="Read"')],
  ])('for %s let in no account until it is named', (_name, rules) => {
    expect(imported(iisFile({ rules })).sites).toMatchObject([{ written: 'written, and lets no account in' }]);
    const old = /(?:users|roles)="([^"]*)"/.exec(rules)?.[1]?.toLowerCase() ?? '';
    expect(imported(iisFile({ rules }), { names: new Map([[old, 'new']]) }).sites).toMatchObject([
      { written: 'written' },
    ]);
  });

  it.each([
    ['a Deny for a user principal name', all + deny('users="ada@corp.example" permissions="Read"')],
    ['a Deny for a group of the Windows host', all + deny('roles="Guests" permissions="Read"')],
    ['a remove of what is not there', `${all}<remove users="ada" permissions="Read" />`],
    ['an unknown element', `${all}<deny users="*" />`],
    ['an unknown attribute', all.replace('users', 'verbs="x" users')],
    ['a misspelt access type', `${all}<add accessType="Denied" users="eve" permissions="Read" />`],
    ['no access type', `${all}<add users="eve" permissions="Read" />`],
    ['an unknown permission', `${all}${deny('users="eve" permissions="Execute"')}`],
  ])('with %s make the site a comment', (_name, rules) => expect(isComment(iisFile({ rules }))).toBe(true));

  it('stop the site for what is added twice to what is inherited', () => {
    expect(isComment(iisFile({ after: atServer(all) }))).toBe(true);
  });

  it('twice in one list refuse the file, whatever they say', () => {
    expect(
      refusalOf(iisFile({ rules: allow('users="a" permissions="Read"') + deny('users="a" permissions="Read"') })),
    ).toMatch(/two entries of the same/);
  });

  it('of several domains are to be looked at', () => {
    const { told } = imported(iisFile({ rules: allow('users="CORP\\ada, LAB\\ada" permissions="Read"') }));
    expect(told).toContain('needsDecision system.ftpServer/security/authorization/add@users');
  });
});

describe('unknown names', () => {
  it.each([
    ['an attribute of authorization', iisFile({ rules: all.replace('users', 'verbs="x" users') })],
    ['an element of authorization', iisFile({ rules: `${all}<other />` })],
  ])('%s stop no site with --ignore-unknown', (_name, file) => {
    expect(isComment(file)).toBe(true);
    expect(isComment(file, { ignoreUnknown: true })).toBe(false);
  });

  it.each([
    ['in the wrong place', iisFile({ more: '<ssl />' })],
    ['in another case', iisFile({ more: '<userisolation />' })],
    ['of a value', iisFile({ rules: `${all}<add accessType="Denied" users="eve" permissions="Read" />` })],
    [
      'of a section of almost the same name',
      iisFile({
        after: '<system.ftpserver><security><authorization><clear /></authorization></security></system.ftpserver>',
      }),
    ],
    [
      'of a location of almost the same name',
      iisFile({ after: location('files', all).replaceAll('location', 'locations') }),
    ],
  ])('%s stop the site even so', (_name, file) => expect(isComment(file, { ignoreUnknown: true })).toBe(true));

  it.each([
    [
      'ftpServer/security/authorization',
      iisFile({ ftpServer: '<security><authorization /></security>' }),
      /in a location element/,
    ],
    ['ftpServer/ssl', iisFile({ more: '<ssl />' }), /ftpServer\/security\/ssl/],
    [
      'system.ftpServer/security/ssl',
      iisFile({ after: '<system.ftpServer><security><ssl /></security></system.ftpServer>' }),
      /ftpServer\/security\/ssl/,
    ],
    [
      'system.ftpServer/firewallSupport@externalIp4Address',
      iisFile({ after: '<system.ftpServer><firewallSupport externalIp4Address="1.2.3.4" /></system.ftpServer>' }),
      /ftpServer\/firewallSupport/,
    ],
  ])('%s is told its right place', (subject, file, place) => {
    expect(imported(file).findings.find((one) => one.subject === subject)?.remedy).toMatch(place);
  });

  it('elsewhere are findings', () => {
    const { told, sites } = imported(
      iisFile({ attributes: 'allowMLSD="true"', more: '<quantum /><connections tlsVersion="13" />' }),
    );
    expect(told).toEqual(
      expect.arrayContaining([
        'notUnderstood ftpServer@allowMLSD',
        'notUnderstood ftpServer/quantum',
        'notUnderstood ftpServer/connections@tlsVersion',
      ]),
    );
    expect(sites).toMatchObject([{ written: 'written' }]);
  });
});

describe('locations', () => {
  it.each(['', '.'])('%j is the server', (path) => {
    expect(rulesOf(iisFile({ rules: '', after: location(path, all) }))).toEqual([
      { users: '*', permissions: ['Read', 'Write'] },
    ]);
  });

  it.each(['files/', '/files/a', 'files\\a', 'files/../files/a', 'files//a'])(
    '%j is not understood, and stops the site',
    (path) => {
      expect(isComment(iisFile({ after: location(path, deny('users="*" permissions="Read"')) }))).toBe(true);
    },
  );

  it.each([
    ['one path twice', location('files', all), true],
    ['one path twice, in another case', location('FILES', all), true],
    ['one path twice, one of them empty', location('files', ''), false],
    ['both override attributes', location('files/a', all, 'overrideMode="Deny" allowOverride="false"'), true],
    ['overrideMode', location('files/a', allow('users="ada" permissions="Read"'), 'overrideMode="Deny"'), false],
    ['another site', location('other', all), false],
  ])('of %s stop the site: %s', (_name, after, expected) => expect(isComment(iisFile({ after }))).toBe(expected));

  it.each([
    [
      'by its declaration',
      '<configSections><sectionGroup name="system.ftpServer"><sectionGroup name="security"><section name="authorization" overrideModeDefault="Allow" /></sectionGroup></sectionGroup></configSections>',
    ],
    ['by a location', location('files/a', allow('users="ada" permissions="Read"'), 'overrideMode="Allow"')],
  ])('of a section that is unlocked %s are not all there is', (_name, after) => {
    const { told } = imported(iisFile({ after }));
    expect(told).toContain('needsDecision system.ftpServer/security/authorization');
  });

  it.each([
    ['sites', '<location path="files"><system.applicationHost><sites /></system.applicationHost></location>'],
    ['the firewall', '<location path="files"><system.ftpServer><firewallSupport /></system.ftpServer></location>'],
    ['another location', '<location path="files"><location path="a" /></location>'],
    [
      'another file',
      '<system.ftpServer><security><ipSecurity configSource="..\\a.config" /></security></system.ftpServer>',
    ],
    [
      'an encrypted section',
      '<location path="files"><system.ftpServer><security><authorization configProtectionProvider="R"><EncryptedData /></authorization></security></system.ftpServer></location>',
    ],
  ])('with %s refuse the file', (_name, after) => expect(refusalOf(iisFile({ after }))).toMatch(/^\d+:\d+ /));
});

describe('login', () => {
  const methods = (authentication: string, certificates = '') =>
    iisFile({
      ftpServer: `<security><ssl serverCertHash="${thumbprint}" /><authentication>${authentication}</authentication><sslClientCertificates ${certificates} /></security>`,
    });
  const basic = '<basicAuthentication enabled="true" />';
  const certificate = '<clientCertAuthentication enabled="true" />';
  const mapped = (policy: string) => `clientCertificatePolicy="${policy}" useActiveDirectoryMapping="true"`;

  it.each([
    ['password', methods(basic), false, 'certificateOrPassword', 'CertIgnore'],
    ['certificate', methods(certificate, mapped('CertRequire')), true, 'certificate', 'CertRequire'],
    [
      'certificate or password',
      methods(certificate + basic, mapped('CertAllow')),
      true,
      'certificateOrPassword',
      'CertAllow',
    ],
    [
      'certificate, where each client has one',
      methods(certificate + basic, mapped('CertRequire')),
      true,
      'certificate',
      'CertRequire',
    ],
    [
      'certificate and password',
      methods(basic, 'clientCertificatePolicy="CertRequire"'),
      true,
      'certificateAndPassword',
      'CertRequire',
    ],
    [
      'password, beside a certificate that no method uses',
      methods(basic, mapped('CertAllow')),
      false,
      'certificateOrPassword',
      'CertAllow',
    ],
    [
      'nothing for a certificate without the mapping',
      methods(certificate, 'clientCertificatePolicy="CertRequire"'),
      false,
      'certificate',
      'CertRequire',
    ],
    [
      'nothing for a certificate that is not asked for',
      methods(certificate, mapped('CertIgnore')),
      false,
      'certificate',
      'CertIgnore',
    ],
    [
      'nothing for providers',
      methods('<customAuthentication><providers><add name="IisManagerAuth" /></providers></customAuthentication>'),
      false,
      'certificate',
      'CertIgnore',
    ],
  ])('%s', (_name, file, enabled, mode, clientCertificatePolicy) => {
    expect(imported(file).settings).toMatchObject({
      authentication: { clientCertAuthentication: { enabled }, mode },
      sslClientCertificates: { clientCertificatePolicy },
    });
  });

  it('by certificate needs what Windows has in its stores, and says so', () => {
    const { settings, told } = imported(methods(certificate, mapped('CertRequire')));
    expect(told.filter((line) => line === 'needsDecision ftpServer/security/sslClientCertificates')).toHaveLength(3);
    expect(settings).toMatchObject({
      sslClientCertificates: { trustAnchors: ['fill-in/trust-anchor.pem'] },
      mapping: { rules: 'fill-in/mapping-rules.yaml' },
    });
  });

  it('flags that contradict each other become the one that decides', () => {
    const file = methods(
      certificate,
      `${mapped('CertRequire')} validationFlags="NoRevocationCheck, CertChainRevocationCheckCacheOnly"`,
    );
    expect(imported(file).settings).toMatchObject({
      sslClientCertificates: { validationFlags: ['NoRevocationCheck'] },
    });
  });
});

describe('TLS', () => {
  const ssl = (attributes: string) =>
    iisFile({
      ftpServer: `<security><ssl ${attributes} /><authentication><basicAuthentication enabled="true" /></authentication></security>`,
    });

  it.each([
    [
      'without a certificate, TLS not required',
      'controlChannelPolicy="SslAllow" dataChannelPolicy="SslAllow"',
      'written',
    ],
    [
      'without a certificate, TLS required for data',
      'controlChannelPolicy="SslAllow"',
      'written, and lets no account in',
    ],
    ['with an empty thumbprint', 'serverCertHash=""', 'written, and lets no account in'],
    [
      'with a thumbprint that was copied with what cannot be seen',
      `serverCertHash="\u200e57 68:6f6120447564652c2049495320526F636B73"`,
      'written',
    ],
    ['with no thumbprint', 'serverCertHash="57"', 'written as a comment'],
  ])('%s', (_name, attributes, written) => expect(imported(ssl(attributes)).sites).toMatchObject([{ written }]));

  it('takes the files of the thumbprint before those for every site', () => {
    const certificates = [
      { thumbprint: undefined, certificate: 'any.pem', key: 'any.key' },
      { thumbprint, certificate: 'own.pem', key: 'own.key' },
    ];
    expect(imported(iisFile(), { certificates }).settings).toMatchObject({
      ssl: { serverCertificate: 'own.pem', serverCertificateKey: 'own.key' },
    });
    expect(
      imported(ssl('controlChannelPolicy="SslAllow" dataChannelPolicy="SslAllow"'), { certificates }).settings,
    ).toMatchObject({ ssl: { serverCertificate: 'any.pem' } });
  });

  it('says how the certificate is exported', () => {
    const remedy = imported(iisFile()).findings.find(({ subject }) => subject.endsWith('@serverCertHash'))?.remedy;
    expect(remedy).toContain(`certutil -exportPFX MY ${thumbprint} server.pfx`);
  });
});

describe('settings of the server', () => {
  const firewall = (low: number, high: number) =>
    iisFile({
      after: `<system.ftpServer><firewallSupport lowDataChannelPort="${low}" highDataChannelPort="${high}" /></system.ftpServer>`,
    });

  it.each([
    ['a range', 50_000, 50_100, { lowDataChannelPort: 50_000, highDataChannelPort: 50_100 }],
    ['that of the system', 0, 0, undefined],
    ['none, where low is above high', 6000, 5000, undefined],
    ['none, where only one is set', 0, 5000, undefined],
    ['none, where the site listens in it', 20, 30, undefined],
  ])('passive ports: %s', (_name, low, high, expected) => {
    expect(imported(firewall(low, high)).settings['firewallSupport']).toEqual(expected);
  });

  it.each([
    ['10.0.0.1', true],
    ['256.0.0.1', false],
    ['ftp.example.com', false],
    ['0.0.0.0', false],
    ['::1', false],
  ])('the address %s before the server is carried over: %s', (address, isCarried) => {
    const { settings } = imported(iisFile({ more: `<firewallSupport externalIp4Address="${address}" />` }));
    expect(settings['firewallSupport']).toEqual(isCarried ? { externalIp4Address: address } : undefined);
  });

  it.each([
    [
      'enabled="true" maxFailure="5" entryExpiration="00:00:45"',
      /denyByFailure:\n {2}maxFailure: 5\n {2}entryExpiration: 45s/,
    ],
    ['enabled="true" maxFailure="5000"', /maxFailure: 1000/],
  ])('denyByFailure %s', (attributes, expected) => {
    const after = `<system.ftpServer><security><authentication><denyByFailure ${attributes} /></authentication></security></system.ftpServer>`;
    expect(imported(iisFile({ after })).yaml).toMatch(expected);
  });

  it('denyByFailure that is not on leaves the defaults', () => {
    const after =
      '<system.ftpServer><security><authentication><denyByFailure maxFailure="50" /></authentication></security></system.ftpServer>';
    expect(imported(iisFile({ after })).yaml).not.toContain('denyByFailure');
  });
});

describe('filters', () => {
  const section = (name: string, inside: string, attributes = '') => `<${name} ${attributes}>${inside}</${name}>`;
  const atSite = (inside: string, path = 'files') =>
    `<location path="${path}"><system.ftpServer><security>${inside}</security></system.ftpServer></location>`;
  const server = (inside: string) => `<system.ftpServer><security>${inside}</security></system.ftpServer>`;

  it('by name and size are those of server and site together', () => {
    const after =
      server(
        section(
          'requestFiltering',
          '<hiddenSegments><add segment="_vti_bin" /></hiddenSegments><requestLimits maxUrl="1024" />',
        ),
      ) +
      atSite(
        section(
          'requestFiltering',
          '<hiddenSegments><add segment="private" /></hiddenSegments><denyUrlSequences><add sequence=".." /></denyUrlSequences>' +
            '<fileExtensions allowUnlisted="false"><add fileExtension=".txt" /><add fileExtension="exe" allowed="false" /></fileExtensions>',
          'allowHighBitCharacters="false"',
        ),
      );
    expect(imported(iisFile({ after })).settings).toMatchObject({
      requestFiltering: {
        allowHighBitCharacters: false,
        fileExtensions: {
          allowUnlisted: false,
          extensions: [
            { fileExtension: '.txt', allowed: true },
            { fileExtension: 'exe', allowed: false },
          ],
        },
        hiddenSegments: ['_vti_bin', 'private'],
        denyUrlSequences: ['..'],
        requestLimits: { maxUrl: 1024 },
      },
    });
  });

  it('of a path hide in the whole site, and limits of a path stop it', () => {
    const hidden = atSite(
      section('requestFiltering', '<hiddenSegments><add segment="a" /></hiddenSegments>'),
      'files/b',
    );
    expect(imported(iisFile({ after: hidden })).settings).toMatchObject({
      requestFiltering: { hiddenSegments: ['a'] },
    });
    expect(isComment(iisFile({ after: hidden }))).toBe(false);
    const limited = atSite(section('requestFiltering', '<requestLimits maxAllowedContentLength="5" />'), 'files/b');
    expect(isComment(iisFile({ after: limited }))).toBe(true);
  });

  it('by command', () => {
    const filtering = section(
      'commandFiltering',
      '<add command="SITE CHMOD" allowed="false" /><add command="dele" allowed="true" />',
      'allowUnlisted="false"',
    );
    const ftpServer = `<security><ssl serverCertHash="${thumbprint}" /><authentication><basicAuthentication enabled="true" /></authentication>${filtering}</security>`;
    expect(imported(iisFile({ ftpServer })).settings).toMatchObject({
      commandFiltering: {
        allowUnlisted: false,
        commands: [
          { command: 'SITE CHMOD', allowed: false },
          { command: 'dele', allowed: true },
        ],
      },
    });
  });

  const addresses = (inside: string, attributes = '') =>
    imported(iisFile({ after: atSite(section('ipSecurity', inside, attributes)) }));

  it.each([
    ['an address', '<add ipAddress="192.0.2.1" allowed="true" />', { ipAddress: '192.0.2.1', allowed: true }],
    [
      'a network',
      '<add ipAddress="10.1.2.3" subnetMask="255.255.0.0" />',
      { ipAddress: '10.1.0.0/16', allowed: false },
    ],
    ['all addresses', '<add ipAddress="10.1.2.3" subnetMask="0.0.0.0" />', { ipAddress: '0.0.0.0/0', allowed: false }],
    [
      'half a mask octet',
      '<add ipAddress="192.0.2.200" subnetMask="255.255.255.192" />',
      { ipAddress: '192.0.2.192/26', allowed: false },
    ],
    ['a domain', '<add domainName="*.example.com" />', { domainName: '*.example.com', allowed: false }],
    ['IPv6', '<add ipAddress="2001:DB8::1" />', { ipAddress: '2001:db8::1', allowed: false }],
  ])('by %s', (_name, entry, expected) => {
    expect(addresses(entry).settings).toMatchObject({ ipSecurity: { entries: [expected] } });
  });

  it.each([
    ['a mask with holes', 'ipAddress="192.0.2.1" subnetMask="255.0.255.0"'],
    ['no address', 'ipAddress="192.0.2.300"'],
    ['neither', ''],
    ['both', 'ipAddress="192.0.2.1" domainName="a.example"'],
    ['a domain that no host lies in', 'domainName="*"'],
  ])('by %s stop the site where they deny, and serve no client where they allow', (_name, attributes) => {
    expect(addresses(`<add ${attributes} allowed="false" />`).sites).toMatchObject([
      { written: 'written as a comment' },
    ]);
    const allowing = addresses(`<add ${attributes} allowed="true" />`, 'allowUnlisted="false"');
    expect(allowing.sites).toMatchObject([{ written: 'written' }]);
    expect(allowing.settings['ipSecurity']).toEqual({ allowUnlisted: false });
  });

  it('by address for a path stop the site', () => {
    const denying = atSite(section('ipSecurity', '<add ipAddress="192.0.2.1" />'), 'files/a');
    expect(isComment(iisFile({ after: denying }))).toBe(true);
  });

  it('of server and site by address are to be looked at where one allows and one denies', () => {
    const after =
      server(section('ipSecurity', '<add ipAddress="192.0.2.1" />')) +
      atSite(section('ipSecurity', '<add ipAddress="192.0.2.0" subnetMask="255.255.255.0" allowed="true" />'));
    const { settings, told } = imported(iisFile({ after }));
    expect(settings).toMatchObject({
      ipSecurity: { entries: [{ ipAddress: '192.0.2.1' }, { ipAddress: '192.0.2.0/24' }] },
    });
    expect(told).toContain('needsDecision system.ftpServer/security/ipSecurity');
  });
});
