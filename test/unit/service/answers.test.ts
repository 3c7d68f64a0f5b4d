/** What a caller is told: headers that cannot be split or forged, all groups or none, and particulars only by permission. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { denial } from '../../../src/denial.ts';
import type { Resolution } from '../../../src/login/site-login.ts';
import { headerText, verdictAnswer, verdictHeaders } from '../../../src/service/answers.ts';
import { Decisions } from '../../../src/service/decisions.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { rightsTo } from '../../support/access-rights.ts';

const sha256 = 'ab'.repeat(32);

function granted(
  account: Partial<NonNullable<Resolution['mapped']>['account']> = {},
  groups: object[] = [],
): Resolution {
  const mapped = { directory: 'corp', accountName: 'ada', distinguishedName: 'CN=Ada,DC=corp', ...account };
  return {
    verdict: {
      outcome: 'granted',
      reference: 'ABCD-EFGH',
      login: {
        accountName: mapped.accountName,
        directory: 'corp',
        homeDirectory: '',
        accessRights: rightsTo('Read'),
        authenticationMethod: 'certificate',
        certificateSha256: sha256,
        validUntil: new Date('2027-01-01T00:00:00Z'),
      },
    },
    record: {
      event: 'login',
      outcome: 'granted',
      reference: 'ABCD-EFGH',
      connectionId: 'x',
      remoteAddress: '::1',
      claimedName: '',
      tls: { protocol: 'none', cipher: 'none' },
      certificate: {
        subject: 'CN=Ada',
        issuer: 'CN=CA',
        serialNumber: '0a',
        sha256,
        notBefore: '2026-01-01T00:00:00.000Z',
        notAfter: '2027-01-01T00:00:00.000Z',
      },
      path: [sha256],
      trustAnchor: sha256,
      policies: 'any-policy',
      evidence: [{ certificateSha256: sha256, status: 'good', method: 'crl', source: 'x' }],
      rule: 'by-sid',
      mappingReason: 'sid',
      durationMilliseconds: 1,
    },
    mapped: { account: mapped, groups },
  };
}

describe('a header', () => {
  it.each([
    ['ada', 'ada'],
    ['Ada Lovelace', 'Ada Lovelace'],
    [' ada ', '%20ada%20'],
    ['100%', '100%25'],
    ['müller', 'm%C3%BCller'],
    ['a\r\nX-Cardgate-Account: root', 'a%0D%0AX-Cardgate-Account: root'],
    ['a\u0000b\u007f', 'a%00b%7F'],
    ['\u202Eada', '%E2%80%AEada'],
    ['👤', '%F0%9F%91%A4'],
  ])('of %j is %j', (value, header) => {
    expect(headerText(value)).toBe(header);
  });

  it('is printable ASCII without blanks at its ends, and can be undone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const header = headerText(value);
        expect(header).toMatch(/^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/);
        expect(decodeURIComponent(header)).toBe(value);
      }),
    );
  });

  it('of groups names them all', () => {
    const headers = verdictHeaders(granted({}, [{ sid: 'S-1-5-1', name: 'x' }, { distinguishedName: 'CN=a,DC=b' }]));
    expect(headers['x-cardgate-groups']).toBe('S-1-5-1,CN=a%2CDC=b');
  });

  it('of more groups than it can hold says how many there are and names none', () => {
    const headers = verdictHeaders(
      granted(
        {},
        Array.from({ length: 500 }, (_, index) => ({ name: `group-${index}` })),
      ),
    );
    expect(headers['x-cardgate-groups']).toBeUndefined();
    expect(headers['x-cardgate-groups-omitted']).toBe('500');
  });

  it('is left out when it is too long, but never the account', () => {
    expect(
      verdictHeaders(granted({ distinguishedName: 'x'.repeat(2000) }))['x-cardgate-distinguished-name'],
    ).toBeUndefined();
    expect(() => verdictHeaders(granted({ accountName: 'ü'.repeat(200) }))).toThrow(/too long/);
  });
});

describe('an answer', () => {
  it('to a grant says what the schema says', () => {
    expect(verdictAnswer(granted(), undefined)).toMatchObject({ permissions: { read: true, write: false } });
  });

  it.each<[string, (resolution: Resolution) => Resolution]>([
    ['an account', ({ mapped: _, ...rest }) => rest],
    ['the certificate', ({ record: { certificate: _, ...record }, ...rest }) => ({ ...rest, record })],
    ['the rule', ({ record: { rule: _, ...record }, ...rest }) => ({ ...rest, record })],
  ])('is never a grant without %s', (_what, without) => {
    expect(() => verdictAnswer(without(granted()), undefined)).toThrow();
  });

  it('to a refusal has particulars only with steps', () => {
    const refused: Resolution = {
      ...granted(),
      verdict: { outcome: 'denied', reference: 'ABCD-EFGH', denial: denial('mapping-none', 'secret', { secret: 'x' }) },
    };
    expect(JSON.stringify(verdictAnswer(refused, undefined))).not.toContain('secret');
    expect(verdictAnswer(refused, [])).toMatchObject({ detail: 'secret', facts: { secret: 'x' }, steps: [] });
  });
});

describe('decisions', () => {
  it('that are late leave their caller but keep their place', async () => {
    const decisions = new Decisions({ maximumDecisions: 1, decisionTimeout: milliseconds(1) });
    const { promise, resolve } = Promise.withResolvers<string>();
    await expect(decisions.take(() => promise)).rejects.toMatchObject({ code: 'decision-timeout' });
    await expect(decisions.take(async () => 'x')).rejects.toMatchObject({ code: 'overloaded' });
    resolve('late');
    await expect.poll(() => decisions.take(async () => 'x').catch(() => undefined)).toBe('x');
  });

  it('that fail give their place back', async () => {
    const decisions = new Decisions({ maximumDecisions: 1, decisionTimeout: milliseconds(1000) });
    await expect(decisions.take(() => Promise.reject(new Error('fault')))).rejects.toThrow('fault');
    await expect(decisions.take(async () => 'x')).resolves.toBe('x');
  });
});
