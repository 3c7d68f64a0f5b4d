/** Whether a server will take a certificate, and which of several is used: everything that is told before a PIN is asked for. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import type { IssuanceRequest } from '../../../../src/smartcard/authority/certificate-authority.ts';
import { chooseCertificate } from '../../../../src/smartcard/trial/certificate-choice.ts';
import { type ServerWish, suitabilityFindings } from '../../../../src/smartcard/trial/certificate-suitability.ts';
import { userNameOf } from '../../../../src/smartcard/trial/certificate-summary.ts';
import { knownIssuers, namesText } from '../../../../src/smartcard/trial/known-issuers.ts';
import { finding } from '../../../../src/smartcard/trial/trial-findings.ts';
import { createTestPki, type PersonRequest, type TestPki } from '../../../support/pki.ts';
import { type FoundOptions, found, library } from './found-certificate.ts';

const now = new Date('2026-06-01T12:00:00Z');
const { clientAuth, smartCardLogon, email, any } = {
  clientAuth: '1.3.6.1.5.5.7.3.2',
  smartCardLogon: '1.3.6.1.4.1.311.20.2.2',
  email: '1.3.6.1.5.5.7.3.4',
  any: '2.5.29.37.0',
};
const everyScheme = [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0807];

let pki: TestPki;
let strangers: TestPki;

beforeAll(async () => {
  pki = await createTestPki({ now });
  strangers = await createTestPki({ now, organization: 'strangers' });
});
afterAll(async () => {
  await pki?.remove();
  await strangers?.remove();
});

const issue = async (request: Partial<PersonRequest> = {}, from = pki) =>
  (await from.issuePerson({ name: 'ada', ...request })).der;

const subjectOf = (der: Buffer) => parseCertificate(der).subject.der;
const wishes = (
  request: Partial<ServerWish['request']> = {},
  version: ServerWish['version'] = 'TLSv1.3',
): ServerWish => ({
  version,
  serverChain: [],
  request: { signatureSchemes: everyScheme, authorities: [], ...request },
});

interface Question {
  readonly wish?: ServerWish;
  readonly known?: readonly Buffer[];
  readonly at?: Date;
  readonly options?: FoundOptions;
}

function codes(der: Buffer, { wish, known = [], at = now, options }: Question = {}): readonly string[] {
  const question = { issuers: knownIssuers(known), now: at, ...(wish && { wish }) };
  return suitabilityFindings(found(der, options), question).map(({ code }) => code);
}

describe('a certificate', () => {
  it.each<[string, Partial<IssuanceRequest>, readonly string[]]>([
    ['for smart-card logon will do', { extendedKeyUsage: [smartCardLogon] }, []],
    ['for client authentication will do', { extendedKeyUsage: [email, clientAuth] }, []],
    ['for e-mail will not', { extendedKeyUsage: [email] }, ['purpose-missing']],
    ['for anything was not issued for logging in', { extendedKeyUsage: [any] }, ['purpose-missing']],
    ['that names no purpose neither', { extendedKeyUsage: [] }, ['purpose-missing']],
    ['whose key may not sign will not', { keyUsage: ['keyEncipherment'] }, ['key-usage-wrong']],
    ['whose key usage is not told may sign', { keyUsage: [] }, []],
    ['of a CA is no person’s', { certificationAuthority: {} }, ['certificate-of-authority']],
  ])('%s', async (_, content, expected) => {
    expect(codes(await issue(content))).toEqual(expected);
  });

  it.each([
    ['one second before it begins', '2026-06-01T11:55:59Z', ['certificate-not-yet-valid']],
    ['when it begins', '2026-06-01T11:56:00Z', []],
    ['when it ends', '2027-06-01T12:00:00Z', []],
    ['one second later', '2027-06-01T12:00:01Z', ['certificate-expired']],
  ])('%s is judged by the clock', async (_, at, expected) => {
    expect(codes(await issue(), { at: new Date(at) })).toEqual(expected);
  });

  it('that cannot be read is told so', () => {
    const broken = { ...found(pki.root.certificateDer), fault: finding('certificate-unreadable', 'why') };
    const { certificate: _, ...rest } = broken;
    expect(suitabilityFindings(rest, { issuers: knownIssuers([]), now })).toEqual([rest.fault]);
  });
});

describe('the authorities a server names', () => {
  const strange = () => wishes({ authorities: [subjectOf(strangers.root.certificateDer)] });

  it('are met by the issuer of the certificate', async () => {
    expect(codes(await issue(), { wish: wishes({ authorities: [subjectOf(pki.issuing.certificateDer)] }) })).toEqual(
      [],
    );
  });

  it('are met by the root over a known issuer', async () => {
    const wish = wishes({
      authorities: [subjectOf(strangers.root.certificateDer), subjectOf(pki.root.certificateDer)],
    });
    expect(codes(await issue(), { wish, known: [pki.issuing.certificateDer] })).toEqual([]);
  });

  it('are not met when the whole chain is known and none is in it', async () => {
    const known = [pki.issuing.certificateDer, pki.root.certificateDer];
    expect(codes(await issue(), { wish: strange(), known })).toEqual(['issuer-not-wanted']);
  });

  it('leave a doubt when the chain is not known to its end', async () => {
    expect(codes(await issue(), { wish: strange() })).toEqual(['issuer-unknown']);
    expect(codes(await issue(), { wish: strange(), known: [pki.issuing.certificateDer] })).toEqual(['issuer-unknown']);
  });

  it('may be none, which means any', async () => {
    expect(codes(await issue(), { wish: wishes() })).toEqual([]);
  });

  it('are shown by RFC 4514, and malformed ones do no harm', async () => {
    const names = [subjectOf(pki.root.certificateDer), Buffer.from('nonsense')];
    expect(namesText(names)).toEqual(['CN=cardgate trial root CA,O=cardgate trial', 'a malformed name']);
    expect(codes(await issue(), { wish: wishes({ authorities: names }) })).toEqual(['issuer-unknown']);
  });
});

describe('the signatures a server takes', () => {
  const { CKM_RSA_PKCS, CKM_RSA_X_509 } = library;
  const [pss, pkcs1] = [0x0804, 0x0401];

  it.each<[string, PersonRequest['keyType'], ServerWish, readonly number[] | undefined, readonly string[]]>([
    ['RSA by PSS', 'RSA-2048', wishes({ signatureSchemes: [pss] }), undefined, []],
    [
      'RSA by PKCS #1 in TLS 1.3: no card can',
      'RSA-2048',
      wishes({ signatureSchemes: [pkcs1] }),
      undefined,
      ['signature-scheme-not-wanted'],
    ],
    ['RSA by PKCS #1 in TLS 1.2', 'RSA-2048', wishes({ signatureSchemes: [pkcs1] }, 'TLSv1.2'), undefined, []],
    ['P-256', 'P-256', wishes({ signatureSchemes: [0x0403] }), undefined, []],
    [
      'P-384 alone, for P-256',
      'P-256',
      wishes({ signatureSchemes: [0x0503] }),
      undefined,
      ['signature-scheme-not-wanted'],
    ],
    [
      'P-384 alone, for P-256 in TLS 1.2, where a hash is no curve',
      'P-256',
      wishes({ signatureSchemes: [0x0503] }, 'TLSv1.2'),
      undefined,
      [],
    ],
    ['bare RSA will do for TLS 1.3', 'RSA-2048', wishes(), [CKM_RSA_X_509], []],
    ['PKCS #1 alone will not', 'RSA-2048', wishes(), [CKM_RSA_PKCS], ['tls13-impossible']],
    [
      'PKCS #1 alone, where TLS 1.2 prefers PSS',
      'RSA-2048',
      wishes({}, 'TLSv1.2'),
      [CKM_RSA_PKCS],
      ['tls13-impossible'],
    ],
    [
      'PKCS #1 alone, at a site for old cards',
      'RSA-2048',
      wishes({ signatureSchemes: [pkcs1] }, 'TLSv1.2'),
      [CKM_RSA_PKCS],
      [],
    ],
    ['no ECDSA on the card', 'P-256', wishes(), [CKM_RSA_PKCS], ['signature-mechanism-missing']],
  ])('%s', async (_, keyType, wish, mechanisms, expected) => {
    const der = await issue(keyType ? { keyType } : {});
    expect(codes(der, { wish, ...(mechanisms && { options: { mechanisms } }) })).toEqual(expected);
  });
});

describe('the choice', () => {
  const logon = () => issue({ extendedKeyUsage: [clientAuth, smartCardLogon] });
  const plain = () => issue({ extendedKeyUsage: [clientAuth] });
  const good = (der: Buffer, options?: FoundOptions) => ({ ...found(der, options), findings: [] });
  const choose = (candidates: Parameters<typeof chooseCertificate>[0], selector?: string) => {
    const choice = chooseCertificate(candidates, selector);
    return 'chosen' in choice ? choice.chosen.stored.id.toString('hex') : choice.refusal.code;
  };

  it('is the one that is for smart-card logon', async () => {
    expect(choose([good(await plain(), { id: '01' }), good(await logon(), { id: '02' })])).toBe('02');
  });

  it('is PIV’s 9A before its 9C, which wants the PIN for each signature', async () => {
    const label = (text: string) => ({ label: `Certificate for ${text}`, card: 'PIV Card' });
    const authentication = good(await logon(), { ...label('PIV Authentication'), id: '01' });
    const signature = good(await logon(), { ...label('Digital Signature'), id: '02' });
    const management = good(await logon(), { ...label('Key Management'), id: '03' });
    expect(choose([signature, management, authentication])).toBe('01');
    expect(choose([signature, management])).toBe('certificate-ambiguous');
  });

  it('is the one whose key can be seen', async () => {
    expect(choose([good(await logon(), { id: '01', key: 'unseen' }), good(await logon(), { id: '02' })])).toBe('02');
  });

  it('is never one that is refused, and one with a doubt if there is no better', async () => {
    const refused = { ...good(await logon(), { id: '01' }), findings: [finding('certificate-expired')] };
    const doubtful = { ...good(await plain(), { id: '02' }), findings: [finding('issuer-unknown')] };
    expect(choose([refused])).toBe('certificate-unsuitable');
    expect(choose([refused, doubtful])).toBe('02');
    expect(choose([refused, doubtful, good(await plain(), { id: '03' })])).toBe('03');
  });

  it('is left to the person among equals, who are named', async () => {
    const [first, second] = [await logon(), await logon()];
    const choice = chooseCertificate([good(first), good(second, { card: 'other' })]);
    expect(choice).toMatchObject({ refusal: { code: 'certificate-ambiguous' } });
    const detail = 'refusal' in choice ? choice.refusal.detail : '';
    expect(detail).toContain(parseCertificate(first).sha256.slice(0, 16));
    expect(detail).toContain('on "other"');
  });

  it('is the one that is named by id, label or SHA-256', async () => {
    const [first, second] = [await logon(), await logon()];
    const candidates = [good(first, { id: 'a1' }), good(second, { id: 'b2', label: 'Ada’s' })];
    const { sha256 } = parseCertificate(second);
    for (const selector of [
      'b2',
      'B2',
      'Ada’s',
      sha256,
      sha256.slice(0, 8),
      sha256.toUpperCase().match(/../g)!.join(':'),
    ])
      expect(choose(candidates, selector), selector).toBe('b2');
    for (const selector of [sha256.slice(0, 7), randomBytes(32).toString('hex'), ''])
      expect(choose(candidates, selector), selector).toBe('certificate-unknown');
  });

  it('is none where there is none', () => {
    expect(choose([])).toBe('certificate-none');
  });
});

describe('the name for USER', () => {
  it.each<[string, Partial<PersonRequest>, string | undefined]>([
    ['is the user principal name', { userPrincipalNames: ['ada@corp.example'], subject: 'Ada' }, 'ada@corp.example'],
    ['is else the common name', { subject: 'Ada Lovelace' }, 'Ada Lovelace'],
  ])('%s', async (_, request, expected) => {
    expect(userNameOf(parseCertificate(await issue(request)))).toBe(expected);
  });
});
