/** What a site's revocation settings make of answers by OCSP and CRL: order, fallback, freshness, grace, nonce, what is kept. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordingSteps } from '../../../../src/explanation/steps.ts';
import { silentLogger } from '../../../../src/operations/log.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import type { OcspOptions } from '../../../../src/pki/ocsp/ocsp-source.ts';
import { EvidenceStore } from '../../../../src/pki/retrieval/evidence-store.ts';
import type { RetrievalRequest } from '../../../../src/pki/retrieval/retriever.ts';
import { octets } from '../../../../src/settings/units.ts';
import {
  commonName,
  crlEntry,
  days,
  digitalSignature,
  issue,
  issueCrl,
  newKeys,
  now,
  person,
  purposes,
} from '../../../support/handmade-certificates.ts';
import { issueOcsp, type OcspAnswer, ocspError } from '../../../support/ocsp-answer.ts';
import { good, goodCrl, middle, responder, responderOf, serial, site, type World } from './site.ts';

const withoutResponder = person(middle, [], { serial });
const withTwo = person(middle, [responderOf('http://first.example', responder)], { serial });
const revoked = { ...good, status: { revokedAt: days(-2), reason: 1 } };
const unknown = { ...good, status: 'unknown' as const };
const forged = { ...good, signer: { subject: middle.subject, keys: newKeys() } };
const stale = { ...good, nextUpdate: days(-0.5) };
const badCrl = issueCrl(middle, { entries: [crlEntry(serial)] });
const hours = (count: number) => days(count / 24);

/** The nonce of a request, which stands at its very end. */
const nonceIn = ({ body }: RetrievalRequest): Buffer => body?.subarray(-32) ?? Buffer.alloc(0);

describe('what is at hand is asked first, then the methods in their order, and the first definite answer counts', () => {
  it.each<[string, World, string, number]>([
    [
      'OCSP first, by default, but a CRL at hand says revoked',
      { answer: good, crls: [badCrl] },
      'certificate-revoked',
      0,
    ],
    ['OCSP first, by default: good ends the search', { answer: good, crls: [] }, 'valid', 1],
    ['OCSP revoked, CRL good', { answer: revoked }, 'certificate-revoked', 1],
    ['OCSP dead, CRL good', { answer: 'dead' }, 'valid', 1],
    ['OCSP dead, CRL revoked', { answer: 'dead', crls: [badCrl] }, 'certificate-revoked', 0],
    ['OCSP forged, CRL revoked', { answer: forged, crls: [badCrl] }, 'certificate-revoked', 0],
    ['OCSP stale, CRL revoked', { answer: stale, crls: [badCrl] }, 'certificate-revoked', 0],
    ['OCSP does not know, CRL good', { answer: unknown }, 'valid', 1],
    ['OCSP answers an error, no CRL', { answer: ocspError(3), crls: [] }, 'revocation-unknown', 1],
    ['OCSP forged, no CRL', { answer: forged, crls: [] }, 'revocation-unknown', 1],
    ['OCSP does not know, no CRL', { answer: unknown, crls: [] }, 'revocation-unknown', 1],
    ['CRL first: good ends the search', { methods: ['crl', 'ocsp'], answer: revoked }, 'valid', 0],
    ['CRL first, none at hand, OCSP good', { methods: ['crl', 'ocsp'], answer: good, crls: [] }, 'valid', 1],
    ['CRL only', { methods: ['crl'], answer: good, crls: [] }, 'revocation-unknown', 0],
    ['OCSP only', { methods: ['ocsp'], answer: 'dead', certificates: 'endCertificate' }, 'revocation-unknown', 1],
    ['OCSP only, good', { methods: ['ocsp'], answer: good, certificates: 'endCertificate' }, 'valid', 1],
    [
      'no responder named',
      { methods: ['ocsp'], peer: withoutResponder, certificates: 'endCertificate' },
      'revocation-unknown',
      0,
    ],
    [
      'no responder named, one configured',
      {
        ocsp: { responders: [responder] },
        peer: withoutResponder,
        answer: good,
        crls: [],
        certificates: 'endCertificate',
      },
      'valid',
      1,
    ],
    [
      'one named, another configured',
      { ocsp: { responders: ['http://other.example'] }, answer: good, certificates: 'endCertificate' },
      'valid',
      1,
    ],
    [
      'one named that is dead, another configured that is not asked',
      {
        ocsp: { responders: ['http://other.example'] },
        answer: ({ url }) => (url.startsWith(responder) ? 'dead' : good),
        methods: ['ocsp'],
        certificates: 'endCertificate',
      },
      'revocation-unknown',
      1,
    ],
    [
      'the first of two responders dead',
      { peer: withTwo, answer: ({ url }) => (url.startsWith('http://first') ? 'dead' : good), crls: [] },
      'valid',
      2,
    ],
  ])('%s', async (_rule, world, code, requests) => {
    const { login, asked } = site(world);
    expect(await login()).toBe(code);
    expect(asked).toHaveLength(requests);
  });

  it('and the method that did not tell stands in the steps, the one that did in the evidence', async () => {
    const steps = recordingSteps();
    const result = await site({ answer: 'dead' }).validate(steps);
    expect(result).toMatchObject({ certificate: { evidence: [{ method: 'crl' }, { method: 'crl' }] } });
    expect(steps.steps).toContainEqual(
      expect.objectContaining({ check: 'method without answer', facts: expect.objectContaining({ method: 'ocsp' }) }),
    );
    expect(await site({ answer: good }).validate()).toMatchObject({
      certificate: {
        evidence: [
          {
            status: 'good',
            method: 'ocsp',
            source: `${responder}/`,
            responder: 'CN=Intermediate',
            producedAt: days(-1),
            nextUpdate: days(1),
          },
          { method: 'crl' },
        ],
      },
    });
  });
});

