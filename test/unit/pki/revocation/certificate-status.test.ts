/** How one certificate's status stands in refusals, steps and evidence. */
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { parseCrl } from '../../../../src/pki/crl/crl.ts';
import {
  type CertificateStatus,
  evidenceOf,
  isRevocation,
  notChecked,
  type Revoked,
  refusalOf,
  statusByCrl,
  statusByOcsp,
  statusFacts,
} from '../../../../src/pki/revocation/certificate-status.ts';
import { days, issueCrl, person, root } from '../../../support/handmade-certificates.ts';

const anchor = root();
const certificate = parseCertificate(person(anchor).der);
const crl = parseCrl(issueCrl(anchor), 'a.crl');
const endless = parseCrl(issueCrl(anchor, { nextUpdate: undefined }), 'a.crl');
const told = {
  method: 'crl',
  source: 'a.crl',
  thisUpdate: days(-1),
  nextUpdate: days(5),
  validUntil: days(5),
} as const;
const revocationDate = days(-2);
const revoked = (reason: Revoked['reason'], more: Partial<Revoked> = {}): Revoked => ({
  status: 'revoked',
  ...told,
  revocationDate,
  reason,
  asOf: days(-1),
  ...more,
});
const unknown = { status: 'unknown', problems: ['no CRL'] } as const;

describe('what a CRL says', () => {
  it('is good until its next update', () => {
    expect(statusByCrl({ status: 'good', crl })).toEqual({ status: 'good', ...told });
  });

  it('is good for a moment when it names no next update', () => {
    const { nextUpdate: _, ...others } = told;
    const expected = { status: 'good', ...others, validUntil: days(-1) };
    expect(statusByCrl({ status: 'good', crl: endless })).toEqual(expected);
  });

  it('is revoked, since when and why, and whether it is out of date', () => {
    const entry = { revocationDate, reason: 'keyCompromise' } as const;
    expect(statusByCrl({ status: 'revoked', crl, entry, asOf: days(-0.5) })).toEqual(
      revoked('keyCompromise', { asOf: days(-0.5) }),
    );
    expect(statusByCrl({ status: 'revoked', crl, entry, asOf: days(-1), outOfDate: 'old' })).toEqual(
      revoked('keyCompromise', { outOfDate: 'old' }),
    );
  });

  it('is unknown', () => expect(statusByCrl(unknown)).toBe(unknown));
});

describe('what an OCSP answer says', () => {
  const evidence = {
    source: 'http://a/',
    responder: 'CN=R',
    producedAt: days(-1),
    thisUpdate: days(-1),
    validUntil: days(1),
  };
  it('is good', () => {
    expect(statusByOcsp({ status: 'good', evidence })).toEqual({ status: 'good', method: 'ocsp', ...evidence });
  });

  it('is revoked as of its thisUpdate', () => {
    const found = { status: 'revoked', revocationDate, reason: 'superseded', outOfDate: 'old' } as const;
    expect(statusByOcsp({ ...found, evidence })).toEqual({ ...found, method: 'ocsp', ...evidence, asOf: days(-1) });
  });

  it('is unknown', () => expect(statusByOcsp(unknown)).toBe(unknown));
});

it.each([
  ['keyCompromise', true],
  ['unspecified', true],
  ['certificateHold', false],
  ['removeFromCRL', false],
] as const)('%s is for ever: %s (RFC 5280 5.3.1)', (reason, isForEver) => {
  expect(isRevocation(revoked(reason))).toBe(isForEver);
  expect(isRevocation({ status: 'good', ...told })).toBe(false);
});

describe('a login', () => {
  it.each<[string, CertificateStatus, string | undefined]>([
    ['passes when the status is good', { status: 'good', ...told }, undefined],
    ['passes within the grace', { status: 'good-within-grace', ...told, endedAt: days(0) }, undefined],
    ['is refused when the status is unknown', unknown, 'revocation-unknown'],
    ['is refused for a revocation', revoked('keyCompromise'), 'certificate-revoked'],
    ['is refused for a hold', revoked('certificateHold'), 'certificate-revoked'],
  ])('%s', (_rule, status, code) => {
    expect(refusalOf(certificate, status)?.code).toBe(code);
    const passes = code === undefined;
    expect(evidenceOf(certificate, status) !== undefined).toBe(passes);
  });

  it.each<[string, Revoked, string, string | undefined]>([
    ['current', revoked('keyCompromise'), 'keyCompromise.', undefined],
    ['a CRL out of date', revoked('keyCompromise', { outOfDate: 'old' }), 'The CRL that says so', 'for ever'],
    [
      'an answer out of date',
      revoked('superseded', { outOfDate: 'old', method: 'ocsp' }),
      'The OCSP response',
      'for ever',
    ],
    ['a hold out of date', revoked('certificateHold', { outOfDate: 'old' }), 'The CRL that', 'the hold has ended'],
  ])('is told by what it is refused: %s', (_what, status, first, second) => {
    const { detail, facts } = refusalOf(certificate, status) ?? {};
    expect(detail).toContain(`at ${revocationDate.toISOString()}: ${status.reason}.`);
    expect(detail).toContain(first);
    if (second) expect(detail).toContain(second);
    else expect(detail).not.toContain('out of date');
    expect(facts).toMatchObject({ sha256: certificate.sha256, reason: status.reason });
  });
});

describe('the facts of a status', () => {
  it.each<[string, CertificateStatus, object]>([
    ['unknown', unknown, unknown],
    [
      'good',
      { status: 'good', ...told },
      {
        status: 'good',
        method: 'crl',
        source: 'a.crl',
        thisUpdate: days(-1).toISOString(),
        nextUpdate: days(5).toISOString(),
      },
    ],
    [
      'within the grace, by an answer that names no next update',
      {
        status: 'good-within-grace',
        method: 'ocsp',
        source: 'http://a/',
        responder: 'CN=R',
        producedAt: days(-2),
        thisUpdate: days(-3),
        validUntil: days(-1),
        endedAt: days(-1),
      },
      {
        status: 'good-within-grace',
        method: 'ocsp',
        source: 'http://a/',
        responder: 'CN=R',
        producedAt: days(-2).toISOString(),
        thisUpdate: days(-3).toISOString(),
        endedAt: days(-1).toISOString(),
      },
    ],
    [
      'revoked',
      revoked('keyCompromise', { outOfDate: 'old' }),
      {
        status: 'revoked',
        method: 'crl',
        source: 'a.crl',
        thisUpdate: days(-1).toISOString(),
        nextUpdate: days(5).toISOString(),
        revocationDate: revocationDate.toISOString(),
        reason: 'keyCompromise',
        outOfDate: 'old',
      },
    ],
  ])('%s', (_status, status, facts) => expect(statusFacts(status)).toEqual(facts));
});

describe('the evidence', () => {
  it('names the certificate and what told, not how long it may be kept', () => {
    const { validUntil: _, ...others } = told;
    expect(evidenceOf(certificate, { status: 'good', ...told })).toEqual({
      certificateSha256: certificate.sha256,
      status: 'good',
      ...others,
    });
  });

  it('says by which setting a certificate was not checked', () => {
    expect(notChecked(certificate, 'a setting')).toEqual({
      certificateSha256: certificate.sha256,
      status: 'not-checked',
      method: 'none',
      source: 'a setting',
    });
  });
});
