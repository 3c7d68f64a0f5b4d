/**
 * Random certificates, directories and rule sets against an oracle that knows nothing of searches: it looks at every account. And
 * an attacker who may write the attributes of one account can keep others out, but never get them in.
 */

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import type { AltForm, MappingRule } from '../../../src/mapping/rules/rule.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { parseDistinguishedName } from '../../../src/pki/names/distinguished-name.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { encodeName } from '../../../src/smartcard/authority/name-encoding.ts';
import { janeDoe } from '../../support/jane-doe.ts';
import { bindingOf } from '../../support/settings.ts';
import { asValidated } from '../../support/validated-certificate.ts';
import { type MemoryAccount, memoryDirectory } from './memory-directory.ts';

interface Model {
  readonly issuer: string;
  readonly subject: string;
  /** Two hexadecimal octets. */
  readonly serial: string;
  readonly ski: string;
  readonly upns: readonly string[];
  readonly sid: string | undefined;
}

type Kind = 'sid' | 'issuerSerial' | 'ski' | 'issuerSid' | 'issuerSubject' | 'subject' | 'certificate' | 'upn';
interface Rule {
  readonly map: Kind;
  readonly onMiss: 'next' | 'deny';
  readonly picks: boolean;
}

const forms: ReadonlySet<string> = new Set(['issuerSerial', 'ski', 'issuerSid', 'issuerSubject', 'subject']);
const strong: ReadonlySet<string> = new Set(['sid', 'issuerSerial', 'ski', 'issuerSid', 'certificate']);
const sids = ['S-1-5-21-1-2-3-1001', 'S-1-5-21-1-2-3-1002'];
const upns = ['a@x.example', 'b@x.example'];
const names = ['A', 'B'];
const model: fc.Arbitrary<Model> = fc.record({
  issuer: fc.constantFrom(...names),
  subject: fc.constantFrom(...names),
  serial: fc.constantFrom('0102', '8001'),
  ski: fc.constantFrom('aa'.repeat(20), 'bb'.repeat(20)),
  upns: fc.uniqueArray(fc.constantFrom(...upns), { maxLength: 2 }),
  sid: fc.option(fc.constantFrom(...sids), { nil: undefined }),
});
const rule: fc.Arbitrary<Rule> = fc.record({
  map: fc.constantFrom<Kind>(
    'sid',
    'issuerSerial',
    'ski',
    'issuerSid',
    'issuerSubject',
    'subject',
    'certificate',
    'upn',
  ),
  onMiss: fc.constantFrom('next', 'next', 'deny'),
  picks: fc.boolean(),
});
const storedValue = fc.oneof(
  fc
    .record({ issuer: fc.constantFrom(...names), serial: fc.constantFrom('0201', '0180', '018000', '0102') })
    .map(({ issuer, serial }) => `X509:<I>O=${issuer}<SR>${serial}`),
  fc
    .record({ issuer: fc.constantFrom(...names), sid: fc.constantFrom(...sids) })
    .map(({ issuer, sid }) => `X509:<I>O=${issuer}<SID>${sid}`),
  fc
    .record({ issuer: fc.constantFrom(...names), subject: fc.constantFrom('A', 'B', 'Á') })
    .map(({ issuer, subject }) => `X509:<I>O=${issuer}<S>CN=${subject}`),
  fc.constantFrom(
    'X509:<S>CN=A',
    'x509:<s>cn=b',
    'X509:<I>O=A',
    `X509:<SKI>${'AA'.repeat(20)}`,
    `X509:<SKI>${'bb'.repeat(20)}`,
    'junk',
  ),
);
const accountValues = fc.record({
  altSecurityIdentities: fc.array(storedValue, { maxLength: 2 }),
  userPrincipalName: fc.option(fc.constantFrom(...upns, 'á@x.example'), { nil: undefined }),
  sid: fc.option(fc.constantFrom(...sids), { nil: undefined }),
  hasCertificate: fc.boolean(),
});
type AccountValues = (typeof accountValues)['generate'] extends (...args: never[]) => { value: infer V } ? V : never;

