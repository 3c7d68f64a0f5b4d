/** What one login verifies of certificates, how often, and how it tells what does not verify. */
import { describe, expect, it } from 'vitest';
import { defaultAlgorithmPolicy } from '../../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../../src/pki/certificate/signature.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { Budget } from '../../../src/pki/path/budget.ts';
import { SignatureChecks } from '../../../src/pki/path/signature-checks.ts';
import { bitString, integer, objectIdentifier, sequence } from '../../support/der-builder.ts';
import { intermediate, issue, now, person, root } from '../../support/handmade-certificates.ts';

type Asked = Parameters<SignatureVerifier['verify']>;
class Noting extends SignatureVerifier {
  readonly asked: Asked[] = [];
  override verify(...words: Asked) {
    this.asked.push(words);
    return super.verify(...words);
  }
}

function checks(policy = defaultAlgorithmPolicy) {
  const verifier = new Noting(policy);
  const budget = new Budget({ now: () => now });
  return { verifier, budget, signatures: new SignatureChecks(verifier, budget) };
}

const parse = ({ der }: { readonly der: Buffer }) => parseCertificate(der);
const anchor = root();
const middle = intermediate(anchor);
const holder = parse(person(middle));
const [top, issuer] = [parse(anchor), parse(middle)];
const renewed = parse(issue(middle.subject, anchor));

describe('the signature of a certificate', () => {
  it('is verified once with a key, and once with each other key', () => {
    const { signatures, verifier } = checks();
    for (const _time of [1, 2]) {
      expect(signatures.refusal(holder, issuer)).toBeUndefined();
      expect(signatures.refusal(holder, renewed)?.code).toBe('signature-invalid');
    }
    expect(signatures.refusal(issuer, top)).toBeUndefined();
    expect(verifier.asked.map(([, key]) => key)).toEqual(
      [issuer, renewed, top].map(({ subjectPublicKeyInfo }) => subjectPublicKeyInfo),
    );
  });

  it('counts as work that a stranger caused, and is remembered beyond the login only of a CA', () => {
    const { signatures, verifier, budget } = checks();
    signatures.refusal(holder, issuer);
    signatures.refusal(issuer, top);
    const octetsOf = ({ tbsCertificate: data, signatureAlgorithm: algorithm, signature }: typeof holder) => ({
      data,
      algorithm,
      signature,
      isOfPeer: true,
    });
    expect(verifier.asked.map(([signed]) => signed)).toEqual([
      octetsOf(holder),
      { ...octetsOf(issuer), identity: issuer.sha256 },
    ]);
    expect(verifier.asked.every(([, , spent]) => spent === budget)).toBe(true);
  });

  it('that does not verify is told with the certificate', () => {
    expect(checks().signatures.refusal(holder, top)).toMatchObject({
      code: 'signature-invalid',
      detail: 'The signature does not verify with the key of the issuer.',
      facts: { subject: 'CN=Person', sha256: holder.sha256 },
    });
  });

  it('that the site does not accept is told with the reason', () => {
    expect(checks({ ...defaultAlgorithmPolicy, digests: ['sha512'] }).signatures.refusal(holder, issuer)).toMatchObject(
      {
        code: 'algorithm-not-acceptable',
        detail: 'The signature is not acceptable: sha256 signatures are not accepted.',
        facts: { subject: 'CN=Person' },
      },
    );
  });
});

describe('a key that inherits its parameters (RFC 5280 6.1.4 (d) to (f))', () => {
  const parameters = sequence(integer(7), integer(5), integer(3));
  const keyOf = (...content: readonly Buffer[]) =>
    sequence(sequence(objectIdentifier(oids.dsa), ...content), bitString(integer(9)));
  const certificate = (subjectPublicKeyInfo: Buffer) => ({ ...issuer, subjectPublicKeyInfo });
  const [whole, heir] = [certificate(keyOf(parameters)), certificate(keyOf())];

  it('lets everything pass while a path is looked for, and any other key only what it verifies', () => {
    const { signatures, verifier } = checks();
    expect(signatures.refusalWhileBuilding(holder, heir)).toBeUndefined();
    expect(verifier.asked).toEqual([]);
    expect(signatures.refusalWhileBuilding(holder, issuer)).toBeUndefined();
    expect(signatures.refusalWhileBuilding(holder, top)?.code).toBe('signature-invalid');
    expect(signatures.refusalWhileBuilding(holder, whole)?.code).toBe('algorithm-not-acceptable');
  });

  it('has those of the key above on the path that was validated last', () => {
    const { signatures } = checks();
    expect(signatures.keyOf(heir)).toBe(heir.subjectPublicKeyInfo);
    expect(signatures.setWorkingKey(heir, whole)).toEqual(whole.subjectPublicKeyInfo);
    expect(signatures.keyOf(heir)).toEqual(whole.subjectPublicKeyInfo);
    const second = certificate(keyOf());
    signatures.setWorkingKey(second, heir);
    expect(signatures.keyOf(second)).toEqual(whole.subjectPublicKeyInfo);
    expect(signatures.setWorkingKey(heir, issuer)).toBe(heir.subjectPublicKeyInfo);
    expect(signatures.keyOf(heir)).toBe(heir.subjectPublicKeyInfo);
  });

  it('is the key that what it signed is verified with', () => {
    const { signatures, verifier } = checks();
    signatures.setWorkingKey(heir, whole);
    signatures.refusal(holder, heir);
    expect(verifier.asked.map(([, key]) => key)).toEqual([whole.subjectPublicKeyInfo]);
  });
});
