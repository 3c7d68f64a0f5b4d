/** ipaCertMapData as FreeIPA's own code writes it (ipapython/dn.py over python-ldap), found, printed and linted. */

import { beforeAll, describe, expect, it } from 'vitest';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import type { MappingRule } from '../../../src/mapping/rules/rule.ts';
import { certificateMappings } from '../../../src/mapping/stored/certificate-mappings.ts';
import { createMappingLint } from '../../../src/mapping/stored/mapping-lint.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import type { NameInput } from '../../../src/smartcard/authority/name-encoding.ts';
import { bindingOf } from '../../support/settings.ts';
import { rulesFromFile } from '../../support/shipped-rules.ts';
import { createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';
import { memoryDirectory } from './memory-directory.ts';

let ca: LogonAuthority;
beforeAll(async () => {
  ca = await createLogonAuthority([
    { type: 'C', value: 'US' },
    { type: 'ST', value: 'WA' },
    { type: 'O', value: 'Acme, Inc.' },
    { type: 'CN', value: 'Card CA' },
  ]);
});

const issuer = 'C=US,ST=WA,O=Acme\\, Inc.,CN=Card CA';
const subjects: readonly (readonly [NameInput, string])[] = [
  [[{ type: 'CN', value: 'MÄNNIK,MARI' }], 'CN=MÄNNIK\\,MARI'],
  [
    [
      { type: 'C', value: 'EE' },
      { type: 'SERIALNUMBER', value: 'PNOEE-47101010033' },
    ],
    'C=EE,serialNumber=PNOEE-47101010033',
  ],
  [[{ type: 'E', value: 'ada@corp.example' }], 'E=ada@corp.example'],
  [[{ type: '2.5.4.42', value: 'Ada' }], 'givenName=Ada'],
  [[{ type: '2.5.4.12', value: 'Dr.' }], 'title=Dr.'],
  [[{ type: '2.5.4.43', value: 'A' }], '2.5.4.43=A'],
  [[{ type: '2.5.4.97', value: 'VATEE-1' }], '2.5.4.97=VATEE-1'],
  [[{ type: '2.5.4.9', value: 'Main St.' }], 'STREET=Main St.'],
  [[{ type: '2.5.4.17', value: '98052' }], 'postalCode=98052'],
  [[{ type: '2.5.4.15', value: 'x' }], 'businessCategory=x'],
  [[{ type: '1.3.6.1.4.1.311.60.2.1.3', value: 'US' }], 'incorporationCountry=US'],
  [[{ type: 'UID', value: 'ada' }], 'UID=ada'],
  [[{ type: 'O', value: 'a=b' }], 'O=a\\=b'],
  [[{ type: 'O', value: 'a\\b "c" <d>;+' }], 'O=a\\\\b \\"c\\" \\<d\\>\\;\\+'],
  [[{ type: 'O', value: '#1 ' }], 'O=\\#1\\ '],
  [[{ type: 'O', value: ' 1' }], 'O=\\ 1'],
  [
    [
      [
        { type: 'UID', value: '2500' },
        { type: 'CN', value: 'JANE' },
      ],
    ],
    'CN=JANE+UID=2500',
  ],
];

const resolve = async (subject: NameInput, stored: string, rule: Partial<MappingRule> = {}, spelling = 'freeIpa') => {
  const directory = {
    ...memoryDirectory([{ accountName: 'ada', altSecurityIdentities: [stored] }]),
    mappingSpelling: spelling as 'freeIpa',
  };
  const rules = [{ name: 'r', map: 'issuerSubject', onMiss: 'next', ...rule } as MappingRule];
  const service = createAccountResolver({
    rules,
    settings: bindingOf('off'),
    directories: [directory],
    logger: silentLogger,
  });
  const result = await service.resolve(await ca.validated({ subject }), 'ada', unrecorded);
  return result.outcome === 'mapped' ? result.account.accountName : result.denial.code;
};

describe.each(subjects)('%j', (subject, text) => {
  const value = `X509:<I>${issuer}<S>${text}`;

  it('is found as FreeIPA writes it', async () => {
    expect(await resolve(subject, value)).toBe('ada');
  });

  it('is printed so', async () => {
    const { certificate } = await ca.validated({ subject });
    expect(certificateMappings(certificate).ipaCertMapData).toBe(value);
  });

  it('is a right value to the lint, but weak', () => {
    const account = {
      distinguishedName: 'uid=ada',
      accountName: 'ada',
      certificates: [],
      altSecurityIdentities: [value],
    };
    expect(createMappingLint('freeIpa').examine(account)).toMatchObject([{ kind: 'weak' }]);
  });
});

describe('the spelling of the other directory', () => {
  const subject = [{ type: 'CN', value: 'MÄNNIK,MARI' }];
  const windows = 'X509:<I>C=US,S=WA,O="Acme, Inc.",CN=Card CA<S>CN="MÄNNIK,MARI"';
  const freeIpa = `X509:<I>${issuer}<S>CN=MÄNNIK\\,MARI`;

  it('is not found', async () => {
    expect(await resolve(subject, windows)).toBe('mapping-none');
    expect(await resolve(subject, freeIpa, {}, 'activeDirectory')).toBe('mapping-none');
    expect(await resolve(subject, windows, {}, 'activeDirectory')).toBe('ada');
  });

  it('is broken to the lint, which says what to store', () => {
    const account = { distinguishedName: 'uid=ada', accountName: 'ada', certificates: [] };
    expect(createMappingLint('freeIpa').examine({ ...account, altSecurityIdentities: [windows] })).toMatchObject([
      { kind: 'broken', right: freeIpa },
    ]);
    expect(createMappingLint().examine({ ...account, altSecurityIdentities: [freeIpa] })).toMatchObject([
      { kind: 'broken', right: windows },
    ]);
  });
});

it('the shipped rules find it for the pinned CA', async () => {
  const [, shipped] = rulesFromFile('freeipa.yaml');
  const when = { issuerSha256: [ca.certificate.sha256] };
  expect(shipped?.map).toBe('issuerSubject');
  expect(await resolve([{ type: 'CN', value: 'Ada' }], `X509:<I>${issuer}<S>CN=Ada`, { ...shipped, when })).toBe('ada');
});
