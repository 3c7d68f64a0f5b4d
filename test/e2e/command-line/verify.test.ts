/** `cardgate verify` as a person and as a script use it: exit codes, the rule that was broken, evidence with its age, lines of JSON. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { runCardgate } from '../../support/run-cardgate.ts';

let pki: TestPki;
let ada: Person;
let uma: Person;
/** ada's certificate without the CA above it. */
let adaAlone: string;
let adaDer: string;

beforeAll(async () => {
  pki = await createTestPki();
  ada = await pki.issuePerson({ name: 'ada' });
  uma = await pki.issuePerson({ name: 'uma' });
  await pki.revoke([uma.serialNumber]);
  adaAlone = join(pki.directory, 'ada-alone.der');
  adaDer = join(pki.directory, 'ada.txt');
  writeFileSync(adaAlone, ada.der);
  writeFileSync(adaDer, ada.der.toString('base64'));
});

afterAll(() => pki?.remove());

const anchored = () => ['--trust-anchor', pki.files.root];
const crls = () => ['--crl', pki.files.rootCrl, pki.files.issuingCrl];
const verify = (...args: readonly string[]) => runCardgate(['verify', ...args]);

describe('cardgate verify', () => {
  it('shows every check with its clause, the path, the policies and the evidence with its age', async () => {
    const { exitCode, stdout } = await verify(ada.certificateFile, ...anchored(), ...crls(), '--eku', 'smartCardLogon');
    expect(stdout).toMatch(/VALID\n {2}path: +CN=ada.* <- .* \(trust anchor\)\n {2}policies: /);
    expect(stdout).toContain('[RFC 5280 6.1.3 (a)(1)]');
    expect(stdout).toMatch(/status: +CN=ada.*: good by CRL .*issuing.*, \d+ (s|min|h) old \(.*\), next update /);
    expect(exitCode).toBe(0);
  });

  it('takes DER, and finds the issuing CA among the untrusted', async () => {
    expect((await verify(adaAlone, ...anchored(), '--untrusted', pki.files.issuing)).exitCode).toBe(0);
    const { exitCode, stdout } = await verify(adaAlone, ...anchored());
    expect(stdout).toContain('REFUSED: path-not-found');
    expect(exitCode).toBe(1);
  });

  it('names the rule that was broken with both values and its clause', async () => {
    const { exitCode, stdout } = await verify(
      ada.certificateFile,
      ...anchored(),
      '--at',
      '2001-01-01T00:00:00Z',
      '--json',
    );
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      denial: {
        code: 'certificate-not-yet-valid',
        detail: expect.stringMatching(/valid from .* on; the time of validation is 2001-01-01T00:00:00.000Z/),
        citation: 'RFC 5280 6.1.3 (a)(2)',
      },
    });
  });

  it.each([
    ['a purpose it is not for', ['--eku', 'serverAuth'], 'extended-key-usage-missing'],
    [
      'a required policy it has not',
      ['--policy', '1.2.3', '--require-explicit-policy'],
      'certificate-policy-not-acceptable',
    ],
    ['revocation asked for without evidence', ['--revocation', 'crl'], 'revocation-unknown'],
  ])('refuses %s', async (_rule, args, expected) => {
    const { exitCode, stdout } = await verify(ada.certificateFile, ...anchored(), ...args, '--json');
    expect(JSON.parse(stdout).denial.code).toBe(expected);
    expect(exitCode).toBe(1);
  });

  it('refuses a revoked certificate, unless revocation is off', async () => {
    const revoked = await verify(uma.certificateFile, ...anchored(), ...crls(), '--json');
    expect(JSON.parse(revoked.stdout).denial.code).toBe('certificate-revoked');
    expect((await verify(uma.certificateFile, ...anchored(), ...crls(), '--revocation', 'off')).exitCode).toBe(0);
  });

  it.each([
    ['no trust anchor', () => [ada.certificateFile]],
    ['no certificate', anchored],
    ['a file that is not there', () => ['/nowhere.pem', ...anchored()]],
    ['a time without a zone', () => [ada.certificateFile, ...anchored(), '--at', '2026-06-01T12:00:00']],
    ['a policy that is no OID', () => [ada.certificateFile, ...anchored(), '--policy', 'gold']],
    ['an unknown purpose', () => [ada.certificateFile, ...anchored(), '--eku', 'login']],
    ['an unknown method', () => [ada.certificateFile, ...anchored(), '--revocation', 'maybe']],
    ['a private key among the anchors', () => [ada.certificateFile, '--trust-anchor', ada.keyFile]],
    ['a CRL that is none', () => [ada.certificateFile, ...anchored(), '--crl', adaDer]],
  ])('%s is bad usage', async (_what, args) => {
    expect((await verify(...args())).exitCode).toBe(2);
  });

  it('leaves out what it cannot read among many, and says so', async () => {
    const broken = join(pki.directory, 'broken.pem');
    const pem = (label: string) => `-----BEGIN ${label}-----\nMAA=\n-----END ${label}-----\n`;
    writeFileSync(broken, readFileSync(pki.files.root, 'utf8') + pem('CERTIFICATE'));
    const brokenCrl = join(pki.directory, 'broken-crl.pem');
    writeFileSync(brokenCrl, pem('X509 CRL'));
    const args = ['--trust-anchor', broken, '--untrusted', broken, ...crls(), brokenCrl];
    const { exitCode, stdout } = await verify(ada.certificateFile, ...args, '--json');
    expect(JSON.parse(stdout).leftOut).toEqual([
      { file: broken, reason: expect.stringContaining('certificate') },
      { file: broken, reason: expect.stringContaining('certificate') },
      { file: brokenCrl, reason: expect.stringContaining('CRL') },
    ]);
    expect(exitCode).toBe(0);
    const text = await verify(ada.certificateFile, ...args);
    expect(text.stdout).toContain(`left out: ${broken}, which cannot be read: certificate`);
  });

  it('does not go on when nothing of a kind can be read', async () => {
    const broken = join(pki.directory, 'only-broken.pem');
    writeFileSync(broken, '-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n');
    const { exitCode, stderr } = await verify(ada.certificateFile, ...anchored(), '--crl', broken);
    expect(stderr).toContain(broken);
    expect(exitCode).toBe(2);
  });

  it('believes an OCSP response out of a file', async () => {
    const file = (name: string) => join(pki.directory, name);
    writeFileSync(file('issuing-key.pem'), pki.issuing.privateKeyPem);
    const serial = ada.serialNumber.toString(16).toUpperCase().padStart(2, '0');
    writeFileSync(
      file('index.txt'),
      `V\t350101000000Z\t\t${serial.length % 2 ? `0${serial}` : serial}\tunknown\t/CN=ada\n`,
    );
    writeFileSync(file('ada-only.pem'), ada.pem);
    const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
    openssl(
      'ocsp',
      '-issuer',
      pki.files.issuing,
      '-cert',
      file('ada-only.pem'),
      '-reqout',
      file('request.der'),
      '-no_nonce',
    );
    openssl(
      ...['ocsp', '-index', file('index.txt'), '-rsigner', pki.files.issuing, '-rkey', file('issuing-key.pem')],
      ...['-CA', pki.files.issuing, '-reqin', file('request.der'), '-respout', file('response.der'), '-ndays', '1'],
    );
    const args = ['--ocsp', file('response.der'), '--crl', pki.files.rootCrl];
    const { stdout, exitCode } = await verify(ada.certificateFile, ...anchored(), ...args);
    expect(stdout).toMatch(/status: +CN=ada.*: good by OCSP of CN=.*response\.der/);
    expect(exitCode).toBe(0);
  });
});

