/** The revocation settings of a site, as they are written in a configuration, and what each makes of one and the same card. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../support/control-client.ts';
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts';
import { accountFileDirectory, startLoginWorld } from '../../support/login-world.ts';
import { issueOcsp, ocspSigner } from '../../support/ocsp-answer.ts';
import { type OcspResponder, startOcspResponder } from '../../support/ocsp-responder.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

type Settings = Readonly<Record<string, unknown>>;

const minutes = (count: number) => new Date(Date.now() + count * 60_000);

let crls: CrlServer;
let pki: TestPki;
let responder: OcspResponder;
let ada: Person;
let bob: Person;
let endedCrl: string;

beforeAll(async () => {
  crls = await startCrlServer();
  pki = await createTestPki({ crlBaseUrl: crls.baseUrl });
  crls.publish('root.crl', () => readFile(pki.files.rootCrl));
  crls.publish('issuing.crl', () => readFile(pki.files.issuingCrl));
  responder = await startOcspResponder({ authority: pki.issuing });
  ada = await pki.issuePerson({ name: 'ada', ocspResponder: responder.url });
  bob = await pki.issuePerson({ name: 'bob', crlDistributionPoint: null });
  endedCrl = join(pki.directory, 'ended.crl');
  const period = { thisUpdate: minutes(-120), nextUpdate: minutes(-10) };
  await writeFile(endedCrl, await pki.issuing.issueCrl({ revoked: [], number: 1n, ...period }));
});

afterAll(async () => {
  await responder.stop();
  await crls.stop();
  await pki.remove();
});

/** The reply to USER, and how the record says the status of the card was found out. */
async function logInUnder(settings: Settings, name = 'ada'): Promise<string> {
  const person = name === 'ada' ? ada : bob;
  const { directory, files } = accountFileDirectory([
    { name, certificates: [createHash('sha256').update(person.der).digest('hex')] },
  ]);
  const world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: { sslClientCertificates: { crlFiles: [], revocationRetrievalHosts: ['127.0.0.1'], ...settings } },
  });
  try {
    const client = await ControlClient.connect(world.port);
    await client.reply();
    await client.secure({ cert: person.chainPem, key: person.privateKeyPem });
    const { code } = await client.command(`USER ${name}`);
    client.destroy();
    await expect.poll(() => world.logins(name).length).toBe(1);
    const [record] = world.logins(name);
    const [evidence] = record?.evidence ?? [];
    return `${code} ${record?.denial?.code ?? `${evidence?.status} by ${evidence?.method}`}`;
  } finally {
    await world.stop();
  }
}

type Answers = 'good' | 'revoked' | 'fails' | 'an hour old';

async function answer(answers: Answers): Promise<void> {
  await responder.know(ada.serialNumber, answers === 'revoked');
  await responder.know(bob.serialNumber);
  const issuer = ocspSigner(pki.issuing.certificateDer, pki.issuing.privateKeyPem);
  const period = { thisUpdate: minutes(-60), nextUpdate: minutes(60) };
  const old = () => issueOcsp({ issuer, serial: ada.serialNumber, ...period });
  responder.behave(answers === 'fails' ? 'fail' : answers === 'an hour old' ? old : 'serve');
}

const alone = { methods: ['ocsp'], certificates: 'endCertificate' };
const grace = (gracePeriod: string) => ({ unknownStatus: 'allowWithinGrace', gracePeriod, methods: ['crl'] });

describe('a site with', () => {
  it.each<[string, Settings, Answers, string]>([
    ['no settings, answers good', {}, 'good', '230 good by ocsp'],
    ['no settings, answers revoked', {}, 'revoked', '530 certificate-revoked'],
    ['no settings, responder failing', {}, 'fails', '230 good by crl'],
    ['methods [crl], answers revoked', { revocation: { methods: ['crl'] } }, 'revoked', '230 good by crl'],
    [
      'methods [crl, ocsp], answers revoked',
      { revocation: { methods: ['crl', 'ocsp'] } },
      'revoked',
      '230 good by crl',
    ],
    ['methods [ocsp], end certificate', { revocation: alone }, 'good', '230 good by ocsp'],
    ['methods [ocsp], end certificate, responder failing', { revocation: alone }, 'fails', '530 revocation-unknown'],
    [
      'methods [ocsp], whole chain, whose CA names no responder',
      { revocation: { methods: ['ocsp'] } },
      'good',
      '530 revocation-unknown',
    ],
    ['nonce require', { revocation: { ...alone, ocsp: { nonce: 'require' } } }, 'good', '230 good by ocsp'],
    [
      'nonce require, answers replayed',
      { revocation: { ...alone, ocsp: { nonce: 'require' } } },
      'an hour old',
      '530 revocation-unknown',
    ],
    [
      'nonce send, answers replayed',
      { revocation: { ...alone, ocsp: { nonce: 'send' } } },
      'an hour old',
      '230 good by ocsp',
    ],
    [
      'certIdHash sha256, POST',
      { revocation: { ...alone, ocsp: { certIdHash: 'sha256', httpMethod: 'post' } } },
      'good',
      '230 good by ocsp',
    ],
    [
      'maximumAge of two hours',
      { revocation: { ...alone, ocsp: { maximumAge: '2h' } } },
      'an hour old',
      '230 good by ocsp',
    ],
    [
      'maximumAge of half an hour',
      { revocation: { ...alone, ocsp: { maximumAge: '30m' } } },
      'an hour old',
      '530 revocation-unknown',
    ],
    [
      'revocationFreshnessTime of half an hour',
      { revocation: alone, revocationFreshnessTime: '30m' },
      'an hour old',
      '530 revocation-unknown',
    ],
    ['NoRevocationCheck', { validationFlags: ['NoRevocationCheck'] }, 'revoked', '230 not-checked by none'],
    [
      'CertChainRevocationCheckCacheOnly',
      { validationFlags: ['CertChainRevocationCheckCacheOnly'] },
      'good',
      '530 revocation-unknown',
    ],
    ['no host that may be asked', { revocationRetrievalHosts: [] }, 'good', '530 revocation-unknown'],
  ])('%s', async (_name, settings, answers, expected) => {
    await answer(answers);
    expect(await logInUnder(settings)).toBe(expected);
  });

  it.each<[string, Settings, string]>([
    ['unknownStatus deny', { methods: ['crl'] }, '530 revocation-unknown'],
    ['a grace longer ago than the CRL ended', grace('1h'), '230 good-within-grace by crl'],
    ['a grace that is over', grace('5m'), '530 revocation-unknown'],
  ])('%s, and a CRL that ended ten minutes ago', async (_name, revocation, expected) => {
    expect(await logInUnder({ crlFiles: [endedCrl, pki.files.rootCrl], revocation }, 'bob')).toBe(expected);
  });

  it('responders for cards that name none', async () => {
    await answer('good');
    expect(await logInUnder({ revocation: alone }, 'bob')).toBe('530 revocation-unknown');
    const ocsp = { responders: [responder.url] };
    expect(await logInUnder({ revocation: { ...alone, ocsp } }, 'bob')).toBe('230 good by ocsp');
  });
});
