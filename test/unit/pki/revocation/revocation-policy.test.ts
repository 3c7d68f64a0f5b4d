/** Whose status a site asks for, what it records, and what it lets pass unasked. */

import { describe, expect, it } from 'vitest';
import { recordingSteps } from '../../../../src/explanation/steps.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import type { EvidenceRefresher } from '../../../../src/pki/retrieval/evidence-refresher.ts';
import { explicit, sequence } from '../../../support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
  crlEntry,
  days,
  extension,
  type Issued,
  issue,
  issueCrl,
  person,
  root,
  uriName,
} from '../../../support/handmade-certificates.ts';
import { issueOcsp } from '../../../support/ocsp-answer.ts';
import type { RevocationChanges } from '../../../support/validation-settings.ts';
import { codeOf, validatorFor } from '../validator.ts';
import { good, site } from './site.ts';

const anchor = root();
const caSerial = 0xca;
const serial = 0xe1;
const authority = (extensions: readonly Buffer[] = []) =>
  issue(commonName('CA'), anchor, { serial: caSerial, extensions: [ca(), caUsage, ...extensions] });
const middle = authority();
const holder = person(middle, [], { serial });
const sha256Of = ({ der }: Issued) => parseCertificate(der).sha256;

interface World {
  readonly peer?: readonly Issued[];
  readonly crls?: readonly Buffer[];
  readonly options?: RevocationChanges;
}

function resultOf({ peer = [holder, middle], crls = [], options = {} }: World, steps = recordingSteps()) {
  const validator = validatorFor({
    anchors: [anchor],
    crls: crls.map((der, index) => ({ file: `${index}.crl`, der })),
    revocation: { mode: 'check', freshness: 0, ...options },
  });
  return validator.validate(
    peer.map(({ der }) => der),
    steps,
  );
}

const ofRoot = issueCrl(anchor);
const ofMiddle = issueCrl(middle);

describe('the status is asked for', () => {
  it('from the CA down to the end entity, and stands in steps and evidence in the order of the path', async () => {
    const steps = recordingSteps();
    const result = await resultOf({ crls: [ofRoot, ofMiddle] }, steps);
    expect(result).toMatchObject({
      certificate: {
        evidence: [
          { certificateSha256: sha256Of(holder), status: 'good', source: '1.crl' },
          { certificateSha256: sha256Of(middle), status: 'good', source: '0.crl' },
        ],
      },
    });
    expect(steps.steps.filter(({ check }) => check === 'certificate status')).toEqual(
      [middle, holder].map((asked) =>
        expect.objectContaining({
          stage: 'revocation',
          verdict: 'passed',
          citation: 'RFC 5280 6.1.3 (a)(3), 6.3.3',
          facts: expect.objectContaining({ sha256: sha256Of(asked), status: 'good', method: 'crl' }),
        }),
      ),
    );
  });

  it('by OCSP, which the step cites', async () => {
    const steps = recordingSteps();
    const answer = issueOcsp({ issuer: middle, serial, thisUpdate: days(-1), nextUpdate: days(1) });
    const ocsp = { files: [{ file: 'a.ocsp', der: answer }] };
    expect(codeOf(await resultOf({ crls: [ofRoot], options: { ocsp } }, steps))).toBe('valid');
    expect(steps.steps).toContainEqual(
      expect.objectContaining({ check: 'certificate status', citation: 'RFC 5280 6.1.3 (a)(3), RFC 6960 3.2' }),
    );
  });

  it.each<[string, readonly Buffer[], string, string]>([
    [
      'the CA is revoked',
      [issueCrl(anchor, { entries: [crlEntry(caSerial)] }), ofMiddle],
      'certificate-revoked',
      '/ca',
    ],
    ['the status of the CA is unknown', [ofMiddle], 'revocation-unknown', '/ca'],
    ['the status of the end entity is unknown', [ofRoot], 'revocation-unknown', '/holder'],
    ['both are unknown: of the CA is told', [], 'revocation-unknown', '/ca'],
    [
      'the end entity is revoked though the status of the CA is unknown',
      [issueCrl(middle, { entries: [crlEntry(serial)] })],
      'certificate-revoked',
      '/holder',
    ],
  ])('and the login is refused when %s', async (_rule, crls, code, of) => {
    const steps = recordingSteps();
    const result = await resultOf({ crls }, steps);
    const sha256 = sha256Of(of === '/ca' ? middle : holder);
    expect(result).toMatchObject({ denial: { code, facts: { sha256 } } });
    expect(steps.steps).toContainEqual(
      expect.objectContaining({
        check: 'certificate status',
        verdict: 'failed',
        facts: expect.objectContaining({ sha256 }),
      }),
    );
    if (code === 'revocation-unknown')
      expect(steps.steps.filter(({ citation }) => citation === 'RFC 5280 6.1.3 (a)(3)')).not.toEqual([]);
  });

  it('of the end entity alone when the site says so, and the evidence says that the CA was not checked', async () => {
    const options = { certificates: 'endCertificate' } as const;
    const revoked = [issueCrl(anchor, { entries: [crlEntry(caSerial)] }), ofMiddle];
    expect(await resultOf({ crls: revoked, options })).toMatchObject({
      certificate: {
        evidence: [
          { certificateSha256: sha256Of(holder), status: 'good' },
          {
            certificateSha256: sha256Of(middle),
            status: 'not-checked',
            method: 'none',
            source: 'revocation.certificates endCertificate',
          },
        ],
      },
    });
  });

  it('of no certificate when the site checks none, which steps and evidence say', async () => {
    const steps = recordingSteps();
    const result = await resultOf({ options: { mode: 'none' } }, steps);
    const unchecked = { status: 'not-checked', method: 'none', source: 'validationFlags NoRevocationCheck' };
    expect(result).toMatchObject({
      certificate: { evidence: [holder, middle].map((of) => ({ certificateSha256: sha256Of(of), ...unchecked })) },
    });
    expect(steps.steps).toContainEqual({
      stage: 'revocation',
      check: 'certificate status',
      verdict: 'skipped',
      facts: { mode: 'none' },
    });
  });
});

