import { describe, expect, it } from 'vitest';
import { oids } from '../../../../src/pki/oids.ts';
import { explicit, implicit, namedBits, sequence } from '../../../support/der-builder.ts';
import {
  commonName,
  crlEntry,
  days,
  directoryName,
  extension,
  type Issued,
  intermediate,
  issue,
  issueCrl,
  newKeys,
  person,
  root,
  uriName,
} from '../authority.ts';
import { verdictOf } from '../validator.ts';

const anchor = root();
const middle = intermediate(anchor);
const crlSigning = extension(oids.keyUsage, namedBits(6), true);
const flag = (number: number) => implicit(number, Buffer.from([0xff]));
const scope = (...fields: readonly Buffer[]) => extension(oids.issuingDistributionPoint, sequence(...fields), true);
const ofAnchor = issueCrl(anchor);

/** The verdict on a holder when the site has these CRLs and knows these certificates of CRL issuers. */
const verdict = (holder: Issued, crls: readonly Buffer[], known: readonly Issued[], anchors = [anchor]) =>
  verdictOf(
    {
      anchors,
      intermediates: known,
      crls: crls.map((der, index) => ({ file: `${index}.crl`, der })),
      revocation: { mode: 'check', freshnessSeconds: 0 },
    },
    [holder, middle],
  );

describe('a CRL issuer under the name of the CA', () => {
  const holder = person(middle, [], { serial: 0xe1 });
  const separate = issue(middle.subject, middle, { serial: 500, extensions: [crlSigning] });
  const bySeparate = issueCrl(separate, { thisUpdate: days(-0.5) });
  /** Says that the certificate of the CRL issuer itself is good. */
  const aboutSeparate = issueCrl(middle, { extensions: [scope(flag(1), implicit(3, Buffer.of(0x01, 0x02)))] });

  it('may sign when his own certificate is good', async () => {
    const complete = issueCrl(middle, { nextUpdate: days(-0.5) });
    expect(await verdict(holder, [ofAnchor, bySeparate, complete], [separate])).toBe('revocation-unknown');
    const root2 = issue(middle.subject, anchor, { extensions: [crlSigning] });
    expect(await verdict(holder, [ofAnchor, issueCrl(root2)], [root2])).toBe('valid');
  });

  it('does not vouch for himself', async () => {
    expect(await verdict(holder, [ofAnchor, issueCrl(separate)], [separate])).toBe('revocation-unknown');
    expect(await verdict(holder, [ofAnchor, bySeparate, aboutSeparate], [separate])).toBe('revocation-unknown');
  });

  it('does not lend his certificate to a CRL that another signed', async () => {
    const fromRoot = issue(middle.subject, anchor, { extensions: [crlSigning] });
    const forged = issueCrl({ subject: middle.subject, keys: newKeys() });
    expect(await verdict(holder, [ofAnchor, forged], [fromRoot])).toBe('revocation-unknown');
  });

  it('was certified by a CA above the certificate, not by some other CA of the hierarchy', async () => {
    const sister = intermediate(anchor, 'Sister');
    const impostor = issue(middle.subject, sister, { extensions: [crlSigning] });
    const crls = [ofAnchor, issueCrl(sister), issueCrl(impostor)];
    expect(await verdict(holder, crls, [sister, impostor])).toBe('revocation-unknown');
  });

  it('may not sign when his certificate is revoked', async () => {
    const fired = issue(middle.subject, anchor, { serial: 7, extensions: [crlSigning] });
    const crls = [issueCrl(anchor, { entries: [crlEntry(7)] }), issueCrl(fired)];
    expect(await verdict(holder, crls, [fired])).toBe('revocation-unknown');
  });

  it('may not sign when his key is for other things', async () => {
    const clerk = issue(middle.subject, anchor, { extensions: [extension(oids.keyUsage, namedBits(0), true)] });
    expect(await verdict(holder, [ofAnchor, issueCrl(clerk)], [clerk])).toBe('revocation-unknown');
  });

  it('needs a path to the trust anchor of the certificate', async () => {
    const other = root('Other');
    const foreign = issue(middle.subject, other, { extensions: [crlSigning] });
    const crls = [ofAnchor, issueCrl(other), issueCrl(foreign)];
    expect(await verdict(holder, crls, [foreign], [anchor, other])).toBe('revocation-unknown');
  });
});

describe('an indirect CRL', () => {
  const issuer = issue(commonName('CRL issuer'), anchor, { extensions: [crlSigning] });
  const pointName = explicit(0, explicit(0, uriName('http://crl.example/all.crl')));
  const naming = (subject: Buffer) =>
    extension(oids.crlDistributionPoints, sequence(sequence(pointName, explicit(2, directoryName(subject)))));
  const holder = person(middle, [naming(issuer.subject)], { serial: 0xe1 });
  const ofMiddle = extension(oids.certificateIssuer, sequence(directoryName(middle.subject)), true);
  const indirect = (...entries: readonly Buffer[]) =>
    issueCrl(issuer, { entries, extensions: [scope(pointName, flag(4))] });

  it('counts for a certificate that names its issuer', async () => {
    expect(await verdict(holder, [ofAnchor, indirect()], [issuer])).toBe('valid');
    expect(await verdict(holder, [ofAnchor, indirect(crlEntry(0xe1, [ofMiddle]))], [issuer])).toBe(
      'certificate-revoked',
    );
  });

  it('names the issuer of an entry once for all that follow', async () => {
    const sticky = indirect(crlEntry(1, [ofMiddle]), crlEntry(0xe1));
    expect(await verdict(holder, [ofAnchor, sticky], [issuer])).toBe('certificate-revoked');
  });

  it('does not revoke by the serial number of another issuer', async () => {
    const ofOther = extension(oids.certificateIssuer, sequence(directoryName(commonName('Other'))), true);
    const others = indirect(crlEntry(0xe1), crlEntry(0xe1, [ofOther]));
    expect(await verdict(holder, [ofAnchor, others], [issuer])).toBe('valid');
    expect(await verdict(holder, [ofAnchor, indirect(crlEntry(0xe1), crlEntry(0xe1, [ofMiddle]))], [issuer])).toBe(
      'certificate-revoked',
    );
  });

  it.each([
    ['does not say that it is indirect', issueCrl(issuer, { extensions: [scope(pointName)] }), holder],
    ['has no scope', issueCrl(issuer), holder],
    ['is not named by the certificate', indirect(), person(middle, [], { serial: 0xe1 })],
    ['is of another issuer than named', indirect(), person(middle, [naming(commonName('Other'))], { serial: 0xe1 })],
  ])('does not count when it %s', async (_rule, crl, subject) => {
    expect(await verdict(subject, [ofAnchor, crl], [issuer])).toBe('revocation-unknown');
  });
});
