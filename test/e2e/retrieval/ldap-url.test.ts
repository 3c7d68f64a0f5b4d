/** Distribution points in a real directory server, read without a bind account. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLdapUrl } from '../../../src/directory/ldap-url.ts';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { EvidenceStore } from '../../../src/pki/retrieval/evidence-store.ts';
import { UrlRetriever } from '../../../src/pki/retrieval/url-retriever.ts';
import { milliseconds, octets, seconds } from '../../../src/settings/units.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import {
  crlEntry,
  distributionPoint,
  intermediate,
  issueCrl,
  now,
  person,
  root,
} from '../../support/handmade-certificates.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';
import { codeOf, validatorFor } from '../../unit/pki/validator.ts';

const anchor = root();
const middle = intermediate(anchor);
const crl = issueCrl(middle, { entries: [crlEntry(0xe1)] });
const base = 'dc=corp,dc=example';
const entry = `cn=Issuing CA 1,${base}`;
let slapd: Slapd;

beforeAll(async () => {
  const value = (attribute: string, ...values: readonly Buffer[]) =>
    values.map((octets) => `${attribute};binary:: ${octets.toString('base64')}`).join('\n');
  slapd = await startSlapd({
    access: [`access to dn.children="${base}" filter=(objectClass=cRLDistributionPoint) by anonymous read`],
    ldif: [
      `dn: ${entry}\nobjectClass: cRLDistributionPoint\ncn: Issuing CA 1\n${value('certificateRevocationList', crl)}\n`,
      `dn: cn=empty,${base}\nobjectClass: cRLDistributionPoint\ncn: empty\n`,
      `dn: cn=two,${base}\nobjectClass: cRLDistributionPoint\ncn: two\n${value('certificateRevocationList', crl, issueCrl(anchor))}\n`,
    ].join('\n'),
  });
});
afterAll(() => slapd.stop());

const limits = { address: '127.0.0.1', maximumSize: octets(100_000), timeout: milliseconds(10_000) };
const urlOf = (dn: string, rest = '?certificateRevocationList;binary', port = slapd.port) =>
  `ldap://127.0.0.1:${port}/${encodeURIComponent(dn)}${rest}`;

describe('an ldap: distribution point', () => {
  it.each([
    ['as RFC 5280 writes it', '?certificateRevocationList;binary'],
    [
      'as Active Directory Certificate Services writes it',
      '?certificateRevocationList?base?objectClass=cRLDistributionPoint',
    ],
    ['in other letters', '?CERTIFICATEREVOCATIONLIST;BINARY?BASE'],
  ])('is read without a bind account, %s', async (_rule, rest) => {
    expect((await readLdapUrl(urlOf(entry, rest), limits)).equals(crl)).toBe(true);
  });

  it.each([
    ['names an entry that is not there', 'cn=absent,dc=corp,dc=example', undefined, /NoSuchObject|no such|0x20/i],
    ['names an entry without a CRL', 'cn=empty,dc=corp,dc=example', undefined, 'holds no certificateRevocationList'],
    ['names an entry with two', 'cn=two,dc=corp,dc=example', undefined, 'more than one'],
    ['asks for an attribute that is not signed', entry, '?userPassword', 'no attribute for signed octets'],
    ['asks for all attributes', entry, '?*', 'no attribute for signed octets'],
    ['asks for none', entry, '', 'no attribute for signed octets'],
    ['asks for a subtree', 'dc=corp,dc=example', '?certificateRevocationList?sub', 'more than one entry'],
    ['has a critical extension', entry, '?certificateRevocationList?base??!bindname=cn=x', 'critical extension'],
    ['names no entry', '', undefined, 'names no entry'],
    ['has broken percent-encoding', entry, '?certificateRevocationList%zz', 'percent-encoding'],
  ])('brings nothing when it %s', async (_rule, dn, rest, problem) => {
    await expect(readLdapUrl(urlOf(dn, rest), limits)).rejects.toThrow(problem);
  });

  it('brings nothing when the answer is larger than allowed', async () => {
    await expect(readLdapUrl(urlOf(entry), { ...limits, maximumSize: octets(100) })).rejects.toThrow(
      'more than 100 octets',
    );
  });

  it('brings nothing when the server is silent, and does not wait longer than allowed', async () => {
    const proxy = await startFaultProxy({ host: slapd.host, port: slapd.port });
    proxy.mode = 'freeze';
    try {
      const hasty = { ...limits, timeout: milliseconds(200) };
      await expect(readLdapUrl(urlOf(entry, undefined, proxy.port), hasty)).rejects.toThrow('in time');
    } finally {
      await proxy.close();
    }
  });

  it('decides a login: revoked for the one, good for the other', async () => {
    const clock = { now: () => now };
    const validator = validatorFor({
      anchors: [anchor],
      crls: [{ file: 'root.crl', der: issueCrl(anchor) }],
      revocation: {
        mode: 'check',
        freshness: 0,
        retrieval: {
          retriever: new UrlRetriever({ retryAfter: seconds(60), readLdapUrl, clock, logger: silentLogger }),
          store: new EvidenceStore({ memory: octets(1_000_000), clock, logger: silentLogger }),
          policy: {
            allowedHosts: ['127.0.0.1'],
            schemes: ['ldap'],
            maximumSize: octets(100_000),
            timeout: milliseconds(10_000),
          },
          totalTimeout: milliseconds(20_000),
          retryAfter: seconds(60),
        },
      },
      clock,
    });
    const point = distributionPoint(urlOf(entry));
    const verdict = async (serial: number) => {
      const holder = person(middle, [point], { serial });
      return validator.validate([holder.der, middle.der], unrecorded);
    };
    expect(codeOf(await verdict(0xe1))).toBe('certificate-revoked');
    expect(await verdict(0xe2)).toMatchObject({
      outcome: 'valid',
      certificate: { evidence: [{ status: 'good', source: urlOf(entry) }, {}] },
    });
  });
});