describe('a site that wants the cache alone', () => {
  it('asks for nothing, and believes what others retrieved', async () => {
    const others = site({ answer: good, crls: [] });
    const alone = { mode: 'cache-only', answer: good, crls: [], store: others.store } as const;
    const before = site(alone);
    expect([await before.login(), before.asked]).toEqual(['revocation-unknown', []]);
    expect([await others.login(), others.asked.length]).toEqual(['valid', 1]);
    const after = site(alone);
    expect([await after.login(), after.asked]).toEqual(['valid', []]);
  });

  it('lets nothing be retrieved ahead of time either', async () => {
    const uses: unknown[] = [];
    const refresher = { used: (use: unknown) => void uses.push(use) } as unknown as EvidenceRefresher;
    const others = site({ answer: good, crls: [], refresher });
    await others.login();
    expect(uses).not.toEqual([]);
    uses.length = 0;
    expect(await site({ mode: 'cache-only', crls: [], store: others.store, refresher }).login()).toBe('valid');
    expect(uses).toEqual([]);
  });
});

describe('evidence out of files that cannot be read', () => {
  it('is told of by method, and the rest counts', async () => {
    const steps = recordingSteps();
    const broken = Buffer.from('broken');
    const ocsp = { files: [{ file: 'a.ocsp', der: broken }] };
    expect(codeOf(await resultOf({ crls: [broken, ofRoot, ofMiddle], options: { ocsp } }, steps))).toBe('valid');
    expect(steps.steps.filter(({ check }) => check === 'evidence left out')).toEqual(
      ['0.crl', 'a.ocsp'].map((file) => ({
        stage: 'revocation',
        check: 'evidence left out',
        verdict: 'noted',
        facts: { problem: expect.stringContaining(file) },
      })),
    );
  });
});

describe('a certificate whose critical extension demands a check of its status (RFC 5280 4.2, 6.1.4 (o))', () => {
  const points = sequence(sequence(explicit(0, explicit(0, uriName('http://crl.example/a.crl')))));
  const critical = (oid: string, isCritical = true) => extension(oid, points, isCritical);
  const demanding = (oid: string, isCritical?: boolean) => person(middle, [critical(oid, isCritical)], { serial });
  const demandingCa = authority([critical(oids.crlDistributionPoints)]);
  const ofDemandingCa = [person(demandingCa, [], { serial }), demandingCa];
  const none = { mode: 'none' } as const;
  const endEntity = { certificates: 'endCertificate' } as const;
  const both = [ofRoot, ofMiddle];

  it.each<[rule: string, code: string, peer: readonly Issued[], options: RevocationChanges, crls: readonly Buffer[]]>([
    ['passes when it is checked', 'valid', [demanding(oids.crlDistributionPoints), middle], {}, both],
    [
      'is refused when nothing is checked',
      'critical-extension-unknown',
      [demanding(oids.crlDistributionPoints), middle],
      none,
      [],
    ],
    [
      'is refused for a critical FreshestCRL too',
      'critical-extension-unknown',
      [demanding(oids.freshestCrl), middle],
      none,
      [],
    ],
    [
      'passes unchecked when it does not insist',
      'valid',
      [demanding(oids.crlDistributionPoints, false), middle],
      none,
      [],
    ],
    ['is refused as a CA when nothing is checked', 'critical-extension-unknown', ofDemandingCa, none, []],
    [
      'is refused as a CA when end entities alone are checked',
      'critical-extension-unknown',
      ofDemandingCa,
      endEntity,
      [issueCrl(demandingCa)],
    ],
    ['passes as a CA that is checked', 'valid', ofDemandingCa, {}, [ofRoot, issueCrl(demandingCa)]],
    [
      'passes as the end entity that alone is checked',
      'valid',
      [demanding(oids.crlDistributionPoints), middle],
      endEntity,
      both,
    ],
  ])('%s', async (_rule, code, peer, options, crls) => {
    expect(codeOf(await resultOf({ peer, crls, options }))).toBe(code);
  });

  it('is told with the extension and the setting that leaves the check out', async () => {
    const steps = recordingSteps();
    const peer = [demanding(oids.crlDistributionPoints), middle];
    const facts = { extension: '2.5.29.31', setting: 'validationFlags NoRevocationCheck' };
    expect(await resultOf({ peer, options: none }, steps)).toMatchObject({ denial: { facts } });
    expect(steps.steps).toContainEqual(
      expect.objectContaining({
        check: 'critical extensions',
        verdict: 'failed',
        facts: expect.objectContaining(facts),
      }),
    );
  });
});
