/** The digest of a configuration covers every octet that takes part, and can be recomputed with sha256sum. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

let pki: TestPki;
let folder: string;
let configuration: string;

beforeAll(async () => {
  pki = await createTestPki();
  folder = mkdtempSync(join(tmpdir(), 'cardgate-digest-'));
  mkdirSync(join(folder, 'files'));
  configuration = join(folder, 'cardgate.yaml');
  const pem = (name: string, source: string) => writeFileSync(join(folder, name), readFileSync(source));
  pem('server.pem', pki.files.serverChain);
  writeFileSync(join(folder, 'server.key'), pki.server.privateKeyPem, { mode: 0o600 });
  pem('root.pem', pki.files.root);
  pem('issuing.pem', pki.files.issuing);
  pem('issuing.crl', pki.files.issuingCrl);
  pem('root.crl', pki.files.rootCrl);
  pem('directory-ca.pem', pki.files.root);
  pem('retrieval-ca.pem', pki.files.root);
  pem('callers.pem', pki.files.root);
  pem('responder.pem', pki.files.issuing);
  writeFileSync(join(folder, 'rules.yaml'), 'rules:\n  - { name: exact, map: certificate }\n');
  writeFileSync(join(folder, 'accounts.yaml'), 'accounts:\n  - { name: ada }\n');
  writeFileSync(join(folder, 'bind-password'), 'secret\n', { mode: 0o600 });
  writeFileSync(configuration, text());
});

afterAll(async () => {
  await pki.remove();
  rmSync(folder, { recursive: true, force: true });
});

const text = () => `
retrieval: { certificateAuthorities: [retrieval-ca.pem] }
directories:
  - { name: local, type: file, accounts: accounts.yaml }
  - name: corp
    type: ldap
    servers: [ldaps://dc1.example]
    certificateAuthorities: [directory-ca.pem]
    bindDn: cn=gateway,dc=example
    bindPasswordFile: bind-password
    searchBase: dc=example
mappingService:
  listeners:
    - { address: 127.0.0.1, port: 8443, certificate: server.pem, certificateKey: server.key, callerAuthorities: [callers.pem] }
sites:
  - name: files
    bindings: [{ address: 127.0.0.1, port: 2121 }]
    physicalPath: files
    ssl: { serverCertificate: server.pem, serverCertificateKey: server.key }
    sslClientCertificates:
      trustAnchors: [root.pem]
      intermediates: [issuing.pem]
      crlFiles: [issuing.crl, root.crl]
      revocation: { ocsp: { responderCertificates: [responder.pem] } }
    directories: [local]
    mapping: { rules: rules.yaml }
    authorization: [{ users: '*', permissions: [Read] }]
`;

const load = () => loadConfiguration(configuration, systemClock);
const named = () => load().files.map(({ name }) => name);

describe('the digest of a configuration', () => {
  it('covers the configuration and every file it names, each once, in the order of their names', () => {
    expect(named()).toEqual([
      'accounts.yaml',
      'bind-password',
      'callers.pem',
      'cardgate.yaml',
      'directory-ca.pem',
      'issuing.crl',
      'issuing.pem',
      'responder.pem',
      'retrieval-ca.pem',
      'root.crl',
      'root.pem',
      'rules.yaml',
      'server.key',
      'server.pem',
    ]);
  });

  it('changes with a setting that names no file', () => {
    const before = load().sha256;
    writeFileSync(configuration, `${text()}      \nshutdownDrainTime: 31s\n`);
    expect(load().sha256).not.toBe(before);
    writeFileSync(configuration, text());
    expect(load().sha256).toBe(before);
  });

  it.each(['accounts.yaml', 'rules.yaml', 'bind-password', 'callers.pem', 'root.pem', 'server.pem', 'server.key'])(
    'changes with one more octet in %s',
    (name) => {
      const before = load().sha256;
      const content = readFileSync(join(folder, name));
      writeFileSync(join(folder, name), Buffer.concat([content, Buffer.from('\n')]));
      expect(load().sha256).not.toBe(before);
      writeFileSync(join(folder, name), content);
      expect(load().sha256).toBe(before);
    },
  );

  it('changes when two files exchange their content', () => {
    const before = load().sha256;
    const [one, other] = [join(folder, 'issuing.crl'), join(folder, 'root.crl')];
    const [first, second] = [readFileSync(one), readFileSync(other)];
    writeFileSync(one, second);
    writeFileSync(other, first);
    expect(load().sha256).not.toBe(before);
    writeFileSync(one, first);
    writeFileSync(other, second);
  });

  it('is the SHA-256 of the list, and the list is what sha256sum prints, passwords apart', () => {
    const { files, sha256 } = load();
    const list = files.map(({ digest, name }) => `${digest}  ${name}\n`).join('');
    expect(createHash('sha256').update(list).digest('hex')).toBe(sha256);
    const material = files.filter(({ method }) => method === 'sha256');
    const printed = execFileSync(
      'sha256sum',
      material.map(({ name }) => name),
      { cwd: folder, encoding: 'utf8' },
    );
    expect(material.map(({ digest, name }) => `${digest}  ${name}\n`).join('')).toBe(printed);
  });

  it('does not show what a password is to who hashes guesses', () => {
    const password = load().files.find(({ name }) => name === 'bind-password');
    expect(password?.method).toBe('scrypt');
    for (const guess of ['secret', 'secret\n'])
      expect(password?.digest).not.toBe(createHash('sha256').update(guess).digest('hex'));
  });
});
