/**
 * Revocation drilled with a real network: OpenSSL as OCSP responder and an HTTP server for CRLs that are right, slow, dead, stale, lying or
 * huge; and a table of what each setting of a site makes of it.
 */

import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { defaultAlgorithmPolicy } from '../../../src/pki/certificate/algorithms.ts';
import { accessLocations } from '../../../src/pki/certificate/authority-information-access.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { createCertificateValidator, type ValidationResult } from '../../../src/pki/path/certificate-validator.ts';
import { EvidenceStore } from '../../../src/pki/retrieval/evidence-store.ts';
import { UrlRetriever } from '../../../src/pki/retrieval/url-retriever.ts';
import { milliseconds, octets, seconds } from '../../../src/settings/units.ts';
import { extendedKeyUsages } from '../../../src/smartcard/authority/certificate-extensions.ts';
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts';
import { issueOcsp, type OcspAnswer, ocspError, ocspSigner } from '../../support/ocsp-answer.ts';
import {
  type OcspBehaviour,
  type OcspRequestSeen,
  type OcspResponder,
  startOcspResponder,
} from '../../support/ocsp-responder.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import {
  type OcspChanges,
  pathSettingsOf,
  type RevocationChanges,
  revocationBy,
} from '../../support/validation-settings.ts';

const minutes = (count: number) => new Date(Date.now() + count * 60_000);

let pki: TestPki;
let crls: CrlServer;
let responder: OcspResponder;
let ada: Person;

beforeEach(async () => {
  crls = await startCrlServer();
  pki = await createTestPki({ crlBaseUrl: crls.baseUrl });
  crls.publish('root.crl', () => readFile(pki.files.rootCrl));
  crls.publish('issuing.crl', () => readFile(pki.files.issuingCrl));
  responder = await startOcspResponder({ authority: pki.issuing });
  ada = await pki.issuePerson({ name: 'ada', ocspResponder: responder.url });
  await responder.know(ada.serialNumber);
});

afterEach(async () => {
  await responder.stop();
  await crls.stop();
  await pki.remove();
});

interface Settings extends Omit<RevocationChanges, 'ocsp' | 'retrieval'> {
  readonly ocsp?: OcspChanges;
  readonly allowedHosts?: readonly string[];
  readonly timeout?: number;
  readonly store?: EvidenceStore;
}

function site({ ocsp = {}, allowedHosts = ['127.0.0.1'], timeout = 3_000, store, ...options }: Settings = {}) {
  const tools = { clock: systemClock, logger: silentLogger };
  const evidence = store ?? new EvidenceStore({ memory: octets(10_000_000), ...tools });
  const validator = createCertificateValidator({
    trustAnchors: [parseCertificate(pki.root.certificateDer)],
    intermediates: [parseCertificate(pki.issuing.certificateDer)],
    crls: [],
    settings: pathSettingsOf({ requiredExtendedKeyUsage: [extendedKeyUsages.clientAuth], acceptedPolicies: [] }),
    algorithms: defaultAlgorithmPolicy,
    revocation: revocationBy({
      mode: 'check',
      freshness: 0,
      ...options,
      ocsp,
      retrieval: {
        retriever: new UrlRetriever({ retryAfter: seconds(60), ...tools }),
        store: evidence,
        policy: {
          allowedHosts,
          allowPrivateAddresses: allowedHosts,
          schemes: ['http'],
          maximumSize: octets(1_000_000),
          timeout: milliseconds(timeout),
        },
        totalTimeout: milliseconds(2 * timeout),
        retryAfter: seconds(60),
      },
    }),
    ...tools,
  });
  return { store: evidence, login: (person = ada) => validator.validate([person.der], unrecorded) };
}

/** `valid by` and the method for the end entity, or the code of the refusal. */
function verdict(result: ValidationResult): string {
  if (result.outcome === 'invalid') return result.denial.code;
  const [evidence] = result.certificate.evidence;
  return `${evidence?.status} by ${evidence?.method}`;
}

const loginWith = async (settings?: Settings): Promise<string> => verdict(await site(settings).login());

