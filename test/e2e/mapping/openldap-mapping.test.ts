/** Searches of rules, FreeIPA's and SSSD's forms and the lint against a real OpenLDAP server over ldaps. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lintDirectory } from '../../../src/commands/mapping/mapping-lint.ts';
import type { Directory } from '../../../src/directory/directory.ts';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import { decodeRules } from '../../../src/mapping/rules/rule-language.ts';
import { certificateMappings } from '../../../src/mapping/stored/certificate-mappings.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { openLdap } from '../../support/open-ldap.ts';
import { bindingOf } from '../../support/settings.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';
import { createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';

let ldap: Slapd;
let directory: Directory;
let ca: LogonAuthority;
let ada: ValidatedCertificate;
/** Same issuer and serial number as ada's. */
let freeIpa: Directory;
let rival: ValidatedCertificate;
let two: ValidatedCertificate;

/** As FreeIPA writes it; see ipapython/dn.py. */
const freeIpaValue = 'X509:<I>O=Quote \\"and\\"\\, comma (x)*,E=ca@corp.example<S>O=Corp,UID=ada';
/** Of FreeIPA's schema, as far as it matters here. */
const freeIpaSchema = [
  "attributetype ( 2.16.840.1.113730.3.8.22.1.1 NAME 'ipaCertMapData' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
  "objectclass ( 2.16.840.1.113730.3.8.22.2.2 NAME 'ipaCertMapObject' SUP top AUXILIARY MAY ipaCertMapData )",
];

beforeAll(async () => {
  ca = await createLogonAuthority([
    { type: 'O', value: 'Quote "and", comma (x)*' },
    { type: 'E', value: 'ca@corp.example' },
  ]);
  const subject = [
    { type: 'O', value: 'Corp' },
    { type: 'UID', value: 'ada' },
  ];
  ada = await ca.validated({ serialNumber: 0xe1ac11000000002bn, subject, rfc822Names: ['ada@corp.example'] });
  rival = await ca.validated({ serialNumber: 0xe1ac11000000002bn, subject: 'rival' });
  two = await ca.validated({ rfc822Names: ['bob@corp.example', 'ada@corp.example'] });
  const mappings = certificateMappings(ada.certificate);
  const ofWindows = mappings.altSecurityIdentities.find(({ form }) => form === 'issuerSubject')?.value ?? '';
  const strong = mappings.altSecurityIdentities.find(({ form }) => form === 'issuerSerial')?.value ?? '';
  const unreversed = strong.replace(/<SR>.*/, '<SR>e1ac11000000002b');
  ldap = await startSlapd({
    accounts: [
      {
        uid: 'ada',
        mail: 'ada@corp.example',
        certificates: [ada.certificate.der],
        fingerprints: [ada.certificate.sha256],
        altSecurityIdentities: [ofWindows],
        objectClasses: ['ipaCertMapObject'],
        lines: [`ipaCertMapData: ${freeIpaValue}`],
      },
      { uid: 'bob', mail: 'bob@corp.example', altSecurityIdentities: ['X509:<S>CN=Bob', 'junk', unreversed] },
      ...Array.from({ length: 1200 }, (_, index) => ({
        uid: `u${index}`,
        altSecurityIdentities: [`X509:<I>O=CA<SR>${String(index).padStart(6, '0')}`],
      })),
    ],
    schema: freeIpaSchema,
    configuration: [`limits dn.exact="uid=cardgate,ou=services,dc=corp,dc=example" size.prtotal=unlimited`],
  });
  directory = openLdap(ldap, { altSecurityIdentitiesAttribute: 'altSecurityIdentities' });
  freeIpa = openLdap(ldap, { altSecurityIdentitiesAttribute: 'ipaCertMapData' });
});

afterAll(async () => {
  await directory?.close();
  await freeIpa?.close();
  await ldap?.stop();
});

async function resolve(certificate: ValidatedCertificate, rule: object, where = directory): Promise<string> {
  const decoded = decodeRules({ rules: [{ name: 'rule', ...rule }] });
  if (decoded.outcome === 'faulty') throw new Error(JSON.stringify(decoded.faults));
  const options = {
    rules: decoded.rules,
    settings: bindingOf('off'),
    directories: [where],
    logger: silentLogger,
  } as const;
  const result = await createAccountResolver(options).resolve(certificate, undefined, unrecorded);
  return result.outcome === 'mapped' ? `${result.account.accountName} ${result.reason}` : result.denial.code;
}