it.each<[string, (der: Buffer) => Buffer]>([
  ['with a newline behind it', (der) => Buffer.concat([der, Buffer.from('\n')])],
  [
    'in PEM',
    (der) => Buffer.from(`-----BEGIN OCSP RESPONSE-----\n${der.toString('base64')}\n-----END OCSP RESPONSE-----\n`),
  ],
])('an answer %s is read', async (_form, served) => {
  expect(await site({ crls: [], answer: served(issueOcsp(good)) }).login()).toBe('valid');
});

describe('which certificates are checked', () => {
  it('are all but the trust anchor, or the end entity alone', async () => {
    const chain = site({ answer: good, methods: ['ocsp'] });
    expect(await chain.login()).toBe('revocation-unknown');
    const result = await site({ answer: good, methods: ['ocsp'], certificates: 'endCertificate' }).validate();
    expect(result).toMatchObject({ certificate: { evidence: [{ status: 'good' }, { status: 'not-checked' }] } });
  });
});

describe('an answer is kept', () => {
  it('for many logins, with one request in flight', async () => {
    const { login, asked } = site({ answer: good, crls: [] });
    expect(await Promise.all([login(), login(), login()])).toEqual(['valid', 'valid', 'valid']);
    const requests = asked.length;
    expect(await login()).toBe('valid');
    expect(asked).toHaveLength(requests);
  });

  it('until its nextUpdate', async () => {
    const { login, asked, moveTo, become } = site({ answer: good, crls: [] });
    expect(await login()).toBe('valid');
    become({ ...revoked, thisUpdate: days(1), nextUpdate: days(2) });
    moveTo(days(0.9));
    expect(await login()).toBe('valid');
    moveTo(days(1.1));
    expect(await login()).toBe('certificate-revoked');
    expect(asked).toHaveLength(2);
  });

  it('until the site wants a newer one, and is not good enough when there is none', async () => {
    const { login, moveTo, become } = site({
      answer: good,
      crls: [],
      freshness: 30 * 3600,
      certificates: 'endCertificate',
    });
    expect(await login()).toBe('valid');
    moveTo(hours(7));
    expect(await login()).toBe('revocation-unknown');
    become({ ...revoked, thisUpdate: hours(7) });
    moveTo(hours(7.1));
    expect(await login()).toBe('certificate-revoked');
  });

  it('for cache-only sites, which ask no responder', async () => {
    const first = site({ answer: good, crls: [] });
    const cacheOnly = site({ mode: 'cache-only', crls: [], answer: good, store: first.store });
    expect(await cacheOnly.login()).toBe('revocation-unknown');
    expect(await first.login()).toBe('valid');
    expect(await cacheOnly.login()).toBe('valid');
    expect(cacheOnly.asked).toHaveLength(0);
  });

  it('from being asked for again at once when it was forged', async () => {
    const { login, asked, moveTo, become } = site({ answer: forged, crls: [] });
    expect(await login()).toBe('revocation-unknown');
    become(good);
    expect(await login()).toBe('revocation-unknown');
    expect(asked).toHaveLength(1);
    moveTo(new Date(now.getTime() + 61_000));
    expect(await login()).toBe('valid');
  });
});