/** An answer by hand about Ada, from her CA, an hour old and good for another. */
const byHand = (change: Partial<OcspAnswer> = {}): OcspBehaviour => {
  const issuer = ocspSigner(pki.issuing.certificateDer, pki.issuing.privateKeyPem);
  return () =>
    issueOcsp({ issuer, serial: ada.serialNumber, thisUpdate: minutes(-60), nextUpdate: minutes(60), ...change });
};

/** A delegate of the issuing authority, signing by OpenSSL. */
async function delegated(request: { readonly nocheck: boolean; readonly purpose?: string; readonly notAfter?: Date }) {
  const signer = await pki.issuePerson({
    name: 'responder',
    extendedKeyUsage: [request.purpose ?? extendedKeyUsages.ocspSigning],
    ocspNoCheck: request.nocheck,
    ...(request.notAfter && { notAfter: request.notAfter }),
  });
  await responder.stop();
  const { pem: certificatePem, privateKeyPem } = signer;
  responder = await startOcspResponder({ authority: pki.issuing, delegate: { certificatePem, privateKeyPem } });
  ada = await pki.issuePerson({ name: 'ada', ocspResponder: responder.url });
  await responder.know(ada.serialNumber);
  return signer;
}

const ocspOnly = { methods: ['ocsp'], certificates: 'endCertificate' } as const;

it('trial authorities name their responder and themselves in what they issue', async () => {
  const { der } = await pki.issuePerson({ name: 'bob', ocspResponder: responder.url, caIssuers: `${crls.baseUrl}/ca` });
  const certificate = parseCertificate(der);
  expect(accessLocations(certificate, oids.ocspAccess)).toEqual([responder.url]);
  expect(accessLocations(certificate, '1.3.6.1.5.5.7.48.2')).toEqual([`${crls.baseUrl}/ca`]);
});

describe('OpenSSL’s answers', () => {
  it('are believed, kept, and named in the evidence', async () => {
    const { login } = site();
    const result = await login();
    expect(result).toMatchObject({
      certificate: {
        evidence: [
          {
            status: 'good',
            method: 'ocsp',
            source: `${responder.url}/`,
            responder: expect.stringContaining('issuing CA'),
          },
          { status: 'good', method: 'crl', source: expect.stringContaining('root.crl') },
        ],
      },
    });
    expect(verdict(await login())).toBe('good by ocsp');
    expect(responder.requests()).toHaveLength(1);
    expect(crls.requests('issuing.crl')).toBe(0);
  });

  it.each(['off', 'require'] as const)('are asked for once by many logins at a time (nonce %s)', async (nonce) => {
    const { login } = site({ ocsp: { nonce } });
    const results = await Promise.all(Array.from({ length: 20 }, () => login()));
    expect(results.map(verdict)).toEqual(Array.from({ length: 20 }, () => 'good by ocsp'));
    expect(responder.requests()).toHaveLength(1);
  });

  it('say that a card is revoked, though the CRL does not yet', async () => {
    await responder.know(ada.serialNumber, true);
    expect(await loginWith()).toBe('certificate-revoked');
  });

  it('that do not know the card leave the word to the CRL', async () => {
    const stranger = await pki.issuePerson({ name: 'stranger', ocspResponder: responder.url });
    expect(verdict(await site().login(stranger))).toBe('good by crl');
    expect(verdict(await site(ocspOnly).login(stranger))).toBe('revocation-unknown');
  });

  it.each(['sha1', 'sha256'] as const)('come by GET, by POST, and with a nonce (%s)', async (certIdHash) => {
    const ways: readonly OcspChanges[] = [{}, { httpMethod: 'post' }, { nonce: 'require' }];
    for (const way of ways) expect(await loginWith({ ...ocspOnly, ocsp: { certIdHash, ...way } })).toBe('good by ocsp');
    expect(responder.requests().map(({ method }) => method)).toEqual(['GET', 'POST', 'POST']);
  });
});

