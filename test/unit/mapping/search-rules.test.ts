/** Rules with a search of their own and SSSD's rules, from the rule text to the account. */

import { beforeAll, describe, expect, it } from 'vitest';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import { decodeRules } from '../../../src/mapping/rules/rule-language.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { janeDoe } from '../../support/jane-doe.ts';
import { bindingOf } from '../../support/settings.ts';
import { asValidated, createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';
import { type MemoryAccount, memoryDirectory } from './memory-directory.ts';

const sid = 'S-1-5-21-1111111111-2222222222-3333333333-1105';
const issuer = 'DC=com,DC=contoso,CN=CONTOSO-DC-CA';
let jane: ValidatedCertificate;
let ca: LogonAuthority;
let two: ValidatedCertificate;
beforeAll(async () => {
  ca = await createLogonAuthority();
  jane = asValidated(parseCertificate(janeDoe), ca.certificate);
  two = await ca.validated({
    rfc822Names: ['a@corp.example', 'b@corp.example'],
    dnsNames: ['pc.corp.example'],
    ipAddresses: ['192.0.2.1'],
    uniformResourceIdentifiers: ['https://corp.example/ada'],
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
  });
});

function decode(rule: object) {
  return decodeRules({ rules: [{ name: 'r', ...rule }] });
}

async function resolve(
  certificate: ValidatedCertificate,
  rule: object,
  accounts: readonly MemoryAccount[],
  options = {},
) {
  const decoded = decode(rule);
  if (decoded.outcome === 'faulty')
    return decoded.faults.map(({ path, message }) => `${path.join('.')} ${message}`).join();
  const directory = memoryDirectory(accounts);
  const service = createAccountResolver({
    rules: decoded.rules,
    settings: bindingOf('off'),
    directories: [directory],
    logger: silentLogger,
    ...options,
  });
  const result = await service.resolve(certificate, undefined, unrecorded);
  return result.outcome === 'mapped' ? `${result.account.accountName} ${result.reason}` : result.denial.code;
}

const holding = (values: MemoryAccount['values'], accountName = 'jdoe'): MemoryAccount => ({
  accountName,
  ...(values && { values }),
});

describe('every template, on the certificate with every identity', () => {
  it.each<[string, string]>([
    ['{issuer_dn!ad_x500}', issuer],
    ['{issuer_dn!ad_ldap}', 'CN=CONTOSO-DC-CA,DC=contoso,DC=com'],
    ['{issuer_dn}', 'CN=CONTOSO-DC-CA,DC=contoso,DC=com'],
    ['{issuer_dn!nss_x500}', issuer],
    ['{subject_dn}', 'CN=JANE DOE+UID=25001003151020,OU=People (Ops),O=Acme\\, Inc.,ST=WA,C=US'],
    ['{subject_principal}', 'jdoe@contoso.com'],
    ['{subject_nt_principal.short_name}', 'jdoe'],
    ['{subject_uri}', `tag:microsoft.com,2022-09-14:sid:${sid}`],
    ['X509:<I>{issuer_dn!ad_x500}<SR>{serial_number!hex_r}', `X509:<I>${issuer}<SR>2b0000000011ace1`],
    ['{serial_number}', 'e1ac11000000002b'],
    ['{serial_number!hex_uc}', 'E1:AC:11:00:00:00:00:2B'],
    ['{serial_number!dec}', '16261391046225690667'],
    ['{subject_key_id}', '3358296b5426cb12be0a2b43eb5cfafd8ccdec4f'],
    ['{cert!sha1}', '92dd5e44fb8cc38b3b05fec75d48e9d3f8d9e34a'],
    ['{cert!sha256}', 'c8b12775686b099436e05fd45645465b2103a48f73e99adeb16466568ee27f8d'],
    ['{cert!base64}', janeDoe.toString('base64')],
    ['{subject_dn_component.uid}', '25001003151020'],
    ['{subject_dn_component.OU}', 'People (Ops)'],
    ['{subject_dn_component}', 'JANE DOE'],
    ['{subject_dn_component.c[-1]}', 'US'],
    ['{issuer_dn_component.[-2]}.{issuer_dn_component.dc[-1]}', 'contoso.com'],
    ['{sid.rid}', '1105'],
    ['{{{sid.rid}}}', '{1105}'],
  ])('%s is %s', async (template, value) => {
    const rule = { map: 'search', filter: `(x=${template})` };
    expect(await resolve(jane, rule, [holding({ x: [value] })])).toBe('jdoe binding-off');
    expect(await resolve(jane, rule, [holding({ x: [`${value} `] })])).toBe('mapping-none');
  });

  it.each<[string, string]>([
    ['{subject_dns_name}', 'pc.corp.example'],
    ['{subject_dns_name.short_name}', 'pc'],
    ['{subject_ip_address}', '192.0.2.1'],
    ['{subject_uri}', 'https://corp.example/ada'],
  ])('%s of another certificate is %s', async (template, value) => {
    expect(await resolve(two, { map: 'search', filter: `(x=${template})` }, [holding({ x: [value] })])).toBe(
      'jdoe binding-off',
    );
  });

  it.each([
    '{subject_pkinit_principal}',
    '{subject_rfc822_name}',
    '{subject_directory_name}',
    '{subject_dn_component.l}',
    '{subject_dn_component.cn[2]}',
  ])('%s is nothing here, so nothing is searched for', async (template) => {
    const everything = [holding({ x: ['', 'undefined', 'null'] })];
    expect(await resolve(jane, { map: 'search', filter: `(x=${template})` }, everything)).toBe('mapping-none');
  });

  it('octets are compared as octets', async () => {
    const rule = { map: 'search', filter: '(userCertificate;binary={cert!bin})', strength: 'strong' };
    expect(await resolve(jane, rule, [holding({ usercertificate: [janeDoe] })])).toBe('jdoe search');
  });

  it('an exact assertion finds, and the whole certificate decides', async () => {
    for (const filter of [
      '(userCertificate={certificate_exact})',
      '(userCertificate={{ serialNumber {serial_number!dec}, issuer rdnSequence:"{issuer_dn!nss_ldap}" }})',
    ]) {
      const rule = { map: 'search', filter };
      expect(await resolve(jane, rule, [holding({ usercertificate: [janeDoe] })])).toBe('jdoe binding-off');
      expect(await resolve(jane, rule, [holding({ usercertificate: [janeDoe.subarray(1)] })])).toBe('mapping-none');
    }
  });

  it('a SID is compared with the account’s', async () => {
    const rule = { map: 'search', filter: '(objectSid={sid})', strength: 'strong' };
    expect(await resolve(jane, rule, [{ ...holding({ objectsid: [sid] }), sid }])).toBe('jdoe search');
    expect(await resolve(jane, rule, [{ ...holding({ objectsid: [sid] }) }])).toBe('directory-answer-invalid');
  });
});

describe('several names of a kind', () => {
  const rule = { map: 'search', filter: '(mail={subject_rfc822_name})' };
  it('all that are found must be one account', async () => {
    expect(await resolve(two, rule, [holding({ mail: ['b@corp.example'] })])).toBe('jdoe binding-off');
    expect(await resolve(two, rule, [holding({ mail: ['a@corp.example', 'b@corp.example'] })])).toBe(
      'jdoe binding-off',
    );
    const others = [holding({ mail: ['a@corp.example'] }), holding({ mail: ['b@corp.example'] }, 'eve')];
    expect(await resolve(two, rule, others)).toBe('mapping-ambiguous');
  });

  it('values of different names are not mixed in one search', async () => {
    const both = { map: 'search', filter: '(&(mail={subject_rfc822_name})(uid={subject_rfc822_name.short_name}))' };
    expect(await resolve(two, both, [holding({ mail: ['a@corp.example'], uid: ['b'] })])).toBe('mapping-none');
    expect(await resolve(two, both, [holding({ mail: ['a@corp.example'], uid: ['a'] })])).toBe('jdoe binding-off');
  });

  it('nine names are searched not at all', async () => {
    const many = await ca.validated({ rfc822Names: Array.from({ length: 9 }, (_, index) => `${index}@corp.example`) });
    expect(await resolve(many, rule, [holding({ mail: ['1@corp.example'] })])).toBe('mapping-none');
  });
});

describe('filters', () => {
  it('an alternative for which the certificate holds nothing falls away, a condition does not', async () => {
    const found = [holding({ uid: ['jdoe'], mail: ['x'] })];
    const or = '(|(mail={subject_rfc822_name})(uid={subject_nt_principal.short_name}))';
    expect(await resolve(jane, { map: 'search', filter: or }, found)).toBe('jdoe binding-off');
    expect(await resolve(jane, { map: 'search', filter: or.replace('|', '&') }, found)).toBe('mapping-none');
  });

  it('not and presence', async () => {
    const rule = { map: 'search', filter: '(&(uid={subject_nt_principal.short_name})(mail=*)(!(locked=yes)))' };
    expect(await resolve(jane, rule, [holding({ uid: ['jdoe'], mail: ['x'] })])).toBe('jdoe binding-off');
    expect(await resolve(jane, rule, [holding({ uid: ['jdoe'], mail: ['x'], locked: ['YES'] })])).toBe('mapping-none');
    expect(await resolve(jane, rule, [holding({ uid: ['jdoe'] })])).toBe('mapping-none');
  });

  it('what the directory folds is refused', async () => {
    const certificate = await ca.validated({ subject: [{ type: 'UID', value: 'bjorn' }] });
    const rule = { map: 'search', filter: '(uid={subject_dn_component.uid})' };
    expect(await resolve(certificate, rule, [holding({ uid: ['björn'] })])).toBe('directory-answer-invalid');
    expect(await resolve(certificate, rule, [holding({ uid: ['BJORN'] })])).toBe('jdoe binding-off');
  });

  it('hostile text is a value and nothing else', async () => {
    const certificate = await ca.validated({ subject: [{ type: 'CN', value: '*)(objectClass=*' }] });
    const rule = { map: 'search', filter: '(cn={subject_dn_component.cn})' };
    expect(await resolve(certificate, rule, [holding({ cn: ['x'], objectclass: ['x'] })])).toBe('mapping-none');
  });

  it('weak by default; strong where the rule says so and may', async () => {
    const found = [holding({ uid: ['jdoe'] })];
    const rule = { map: 'search', filter: '(uid={subject_nt_principal.short_name})' };
    expect(await resolve(jane, rule, found, { settings: bindingOf('full') })).toBe('mapping-weak');
    expect(await resolve(jane, { ...rule, strength: 'strong' }, found)).toContain('rules.0.strength');
    const when = { issuerSha256: [ca.certificate.sha256] };
    expect(await resolve(jane, { ...rule, when, strength: 'strong' }, found, { settings: bindingOf('full') })).toBe(
      'jdoe search',
    );
    expect(await resolve(jane, { ...rule, when: { issuer: ['CN=x'] }, strength: 'strong' }, found)).toContain(
      'rules.0.strength',
    );
  });

  it('base goes to the one directory', async () => {
    const directory = memoryDirectory([], 'corp');
    const decoded = decode({ map: 'sid', directory: 'corp', base: 'OU=People,DC=corp' });
    const rules = decoded.outcome === 'decoded' ? decoded.rules : [];
    const options = { rules, settings: bindingOf('full'), logger: silentLogger } as const;
    await createAccountResolver({ ...options, directories: [directory] }).resolve(jane, undefined, unrecorded);
    expect(directory.bases).toEqual(['OU=People,DC=corp']);
    expect(() => createAccountResolver({ ...options, directories: [{ ...directory, kind: 'file' }] })).toThrow(
      TypeError,
    );
  });
});

describe('SSSD rules, as they stand', () => {
  const uid = holding({ uid: ['jdoe'] });
  const maprule = 'LDAP:(uid={subject_principal.short_name})';
  const ok = 'jdoe binding-off';
  it.each<[string, string]>([
    ['KRB5:<ISSUER>^CN=CONTOSO-DC-CA,DC=contoso,DC=com$<SAN:ntPrincipalName>@contoso\\.com$', ok],
    ['<ISSUER>CONTOSO', ok],
    ['<ISSUER>contoso-dc', 'mapping-none'],
    ['<SUBJECT>^CN=JANE DOE\\+UID=[0-9]+,OU=People \\(Ops\\),O=Acme\\\\, Inc\\.,ST=WA,C=US$', ok],
    ['<KU>digitalSignature,keyEncipherment', ok],
    ['<EKU>clientAuth', 'mapping-none'],
    ['||<EKU>clientAuth<ISSUER>CONTOSO', ok],
    ['&&<EKU>clientAuth<ISSUER>CONTOSO', 'mapping-none'],
    ['<SAN>^jdoe@', ok],
    ['<SAN:pkinit>jdoe', 'mapping-none'],
    ['<SAN:uniformResourceIdentifier>sid:S-1-5-21-', ok],
    ['<SAN:1.3.6.1.4.1.311.20.2.3>^jdoe@contoso\\.com$', ok],
    ['<SAN:1.3.6.1.4.1.311.20.2.4>jdoe', 'mapping-none'],
    [`<SAN:otherName>${Buffer.from('contoso').toString('base64')}`, ok],
    ['<SAN:x400Address>AAAA', 'mapping-none'],
    [`<SAN:otherName>${Buffer.from('nothing').toString('base64')}`, 'mapping-none'],
  ])('matchrule %s', async (matchrule, expected) => {
    expect(await resolve(jane, { map: 'sssd', matchrule, maprule }, [uid])).toBe(expected);
  });

  it.each<[string, string]>([
    ['<EKU>clientAuth', ok],
    ['<EKU>clientAuth,msScLogin', 'mapping-none'],
    ['||<EKU>clientAuth,msScLogin', ok],
    ['<EKU>1.3.6.1.5.5.7.3.2', ok],
    ['<KU>digitalSignature', ok],
    ['<KU>digitalSignature,keyEncipherment', 'mapping-none'],
    ['||<KU>digitalSignature,keyEncipherment', ok],
    ['<SAN:rfc822Name>@corp\\.example$', ok],
    ['<SAN:rfc822Name>^a@', 'mapping-none'],
    ['<SAN:dNSName>^pc\\.', ok],
    ['<SAN:iPAddress>^192\\.0\\.2\\.1$', ok],
  ])('matchrule %s on a certificate with two addresses', async (matchrule, expected) => {
    const rule = { map: 'sssd', matchrule, maprule: 'LDAP:(host={subject_dns_name.short_name})' };
    expect(await resolve(two, rule, [holding({ host: ['pc'] })])).toBe(expected);
  });

  it.each([
    'LDAPU1:(altSecurityIdentities=X509:<I>{issuer_dn!ad_x500}<SR>{serial_number!hex_r})',
    'LDAP:(|(userPrincipalName={subject_nt_principal})(samAccountName={subject_nt_principal.short_name}))',
    'LDAPU1:(domain={issuer_dn_component.[-2]}.{issuer_dn_component.dc[-1]})',
    'LDAPU1:(dgst={cert!sha256})',
    'LDAPU1:(ski={subject_key_id})',
    'LDAPU1:(uid={subject_dn_component.uid})',
    'LDAPU1:(objectsid={sid})',
    'LDAP:(altSecurityIdentities=X509:<I>{issuer_dn!ad_x500}<S>{subject_dn!ad_x500})',
    'LDAP:(ipaCertMapData=X509:<I>{issuer_dn!nss_x500}<S>{subject_dn!nss_x500})',
    'LDAPU1:(userCertificate={{ serialNumber {serial_number!dec}, issuer rdnSequence:"{issuer_dn!nss_ldap}" }})',
    'LDAP:(userCertificate;binary={cert!bin})',
    '(mail={subject_rfc822_name})',
  ])('maprule %s is taken', (rule) => {
    expect(decode({ map: 'sssd', matchrule: '<ISSUER>x', maprule: rule })).toMatchObject({ outcome: 'decoded' });
  });

  it('without rules SSSD’s own defaults hold', async () => {
    const found = [holding({ usercertificate: [two.certificate.der] })];
    expect(await resolve(two, { map: 'sssd', strength: 'strong' }, found, { settings: bindingOf('full') })).toBe(
      'jdoe search',
    );
    expect(await resolve(jane, { map: 'sssd' }, [holding({ usercertificate: [janeDoe] })])).toBe('mapping-none');
  });

  it.each<[object, string]>([
    [{ matchrule: 'X:<ISSUER>x' }, 'matchrule'],
    [{ matchrule: 'ISSUER' }, 'matchrule'],
    [{ matchrule: '<FOO>x' }, 'matchrule'],
    [{ matchrule: '<ISSUER>(a)\\1' }, 'matchrule'],
    [{ matchrule: '<ISSUER>' }, 'matchrule'],
    [{ matchrule: '<KU>sign' }, 'matchrule'],
    [{ matchrule: '<EKU>' }, 'matchrule'],
    [{ matchrule: '<SAN:otherName>!!' }, 'matchrule'],
    [{ matchrule: 'x<ISSUER>y' }, 'matchrule'],
    [{ maprule: 'LDAP:(x={serial_number})' }, 'maprule'],
    [{ maprule: 'LDAPU1:(x={certificate_exact})' }, 'maprule'],
    [{ maprule: 'FOO:(x={cert})' }, 'maprule'],
    [{ filter: '(mail={subject_rfc822_name})' }, 'filter'],
  ])('%j is a fault of its key', (rule, key) => {
    expect(decode({ map: 'sssd', ...rule })).toMatchObject({
      outcome: 'faulty',
      faults: [{ path: ['rules', 0, key] }],
    });
  });

  it('rules out of the order of their priorities are a fault', () => {
    const rules = [10, 20, 5].map((priority) => ({ name: `r${priority}`, map: 'sssd', priority }));
    expect(decodeRules({ rules })).toMatchObject({ faults: [{ path: ['rules', 2, 'priority'] }] });
    expect(decodeRules({ rules: rules.slice(0, 2) })).toMatchObject({ outcome: 'decoded' });
    expect(decodeRules({ rules: [{ name: 'last', map: 'sssd' }, rules[0]] })).toMatchObject({ outcome: 'faulty' });
  });

  it('domains are directories of the site', async () => {
    const rule = { map: 'sssd', domains: ['memory'], matchrule: '<ISSUER>CONTOSO', maprule };
    expect(await resolve(jane, rule, [uid])).toBe(ok);
    await expect(resolve(jane, { ...rule, domains: ['elsewhere'] }, [uid])).rejects.toThrow(TypeError);
  });
});

describe('keys that do not fit the kind', () => {
  it.each<[object, string[]]>([
    [{ map: 'sid', forms: ['ski'], suffixes: ['x'], filter: '(a={sid})' }, ['forms', 'suffixes', 'filter']],
    [{ map: 'search' }, ['map']],
    [{ map: 'upn', severalAccounts: 'userPicks' }, ['severalAccounts']],
    [{ map: 'altSecurityIdentities', severalAccounts: 'userPicks' }, ['severalAccounts']],
    [{ map: 'altSecurityIdentities', forms: ['ski', 'subject'], severalAccounts: 'userPicks' }, ['severalAccounts']],
    [{ map: 'altSecurityIdentities', forms: ['ski', 'issuerSid'], severalAccounts: 'userPicks' }, []],
    [{ map: 'certificate', severalAccounts: 'userPicks' }, []],
    [{ map: 'sid', base: 'DC=x' }, ['base']],
    [{ map: 'sid', strength: 'strong' }, ['strength', 'strength']],
    [{ map: 'sid', when: { subjectAttributes: {} } }, ['when']],
  ])('%j: %j', (rule, keys) => {
    const decoded = decode(rule);
    expect(decoded.outcome === 'faulty' ? decoded.faults.map(({ path }) => path[2]) : []).toEqual(keys);
  });

  it.each<[string, string[]]>([
    ['(uid={subject_dn_component.uid})', []],
    ['(&(ou={issuer_dn})(uid={subject_dn_component.uid}))', []],
    ['(ou={issuer_dn})', ['strength']],
    ['(ou={issuer_dn_component.cn})', ['strength']],
    ['(|(uid={subject_dn_component.uid})(ou={issuer_dn}))', ['strength']],
    ['(&(ou={issuer_dn})(!(uid={subject_dn_component.uid})))', ['strength']],
  ])(
    'with a pinned issuer %s is strong unless it finds the same account for every card of the issuer: %j',
    (filter, keys) => {
      const decoded = decode({ map: 'search', filter, when: { issuerSha256: ['ab'.repeat(32)] }, strength: 'strong' });
      expect(decoded.outcome === 'faulty' ? decoded.faults.map(({ path }) => path[2]) : []).toEqual(keys);
    },
  );

  it('texts with a language of their own are faults at their place', () => {
    const when = {
      issuer: ['x'],
      subjectAttributes: { FOO: ['a'], CN: ['*'] },
      extendedKeyUsage: ['login'],
      subjectAltName: { mail: ['a'] },
    };
    const decoded = decode({ map: 'search', filter: '(a=b)', when });
    expect(decoded.outcome === 'faulty' && decoded.faults.map(({ path }) => path.slice(2).join('.')).sort()).toEqual([
      'filter',
      'when.extendedKeyUsage.0',
      'when.issuer.0',
      'when.subjectAltName.mail',
      'when.subjectAttributes.CN.0',
      'when.subjectAttributes.FOO',
    ]);
  });
});
