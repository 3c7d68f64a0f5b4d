/**
 * One configuration with a mistake in nearly every line, over all sections: one run of check-config reports each of them once, with its
 * line, its setting and a remedy, and nothing else. Behind ## a line says what is reported of it: setting, then a part of the message.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConfigurationFault } from '../../../src/config/yaml/fault.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';
import { runInProcess } from '../../support/run-in-process.ts';

const configuration = `log:
  level: verbose ## log.level must be one of error
  flie: x.log ## log.flie is not a setting
  file: missing/gateway.log ## log.file cannot write
audit:
  file: audit.jsonl
  whenUnwritable: ignore ## audit.whenUnwritable must be one of refuseLogins
shutdownDrainTime: 30 ## shutdownDrainTime must be a duration
retrieval:
  maximumCacheMegabytes: lots ## retrieval.maximumCacheMegabytes must be a whole number
  refreshInterval: 1 fortnight ## retrieval.refreshInterval must be a duration
  proxy:
    url: ftp://proxy.example ## retrieval.proxy.url must be the URL of an HTTP proxy
  fileDirectories: [absent] ## retrieval.fileDirectories[0] no such file
denyByFailure:
  maxFailure: 0 ## denyByFailure.maxFailure must be a whole number
  entryExpiration: -5m ## denyByFailure.entryExpiration must be a duration
ipSecurity:
  denyAction: drop ## ipSecurity.denyAction must be one of
  entries:
    - { ipAddress: 10.0.0.1/33 } ## ipSecurity.entries[0].ipAddress must have a length from 0 to 32
    - { ipAddress: 10.1.2.3/8 } ## ipSecurity.entries[1].ipAddress must begin with the first address
    - { ipAddress: 192.0.2.1, domainName: a.example } ## ipSecurity.entries[2] must have either
    - { domainName: '*' } ## ipSecurity.entries[3].domainName must be a host or domain
    - { allowed: false } ## ipSecurity.entries[4] must have either
mappingService:
  listeners:
    - { socket: x.sock, mode: 999 } ## mappingService.listeners[0].mode must be a file mode
    - { socket: z.sock }
    - { socket: z.sock } ## mappingService.listeners[2].socket is bound twice
    - { socket: y.sock, group: no-such-group } ## mappingService.listeners[3].group which this machine does not have
directories:
  - name: local
    type: file
    accounts: accounts.yaml
  - name: local ## directories[1].name is used twice
    type: ldap
    servers: [ldaps://dc1.example, 'http://dc2.example', 'ldaps://dc3.example:99999'] ## directories[1].servers[2] must be ldaps:// ## directories[1].servers[1] must be ldaps://
    certificateAuthorities: [absent.pem] ## directories[1].certificateAuthorities[0] no such file
    bindDn: not-a-name ## directories[1].bindDn is not a distinguished name ## directories[1].bindDn belong together
    searchBase: also not ## directories[1].searchBase is not a distinguished name
  - name: forest
    type: activedirectory ## directories[2].type must be one of activeDirectory
  - name: corp
    type: activeDirectory
    discovery:
      domain: corp example ## directories[3].discovery.domain must be a DNS name
      service: gc ## directories[3].discovery.service must be one of
    servers: [ldaps://dc1.example] ## directories[3].servers exclude each other
    certificateAuthorities: [root.pem]
    bindDn: CN=gateway,DC=corp,DC=example
    bindPasswordFile: open.txt ## directories[3].bindPasswordFile can be read by every user
    searchBase: DC=corp,DC=example
    connectTimeout: 5000 ## directories[3].connectTimeout must be a duration
    maxConnections: 65 ## directories[3].maxConnections must be a whole number
    netbiosname: CORP ## directories[3].netbiosname is not a setting
sites:
  - name: files of all ## sites[0].name must be 1 to 64 letters
    bindings:
      - { address: 127.0.0.1, port: 2121 }
      - { address: 127.0.0.1, port: 2121 } ## sites[0].bindings[1] is bound twice
      - { address: ftp.example, port: 2122 } ## sites[0].bindings[2].address must be an IPv4 address
      - { address: 127.0.0.1, port: '21' } ## sites[0].bindings[3].port must be a whole number
      - { address: 127.0.0.1, port: 2124, tls: implict } ## sites[0].bindings[4].tls must be one of
    physicalPath: files
    virtualDirectories:
      - { path: news, physicalPath: news } ## sites[0].virtualDirectories[0].path must be a path below /
      - { path: /a, physicalPath: a }
      - { path: /A, physicalPath: b } ## sites[0].virtualDirectories[2].path is also the path of
      - { path: /c, physicalPath: absent } ## sites[0].virtualDirectories[3].physicalPath no such file
      - { path: /d, physicalPath: a/below } ## sites[0].virtualDirectories[4].physicalPath hold the same files
    ssl:
      serverCertificate: server.pem
      serverCertificateKey: open.key ## sites[0].ssl.serverCertificateKey can be read by every user
      minimumVersion: TLSv1.3 ## sites[0].ssl.minimumVersion is newer than maximumVersion
      maximumVersion: TLSv1.2
      signatureAlgorithms: RSA+MD6 ## sites[0].ssl.signatureAlgorithms must be signature algorithms
      controlChannelPolicy: SslRequired ## sites[0].ssl.controlChannelPolicy must be one of
    sslClientCertificates:
      trustAnchors: [root.pem, absent.pem] ## sites[0].sslClientCertificates.trustAnchors[1] no such file
      crlFiles: [server.key] ## sites[0].sslClientCertificates.crlFiles[0] X509 CRL is due
      clientCertificatePolicy: CertIgnore ## sites[0].sslClientCertificates.clientCertificatePolicy asks for no certificate
      validationFlags: [CertNoUsage] ## sites[0].sslClientCertificates.validationFlags[0] must be one of
      requiredExtendedKeyUsage: [smartcardLogon] ## sites[0].sslClientCertificates.requiredExtendedKeyUsage[0] must be one of
      acceptedPolicies: [1.2.x] ## sites[0].sslClientCertificates.acceptedPolicies[0] must be a dotted object identifier
      acceptedIssuers: [abc] ## sites[0].sslClientCertificates.acceptedIssuers[0] must be a SHA-256 fingerprint
      revocationRetrievalHosts: ['http://pki.example/x'] ## sites[0].sslClientCertificates.revocationRetrievalHosts[0] must be a host name
      algorithms:
        digests: [md5] ## sites[0].sslClientCertificates.algorithms.digests[0] must be one of
        minimumRsaBits: 512 ## sites[0].sslClientCertificates.algorithms.minimumRsaBits must be a whole number
      revocation: ## sites[0].sslClientCertificates.revocation.gracePeriod without a grace period
        methods: [ocsp, ocsp] ## sites[0].sslClientCertificates.revocation.methods names a method twice
        unknownStatus: allowWithinGrace ## sites[0].sslClientCertificates.revocation.unknownStatus keeps a revoked card alive
        schemes: [ftp] ## sites[0].sslClientCertificates.revocation.schemes[0] must be one of
        ocsp:
          nonce: maybe ## sites[0].sslClientCertificates.revocation.ocsp.nonce must be one of
          responders: [nowhere] ## sites[0].sslClientCertificates.revocation.ocsp.responders[0] must be an http or https URL
    authentication:
      mode: card ## sites[0].authentication.mode must be one of
      requireSmartcardRequired: 'yes' ## sites[0].authentication.requireSmartcardRequired must be true or false
    directories: [local, crop, local] ## sites[0].directories[1] there is no directory named crop ## sites[0].directories[2] is listed twice
    mapping:
      rules: rules.yaml
      binding: half ## sites[0].mapping.binding must be one of
    userIsolation:
      mode: Template
      template: '{nmae}/{id}' ## sites[0].userIsolation.template stands for nothing
      layout: iis ## sites[0].userIsolation.layout does not look at layout
      createHome: 1 ## sites[0].userIsolation.createHome must be true or false
    authorization:
      - { user: ada, permissions: [Read] } ## sites[0].authorization[0].user is not a setting
      - { users: ada, permissions: [Read] } ## sites[0].authorization[1].users must be '*', or '?', or a list of texts
      - { users: ['*'], permissions: [Read] } ## sites[0].authorization[2].users[0] is the name of one account
      - { users: ['CORP\\ada'], permissions: [Read] } ## sites[0].authorization[3].users[0] names a domain
      - { users: '*', permissions: [read] } ## sites[0].authorization[4].permissions[0] must be one of Read, Write
      - { users: '*', permissions: [] } ## sites[0].authorization[5].permissions must be a list
      - { permissions: [Read] } ## sites[0].authorization[6] names neither users nor roles
      - { roles: [S-1-x], permissions: [Read] } ## sites[0].authorization[7].roles[0] is not a SID
      - { roles: ['CN=a,b'], permissions: [Read] } ## sites[0].authorization[8].roles[0] is not a distinguished name
      - { users: [ada], accessType: Denied, permissions: [Read] } ## sites[0].authorization[9].accessType must be one of
      - { users: [ada], permissions: [Read], path: sub } ## sites[0].authorization[10].path must be a path that begins with /
      - { users: [], permissions: [Read] } ## sites[0].authorization[11] has empty lists
    connections:
      controlChannelTimeout: 5 ## sites[0].connections.controlChannelTimeout must be a duration
      maxConnections: -1 ## sites[0].connections.maxConnections must be a whole number
      sessionLifetime: 12 h ## sites[0].connections.sessionLifetime must be a duration
    bandwidth:
      bytesPerSecond: 1M ## sites[0].bandwidth.bytesPerSecond must be a whole number
      rules:
        - { users: [ada] } ## sites[0].bandwidth.rules[0].bytesPerSecond is missing
    firewallSupport: ## sites[0].firewallSupport is above highDataChannelPort
      lowDataChannelPort: 50000
      highDataChannelPort: 40000
      externalIp4Address: 300.1.1.1 ## sites[0].firewallSupport.externalIp4Address must be an IPv4 address
    proxyProtocol:
      trustedAddresses: [balancer] ## sites[0].proxyProtocol.trustedAddresses[0] must be an address
    messages:
      bannerMessage: [a] ## sites[0].messages.bannerMessage must be a text
      greetingMessage: Welcome %UserNam% ## sites[0].messages.greetingMessage stands for nothing
      expandVariables: true
    dataChannelSecurity:
      matchClientAddressForPasv: false ## sites[0].dataChannelSecurity.matchClientAddressForPasv must be true
    requestFiltering:
      allowHighBitCharacters: 1 ## sites[0].requestFiltering.allowHighBitCharacters must be true or false
      fileExtensions:
        extensions:
          - { fileExtension: tar.gz, allowed: false } ## sites[0].requestFiltering.fileExtensions.extensions[0].fileExtension never matches
          - { fileExtension: a/b, allowed: false } ## sites[0].requestFiltering.fileExtensions.extensions[1].fileExtension must be the end of a name
          - { fileExtension: .exe } ## sites[0].requestFiltering.fileExtensions.extensions[2].allowed is missing
      hiddenSegments: [a/b, '..', same, Same] ## sites[0].requestFiltering.hiddenSegments[3] is listed before ## sites[0].requestFiltering.hiddenSegments[0] must be one name ## sites[0].requestFiltering.hiddenSegments[1] must be one name
      denyUrlSequences: ['', //] ## sites[0].requestFiltering.denyUrlSequences[0] must be a text that is not empty ## sites[0].requestFiltering.denyUrlSequences[1] never matches
      requestLimits:
        maxUrl: 5 ## sites[0].requestFiltering.requestLimits.maxUrl must be a whole number
    commandFiltering:
      maxCommandLine: 10 ## sites[0].commandFiltering.maxCommandLine must be a whole number
      commands:
        - { command: DE LE, allowed: false } ## sites[0].commandFiltering.commands[0].command must be a command
        - { command: STRO, allowed: false } ## sites[0].commandFiltering.commands[1].command is no command of this server
        - { command: PORT, allowed: true } ## sites[0].commandFiltering.commands[2].command the site does not serve it
        - { command: PRET, allowed: true } ## sites[0].commandFiltering.commands[3].command is never served
        - { command: XMKD, allowed: true }
        - { command: MKD, allowed: false } ## sites[0].commandFiltering.commands[5].command is listed before, as XMKD
        - { comand: DELE, allowed: true } ## sites[0].commandFiltering.commands[6].comand is not a setting
    directoryBrowse:
      showFlags: [StyleUnx] ## sites[0].directoryBrowse.showFlags[0] must be one of
    fileHandling:
      umask: '999' ## sites[0].fileHandling.umask must be a file mode
    logFile:
      directory: logs
      logExtFileFlags: [Date, PhysicalPath] ## sites[0].logFile.logExtFileFlags[1] must be one of
      period: Yearly ## sites[0].logFile.period must be one of
    hooks:
      onLogin:
        program: [relative] ## sites[0].hooks.onLogin.program[0] is not an absolute path
        timeout: 5 ## sites[0].hooks.onLogin.timeout must be a duration
      onUpload: { url: 'http://127.0.0.1/scan' } ## sites[0].hooks.onUpload.url must be an https URL ## sites[0].hooks.onUpload.certificateAuthorities names no CA
      onDownload: { socket: a.sock, program: [/bin/true] } ## sites[0].hooks.onDownload names several things
      onDelete: { whenUnavailable: allow } ## sites[0].hooks.onDelete names nothing ## sites[0].hooks.onDelete.whenUnavailable must be one of
      onRename: { program: [/bin/true], certificateAuthorities: [root.pem] } ## sites[0].hooks.onRename.certificateAuthorities is for a url
      onMove: { program: [/bin/true] } ## sites[0].hooks.onMove is not a setting
`;

const rules = `rules:
  - { name: a, map: nothing } ## rules[0].map must be one of
  - { name: a, map: certificate } ## rules[1].name is used twice
  - { map: upn } ## rules[2].name is missing
  - { name: pattern, map: sssd, matchrule: '<ISSUR>x', maprule: '(x={subject_dn!nss})' } ## rules[3].matchrule is not a keyword
  - { name: braces, map: sssd, matchrule: '<SAN>x', maprule: '(x={subject_dm})' } ## rules[4].maprule is not a template
`;

const accounts = `accounts:
  - { name: ada, group: [x] } ## accounts[0].group is not a setting
  - { name: ada } ## accounts[1].name is used twice
  - { name: eve, certificates: [zz] } ## accounts[2].certificates[0] must be a SHA-256 fingerprint
`;

interface Expected {
  readonly file: string;
  readonly line: number;
  readonly setting: string;
  readonly part: string;
}

function expectedOf(file: string, text: string): readonly Expected[] {
  return text.split('\n').flatMap((written, index) =>
    written
      .split(' ## ')
      .slice(1)
      .map((told) => {
        const [, setting = '', part = ''] = /^(\S+) (.+)$/.exec(told) ?? [];
        return { file, line: index + 1, setting, part };
      }),
  );
}

const expected = [
  ...expectedOf('cardgate.yaml', configuration),
  ...expectedOf('rules.yaml', rules),
  ...expectedOf('accounts.yaml', accounts),
];

let pki: TestPki;
let folder: string;
let faults: readonly ConfigurationFault[];
beforeAll(async () => {
  pki = await createTestPki();
  folder = mkdtempSync(join(tmpdir(), 'cardgate-mistakes-'));
  for (const name of ['files', 'news', 'a/below', 'b', 'logs']) mkdirSync(join(folder, name), { recursive: true });
  await copyFile(pki.files.serverChain, join(folder, 'server.pem'));
  await copyFile(pki.files.root, join(folder, 'root.pem'));
  for (const name of ['server.key', 'open.key']) await copyFile(pki.files.serverKey, join(folder, name));
  writeFileSync(join(folder, 'open.txt'), 'secret');
  for (const name of ['open.key', 'open.txt']) chmodSync(join(folder, name), 0o644);
  const plain = (text: string) => text.replace(/ ## .*$/gm, '');
  writeFileSync(join(folder, 'rules.yaml'), plain(rules));
  writeFileSync(join(folder, 'accounts.yaml'), plain(accounts));
  writeFileSync(join(folder, 'cardgate.yaml'), plain(configuration));
  const { stdout } = await runInProcess(['check-config', join(folder, 'cardgate.yaml'), '--json']);
  faults = (JSON.parse(stdout) as { readonly faults: readonly ConfigurationFault[] }).faults;
});
afterAll(async () => {
  await pki?.remove();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const placeOf = ({ position, setting }: ConfigurationFault) =>
  `${position.file.slice(position.file.lastIndexOf('/') + 1)}:${position.line} ${setting}`;

describe('one run of check-config on a configuration full of mistakes', () => {
  it('is told of more than a hundred', () => expect(expected.length).toBeGreaterThan(100));

  it.each(expected)('reports $file:$line $setting: $part', ({ file, line, setting, part }) => {
    const found = faults.filter((fault) => placeOf(fault) === `${file}:${line} ${setting}`);
    expect(found.map(({ message }) => message)).toContainEqual(expect.stringContaining(part));
  });

  it('reports each once, and nothing that follows from another', () => {
    expect(faults.map(placeOf).sort()).toEqual(
      expected.map(({ file, line, setting }) => `${file}:${line} ${setting}`).sort(),
    );
  });

  it('has a remedy for each, which is more than the name of a document', () => {
    expect(faults.filter(({ remedy }) => remedy.trim() === '' || /^\S+ says what stands here\.$/.test(remedy))).toEqual(
      [],
    );
  });

  it('tells those of a file in the order of its lines', () => {
    const lines = faults
      .filter(({ position }) => position.file.endsWith('cardgate.yaml'))
      .map(({ position }) => position.line);
    expect(lines).toEqual(lines.toSorted((one, other) => one - other));
  });
});