describe('a delegate’s answers', () => {
  it('are believed when it has nocheck', async () => {
    await delegated({ nocheck: true });
    expect(await loginWith(ocspOnly)).toBe('good by ocsp');
  });

  it('are believed without nocheck while CRLs do not list it, and no longer', async () => {
    const signer = await delegated({ nocheck: false });
    expect(await loginWith(ocspOnly)).toBe('good by ocsp');
    await pki.revoke([signer.serialNumber]);
    expect(await loginWith(ocspOnly)).toBe('revocation-unknown');
  });

  it.each([
    ['it is for another purpose', { nocheck: true, purpose: extendedKeyUsages.clientAuth }],
    ['it expired', { nocheck: true, notAfter: minutes(-2) }],
  ])('are not believed when %s', async (_rule, request) => {
    await delegated(request);
    expect(await loginWith(ocspOnly)).toBe('revocation-unknown');
  });
});

describe('what is not believed leaves the word to the CRL, and refuses where OCSP alone counts', () => {
  const wrongKey = async () => {
    const { privateKeyPem } = await pki.issuePerson({ name: 'mallory' });
    return ocspSigner(pki.issuing.certificateDer, privateKeyPem);
  };
  it.each<[string, () => OcspBehaviour | Promise<OcspBehaviour>]>([
    ['a dead responder', () => 'hang'],
    ['a responder that fails', () => 'fail'],
    ['a page of the wireless network', () => 'garbage'],
    ['an answer without end', () => 'huge'],
    ['the error tryLater', () => () => ocspError(3)],
    ['a stale answer', () => byHand({ nextUpdate: minutes(-2) })],
    ['an answer of tomorrow', () => byHand({ thisUpdate: minutes(1440), nextUpdate: minutes(2880) })],
    [
      'an answer by another key with the issuer’s name',
      async () => byHand({ signer: await wrongKey(), responderId: 'byName' }),
    ],
    ['an answer about another card', () => byHand({ serial: 7n })],
    [
      'an answer by the root',
      () =>
        byHand({
          signer: ocspSigner(pki.root.certificateDer, pki.root.privateKeyPem),
          certificates: [pki.root.certificateDer],
        }),
    ],
    [
      'an answer by the card itself',
      () => byHand({ signer: ocspSigner(ada.der, ada.privateKeyPem), certificates: [ada.der] }),
    ],
  ])('%s', async (_what, behaviour) => {
    responder.behave(await behaviour());
    const quick = { timeout: 500 };
    expect(await loginWith(quick)).toBe('good by crl');
    expect(await loginWith({ ...ocspOnly, ...quick })).toBe('revocation-unknown');
    await pki.revoke([ada.serialNumber]);
    expect(await loginWith(quick)).toBe('certificate-revoked');
  });

  it.each<[string, (request: OcspRequestSeen) => Partial<OcspAnswer>, OcspChanges['nonce'], string]>([
    ['a wrong nonce', () => ({ nonce: Buffer.alloc(32) }), 'send', 'revocation-unknown'],
    ['a replayed answer where a nonce is demanded', () => ({}), 'require', 'revocation-unknown'],
    ['a replayed answer where none is', () => ({}), 'send', 'good by ocsp'],
    ['the right nonce', ({ body }) => ({ nonce: body.subarray(-32) }), 'require', 'good by ocsp'],
  ])('%s', async (_what, change, nonce, expected) => {
    responder.behave((request) => {
      const made = byHand(change(request));
      return typeof made === 'function' ? made(request) : Buffer.alloc(0);
    });
    expect(await loginWith({ ...ocspOnly, ocsp: nonce === undefined ? {} : { nonce } })).toBe(expected);
  });
});

