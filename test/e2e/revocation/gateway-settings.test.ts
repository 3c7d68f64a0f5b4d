/** The revocation settings of a site, as they are written in a configuration, and what each makes of one and the same card. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../support/control-client.ts';
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { issueOcsp, ocspSigner } from '../../support/ocsp-answer.ts';
import { type OcspResponder, startOcspResponder } from '../../support/ocsp-responder.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

type Settings = Readonly<Record<string, unknown>>;
type Answers = 'good' | 'revoked' | 'fails' | 'an hour old';

/** What one site and its cards know of: authorities, CRLs and a responder of their own, for the sites of a gateway share what was retrieved. */
interface Surroundings {
  readonly pki: TestPki;
  readonly responder: OcspResponder;
  readonly endedCrl: string;
  /** Names the responder and a distribution point. */
  readonly ada: Person;
  /** Names neither. */
  readonly bob: Person;
}

interface Case {
  readonly name: string;
  readonly settings: Settings | ((surroundings: Surroundings) => Settings);
  readonly answers?: Answers;
  readonly person?: 'ada' | 'bob';
  readonly expected: string;
}

const minutes = (count: number) => new Date(Date.now() + count * 60_000);

const alone = { methods: ['ocsp'], certificates: 'endCertificate' };
const grace = (gracePeriod: string) => ({ unknownStatus: 'allowWithinGrace', gracePeriod, methods: ['crl'] });

const settingsOfAda: readonly (readonly [name: string, settings: Settings, answers: Answers, expected: string])[] = [
  ['no settings, answers good', {}, 'good', '230 good by ocsp'],
  ['no settings, answers revoked', {}, 'revoked', '530 certificate-revoked'],
  ['no settings, responder failing', {}, 'fails', '230 good by crl'],
  ['methods [crl], answers revoked', { revocation: { methods: ['crl'] } }, 'revoked', '230 good by crl'],
  ['methods [crl, ocsp], answers revoked', { revocation: { methods: ['crl', 'ocsp'] } }, 'revoked', '230 good by crl'],
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
];

const settingsOfGrace: readonly (readonly [name: string, revocation: Settings, expected: string])[] = [
  ['unknownStatus deny', { methods: ['crl'] }, '530 revocation-unknown'],
  ['a grace longer ago than the CRL ended', grace('1h'), '230 good-within-grace by crl'],
  ['a grace that is over', grace('5m'), '530 revocation-unknown'],
];

const cases: readonly Case[] = [
  ...settingsOfAda.map(([name, settings, answers, expected]) => ({ name, settings, answers, expected })),
  ...settingsOfGrace.map(([name, revocation, expected]) => ({
    name: `${name}, and a CRL that ended ten minutes ago`,
    settings: ({ pki, endedCrl }: Surroundings) => ({ crlFiles: [endedCrl, pki.files.rootCrl], revocation }),
    person: 'bob' as const,
    expected,
  })),
  {
    name: 'no responders, for a card that names none',
    settings: { revocation: alone },
    person: 'bob',
    expected: '530 revocation-unknown',
  },
  {
    name: 'responders, for a card that names none',
    settings: ({ responder }) => ({ revocation: { ...alone, ocsp: { responders: [responder.url] } } }),
    person: 'bob',
    expected: '230 good by ocsp',
  },
];
const siteOf = (index: number) => `site-${index}`;

let crls: CrlServer;
let world: LoginWorld;
const surroundings = new Map<string, Surroundings>();

beforeAll(async () => {
  crls = await startCrlServer();
  for (const index of cases.keys()) surroundings.set(siteOf(index), await surroundingsOf(siteOf(index)));
  const accounts = (['ada', 'bob'] as const).map((name) => ({
    name,
    certificates: [...surroundings.values()].map((own) => createHash('sha256').update(own[name].der).digest('hex')),
  }));
  const { directory, files } = accountFileDirectory(accounts);
  const sites = cases.map(({ settings }, index) => [
    siteOf(index),
    siteSettings(surroundings.get(siteOf(index))!, settings),
  ]);
  world = await startLoginWorld({
    pki: surroundings.get(siteOf(0))!.pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    sites: Object.fromEntries(sites),
  });
});

afterAll(async () => {
  await world?.stop();
  for (const { responder, pki } of surroundings.values()) {
    await responder.stop();
    await pki.remove();
  }
  await crls.stop();
});

async function surroundingsOf(site: string): Promise<Surroundings> {
  const pki = await createTestPki({ crlBaseUrl: `${crls.baseUrl}/${site}` });
  crls.publish(`${site}/root.crl`, () => readFile(pki.files.rootCrl));
  crls.publish(`${site}/issuing.crl`, () => readFile(pki.files.issuingCrl));
  const responder = await startOcspResponder({ authority: pki.issuing });
  const endedCrl = join(pki.directory, 'ended.crl');
  const period = { thisUpdate: minutes(-120), nextUpdate: minutes(-10) };
  await writeFile(endedCrl, await pki.issuing.issueCrl({ revoked: [], number: 1n, ...period }));
  return {
    pki,
    responder,
    endedCrl,
    ada: await pki.issuePerson({ name: 'ada', ocspResponder: responder.url }),
    bob: await pki.issuePerson({ name: 'bob', crlDistributionPoint: null }),
  };
}

function siteSettings(own: Surroundings, settings: Case['settings']): Settings {
  const { root, issuing } = own.pki.files;
  return {
    sslClientCertificates: {
      trustAnchors: [root],
      intermediates: [issuing],
      crlFiles: [],
      revocationRetrievalHosts: ['127.0.0.1'],
      ...(typeof settings === 'function' ? settings(own) : settings),
    },
  };
}

async function answer({ pki, responder, ada, bob }: Surroundings, answers: Answers): Promise<void> {
  await responder.know(ada.serialNumber, answers === 'revoked');
  await responder.know(bob.serialNumber);
  const issuer = ocspSigner(pki.issuing.certificateDer, pki.issuing.privateKeyPem);
  const period = { thisUpdate: minutes(-60), nextUpdate: minutes(60) };
  const old = () => issueOcsp({ issuer, serial: ada.serialNumber, ...period });
  responder.behave(answers === 'fails' ? 'fail' : answers === 'an hour old' ? old : 'serve');
}

/** The reply to USER, and how the record says the status of the card was found out. */
async function logInAt(site: string, name: 'ada' | 'bob'): Promise<string> {
  const person = surroundings.get(site)![name];
  const client = await ControlClient.connect(world.portOf(site));
  await client.reply();
  await client.secure({ cert: person.chainPem, key: person.privateKeyPem });
  const { code } = await client.command(`USER ${name}`);
  client.destroy();
  const logins = () => world.logins(name).filter((record) => record.site === site);
  await expect.poll(() => logins().length).toBe(1);
  const [record] = logins();
  const [evidence] = record?.evidence ?? [];
  return `${code} ${record?.denial?.code ?? `${evidence?.status} by ${evidence?.method}`}`;
}

describe('a site with', () => {
  it.each(cases.map((each, index) => ({ ...each, site: siteOf(index) })))(
    '$name',
    async ({ site, person = 'ada', answers = 'good', expected }) => {
      await answer(surroundings.get(site)!, answers);
      expect(await logInAt(site, person)).toBe(expected);
    },
  );
});
