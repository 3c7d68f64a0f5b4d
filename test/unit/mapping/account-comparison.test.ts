/** What `cardgate explain` shows of an account beside the certificate that did not lead to it: as text, as a page and in JSON. */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { MappingSpelling } from '../../../src/directory/directory.ts';
import { explanationHtml } from '../../../src/explanation/html.ts';
import { type RecordedStep, recordingSteps, type StepRecorder, unrecorded } from '../../../src/explanation/steps.ts';
import { stepsLines } from '../../../src/explanation/text.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import { decodeRules } from '../../../src/mapping/rules/rule-language.ts';
import { altValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { subjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { bindingOf } from '../../support/settings.ts';
import { createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';
import { type MemoryAccount, memoryDirectory } from './memory-directory.ts';

const sid = (rid: number) => `S-1-5-21-1-2-3-${rid}`;
const issuer = [
  { type: 'ST', value: 'WA' },
  { type: 'O', value: 'Acme, Inc.' },
  { type: 'CN', value: 'Card CA' },
];
const ca: LogonAuthority = await createLogonAuthority(issuer);
const ada = await ca.validated({
  serialNumber: 0x0a0b0cn,
  subject: 'ada',
  userPrincipalNames: ['ada@corp.example'],
  sid: sid(1105),
});
const renewed = await ca.validated({ serialNumber: 0x0a0b0dn, subject: 'ada' });
const foreign = await (await createLogonAuthority('Other CA')).validated({ subject: 'eve' });

const everyKind = ['issuerSerial', 'issuerSid', 'certificate', 'upn'].map((map) => ({ map }));
const certificateOf = ({ certificate }: ValidatedCertificate) => certificate;

interface Case {
  readonly holds: Partial<MemoryAccount>;
  readonly rules?: readonly object[];
  readonly spelling?: MappingSpelling;
  readonly card?: ValidatedCertificate;
}

async function resolved({ holds, rules = everyKind, spelling, card = ada }: Case, steps: StepRecorder) {
  const account = { accountName: 'eve', ...holds };
  const memory = memoryDirectory([account]);
  let asked = 0;
  const directory = {
    ...memory,
    ...(spelling && { mappingSpelling: spelling }),
    findByLoginName: async () => {
      asked += 1;
      // as any directory answers, by whatever this one can be asked for
      return memoryDirectory([{ ...account, sid: 'any' }])
        .findAccounts({ by: 'sid', sid: 'any' }, 1)
        .then((found) => found.map((one) => ({ ...one, sid: account.sid ?? '' })));
    },
  };
  const decoded = decodeRules({ rules: rules.map((rule, index) => ({ name: `r${index}`, ...rule })) });
  if (decoded.outcome === 'faulty') throw new Error(JSON.stringify(decoded.faults));
  const service = createAccountResolver({
    rules: decoded.rules,
    settings: bindingOf('full'),
    directories: [directory],
    logger: silentLogger,
  });
  const result = await service.resolve(card, 'eve', steps);
  return { code: result.outcome === 'denied' ? result.denial.code : result.outcome, asked, lookups: memory.asked };
}

async function explained(one: Case) {
  const steps = recordingSteps(undefined, { looksFurther: true });
  const { code } = await resolved(one, steps);
  const compared = steps.steps.filter(({ facts }) => facts?.['whatDiffers'] !== undefined);
  return { code, steps: steps.steps, compared };
}

const pageOf = (steps: readonly RecordedStep[]) =>
  explanationHtml({
    steps,
    resolution: { verdict: { outcome: 'denied', denial: { code: 'mapping-none', detail: '', facts: {} } }, record: {} },
    madeAt: new Date(0),
    certificateFile: 'ada.pem',
    configurationFile: 'cardgate.yaml',
    configurationSha256: '',
    site: 'files',
    claimedName: 'eve',
  } as never)
    .replace(/<[^>]*>/g, '\n')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replace(/\n+/g, '\n');

const right = 'X509:<I>S=WA,O="Acme, Inc.",CN=Card CA<SR>0c0b0a';
const ownSha256 = certificateOf(ada).sha256;
const freeIpaValue = altValues('issuerSubject', certificateOf(ada), subjectIdentity(certificateOf(ada)), {
  spelling: 'freeIpa',
})[0]!;
const windowsValue = altValues('issuerSubject', certificateOf(ada), subjectIdentity(certificateOf(ada)))[0]!;
const bySubject = [{ map: 'issuerSubject' }];

describe('what the account holds, beside what was searched', () => {
  it.each<[string, Case, string, string | undefined, string | undefined, string, RegExp]>([
    [
      'a serial number that is not reversed',
      { holds: { altSecurityIdentities: ['X509:<I>S=WA,O="Acme, Inc.",CN=Card CA<SR>0a0b0c'] } },
      'mapping value of the account',
      right,
      undefined,
      'X509:<I>S=WA,O="Acme, Inc.",CN=Card CA<SR>0a0b0c',
      /^the serial number is not reversed: its last octet has to come first$/,
    ],
    [
      'an issuer in display order',
      { holds: { altSecurityIdentities: ['X509:<I>CN=Card CA,O="Acme, Inc.",S=WA<SR>0c0b0a'] } },
      'mapping value of the account',
      right,
      undefined,
      'X509:<I>CN=Card CA,O="Acme, Inc.",S=WA<SR>0c0b0a',
      /^a name stands in display order: the most significant part has to come first$/,
    ],
    [
      'a value with another SID',
      { holds: { altSecurityIdentities: [`X509:<I>S=WA,O="Acme, Inc.",CN=Card CA<SID>${sid(1106)}`] } },
      'mapping value of the account',
      `X509:<I>S=WA,O="Acme, Inc.",CN=Card CA<SID>${sid(1105)}`,
      undefined,
      `X509:<I>S=WA,O="Acme, Inc.",CN=Card CA<SID>${sid(1106)}`,
      /^the SID$/,
    ],
    [
      'another SID of its own',
      { holds: { sid: sid(1106) } },
      'SID of the account',
      undefined,
      sid(1105),
      sid(1106),
      /^the SID: the certificate was issued for another account/,
    ],
    [
      'a user principal name with another suffix',
      { holds: { userPrincipalName: 'Ada@sub.corp.example' } },
      'user principal name of the account',
      'ada@corp.example',
      undefined,
      'Ada@sub.corp.example',
      /^the suffix after the @; the name before it is the same$/,
    ],
    [
      'another user principal name of the suffix',
      { holds: { userPrincipalName: 'eve@corp.example' } },
      'user principal name of the account',
      'ada@corp.example',
      undefined,
      'eve@corp.example',
      /^the name before the @; the suffix is the same$/,
    ],
    [
      'no user principal name',
      { holds: {} },
      'user principal name of the account',
      'ada@corp.example',
      undefined,
      '(no user principal name)',
      /^the account has no user principal name$/,
    ],
    [
      'the user principal name, whose suffix no rule looks for',
      {
        holds: { userPrincipalName: 'ada@corp.example' },
        rules: [{ map: 'upn', suffixes: ['other.example'] }],
      },
      'user principal name of the account',
      undefined,
      'ada@corp.example',
      'ada@corp.example',
      /^no rule looks for this name: suffixes of the rules leave it out$/,
    ],
    [
      'the certificate before the renewal',
      { holds: { certificates: [certificateOf(renewed).der] } },
      'certificate of the account',
      `SHA-256 ${ownSha256}, serial 0a0b0c, issuer CN=Card CA,O=Acme\\, Inc.,ST=WA`,
      undefined,
      `SHA-256 ${certificateOf(renewed).sha256}, serial 0a0b0d, issuer CN=Card CA,O=Acme\\, Inc.,ST=WA`,
      /^it is another certificate for the same key, such as one from before a renewal$/,
    ],
    [
      'a certificate of another issuer',
      { holds: { certificates: [certificateOf(foreign).der] } },
      'certificate of the account',
      `SHA-256 ${ownSha256}, serial 0a0b0c, issuer CN=Card CA,O=Acme\\, Inc.,ST=WA`,
      undefined,
      expect.stringMatching(new RegExp(`^SHA-256 ${certificateOf(foreign).sha256}, serial .*, issuer CN=Other CA$`)),
      /^it is another certificate, of another issuer$/,
    ],
    [
      'octets that are no certificate',
      { holds: { certificates: [Buffer.from('junk')] } },
      'certificate of the account',
      expect.stringContaining(ownSha256),
      undefined,
      `SHA-256 ${createHash('sha256').update('junk').digest('hex')}`,
      /^the account’s value is not a readable certificate$/,
    ],
    [
      'the certificate, which no rule looks for',
      { holds: { certificates: [certificateOf(ada).der] }, rules: [{ map: 'issuerSerial' }] },
      'certificate of the account',
      undefined,
      expect.stringContaining(ownSha256),
      expect.stringContaining(ownSha256),
      /^nothing: it is the same certificate, which no rule looks for$/,
    ],
    [
      'FreeIPA’s value spelt in Active Directory’s way',
      { holds: { altSecurityIdentities: [windowsValue] }, rules: bySubject, spelling: 'freeIpa' },
      'mapping value of the account',
      freeIpaValue,
      undefined,
      windowsValue,
      /^the value is spelt as Active Directory writes names, not as FreeIPA does$/,
    ],
    [
      'Active Directory’s value spelt in FreeIPA’s way',
      { holds: { altSecurityIdentities: [freeIpaValue] }, rules: bySubject },
      'mapping value of the account',
      windowsValue,
      undefined,
      freeIpaValue,
      /^the value is spelt as OpenSSL or FreeIPA writes names, not as Active Directory does$/,
    ],
    [
      'a value that no rule looks for',
      { holds: { altSecurityIdentities: [windowsValue] }, rules: [{ map: 'issuerSerial' }] },
      'mapping value of the account',
      undefined,
      windowsValue,
      windowsValue,
      /^nothing|no rule looks for values of the kind issuerSubject, and it is weak: only a name$/,
    ],
  ])('%s, in JSON, text and page', async (_what, one, check, searched, certificateHas, accountHolds, differs) => {
    const { code, compared, steps } = await explained(one);
    expect(code).toBe('mapping-none');
    const step = compared.find((candidate) => candidate.check === check);
    expect(step?.facts).toEqual({
      ...(searched !== undefined && { searched }),
      ...(certificateHas !== undefined && { certificateHas }),
      accountHolds,
      whatDiffers: expect.stringMatching(differs),
    });
    const { searched: shown, certificateHas: own, ...rest } = step?.facts ?? {};
    const text = stepsLines(steps, false).join('\n');
    const first = shown === undefined ? `the certificate has: ${own}` : `searched:            ${shown}`;
    const others = [`the account holds:   ${rest['accountHolds']}`, `what differs:        ${rest['whatDiffers']}`];
    expect(text).toContain([check, first, ...others].join('\n        '));
    const words = shown === undefined ? ['the certificate has', own] : ['searched', shown];
    const page = ['the account holds', rest['accountHolds'], 'what differs', rest['whatDiffers']];
    expect(pageOf(steps)).toContain([check, ...words, ...page].join('\n'));
  });

  it('also of the account that only a name led to', async () => {
    const { code, compared } = await explained({
      holds: { altSecurityIdentities: [windowsValue, 'X509:<I>S=WA,O="Acme, Inc.",CN=Card CA<SR>0a0b0c'] },
      rules: [{ map: 'issuerSerial' }, { map: 'issuerSubject' }],
    });
    expect(code).toBe('mapping-weak');
    expect(compared.filter(({ check }) => check.startsWith('mapping value')).map(({ facts }) => facts)).toMatchObject([
      { accountHolds: windowsValue, whatDiffers: expect.stringMatching(/^nothing/) },
      { searched: right, whatDiffers: expect.stringMatching(/^the serial number is not reversed/) },
    ]);
  });

  it('costs a login nothing: the same searches, and none by name', async () => {
    const one = { holds: { altSecurityIdentities: ['X509:<I>CN=x<SR>01'] } };
    const login = await resolved(one, unrecorded);
    const shown = await resolved(one, recordingSteps(undefined, { looksFurther: true }));
    // an operator of the mapping service sees steps, and those of a login only
    const told = await resolved(one, recordingSteps());
    expect([login.asked, shown.asked, told.asked]).toEqual([0, 1, 0]);
    expect(login.lookups).toEqual(shown.lookups);
    expect(told.lookups).toEqual(shown.lookups);
  });
});