let template: ValidatedCertificate;
beforeAll(() => {
  const jane = parseCertificate(janeDoe);
  template = asValidated(jane, jane);
});

const length = (content: Buffer) => Buffer.concat([Buffer.from([content.length]), content]);
const tagged = (tag: number, content: Buffer) => Buffer.concat([Buffer.from([tag]), length(content)]);

function certificateOf({ issuer, subject, serial, ski, upns: principals, sid }: Model): ValidatedCertificate {
  const dn = (type: string, value: string) => parseDistinguishedName(encodeName([{ type, value }]));
  const octets = Buffer.from(serial, 'hex');
  const objectSid = tagged(0x06, Buffer.from('2b060104018237190201', 'hex'));
  const sidNames = tagged(
    0x30,
    tagged(0xa0, Buffer.concat([objectSid, tagged(0xa0, tagged(0x04, Buffer.from(sid ?? '')))])),
  );
  return {
    ...template,
    certificate: {
      ...template.certificate,
      issuer: dn('O', issuer),
      subject: dn('CN', subject),
      serialNumber: BigInt(`0x${serial}`),
      serialOctets: octets[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), octets]) : octets,
      subjectKeyIdentifier: Buffer.from(ski, 'hex'),
      subjectAltName: principals.map((name) => ({
        kind: 'otherName' as const,
        type: '1.3.6.1.4.1.311.20.2.3',
        value: tagged(0x0c, Buffer.from(name)),
      })),
      extensions: new Map(
        sid === undefined
          ? []
          : [['1.3.6.1.4.1.311.25.2', { oid: '1.3.6.1.4.1.311.25.2', critical: false, value: sidNames }]],
      ),
    },
  } as ValidatedCertificate;
}

/** Names are a to d, so that USER may be any of them. */
const accountName = (index: number) => 'abcd'[index]!;

function accountsOf(values: readonly AccountValues[]): readonly MemoryAccount[] {
  return values.map(({ altSecurityIdentities, userPrincipalName, sid, hasCertificate }, index) => ({
    accountName: accountName(index),
    altSecurityIdentities,
    ...(userPrincipalName !== undefined && { userPrincipalName }),
    ...(sid !== undefined && { sid }),
    certificateFingerprints: hasCertificate ? [template.certificate.sha256] : [],
  }));
}

/** Whether one account has what one rule looks for; written from the formats, not from the code. */
function has({ map }: Rule, cert: Model, account: AccountValues): boolean | 'folded' {
  const reversed = `${cert.serial.slice(2)}${cert.serial.slice(0, 2)}`;
  const wanted: Partial<Record<Kind, readonly string[]>> = {
    issuerSerial: [
      `X509:<I>O=${cert.issuer}<SR>${reversed}`,
      ...(cert.serial > '7f' ? [`X509:<I>O=${cert.issuer}<SR>${reversed}00`] : []),
    ],
    ski: [`X509:<SKI>${cert.ski}`],
    issuerSid: cert.sid === undefined ? [] : [`X509:<I>O=${cert.issuer}<SID>${cert.sid}`],
    issuerSubject: [`X509:<I>O=${cert.issuer}<S>CN=${cert.subject}`],
    subject: [`X509:<S>CN=${cert.subject}`],
    upn: cert.upns,
  };
  if (map === 'sid') return cert.sid !== undefined && account.sid === cert.sid;
  if (map === 'certificate') return account.hasCertificate;
  const stored = map === 'upn' ? [account.userPrincipalName ?? ''] : account.altSecurityIdentities;
  const texts = (wanted[map] ?? []).map((value) => value.toLowerCase());
  if (stored.some((value) => texts.includes(value.toLowerCase()))) return true;
  const plain = (value: string) => value.toLowerCase().replaceAll('á', 'a');
  return stored.some((value) => texts.includes(plain(value))) ? 'folded' : false;
}