describe('searches of rules in OpenLDAP', () => {
  it.each<[string, object]>([
    ['the exact certificate', { filter: '(userCertificate={certificate_exact})', strength: 'strong' }],
    ['its fingerprint', { filter: '(x509CertHash={cert!sha256})', strength: 'strong' }],
    [
      'an attribute of its subject',
      { filter: '(&(uid={subject_dn_component.uid})(mail={subject_rfc822_name})(!(employeeType=left)))' },
    ],
  ])('by %s', async (_what, rule) => {
    const reason = 'strength' in rule ? 'search' : 'binding-off';
    expect(await resolve(ada, { map: 'search', ...rule })).toBe(`ada ${reason}`);
  });

  it('another certificate with the same issuer and number is refused', async () => {
    expect(await resolve(rival, { map: 'search', filter: '(userCertificate={certificate_exact})' })).toBe(
      'directory-answer-invalid',
    );
  });

  it('the exact match as SSSD can write it, quotes and all', async () => {
    const maprule =
      'LDAPU1:(userCertificate={{ serialNumber {serial_number!dec}, issuer rdnSequence:"{issuer_dn!nss_ldap}" }})';
    const rule = { map: 'sssd', matchrule: '<ISSUER>O=Quote', maprule, strength: 'strong' };
    expect(await resolve(ada, rule)).toBe('ada search');
  });

  it('FreeIPA’s ipaCertMapData, by the built-in form and by SSSD’s rule', async () => {
    expect(await resolve(ada, { map: 'issuerSubject' }, freeIpa)).toBe('ada binding-off');
    const maprule = 'LDAP:(ipaCertMapData=X509:<I>{issuer_dn!nss_x500}<S>{subject_dn!nss_x500})';
    expect(await resolve(ada, { map: 'sssd', matchrule: '<ISSUER>Quote', maprule }, freeIpa)).toBe('ada binding-off');
  });

  it('Active Directory’s spelling, by the built-in form and by SSSD’s rule', async () => {
    expect(await resolve(ada, { map: 'issuerSubject' })).toBe('ada binding-off');
    const maprule = 'LDAP:(altSecurityIdentities=X509:<I>{issuer_dn!ad_x500}<S>{subject_dn!ad_x500})';
    expect(await resolve(ada, { map: 'sssd', matchrule: '<ISSUER>Quote', maprule })).toBe('ada binding-off');
  });

  it('two addresses of two accounts are ambiguous', async () => {
    expect(await resolve(two, { map: 'search', filter: '(mail={subject_rfc822_name})' })).toBe('mapping-ambiguous');
  });
});

describe('an explanation', () => {
  it('shows that the serial number at the account that USER names is not reversed', async () => {
    const steps = recordingSteps(undefined, { looksFurther: true });
    const rules = [{ name: 'strong', map: 'issuerSerial', onMiss: 'next' } as const];
    const options = { rules, settings: bindingOf('full'), directories: [directory], logger: silentLogger } as const;
    const result = await createAccountResolver(options).resolve(ada, 'bob', steps);
    expect(result).toMatchObject({ outcome: 'denied', denial: { code: 'mapping-none' } });
    const compared = steps.steps.filter(({ check }) => check === 'mapping value of the account');
    const unreversed = compared.find(({ facts }) => String(facts?.['whatDiffers']).includes('not reversed'));
    const { searched, accountHolds } = unreversed?.facts ?? {};
    expect([searched, accountHolds].map((value) => String(value).split('<SR>')[1])).toEqual([
      '2b0000000011ace1',
      'e1ac11000000002b',
    ]);
  });
});

describe('the lint reads OpenLDAP page by page', () => {
  it('through more accounts than a page has', async () => {
    const lint = await lintDirectory(directory, 5000);
    expect(lint).toMatchObject({ accounts: 1202, complete: true });
    expect(lint.findings.map(({ kind, account }) => `${kind} ${account.split(',')[0]}`).sort()).toEqual([
      'weak uid=ada',
      'weak uid=bob',
    ]);
    expect(await lintDirectory(directory, 700)).toMatchObject({ accounts: 700, complete: false });
  });

  it('and says so when the server ends the list', async () => {
    const limited = await startSlapd({
      accounts: Array.from({ length: 20 }, (_, index) => ({
        uid: `u${index}`,
        altSecurityIdentities: ['X509:<S>CN=x'],
      })),
      configuration: ['sizelimit size.prtotal=5'],
    });
    const short = openLdap(limited, { altSecurityIdentitiesAttribute: 'altSecurityIdentities' });
    try {
      await expect(lintDirectory(short, 100)).rejects.toThrow(/ends its lists after \d+ accounts/);
    } finally {
      await short.close();
      await limited.stop();
    }
  });
});
