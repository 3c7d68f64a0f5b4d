import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { namedPurposes, purposeRefusal, purposesLeftBy } from '../../../src/pki/certificate/key-purposes.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { objectIdentifier, sequence } from '../../support/der-builder.ts';
import {
  commonName,
  digitalSignature,
  extension,
  type Issued,
  intermediate,
  issue,
  person,
  purposes,
  root,
} from '../../support/handmade-certificates.ts';
import { verdictOf } from './validator.ts';

const anchor = root();
const { clientAuth, smartCardLogon, emailProtection, anyExtendedKeyUsage, anyApplicationPolicy } = oids;
const application = (critical: boolean, ...list: readonly string[]) =>
  extension(oids.applicationPolicies, sequence(...list.map((oid) => sequence(objectIdentifier(oid)))), critical);
const missing = 'extended-key-usage-missing';
const noCheck = extension(oids.ocspNoCheck, Buffer.of(5, 0), true);

const holderWith = (issuer: Issued, ...extensions: readonly Buffer[]) =>
  issue(commonName('Holder'), issuer, { extensions: [digitalSignature, ...extensions] });

describe('the purposes of an end entity', () => {
  it.each<[string, string, readonly Buffer[]]>([
    ['application policies beside extended key usage', 'valid', [purposes(clientAuth), application(true, clientAuth)]],
    ['application policies instead of it', 'valid', [application(true, clientAuth)]],
    ['application policies instead of it, not critical', 'valid', [application(false, clientAuth)]],
    ['other application policies', missing, [application(true, emailProtection)]],
    ['other application policies beside', missing, [purposes(clientAuth), application(true, emailProtection)]],
    [
      'other application policies beside, not critical',
      missing,
      [purposes(clientAuth), application(false, emailProtection)],
    ],
    ['any application policy alone', missing, [application(true, anyApplicationPolicy)]],
    ['any application policy beside', 'valid', [purposes(clientAuth), application(true, anyApplicationPolicy)]],
    ['any purpose, and an application policy', 'valid', [purposes(anyExtendedKeyUsage), application(true, clientAuth)]],
    ['a critical ocsp-nocheck beside', 'valid', [purposes(clientAuth), noCheck]],
  ])('%s', async (_rule, code, extensions) => {
    expect(await verdictOf({ anchors: [anchor] }, [holderWith(anchor, ...extensions)])).toBe(code);
  });

  it('are those that the application policies of the CA above leave', async () => {
    const mail = intermediate(anchor, 'Mail', [application(true, emailProtection)]);
    const any = intermediate(anchor, 'Any', [application(true, anyApplicationPolicy)]);
    expect(await verdictOf({ anchors: [anchor] }, [person(mail), mail])).toBe(missing);
    expect(await verdictOf({ anchors: [anchor] }, [person(any), any])).toBe('valid');
  });

  it('a critical ocsp-nocheck spares a card no revocation check', async () => {
    const site = { anchors: [anchor], revocation: { mode: 'check' as const, freshness: 0 } };
    expect(await verdictOf(site, [holderWith(anchor, purposes(clientAuth), noCheck)])).toBe('revocation-unknown');
  });
});

describe('`none` among the required purposes', () => {
  const required = (...list: readonly string[]) => ({ anchors: [anchor], requiredExtendedKeyUsage: list });
  const mail = intermediate(anchor, 'Mail', [purposes(emailProtection)]);
  const logon = intermediate(anchor, 'Logon', [purposes(smartCardLogon)]);

  it.each<[string, string, readonly string[], readonly Issued[]]>([
    ['lets in who names no purpose', 'valid', [smartCardLogon, 'none'], [holderWith(anchor)]],
    ['alone lets in who names no purpose', 'valid', ['none'], [holderWith(anchor)]],
    ['lets in who names a required one', 'valid', ['none', clientAuth], [person(anchor)]],
    ['keeps out who names others', missing, ['none', clientAuth], [holderWith(anchor, purposes(emailProtection))]],
    ['alone keeps out a certificate that names a purpose', missing, ['none'], [person(anchor)]],
    ['keeps out who names any purpose at all', missing, ['none'], [holderWith(anchor, purposes(anyExtendedKeyUsage))]],
    [
      'keeps out who names application policies',
      missing,
      ['none'],
      [holderWith(anchor, application(false, emailProtection))],
    ],
    ['keeps out whose CA is for other purposes', missing, ['none', clientAuth], [holderWith(mail), mail]],
    ['lets in whose CA is for a required one', 'valid', ['none', smartCardLogon], [holderWith(logon), logon]],
    ['absent keeps out who names no purpose', missing, [clientAuth], [holderWith(anchor)]],
  ])('%s', async (_rule, code, list, sent) => {
    expect(await verdictOf(required(...list), sent)).toBe(code);
  });
});

describe('the purposes that a certificate names', () => {
  it.each<[string, readonly string[] | undefined, readonly Buffer[]]>([
    ['are none without either extension', undefined, []],
    ['are those of the extended key usage', [clientAuth], [purposes(clientAuth)]],
    ['are those of the application policies', [clientAuth], [application(false, clientAuth)]],
    [
      'are those that both extensions name',
      [clientAuth],
      [purposes(clientAuth, smartCardLogon), application(false, emailProtection, clientAuth)],
    ],
    [
      'are those of one extension that the other leaves to any',
      [clientAuth],
      [purposes(anyExtendedKeyUsage), application(false, clientAuth)],
    ],
  ])('%s', (_rule, expected, extensions) => {
    expect(namedPurposes(parseCertificate(holderWith(anchor, ...extensions).der))).toEqual(expected);
  });

  it('stand in the refusal, or that there are none', () => {
    const detailOf = (...extensions: readonly Buffer[]) =>
      purposeRefusal(parseCertificate(holderWith(anchor, ...extensions).der), [smartCardLogon])?.detail;
    expect(detailOf()).toMatch(/names none\.$/);
    expect(detailOf(purposes(clientAuth, emailProtection))).toMatch(/names [^;]*clientAuth.*, .*emailProtection/i);
  });
});

describe('a CA that names any purpose beside others', () => {
  it.each([
    ['extended key usage', purposes(emailProtection, anyExtendedKeyUsage)],
    ['application policies', application(false, emailProtection, anyApplicationPolicy)],
  ])('leaves every required one, by %s', (_extension, named) => {
    const issuer = parseCertificate(intermediate(anchor, 'Any', [named]).der);
    expect(purposesLeftBy(issuer, [clientAuth, 'none'])).toEqual([clientAuth, 'none']);
    expect(purposesLeftBy(issuer, ['none'])).toEqual(['none']);
  });
});