function oracle(cert: Model, rules: readonly Rule[], accounts: readonly AccountValues[], user: string): string {
  const found = new Set<number>();
  for (const one of rules) {
    const isSearched =
      one.map === 'upn' ? cert.upns.length > 0 : !['sid', 'issuerSid'].includes(one.map) || cert.sid !== undefined;
    const limit = one.picks && strong.has(one.map) && one.map !== 'sid' ? 17 : 2;
    // each name is a search of its own, and a search returns no more than it has to
    const searches = one.map === 'upn' ? cert.upns.map((name) => ({ ...cert, upns: [name] })) : [cert];
    const hits = searches.flatMap((single) =>
      accounts.flatMap((account, index) => (has(one, single, account) ? [index] : [])).slice(0, limit),
    );
    const perSearch = [...new Set(hits)];
    if (perSearch.some((index) => has(one, cert, accounts[index]!) === 'folded')) return 'directory-answer-invalid';
    const earlier = [...found];
    for (const index of perSearch) found.add(index);
    const proves = perSearch.map(
      (index) => strong.has(one.map) || (cert.sid !== undefined && accounts[index]!.sid === cert.sid),
    );
    if (perSearch.some((index) => cert.sid !== undefined && ![undefined, cert.sid].includes(accounts[index]!.sid)))
      return 'sid-mismatch';
    if (found.size > 1) {
      const isPicked = perSearch.length > 1 && perSearch.some((index) => accountName(index) === user);
      return limit > 2 && isPicked && earlier.every((index) => accountName(index) === user)
        ? user
        : 'mapping-ambiguous';
    }
    const [only] = perSearch;
    if (only !== undefined && proves[0]) return accountName(only) === user ? user : 'name-mismatch';
    if (only === undefined && one.onMiss === 'deny') break;
    if (!isSearched && one.onMiss === 'deny') break;
  }
  return found.size > 0 ? 'mapping-weak' : 'mapping-none';
}

function mappingRule({ map, onMiss, picks }: Rule, index: number): MappingRule {
  const mayPick = picks && strong.has(map) && map !== 'sid';
  const isForm = forms.has(map) && index % 2 === 1;
  return {
    name: `r${index}`,
    onMiss,
    ...(isForm ? { map: 'altSecurityIdentities' as const, forms: [map as AltForm] } : { map }),
    ...(mayPick && { severalAccounts: 'userPicks' as const }),
  };
}

async function resolve(
  cert: Model,
  rules: readonly Rule[],
  accounts: readonly AccountValues[],
  user: string,
): Promise<string> {
  const service = createAccountResolver({
    rules: rules.map(mappingRule),
    settings: bindingOf('full'),
    directories: [memoryDirectory(accountsOf(accounts))],
    logger: silentLogger,
  });
  const result = await service.resolve(certificateOf(cert), user, unrecorded);
  return result.outcome === 'mapped' ? result.account.accountName : result.denial.code;
}

const world = {
  cert: model,
  rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
  accounts: fc.array(accountValues, { minLength: 1, maxLength: 4 }),
  user: fc.constantFrom('a', 'b', 'c'),
};

describe('random certificates, rules and directories', { timeout: 60_000 }, () => {
  it('the account found is the one a look at every account finds', async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.record(world), async ({ cert, rules, accounts, user }) => {
        const outcome = await resolve(cert, rules, accounts, user);
        outcomes.add(outcome);
        expect(outcome).toBe(oracle(cert, rules, accounts, user));
      }),
      { numRuns: 4000 },
    );
    expect(outcomes.size).toBeGreaterThanOrEqual(7);
  });

  it('values added to another account can only deny, or lead to that account itself', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ ...world, added: accountValues, at: fc.nat(3) }),
        async ({ cert, rules, accounts, user, added, at }) => {
          const before = await resolve(cert, rules, accounts, user);
          const target = at % accounts.length;
          const changed = accounts.map((account, index) =>
            index === target
              ? {
                  altSecurityIdentities: [...account.altSecurityIdentities, ...added.altSecurityIdentities],
                  userPrincipalName: account.userPrincipalName ?? added.userPrincipalName,
                  sid: account.sid,
                  hasCertificate: account.hasCertificate || added.hasCertificate,
                }
              : account,
          );
          const after = await resolve(cert, rules, changed, user);
          const isDenied = after.length > 1;
          expect(isDenied || after === before || after === accountName(target)).toBe(true);
        },
      ),
      { numRuns: 4000 },
    );
  });
});
