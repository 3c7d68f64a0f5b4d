import { describe, expect, it } from 'vitest';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { namedBits, objectIdentifier, sequence, text } from '../../support/der-builder.ts';
import {
  extension,
  type Issued,
  intermediate,
  issue,
  issueCrl,
  person,
  purposes,
  root,
} from '../../support/handmade-certificates.ts';
import { type Setting, verdictOf } from './validator.ts';

const qualified = (critical: boolean, ...qualifiers: readonly Buffer[]) =>
  extension(oids.certificatePolicies, sequence(sequence(objectIdentifier('1.2.3'), sequence(...qualifiers))), critical);
const qualifier = (type: string) => sequence(objectIdentifier(type), text(0x16, 'http://a.example/cps'));
const unknown = qualifier('1.2.3.4');
const refused = 'critical-extension-unknown';

/** Where a certificate may stand on a path. */
const places: Readonly<
  Record<string, (extra: Buffer) => { readonly anchor: Issued; readonly sent: readonly Issued[] }>
> = {
  'end entity': (extra) => {
    const anchor = root();
    return { anchor, sent: [person(anchor, [extra])] };
  },
  intermediate: (extra) => {
    const anchor = root();
    const middle = intermediate(anchor, 'Middle', [extra]);
    return { anchor, sent: [person(middle), middle] };
  },
  'trust anchor': (extra) => {
    const anchor = root('Root', [extra]);
    return { anchor, sent: [person(anchor)] };
  },
};

describe.each(Object.entries(places))('certificate policies of the %s', (_place, chainWith) => {
  it.each<[string, string, Buffer]>([
    ['an unknown qualifier, critical', refused, qualified(true, unknown)],
    [
      'an unknown qualifier behind a known one, critical',
      refused,
      qualified(true, qualifier(oids.userNotice), unknown),
    ],
    ['a qualifier that cannot be read, critical', refused, qualified(true, text(0x16, 'x'))],
    ['a pointer and a notice, critical', 'valid', qualified(true, qualifier(oids.certificationPracticeStatement))],
    ['an unknown qualifier, not critical', 'valid', qualified(false, unknown)],
    ['a qualifier that cannot be read, not critical', 'valid', qualified(false, text(0x16, 'x'))],
  ])('with %s', async (_rule, code, extra) => {
    const { anchor, sent } = chainWith(extra);
    expect(await verdictOf({ anchors: [anchor] }, sent)).toBe(code);
  });
});

describe('the certificate of a CRL issuer', () => {
  const anchor = root();
  const crlSigning = extension(oids.keyUsage, namedBits(6), true);
  const critical = (...list: readonly string[]) =>
    extension(oids.extendedKeyUsage, sequence(...list.map(objectIdentifier)), true);

  it.each<[string, string, readonly Buffer[]]>([
    ['is good', 'valid', []],
    ['has an unknown qualifier in critical policies', 'revocation-unknown', [qualified(true, unknown)]],
    ['is critically for OCSP only', 'revocation-unknown', [critical(oids.ocspSigning)]],
    ['is critically for any purpose', 'valid', [critical(oids.anyExtendedKeyUsage)]],
    ['names a purpose without insisting on it', 'valid', [purposes(oids.ocspSigning)]],
  ])('%s', async (_rule, code, extra) => {
    const middle = intermediate(anchor, 'Middle');
    const signer = issue(middle.subject, anchor, { extensions: [crlSigning, ...extra] });
    const crls = [issueCrl(anchor), issueCrl(signer)].map((der, index) => ({ file: `${index}.crl`, der }));
    const site: Setting = {
      anchors: [anchor],
      intermediates: [signer],
      crls,
      revocation: { mode: 'check', freshness: 0 },
    };
    expect(await verdictOf(site, [person(middle), middle])).toBe(code);
  });
});