describe('every setting and what it does', () => {
  /** What the world is like, and what a login says under each setting. */
  const worlds: Readonly<Record<string, () => Promise<void> | void>> = {
    'all well': () => undefined,
    'revoked by OCSP only': () => responder.know(ada.serialNumber, true),
    'revoked by CRL only': () => pki.revoke([ada.serialNumber]),
    'OCSP dead': () => responder.behave('fail'),
    'CRL dead': () => crls.behave('issuing.crl', 'fail'),
    'both dead': () => {
      responder.behave('fail');
      crls.behave('issuing.crl', 'fail');
    },
  };
  const [ocsp, crl, revoked, unknown] = ['good by ocsp', 'good by crl', 'certificate-revoked', 'revocation-unknown'];
  const none = 'not-checked by none';
  it.each<[string, Settings, readonly (string | undefined)[]]>([
    ['default (OCSP, then CRL)', {}, [ocsp, revoked, ocsp, crl, ocsp, unknown]],
    ['methods: crl, ocsp', { methods: ['crl', 'ocsp'] }, [crl, crl, revoked, crl, ocsp, unknown]],
    ['methods: crl', { methods: ['crl'] }, [crl, crl, revoked, crl, unknown, unknown]],
    ['methods: ocsp, end entity', ocspOnly, [ocsp, revoked, ocsp, unknown, ocsp, unknown]],
    [
      'methods: ocsp, chain (the CA names no responder)',
      { methods: ['ocsp'] },
      [unknown, revoked, unknown, unknown, unknown, unknown],
    ],
    ['NoRevocationCheck', { mode: 'none' }, [none, none, none, none, none, none]],
    [
      'CertChainRevocationCheckCacheOnly, nothing cached',
      { mode: 'cache-only' },
      [unknown, unknown, unknown, unknown, unknown, unknown],
    ],
    ['no host allowed', { allowedHosts: [] }, [unknown, unknown, unknown, unknown, unknown, unknown]],
    [
      'grace without evidence before',
      { unknownStatus: { kind: 'allowWithinGrace', grace: 3600 } },
      [ocsp, revoked, ocsp, crl, ocsp, unknown],
    ],
    ['revocationFreshnessTime of an hour', { freshness: 3600 }, [ocsp, revoked, ocsp, crl, ocsp, unknown]],
  ])('%s', async (_name, settings, expected) => {
    const found: string[] = [];
    for (const prepare of Object.values(worlds)) {
      responder.behave('serve');
      crls.behave('issuing.crl', 'serve');
      await responder.know(ada.serialNumber);
      ada = await pki.issuePerson({ name: 'ada', ocspResponder: responder.url });
      await responder.know(ada.serialNumber);
      await prepare();
      found.push(await loginWith(settings));
    }
    expect(Object.fromEntries(Object.keys(worlds).map((world, index) => [world, found[index]]))).toEqual(
      Object.fromEntries(Object.keys(worlds).map((world, index) => [world, expected[index]])),
    );
  });

  it('CertChainRevocationCheckCacheOnly lives on what others retrieved', async () => {
    const { store, login } = site();
    expect(verdict(await login())).toBe('good by ocsp');
    responder.behave('fail');
    expect(await loginWith({ mode: 'cache-only', store })).toBe('good by ocsp');
  });

  it('revocationFreshnessTime seeks a newer answer though the kept one holds, and refuses without', async () => {
    responder.behave(byHand());
    const { store, login } = site(ocspOnly);
    expect(verdict(await login())).toBe('good by ocsp');
    const strict = { ...ocspOnly, store, freshness: 1800 };
    expect(await loginWith(strict)).toBe('revocation-unknown');
    const grace = { kind: 'allowWithinGrace', grace: 2400 } as const;
    expect(await loginWith({ ...strict, unknownStatus: grace })).toBe('good-within-grace by ocsp');
    expect(await loginWith({ ...strict, unknownStatus: { ...grace, grace: 1200 } })).toBe('revocation-unknown');
    responder.behave('serve');
    await responder.know(ada.serialNumber, true);
    expect(await loginWith(strict)).toBe('certificate-revoked');
  });

  it('revocationUrlRetrievalTimeout bounds one retrieval, and all of a login together', async () => {
    responder.behave('hang');
    crls.behave('issuing.crl', 'hang');
    const start = performance.now();
    expect(await loginWith({ timeout: 200 })).toBe('revocation-unknown');
    const elapsed = performance.now() - start;
    expect(elapsed).toBeGreaterThan(190);
    expect(elapsed).toBeLessThan(1_500);
  });
});
