/** Who may import what, read from the import lines themselves: the map in README stays true or this fails. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = join(import.meta.dirname, '..', 'src');
const leaves = ['denial', 'explanation/steps', 'clock', 'error-message', 'product-version', 'operations'];

/** Folder of src -> folders (or single files) of src it may import from, besides itself and the leaves. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['commands', 'gateway'],
  commands: ['*'],
  gateway: ['config', 'ftp', 'storage', 'authorization', 'login', 'mapping', 'directory', 'service', 'pki'],
  explanation: ['login'],
  config: [
    'authorization',
    'mapping/rules/rule',
    'mapping/rules/rule-language',
    'directory/directory',
    'directory/active-directory/sid',
    'pki/certificate/authority-information-access',
    'pki/path/budget',
    'pki/certificate/certificate',
    'pki/crl/crl',
    'pki/names/distinguished-name',
    'pki/encoding/malformed-error',
    'pki/encoding/oids',
    'pki/encoding/pem',
    'pki/certificate/signature',
  ],
  ftp: ['login/authenticator', 'authorization', 'storage'],
  login: ['pki', 'mapping', 'directory', 'authorization'],
  service: [
    'login',
    'directory/directory',
    'authorization/access-rights',
    'pki/certificate/certificate',
    'pki/names/distinguished-name',
    'pki/encoding/malformed-error',
    'pki/encoding/pem',
  ],
  mapping: [
    'directory/certificate-exact-assertion',
    'directory/directory',
    'pki/certificate/certificate',
    'pki/encoding/der',
    'pki/encoding/der-strings',
    'pki/names/distinguished-name',
    'pki/names/general-name',
    'pki/certificate/key-usage',
    'pki/encoding/malformed-error',
    'pki/encoding/oids',
    'pki/names/serial-number-text',
    'pki/names/subject-identity',
    'pki/path/validated-certificate',
  ],
  smartcard: [
    'pki',
    'config/yaml/fault',
    'config/yaml/yaml-source',
    'mapping/stored/alt-security-identities',
    'mapping/rules/rule',
    'directory/active-directory/sid',
  ],
  pki: [],
  directory: [],
  storage: ['authorization/access-rights', 'authorization/folded-path'],
  authorization: [],
  operations: [],
  'denial.ts': [],
  'clock.ts': [],
  'error-message.ts': [],
  'product-version.ts': [],
};

/** Packages that only one folder may know. */
const packageOwners: Readonly<Record<string, readonly string[]>> = {
  ldapts: ['directory'],
  winston: ['operations'],
  pkcs11js: ['smartcard'],
  'basic-ftp': ['smartcard'],
  pkijs: ['smartcard'],
  asn1js: ['smartcard'],
  commander: ['commands'],
  yaml: ['config', 'smartcard'],
  zod: ['config', 'mapping', 'service', 'smartcard'],
  'lru-cache': ['pki', 'mapping', 'directory', 'ftp', 'login'],
};

interface Import {
  readonly file: string;
  readonly folder: string;
  readonly specifier: string;
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const folderOf = (file: string) => file.split('/')[0]!;

const imports: Import[] = files.flatMap((file) =>
  [
    ...readFileSync(join(source, file), 'utf8').matchAll(
      /(?:^(?:import|export|\}).*from |^import |[^\w.]import\()'([^']+)'/gm,
    ),
  ].map((match) => ({
    file,
    folder: folderOf(file),
    specifier: match[1]!,
  })),
);

function mayImport({ file, folder, specifier }: Import): boolean {
  const target = relative(source, join(source, dirname(file), specifier)).replace(/\.ts$/, '');
  const targetFolder = target.split('/')[0]!;
  if (targetFolder === folder || leaves.includes(targetFolder) || leaves.includes(target)) return true;
  return (allowed[folder] ?? []).some((entry) => entry === '*' || entry === target || entry === targetFolder);
}

describe('architecture', () => {
  it('every folder of src has its rule', () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => !(folder in allowed))).toEqual([]);
  });

  it('modules import only downwards', () => {
    const violations = imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .filter((entry) => !mayImport(entry))
      .map(({ file, specifier }) => `${file} -> ${specifier}`);
    expect(violations).toEqual([]);
  });

  it('each package is known to its owner only', () => {
    const violations = imports
      .filter(({ specifier }) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
      .filter(({ folder, specifier }) => !packageOwners[specifier]?.includes(folder))
      .map(({ file, specifier }) => `${file} -> ${specifier}`);
    expect(violations).toEqual([]);
  });

  it('only pki can make a ValidatedCertificate', () => {
    const makers = files.filter((file) => /markValidated/.test(readFileSync(join(source, file), 'utf8')));
    expect(makers.map(folderOf).filter((folder) => folder !== 'pki')).toEqual([]);
  });

  it('no module asks Node.js for certificates as objects, in which it dies of curves that NIST has no name for', () => {
    const askers = files.filter((file) =>
      /\.(getPeerCertificate|getCertificate|toLegacyObject)\(/.test(readFileSync(join(source, file), 'utf8')),
    );
    // Callers of the mapping service are asked only once TLS has found their path to an authority of the operator.
    expect(askers.filter((file) => file !== 'service/tls-acceptance.ts')).toEqual([]);
  });

  it('one piece connects to TLS servers, because Node.js’s own check of their names asks for such an object', () => {
    const callers = files.filter((file) => {
      const text = readFileSync(join(source, file), 'utf8');
      return /import tls from 'node:tls'|import \{[^}]*\bconnect\b[^}]*\} from 'node:tls'/.test(text);
    });
    expect(callers).toEqual(['operations/tls-client.ts']);
    const ofHttps = files.filter((file) => readFileSync(join(source, file), 'utf8').includes("from 'node:https'"));
    const agents = ofHttps.filter((file) => !readFileSync(join(source, file), 'utf8').includes('new TlsClientAgent('));
    expect(agents).toEqual(['operations/tls-client.ts']);
  });

  it('one function spells the serial number of a certificate', () => {
    const spelling = /serialOctets\.toString|serialNumber(OfCertificate\(\w+\))?\.toString\((16|'hex')\)/;
    const spellers = files.filter((file) => spelling.test(readFileSync(join(source, file), 'utf8')));
    // The file name that an authority keeps a certificate by.
    expect(spellers).toEqual(['smartcard/authority/authority-directory.ts']);
  });

  it('no file of src is longer than 300 lines, the denial table apart', () => {
    const long = files
      .filter((file) => file !== 'denial.ts')
      .map((file) => `${file} ${readFileSync(join(source, file), 'utf8').split('\n').length - 1}`)
      .filter((line) => Number(line.split(' ')[1]) > 300);
    expect(long).toEqual([]);
  });

  it('no folder of src holds more than 22 files beside each other', () => {
    const folders = Map.groupBy(files, (file) => dirname(file));
    expect([...folders].filter(([, inside]) => inside.length > 22).map(([folder]) => folder)).toEqual([]);
  });

  it('every file of src begins by saying what it holds', () => {
    const silent = files.filter((file) => !/^(#!.*\n)?\/\*\*/.test(readFileSync(join(source, file), 'utf8')));
    expect(silent).toEqual([]);
  });

  it('only the leaves and the composition read the wall clock', () => {
    const readers = files
      .filter(
        (file) => !['clock.ts', 'operations', 'commands', 'gateway', 'main.ts', 'smartcard'].includes(folderOf(file)),
      )
      .filter((file) => /Date\.now\(\)|new Date\(\)/.test(readFileSync(join(source, file), 'utf8')));
    expect(readers).toEqual([]);
  });
});
