/** What holds in all of src, read from the sources themselves. Who may import what, .dependency-cruiser.mjs says. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = join(import.meta.dirname, '..', 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const folderOf = (file: string) => file.split('/')[0]!;

describe('architecture', () => {
  it('only pki can make a ValidatedCertificate', () => {
    const makers = files.filter((file) => /markValidated/.test(readFileSync(join(source, file), 'utf8')));
    expect(makers.map(folderOf).filter((folder) => folder !== 'pki')).toEqual([]);
  });

  it('no module asks Node.js for certificates as objects, in which it dies of curves that NIST has no name for', () => {
    const askers = files.filter((file) =>
      /\.(getPeerCertificate|getCertificate|toLegacyObject)\(/.test(readFileSync(join(source, file), 'utf8')),
    );
    expect(askers).toEqual([]);
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

  it('no import statement asks for a value of node:http, and loads what no file needs', () => {
    const values = files.filter((file) =>
      /^import (?!type )[^;]*'(node:)?http';/m.test(readFileSync(join(source, file), 'utf8')),
    );
    expect(values).toEqual([]);
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