describe('cardgate verify --json-lines', () => {
  const base64 = (file: string) => readFileSync(file, 'latin1').replace(/-----[^\n]*-----|\s/g, '');
  const lines = (input: string) => runCardgate(['verify', '--json-lines', ...anchored()], input);

  it('answers every line in order, and goes on after a bad one', async () => {
    const untrusted = [base64(pki.files.issuing)];
    const certificate = ada.der.toString('base64');
    const requests = [
      JSON.stringify({ id: 'a', certificate, untrusted }),
      'not json',
      JSON.stringify({ certificate, untrusted, colour: 'red' }),
      JSON.stringify({ id: 2, certificate: [certificate, ...untrusted], at: '2001-01-01T00:00:00Z' }),
      JSON.stringify({ certificate: 'not base 64' }),
      'x'.repeat(5 * 1024 * 1024),
      '',
      JSON.stringify({ id: 'z', certificate, untrusted, eku: ['clientAuth'], trustAnchors: [base64(pki.files.root)] }),
    ];
    const { exitCode, stdout } = await lines(requests.join('\n'));
    const results = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(results).toMatchObject([
      { line: 1, id: 'a', valid: true, path: [{ sha256: createHash('sha256').update(ada.der).digest('hex') }, {}] },
      { line: 2, valid: false, error: 'the line is not JSON' },
      { line: 3, valid: false, error: expect.stringContaining('colour') },
      { line: 4, id: 2, valid: false, denial: { code: 'certificate-not-yet-valid' } },
      { line: 5, valid: false, error: expect.stringContaining('base 64') },
      { line: 6, valid: false, error: expect.stringContaining('longer') },
      { line: 8, id: 'z', valid: true },
    ]);
    expect(exitCode).toBe(1);
  });

  it('leaves out what it cannot read among many on a line, and names its place', async () => {
    const certificate = ada.der.toString('base64');
    const crls = [pki.files.rootCrl, pki.files.issuingCrl].map((file) => readFileSync(file).toString('base64'));
    const untrusted = ['MAA=', base64(pki.files.issuing)];
    const requests = [
      { certificate, untrusted, crls: [...crls, 'MAA='] },
      { certificate, untrusted: ['MAA='] },
    ];
    const { stdout } = await lines(requests.map((request) => JSON.stringify(request)).join('\n'));
    const [first, second] = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(first).toMatchObject({ valid: true, leftOut: [{ file: 'untrusted[0]' }, { file: 'crls[2]' }] });
    expect(second).toMatchObject({ valid: false, error: expect.stringContaining('untrusted[0]') });
  });

  it('takes hundreds of cards, and ends with 0 when all are valid', async () => {
    const request = JSON.stringify({ certificate: ada.der.toString('base64'), untrusted: [base64(pki.files.issuing)] });
    const { exitCode, stdout } = await lines(`${request}\n`.repeat(800));
    expect(stdout.trim().split('\n')).toHaveLength(800);
    expect(exitCode).toBe(0);
  });
});
