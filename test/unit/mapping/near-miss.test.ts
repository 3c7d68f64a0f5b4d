/** What an explanation says of values that stand at an account and do not lead to it. */

import { describe, expect, it } from 'vitest';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import { altValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { nearMiss } from '../../../src/mapping/stored/near-miss.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { subjectIdentity } from '../../../src/pki/names/subject-identity.ts';
import { janeDoe } from '../../support/jane-doe.ts';
import { bindingOf } from '../../support/settings.ts';
import { createLogonAuthority } from '../../support/validated-certificate.ts';
import { memoryDirectory } from './memory-directory.ts';

const certificate = parseCertificate(janeDoe);
const facts = { certificate, identity: subjectIdentity(certificate) };
const values = (['issuerSerial', 'issuerSubject'] as const).flatMap((form) =>
  altValues(form, certificate, facts.identity),
);
const right = 'X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>2b0000000011ace1';

describe('near misses', () => {
  it.each<[string, string]>([
    ['X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>e1ac11000000002b', 'the serial number is not reversed'],
    ['X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>00e1ac11000000002b', 'the serial number is not reversed'],
    ['X509:<I>CN=CONTOSO-DC-CA,DC=contoso,DC=com<SR>2b0000000011ace1', 'a name stands in display order'],
    [
      'X509:<I>CN=CONTOSO-DC-CA,DC=contoso,DC=com<SR>E1:AC:11:00:00:00:00:2B',
      'the serial number is not reversed: its last octet has to come first; and the issuer stands in display order',
    ],
    ['X509:<I>DC=com, DC=contoso, CN=CONTOSO-DC-CA<SR>2b0000000011ace1', 'the spelling: blanks'],
    [right.toUpperCase(), 'the letter case'],
    [` ${right} `, 'the account’s value has blanks at an end'],
    [right, 'nothing: it is the same value'],
    [
      'X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>0102',
      'the serial number: it is another certificate of the same issuer',
    ],
    ['X509:<I>DC=com,CN=Other<SR>2b0000000011ace1', 'the issuer; the serial number is the same'],
    ['X509:<I>DC=com,CN=Other<SR>0102', 'the issuer and the serial number: it is another certificate'],
    [
      altValues('subject', certificate, facts.identity)[0]!,
      'no rule looks for values of the kind subject, and it is weak',
    ],
    [`X509:<SHA1-PUKEY>${'ab'.repeat(20)}`, 'the SHA-1, which is that of another key'],
    ['X509:<I>CN=Other', 'the value stands for every certificate'],
    ['X509:<XX>1', 'the value has the unknown tag'],
    ['Kerberos:ada@CORP.EXAMPLE', 'the value is not about certificates'],
    ['X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SID>S-1-5-21-1-2-3-1106', 'the SID'],
    ['X509:<I>DC=com,CN=Other<SID>S-1-5-21-1-2-3-1106', 'the issuer and the SID'],
    ['X509:<I>DC=com,CN=Other<S>CN=Eve', 'the issuer and the subject; the value is weak too: only a name'],
    ['X509:<RFC822>eve@corp.example', 'the certificate has nothing of the kind rfc822'],
  ])('%s: %s', (stored, difference) => {
    expect(nearMiss(stored, values, facts).difference.slice(0, difference.length)).toBe(difference);
  });

  it('names the value that was searched', () => {
    expect(nearMiss('X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>e1ac11000000002b', values, facts).expected).toBe(
      right,
    );
  });
});

describe('the account that USER names', () => {
  async function explained(claimedName: string | undefined, further: { looksFurther?: true } = { looksFurther: true }) {
    const ca = await createLogonAuthority('CA');
    const ada = await ca.validated({ serialNumber: 0x0102n, subject: 'ada' });
    let asked = 0;
    const account = {
      accountName: 'ada',
      altSecurityIdentities: ['X509:<I>CN=CA<SR>0102', ...Array.from({ length: 40 }, () => 'X509:\u001b[2J')],
    };
    const memory = memoryDirectory([account]);
    const found = await memoryDirectory([{ ...account, sid: 'S-1' }]).findAccounts({ by: 'sid', sid: 'S-1' }, 1);
    const directory = {
      ...memory,
      findByLoginName: async () => {
        asked += 1;
        return found;
      },
    };
    const rules = [{ name: 'r', map: 'issuerSerial', onMiss: 'next' } as const];
    const service = createAccountResolver({
      rules,
      settings: bindingOf('full'),
      directories: [directory],
      logger: silentLogger,
    });
    const steps = recordingSteps(undefined, further);
    const result = await service.resolve(ada, claimedName, steps);
    expect(result).toMatchObject({ outcome: 'denied', denial: { code: 'mapping-none' } });
    await service.resolve(ada, claimedName, unrecorded);
    return { asked, text: JSON.stringify(steps.steps), steps: steps.steps };
  }

  it('is compared with what was searched, by one search, bounded and printable', async () => {
    const { asked, text, steps } = await explained('ada');
    expect(asked).toBe(1);
    expect(steps.find(({ check }) => check === 'mapping value of the account')?.facts).toEqual({
      searched: 'X509:<I>CN=CA<SR>0201',
      accountHolds: 'X509:<I>CN=CA<SR>0102',
      whatDiffers: 'the serial number is not reversed: its last octet has to come first',
    });
    expect(steps.filter(({ check }) => check === 'mapping value of the account')).toHaveLength(16);
    expect(text).not.toContain('\\u001b');
    expect(text).toContain('\\u{1b}');
  });

  it.each<[string, string | undefined, { looksFurther?: true }]>([
    ['on the login path', 'ada', {}],
    ['without a name', undefined, { looksFurther: true }],
  ])('is not asked for %s', async (_what, name, further) => {
    expect((await explained(name, further)).asked).toBe(0);
  });

  it('is not shown when the directory answers with an account of another name', async () => {
    const { text } = await explained('eve');
    expect(text).toContain('no account has this name');
    expect(text).not.toContain('0102"');
  });
});
