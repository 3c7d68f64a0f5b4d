import { describe, expect, it, vi } from 'vitest';
import { unrecorded } from '../../../../src/explanation/steps.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { Budget } from '../../../../src/pki/path/budget.ts';
import { explicit, implicit, namedBits, octetString, sequence } from '../../../support/der-builder.ts';
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
} from '../../../support/handmade-certificates.ts';
import { codeOf, validatorFor, verdictOf } from '../validator.ts';

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
      revocation: { mode: 'check', freshness: 0 },
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

  it('does not count when its signer is certified below another trust anchor of the site only', async () => {
    const other = root('Other');
    const foreign = issue(issuer.subject, other, { extensions: [crlSigning] });
    const byForeign = issueCrl(foreign, { extensions: [scope(pointName, flag(4))] });
    const crls = [ofAnchor, issueCrl(other), byForeign];
    expect(await verdict(holder, crls, [foreign], [anchor, other])).toBe('revocation-unknown');
    const below = issue(issuer.subject, anchor, { keys: foreign.keys, extensions: [crlSigning] });
    expect(await verdict(holder, crls, [below], [anchor, other])).toBe('valid');
  });
});

describe('many certificates under the name of the CRL issuer', () => {
  const holder = person(middle, [], { serial: 0xe1 });
  const count = 120;
  const subjectKey = (identifier: Buffer) => extension(oids.subjectKeyIdentifier, octetString(identifier));

  it('with one key cost one attempt', async () => {
    const keys = newKeys();
    const bridge = Array.from({ length: count }, () =>
      issue(middle.subject, anchor, { keys, extensions: [crlSigning] }),
    );
    const forged = issueCrl({ subject: middle.subject, keys: newKeys() });
    expect(await verdict(holder, [ofAnchor, forged, issueCrl(middle)], bridge)).toBe('valid');
  });

  it('with keys of their own are tried in the order of the key identifier that the CRL names', async () => {
    const identifier = Buffer.of(1, 2, 3);
    const others = Array.from({ length: count }, (_, index) =>
      issue(middle.subject, anchor, { extensions: [crlSigning, subjectKey(Buffer.of(9, index))] }),
    );
    const signer = issue(middle.subject, anchor, { extensions: [crlSigning, subjectKey(identifier)] });
    const named = extension(oids.authorityKeyIdentifier, sequence(implicit(0, identifier)));
    const crls = [ofAnchor, issueCrl(signer, { extensions: [named] })];
    expect(await verdict(holder, crls, [...others, signer])).toBe('valid');
  });

  it('are tried once for a CRL, not again by every login', async () => {
    const others = Array.from({ length: 40 }, () => issue(middle.subject, anchor, { extensions: [crlSigning] }));
    const forged = issueCrl({ subject: middle.subject, keys: newKeys() });
    const validator = validatorFor({
      anchors: [anchor],
      intermediates: others,
      crls: [ofAnchor, forged, issueCrl(middle)].map((der, index) => ({ file: `${index}.crl`, der })),
      revocation: { mode: 'check', freshness: 0 },
    });
    const spend = vi.spyOn(Budget.prototype, 'spend');
    const signaturesOf = async () => {
      spend.mockClear();
      expect(codeOf(await validator.validate([holder.der, middle.der], unrecorded))).toBe('valid');
      return spend.mock.calls.filter(([work]) => work === 'signatures').length;
    };
    expect(await signaturesOf()).toBeGreaterThan(40);
    expect(await signaturesOf()).toBeLessThan(5);
    spend.mockRestore();
  });
});
