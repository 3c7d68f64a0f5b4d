/** Who may import what, read from the import lines themselves: the map in README stays true or this fails. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = join(import.meta.dirname, '..', 'src');
const leaves = ['denial', 'explanation', 'clock', 'error-message', 'product-version', 'operations'];

/** Folder of src -> folders (or single files) of src it may import from, besides itself and the leaves. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['*'],
  'command-line': ['*'],
  config: [
    'authorization',
    'mapping/rule',
    'mapping/rule-language',
    'directory/directory',
    'directory/sid',
    'pki/authority-information-access',
    'pki/budget',
    'pki/certificate',
    'pki/crl',
    'pki/distinguished-name',
    'pki/malformed-error',
    'pki/oids',
    'pki/pem',
    'pki/signature',
  ],
  ftp: ['login/authenticator', 'authorization', 'storage'],
  login: ['pki', 'mapping', 'directory', 'authorization'],
  service: [
    'login',
    'directory/directory',
    'authorization/access-rights',
    'pki/certificate',
    'pki/distinguished-name',
    'pki/malformed-error',
    'pki/pem',
  ],
  mapping: [
    'directory/certificate-exact-assertion',
    'directory/directory',
    'pki/certificate',
    'pki/der',
    'pki/der-strings',
    'pki/distinguished-name',
    'pki/general-name',
    'pki/key-usage',
    'pki/malformed-error',
    'pki/oids',
    'pki/serial-number-text',
    'pki/subject-identity',
    'pki/validated-certificate',
  ],
  smartcard: ['pki', 'config/fault', 'config/yaml-source'],
  scenario: ['smartcard', 'mapping/alt-security-identities', 'mapping/rule', 'directory/sid', 'pki'],
  'card-trial': ['smartcard', 'pki', 'config/fault', 'config/yaml-source'],
  pki: [],
  directory: [],
  storage: ['authorization/access-rights', 'authorization/folded-path'],
  authorization: [],
  operations: [],
  'denial.ts': [],
  'explanation.ts': [],
  'clock.ts': [],
  'error-message.ts': [],
  'product-version.ts': [],
};

/** Packages that only one folder may know. */
const packageOwners: Readonly<Record<string, readonly string[]>> = {
  ldapts: ['directory'],
  winston: ['operations'],
  pkcs11js: ['smartcard'],
  'basic-ftp': ['card-trial', 'smartcard'],
  pkijs: ['smartcard'],
  asn1js: ['smartcard'],
  commander: ['command-line'],
  yaml: ['config', 'scenario'],
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
  if (targetFolder === folder || leaves.includes(targetFolder)) return true;
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
    expect(spellers).toEqual(['smartcard/authority-directory.ts']);
  });

  it('no file of src is longer than 300 lines, the denial table apart', () => {
    const long = files
      .filter((file) => file !== 'denial.ts')
      .map((file) => `${file} ${readFileSync(join(source, file), 'utf8').split('\n').length - 1}`)
      .filter((line) => Number(line.split(' ')[1]) > 300);
    expect(long).toEqual([]);
  });

  it('every file of src begins by saying what it holds', () => {
    const silent = files.filter((file) => !/^(#!.*\n)?\/\*\*/.test(readFileSync(join(source, file), 'utf8')));
    expect(silent).toEqual([]);
  });

  it('only the leaves and the composition read the wall clock', () => {
    const readers = files
      .filter((file) => !['clock.ts', 'operations', 'command-line', 'main.ts', 'smartcard'].includes(folderOf(file)))
      .filter((file) => /Date\.now\(\)|new Date\(\)/.test(readFileSync(join(source, file), 'utf8')));
    expect(readers).toEqual([]);
  });
});
