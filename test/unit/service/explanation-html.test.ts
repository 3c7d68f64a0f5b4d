/** The explanation page: everything an auditor asks is on it, and nothing from a certificate or a directory becomes markup. */
import { describe, expect, it } from 'vitest';
import { denial } from '../../../src/denial.ts';
import { type ExplanationPage, explanationHtml } from '../../../src/explanation/html.ts';
import { type RecordedStep, recordingSteps } from '../../../src/explanation/steps.ts';
import type { Resolution } from '../../../src/login/site-login.ts';
import type { LoginAttempt } from '../../../src/operations/audit.ts';
import { fullRights } from '../../support/access-rights.ts';

const sha256 = 'ab'.repeat(32);
const name = 'CN=Ada';

const record: LoginAttempt = {
  event: 'login',
  outcome: 'granted',
  reference: 'ABCD-EFGH',
  connectionId: 'explain',
  remoteAddress: '127.0.0.1',
  claimedName: 'ada',
  tls: { protocol: 'none', cipher: 'none' },
  certificate: {
    subject: name,
    issuer: 'CN=Cards',
    serialNumber: '0a',
    sha256,
    notBefore: '2026-01-01T00:00:00.000Z',
    notAfter: '2027-01-01T00:00:00.000Z',
  },
  path: [sha256],
  trustAnchor: 'cd'.repeat(32),
  policies: ['1.2.3'],
  evidence: [{ certificateSha256: sha256, status: 'good', method: 'crl', source: '/etc/cards.crl' }],
  rule: 'by-sid',
  mappingReason: 'sid',
  account: { directory: 'corp', name: 'ada', distinguishedName: 'CN=Ada,DC=corp', sid: 'S-1-5-21-1-2-3-4' },
  durationMilliseconds: 12,
};

const steps: RecordedStep[] = [
  {
    stage: 'certificate',
    check: 'signature',
    verdict: 'passed',
    citation: 'RFC 5280 6.1.3 (a)(1)',
    facts: { subject: name, sha256, algorithm: 'ecdsa-with-SHA256' },
    atMilliseconds: 1.25,
  },
  {
    stage: 'mapping',
    check: 'rule by-sid',
    verdict: 'passed',
    facts: { searched: ['objectSid=S-1-5-21-1-2-3-4'], found: ['CN=Ada,DC=corp'], strength: 'strong', reason: 'sid' },
    atMilliseconds: 7.5,
  },
  {
    stage: 'account',
    check: 'account may log in now',
    verdict: 'passed',
    facts: { account: 'ada' },
    atMilliseconds: 8,
  },
  { stage: 'authorization', check: 'authorization rules', verdict: 'passed', facts: { read: true, write: false } },
];

const granted: Resolution = {
  verdict: {
    outcome: 'granted',
    reference: 'ABCD-EFGH',
    login: {
      accountName: 'ada',
      directory: 'corp',
      homeDirectory: '/srv/ada',
      accessRights: fullRights,
      authenticationMethod: 'certificate',
      certificateSha256: sha256,
      validUntil: new Date('2027-01-01T00:00:00Z'),
    },
  },
  record,
  mapped: {
    account: { directory: 'corp', accountName: 'ada', distinguishedName: 'CN=Ada,DC=corp' },
    groups: [{ name: 'Staff', sid: 'S-1-5-21-1-2-3-513' }],
  },
};

const pageWith = (more: Partial<ExplanationPage> = {}) =>
  explanationHtml({
    steps,
    resolution: granted,
    madeAt: new Date('2026-06-01T12:00:00Z'),
    certificateFile: 'ada.pem',
    configurationFile: '/etc/cardgate/cardgate.yaml',
    configurationSha256: 'ef'.repeat(32),
    site: 'files',
    claimedName: 'ada',
    ...more,
  });

const outline = (page: string) =>
  [...page.matchAll(/<(section)(?: (?:class|id)="([\w ]+)")?/g)].map(([, element, label]) =>
    label ? `${element}.${label}` : element,
  );

const textOf = (page: string) =>
  page
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

