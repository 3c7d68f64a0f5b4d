import { describe, expect, it } from 'vitest';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { namedBits, utf8 } from '../../support/der-builder.ts';
import {
  ca,
  commonName,
  days,
  extension,
  intermediate,
  issue,
  otherName,
  person,
  purposes,
  root,
  sha256,
  subjectAltName,
} from '../../support/handmade-certificates.ts';
import { codeOf, validatorFor, verdictOf } from './validator.ts';

const anchor = root();
const middle = intermediate(anchor);
const trusting = { anchors: [anchor] };

describe('a good certificate', () => {
  it('is accepted, with its path, anchor and evidence', async () => {
    const holder = person(middle);
    const steps = recordingSteps();
    const result = await validatorFor(trusting).validate([holder.der, middle.der], steps);
    expect(result).toMatchObject({
      outcome: 'valid',
      certificate: {
        certificate: { sha256: sha256(holder.der) },
        path: [{ sha256: sha256(holder.der) }, { sha256: sha256(middle.der) }],
        trustAnchor: { name: 'CN=Root', sha256: sha256(anchor.der) },
        policies: [],
        evidence: [
          { certificateSha256: sha256(holder.der), status: 'not-checked', method: 'none' },
          { certificateSha256: sha256(middle.der), status: 'not-checked', method: 'none' },
        ],
      },
    });
    expect(steps.steps.every(({ verdict }) => verdict !== 'failed')).toBe(true);
    expect(steps.steps.map(({ citation }) => citation)).toContain('RFC 5280 6.1.3 (a)(1)');
  });

  it.each([
    ['the client sends the chain in any order and with strangers', [middle, anchor, root('Stranger')]],
    ['the client sends garbage beside', [Buffer.from('3000', 'hex'), middle]],
  ])('is accepted when %s', async (_rule, others) => {
    expect(await verdictOf(trusting, [person(middle), ...others])).toBe('valid');
  });

  it('is accepted when only the site knows the intermediate', async () => {
    expect(await verdictOf({ ...trusting, intermediates: [middle] }, [person(middle)])).toBe('valid');
  });
});

describe('the certificate validated is the one TLS proved', () => {
  const expired = person(middle, [], { notAfter: days(-1) });
  it('an expired end entity does not pass because the client repeats it', async () => {
    expect(await verdictOf(trusting, [expired, middle, expired])).toBe('certificate-expired');
  });

  it('a good certificate further back does not stand in for a bad first one', async () => {
    expect(await verdictOf(trusting, [expired, person(middle), middle])).toBe('certificate-expired');
  });

  it('no certificate is no login', async () => {
    expect(await verdictOf(trusting, [])).toBe('certificate-missing');
  });

  it('the trust anchor itself is no card', async () => {
    const usage = extension(oids.keyUsage, namedBits(0, 5, 6), true);
    const self = issue(commonName('Self'), undefined, { extensions: [ca(), usage, purposes(oids.clientAuth)] });
    expect(await verdictOf({ anchors: [self] }, [self])).toBe('path-not-found');
  });

  it('garbage is malformed', async () => {
    expect(await verdictOf(trusting, [Buffer.from('not a certificate')])).toBe('certificate-malformed');
  });

  it('an identity that cannot be read makes it malformed, and the record can still name it', async () => {
    const doubtful = person(middle, [subjectAltName(otherName(oids.userPrincipalName, utf8('a\0b')))]);
    const result = await validatorFor(trusting).validate([doubtful.der, middle.der], unrecorded);
    expect(codeOf(result)).toBe('certificate-malformed');
    expect(result).toMatchObject({ certificate: { sha256: sha256(doubtful.der) } });
  });
});
