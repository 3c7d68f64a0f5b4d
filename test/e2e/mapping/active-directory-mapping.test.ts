/** Every kind of mapping and the lint against a real Active Directory domain controller (Samba) over ldaps. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lintDirectory } from '../../../src/commands/mapping/mapping-lint.ts';
import type { Directory } from '../../../src/directory/directory.ts';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import type { AltForm } from '../../../src/mapping/rules/rule.ts';
import { decodeRules } from '../../../src/mapping/rules/rule-language.ts';
import { altValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { subjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { openActiveDirectory } from '../../support/open-active-directory.ts';
import { type SambaDc, startSambaDc } from '../../support/samba-dc.ts';
import { bindingOf } from '../../support/settings.ts';
import { createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';

let dc: SambaDc;
let ca: LogonAuthority;
let directory: Directory;

beforeAll(async () => {
  const issuer = [
    { type: 'DC', value: 'example' },
    { type: 'O', value: 'Acme, "Inc." (Ops)*' },
    [
      { type: 'CN', value: 'Card CA' },
      { type: 'UID', value: '7' },
    ],
  ];
  [dc, ca] = await Promise.all([startSambaDc(), createLogonAuthority(issuer)]);
  directory = openActiveDirectory(dc);
});

afterAll(async () => {
  await directory?.close();
  await dc?.stop();
});

async function resolve(
  certificate: ValidatedCertificate,
  rule: object,
  user?: string,
  settings = bindingOf('full'),
): Promise<string> {
  const decoded = decodeRules({ rules: [{ name: 'rule', ...rule }] });
  if (decoded.outcome === 'faulty') throw new Error(JSON.stringify(decoded.faults));
  const service = createAccountResolver({
    rules: decoded.rules,
    settings,
    directories: [directory],
    logger: silentLogger,
  });
  const result = await service.resolve(certificate, user, unrecorded);
  return result.outcome === 'mapped' ? `${result.account.accountName} ${result.reason}` : result.denial.code;
}

const value = (form: AltForm, { certificate }: ValidatedCertificate, which = 0) =>
  altValues(form, certificate, subjectIdentity(certificate)).at(which) ?? '';

describe('altSecurityIdentities in Active Directory', () => {
  it.each<[AltForm, string]>([
    ['issuerSerial', 'issuerSerial'],
    ['ski', 'ski'],
    ['sha1PublicKey', 'sha1PublicKey'],
    ['issuerSubject', 'mapping-weak'],
    ['subject', 'mapping-weak'],
    ['rfc822', 'mapping-weak'],
  ])('%s, in the first spelling and the last', async (form, expected) => {
    // certificates of one key share a key identifier
    for (const which of form === 'ski' ? [0] : [0, -1]) {
      const sam = `u-${form.toLowerCase()}${which + 1}`.slice(0, 20);
      const certificate = await ca.validated({
        subject: [
          { type: 'O', value: 'Acme, Inc. (x)' },
          { type: 'CN', value: sam },
        ],
        rfc822Names: [`${sam}@corp.example`],
        serialNumber: 0xe1ac110000000000n + BigInt(Math.floor(Math.random() * 2 ** 31)),
      });
      await dc.addUser({ sam, altSecurityIdentities: [value(form, certificate, which)] });
      const reason = expected === 'mapping-weak' ? expected : `${sam} ${expected}`;
      expect(await resolve(certificate, { map: form }, sam)).toBe(reason);
      if (expected === 'mapping-weak') {
        // the certificates of this test are from before the account was made
        const compatibility = { ...bindingOf('compatibility'), backdating: milliseconds(0) };
        expect(await resolve(certificate, { map: form }, sam, compatibility)).toBe('mapping-weak');
        const generous = { ...bindingOf('compatibility'), backdating: milliseconds(50 * 365 * 86_400_000) };
        expect(await resolve(certificate, { map: form }, sam, generous)).toBe(`${sam} compatibility`);
      }
    }
  });

  it('issuer and SID, and a planted value is a mismatch', async () => {
    const { sid, distinguishedName } = await dc.addUser({ sam: 'sidholder' });
    const certificate = await ca.validated({ sid });
    await dc.setAttribute(distinguishedName, 'altSecurityIdentities', [value('issuerSid', certificate)]);
    expect(await resolve(certificate, { map: 'altSecurityIdentities' })).toBe('sidholder issuerSid');
    await dc.setAttribute(distinguishedName, 'altSecurityIdentities', []);
    await dc.addUser({ sam: 'thief', altSecurityIdentities: [value('issuerSerial', certificate)] });
    expect(await resolve(certificate, { map: 'altSecurityIdentities' })).toBe('sid-mismatch');
  });

  it('one card, two accounts: USER picks among the mapped', async () => {
    const certificate = await ca.validated({});
    const altSecurityIdentities = [value('issuerSerial', certificate)];
    await dc.addUser({ sam: 'kim', altSecurityIdentities });
    await dc.addUser({ sam: 'kim-admin', altSecurityIdentities });
    const rule = { map: 'issuerSerial', severalAccounts: 'userPicks' };
    expect(await resolve(certificate, rule, 'kim')).toBe('kim issuerSerial');
    expect(await resolve(certificate, rule, 'CORP\\kim-admin')).toBe('kim-admin issuerSerial');
    expect(await resolve(certificate, rule, 'administrator')).toBe('mapping-ambiguous');
    expect(await resolve(certificate, { map: 'issuerSerial' }, 'kim')).toBe('mapping-ambiguous');
  });
});

describe('searches of rules in Active Directory', () => {
  it('SSSD’s strong rule for Active Directory, verbatim', async () => {
    const plain = await createLogonAuthority();
    const certificate = await plain.validated({ serialNumber: 0x0a0b0cn, extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] });
    await dc.addUser({ sam: 'sssd', altSecurityIdentities: [value('issuerSerial', certificate)] });
    const rule = {
      map: 'sssd',
      matchrule: 'KRB5:<ISSUER>^CN=Logon CA,DC=corp,DC=example$<EKU>clientAuth',
      maprule: 'LDAPU1:(altSecurityIdentities=X509:<I>{issuer_dn!ad_x500}<SR>{serial_number!hex_r})',
      strength: 'strong',
    };
    expect(await resolve(certificate, rule)).toBe('sssd search');
  });

  it('by SID in text, by description below a base, and folded values are refused', async () => {
    const { sid, distinguishedName } = await dc.addUser({ sam: 'search' });
    const certificate = await ca.validated({ sid, subject: [{ type: 'CN', value: 'a*)(b\\' }] });
    expect(await resolve(certificate, { map: 'search', filter: '(objectSid={sid})', strength: 'strong' })).toBe(
      'search search',
    );
    await dc.setAttribute(distinguishedName, 'description', ['a*)(b\\']);
    const rule = { map: 'search', filter: '(description={subject_dn_component.cn})', directory: 'corp' };
    expect(await resolve(certificate, { ...rule, base: `CN=Users,${dc.searchBase}` })).toBe('search sid-confirms-name');
    expect(await resolve(certificate, { ...rule, base: `CN=Computers,${dc.searchBase}` })).toBe('mapping-none');
    const whole = { map: 'search', filter: '(userCertificate={cert!bin})', strength: 'strong' };
    await dc.setAttribute(distinguishedName, 'userCertificate', [certificate.certificate.der]);
    expect(await resolve(certificate, whole)).toBe('search search');
  });
});

describe('the lint reads Active Directory page by page', () => {
  it('and finds what is wrong with what stands there', async () => {
    const bad = 'X509:<I>CN=Card CA,DC=corp,DC=example<SR>01';
    await dc.addUser({ sam: 'lint1', altSecurityIdentities: [bad] });
    await dc.addUser({ sam: 'lint2', altSecurityIdentities: ['X509:<I>DC=example,DC=corp,CN=Card CA<SR>01'] });
    const { findings, complete } = await lintDirectory(directory, 10_000);
    expect(complete).toBe(true);
    const of = (sam: string) => findings.filter(({ account }) => account.startsWith(`CN=${sam},`));
    expect(of('lint1')).toMatchObject([
      { kind: 'broken', right: 'X509:<I>DC=example,DC=corp,CN=Card CA<SR>01' },
      { kind: 'duplicate' },
    ]);
    expect(of('lint2')).toMatchObject([{ kind: 'duplicate' }]);
    expect(of('u-subject1')).toMatchObject([{ kind: 'weak' }]);
    expect((await lintDirectory(directory, 2)).complete).toBe(false);
  });
});