describe('the explanation page', () => {
  it('is in the order an auditor asks: verdict, certificate, account, then every stage', () => {
    expect([...pageWith().matchAll(/<h2>([^<]+)</g)].map(([, title]) => title)).toEqual([
      'The certificate',
      'The account, its groups and permissions',
      'Certification path (RFC 5280)',
      'Mapping to an account',
      'Account',
      'Authorization',
    ]);
    expect(outline(pageWith())).toEqual([
      'section.verdict granted',
      'section.certificate',
      'section.account',
      'section',
      'section',
      'section',
      'section',
    ]);
  });

  it.each([
    ['the verdict', '✓ GRANTED'],
    ['the rule and why it is strong', 'rule by-sid why the mapping is strong sid'],
    [
      'the search sent and what came back',
      'search sent objectSid=S-1-5-21-1-2-3-4 came back CN=Ada,DC=corp strength strong why sid',
    ],
    ['the clause that demands a check', 'signature RFC 5280 6.1.3 (a)(1)'],
    ['facts of the certificate', 'serial number 0a'],
    ['the evidence of revocation', 'good by crl'],
    ['groups', 'groups Staff · S-1-5-21-1-2-3-513'],
    ['permissions', 'may read yes may write no'],
    ['the time a step took and when it ended', '6.3, 7.5 ms'],
    ['the configuration in force', 'ef'.repeat(32)],
    ['the moment', '2026-06-01T12:00:00.000Z'],
  ])('shows %s', (_what, text) => {
    expect(textOf(pageWith())).toContain(text);
  });

  it('shows what a refusal means and what to do', () => {
    const refused: Resolution = {
      verdict: {
        outcome: 'denied',
        reference: 'ABCD-EFGH',
        denial: denial('mapping-weak', 'Only a name leads there.', { rules: ['by-upn'] }),
      },
      record: { ...record, outcome: 'denied' },
    };
    const text = textOf(pageWith({ resolution: refused }));
    expect(text).toContain('✗ DENIED: mapping-weak');
    expect(text).toContain('what to do Issue certificates with the SID extension');
    expect(text).toContain('rules by-upn');
  });

  it('needs nothing from outside and allows no script', () => {
    const page = pageWith();
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|https?:/i);
    expect(page).toMatch(
      /Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'"/,
    );
  });

  const hostile = `</code></td><script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;\u202Eevil\u0000\n`;

  it.each<[string, Partial<ExplanationPage>]>([
    ['the file name', { certificateFile: hostile }],
    ['the name given to USER', { claimedName: hostile }],
    [
      'the certificate',
      { resolution: { ...granted, record: { ...record, certificate: { ...record.certificate!, subject: hostile } } } },
    ],
    [
      'the account',
      {
        resolution: { ...granted, record: { ...record, account: { ...record.account!, distinguishedName: hostile } } },
      },
    ],
    ['a group', { resolution: { ...granted, mapped: { ...granted.mapped!, groups: [{ name: hostile }] } } }],
    [
      'the evidence',
      { resolution: { ...granted, record: { ...record, evidence: [{ ...record.evidence![0]!, source: hostile }] } } },
    ],
    [
      'a fact',
      { steps: [{ ...steps[0]!, facts: { [hostile]: hostile, list: [hostile], subject: hostile, sha256: hostile } }] },
    ],
    ['a check', { steps: [{ ...steps[0]!, check: hostile, citation: hostile }] }],
    [
      'a denial',
      {
        resolution: {
          ...granted,
          verdict: {
            outcome: 'denied',
            reference: 'ABCD-EFGH',
            denial: denial('mapping-none', hostile, { x: hostile }),
          },
        },
      },
    ],
  ])('escapes what is in %s', (_where, more) => {
    const page = pageWith(more);
    const tags = (of: string) => new Set([...of.matchAll(/<\/?([a-z0-9!]+)/gi)].map(([, tag]) => tag!.toLowerCase()));
    expect([...tags(page)].filter((tag) => !tags(pageWith()).has(tag))).toEqual([]);
    expect(page).not.toMatch(/<script|<img|[\u202e\u0000]/i);
    expect(page).toContain('&lt;script&gt;');
    expect(page.match(/<html|<body|<\/html>/g)).toHaveLength(3);
  });

  it('cuts what has no end', () => {
    expect(pageWith({ claimedName: '<'.repeat(100_000) }).length).toBeLessThan(60_000);
  });
});

it('steps say when they were recorded, by the timer that was passed in', () => {
  let now = 100;
  const recorder = recordingSteps(() => now);
  now = 104;
  recorder.record(steps[0]!);
  expect(recorder.steps).toMatchObject([{ check: 'signature', atMilliseconds: 4 }]);
});