describe('the evidence store', () => {
  it('learns which answers are authentic, and which are of no use', async () => {
    const { login, store, asked, limits, become, moveTo } = site({ answer: forged, crls: [] });
    expect(await login()).toBe('revocation-unknown');
    const [request] = asked;
    if (!request) throw new Error('nothing was asked');
    expect(await store.held(request)).toMatchObject({ problem: expect.stringContaining('signed neither') });
    expect(await store.held(request)).not.toHaveProperty('candidate');
    become(good);
    moveTo(new Date(now.getTime() + 61_000));
    expect(await login()).toBe('valid');
    expect(await store.held(request)).toMatchObject({
      confirmed: { period: { thisUpdate: days(-1), nextUpdate: days(1) } },
    });
    expect([...limits]).toEqual([65_536]);
  });

  it('may have been filled by another process, whose answers do not count where a nonce is demanded', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cardgate-evidence-'));
    try {
      const clock = { now: () => now };
      const shared = () =>
        new EvidenceStore({
          memory: octets(1_000_000),
          directory: { path: folder, maximumSize: octets(1_000_000), maximumFiles: 100 },
          clock,
          logger: silentLogger,
        });
      const post = { httpMethod: 'post' } as const;
      const own = { crls: [], certificates: 'endCertificate', retryAfter: 0 } as const;
      const [first, second, strict] = [shared(), shared(), shared()];
      const waiting = [
        site({ ...own, ocsp: post, store: second }),
        site({ ...own, ocsp: { nonce: 'require' }, store: strict }),
      ] as const;
      for (const { login } of waiting) expect(await login()).toBe('revocation-unknown');
      expect(await site({ ...own, ocsp: post, store: first, answer: good }).login()).toBe('valid');
      await first.settled();
      expect(await waiting[0].login()).toBe('valid');
      expect(waiting[0].asked).toHaveLength(1);
      expect(await waiting[1].login()).toBe('revocation-unknown');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

it('a responder is not held for dead because a login waited no longer', async () => {
  const { login, become } = site({
    answer: 'slow',
    crls: [],
    certificates: 'endCertificate',
    totalTimeout: 20,
  });
  expect(await login()).toBe('revocation-unknown');
  become(good);
  expect(await login()).toBe('valid');
});

describe('a status that stays unknown', () => {
  const grace = { kind: 'allowWithinGrace', grace: 3600 } as const;
  const end = { ...good, nextUpdate: hours(1) };

  it('is refused, unless the site allows a grace after good evidence', async () => {
    const strict = site({ answer: end, crls: [] });
    const lenient = site({ answer: end, crls: [], unknownStatus: grace });
    for (const { login, become, moveTo } of [strict, lenient]) {
      expect(await login()).toBe('valid');
      become('dead');
      moveTo(hours(1.5));
    }
    expect(await strict.login()).toBe('revocation-unknown');
    const steps = recordingSteps();
    expect(await lenient.validate(steps)).toMatchObject({
      certificate: {
        evidence: [{ status: 'good-within-grace', method: 'ocsp', endedAt: hours(1) }, { status: 'good' }],
      },
    });
    expect(steps.steps).toContainEqual(
      expect.objectContaining({
        verdict: 'passed',
        facts: expect.objectContaining({ status: 'good-within-grace', endedAt: hours(1).toISOString() }),
      }),
    );
    lenient.moveTo(hours(2.1));
    expect(await lenient.login()).toBe('revocation-unknown');
  });

  it('passes within the grace of a CRL as well', async () => {
    const crls = [issueCrl(middle, { nextUpdate: hours(-0.5) })];
    expect(await site({ crls, methods: ['crl'] }).login()).toBe('revocation-unknown');
    expect(await site({ crls, methods: ['crl'], unknownStatus: grace }).validate()).toMatchObject({
      certificate: { evidence: [{ status: 'good-within-grace', method: 'crl', endedAt: hours(-0.5) }, {}] },
    });
    const older = [issueCrl(middle, { nextUpdate: hours(-1.1) })];
    expect(await site({ crls: older, methods: ['crl'], unknownStatus: grace }).login()).toBe('revocation-unknown');
  });

  it.each<[string, World, string]>([
    ['there never was evidence', { crls: [] }, 'revocation-unknown'],
    ['the evidence is forged', { crls: [], answer: { ...forged, nextUpdate: hours(-0.5) } }, 'revocation-unknown'],
    [
      'the evidence that ended says revoked',
      { crls: [issueCrl(middle, { nextUpdate: hours(-0.5), entries: [crlEntry(serial)] })] },
      'certificate-revoked',
    ],
    [
      'a responder says that it does not know the certificate',
      { crls: [issueCrl(middle, { nextUpdate: hours(-0.5) })], answer: unknown },
      'revocation-unknown',
    ],
  ])('is refused under a grace when %s', async (_rule, world, code) => {
    expect(await site({ unknownStatus: grace, ...world }).login()).toBe(code);
  });

  it('counts the grace from the age the site wants', async () => {
    const crls = [issueCrl(middle, { thisUpdate: hours(-30) })];
    const old = { crls, methods: ['crl'] as const, certificates: 'endCertificate' as const, unknownStatus: grace };
    expect(await site({ ...old, freshness: 29.5 * 3600 }).validate()).toMatchObject({
      certificate: { evidence: [{ status: 'good-within-grace', endedAt: hours(-0.5) }, {}] },
    });
    expect(await site({ ...old, freshness: 28.5 * 3600 }).login()).toBe('revocation-unknown');
  });
});

describe('requests', () => {
  const base = { crls: [], certificates: 'endCertificate' as const };
  it.each<[string, Partial<OcspOptions>, boolean]>([
    ['go by GET as far as that is short', {}, false],
    ['go by POST when the site says so', { httpMethod: 'post' }, true],
    ['with a nonce go by POST', { nonce: 'send' }, true],
  ])('%s', async (_rule, ocsp, isPost) => {
    const { login, asked } = site({ ...base, ocsp, answer: good });
    expect(await login()).toBe('valid');
    expect(asked[0]?.body !== undefined).toBe(isPost);
    expect(asked[0]?.url).toEqual(isPost ? responder : expect.stringMatching(/^http:\/\/ocsp\.example\/M/));
  });

  it.each<[string, OcspOptions['nonce'], (request: RetrievalRequest) => OcspAnswer, string]>([
    ['required and right', 'require', (request) => ({ ...good, nonce: nonceIn(request) }), 'valid'],
    ['required and missing', 'require', () => good, 'revocation-unknown'],
    ['required and wrong', 'require', () => ({ ...good, nonce: randomBytes(32) }), 'revocation-unknown'],
    ['sent and missing', 'send', () => good, 'valid'],
    ['sent and wrong', 'send', () => ({ ...good, nonce: randomBytes(32) }), 'revocation-unknown'],
    ['off and there', 'off', () => ({ ...good, nonce: randomBytes(32) }), 'valid'],
  ])('with a nonce %s', async (_rule, nonce, answer, code) => {
    expect(await site({ ...base, ocsp: { nonce }, answer }).login()).toBe(code);
  });

  it('that demand a nonce believe no answer that was kept without it', async () => {
    const lax = site({ ...base, ocsp: { httpMethod: 'post' }, answer: good });
    expect(await lax.login()).toBe('valid');
    const strict = site({ ...base, ocsp: { nonce: 'require' }, answer: 'dead', store: lax.store });
    expect(await strict.login()).toBe('revocation-unknown');
    const own = site({ ...base, ocsp: { nonce: 'require' }, answer: (r) => ({ ...good, nonce: nonceIn(r) }) });
    expect([await own.login(), await own.login()]).toEqual(['valid', 'valid']);
    expect(own.asked).toHaveLength(1);
  });

  it('never reuse a nonce', async () => {
    const { login, asked, moveTo } = site({ ...base, ocsp: { nonce: 'send' }, answer: ocspError(3) });
    await login();
    moveTo(new Date(now.getTime() + 61_000));
    await login();
    expect(asked).toHaveLength(2);
    expect(asked[0]?.body).not.toEqual(asked[1]?.body);
  });
});

describe('the responder’s own status', () => {
  it('is asked of CRLs, never of itself', async () => {
    const signer = issue(commonName('Responder'), middle, {
      serial: 0xd1,
      extensions: [digitalSignature, purposes(oids.ocspSigning), responderOf(responder)],
    });
    const answer = { ...good, signer, certificates: [signer.der] };
    const revokedDelegate = issueCrl(middle, { entries: [crlEntry(0xd1)] });
    expect(await site({ answer, crls: [goodCrl] }).validate()).toMatchObject({
      certificate: { evidence: [{ method: 'ocsp', responder: 'CN=Responder' }, {}] },
    });
    const denied = site({ answer, crls: [revokedDelegate], methods: ['ocsp'], certificates: 'endCertificate' });
    expect(await denied.login()).toBe('revocation-unknown');
    const without = site({ answer, crls: [], methods: ['ocsp'], certificates: 'endCertificate' });
    expect(await without.login()).toBe('revocation-unknown');
    expect(without.asked).toHaveLength(1);
  });
});
