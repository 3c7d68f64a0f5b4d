/** Where the candidates for an issuer come from, and in which order they are tried (RFC 4158 3.5). */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { defaultAlgorithmPolicy } from '../../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../../src/pki/certificate/signature.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { publicKeyOctets } from '../../../src/pki/ocsp/key-hash.ts';
import { Budget } from '../../../src/pki/path/budget.ts';
import { IssuerPool } from '../../../src/pki/path/issuer-pool.ts';
import { certificationPaths } from '../../../src/pki/path/path-builder.ts';
import { SignatureChecks } from '../../../src/pki/path/signature-checks.ts';
import { implicit, namedBits, octetString, sequence } from '../../support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
  days,
  digitalSignature,
  extension,
  type Issued,
  intermediate,
  issue,
  newKeys,
  now,
  person,
  root,
} from '../../support/handmade-certificates.ts';

const parse = ({ der }: Issued) => parseCertificate(der);
const anchor = root();
const other = root('Other root');
const keys = newKeys();
const subject = commonName('CA');
const asCa = [ca(), caUsage];
const identified = (octet: number) => extension(oids.subjectKeyIdentifier, octetString(Buffer.of(octet)));
const issuedBy = (octet: number) => extension(oids.authorityKeyIdentifier, sequence(implicit(0, Buffer.of(octet))));

/** Another certificate of one CA, always with the same name and key. */
const ofCa = (extensions: readonly Buffer[] = asCa, issuer: Issued | undefined = anchor, period = {}): Issued =>
  issue(subject, issuer, { keys, extensions, ...period });

/** Serial numbers of the first CA of each path, in the order in which they are handed out. */
function pathsOf(holder: Issued, anchors: readonly Issued[], others: readonly Issued[]) {
  const signatures = new SignatureChecks(new SignatureVerifier(defaultAlgorithmPolicy), new Budget({ now: () => now }));
  const search = {
    pool: new IssuerPool(anchors.map(parse), others.map(parse)),
    signatures,
    time: now,
    onRefusal: () => undefined,
  };
  return [...certificationPaths(parse(holder), search)].map(
    ({ certificates, trustAnchor }) => (certificates[1] ?? trustAnchor).sha256,
  );
}

describe('of two certificates of an issuer', () => {
  const below = (extra: readonly Buffer[] = []) => person({ der: Buffer.alloc(0), subject, keys }, extra);
  const plain = ofCa();
  const lost = issue(subject, root('Nowhere'), { keys, extensions: asCa });

  it.each<[rule: string, better: Issued, worse: Issued, holder: Issued]>([
    [
      'the one with the key identifier that the certificate names comes before one with another',
      ofCa([...asCa, identified(1)]),
      ofCa([...asCa, identified(2)]),
      below([issuedBy(1)]),
    ],
    [
      'the one with that key identifier comes before one with none',
      ofCa([...asCa, identified(1)]),
      plain,
      below([issuedBy(1)]),
    ],
    [
      'one with no key identifier comes before one with another',
      plain,
      ofCa([...asCa, identified(2)]),
      below([issuedBy(1)]),
    ],
    [
      'the one with the key identifier comes first though it has expired',
      ofCa([...asCa, identified(1)], anchor, { notAfter: days(-1) }),
      plain,
      below([issuedBy(1)]),
    ],
    ['a current one comes before an expired one', plain, ofCa(asCa, anchor, { notAfter: days(-1) }), below()],
    ['a current one comes before one not yet valid', plain, ofCa(asCa, anchor, { notBefore: days(1) }), below()],
    [
      'one that ends this very moment comes before an expired one',
      ofCa(asCa, anchor, { notAfter: now }),
      ofCa(asCa, anchor, { notAfter: days(-1) }),
      below(),
    ],
    [
      'one that begins this very moment comes before one not yet valid',
      ofCa(asCa, anchor, { notBefore: now }),
      ofCa(asCa, anchor, { notBefore: days(1) }),
      below(),
    ],
    ['a CA comes before one that is not marked as such', plain, ofCa([caUsage]), below()],
    [
      'one with keyCertSign comes before one for CRLs only',
      plain,
      ofCa([ca(), extension(oids.keyUsage, namedBits(6), true)]),
      below(),
    ],
    ['one without key usage comes before one for CRLs only', ofCa([ca()]), ofCa([ca(), digitalSignature]), below()],
    [
      'a current one that may not issue comes before an expired CA',
      ofCa([caUsage]),
      ofCa(asCa, anchor, { notAfter: days(-1) }),
      below(),
    ],
  ])('%s', (_rule, better, worse, holder) => {
    const expected = [better, worse].map((issued) => parse(issued).sha256);
    expect(pathsOf(holder, [anchor], [better, worse])).toEqual(expected);
    expect(pathsOf(holder, [anchor], [worse, better])).toEqual(expected);
  });

  it('a trust anchor comes first, though it has expired', () => {
    const asAnchor = ofCa(asCa, undefined, { notAfter: days(-1) });
    const expected = [asAnchor, plain].map((issued) => parse(issued).sha256);
    expect(pathsOf(below(), [anchor, asAnchor], [plain])).toEqual(expected);
  });

  it('the nearer to a trust anchor comes first', () => {
    const far = ofCa(asCa, intermediate(anchor, 'Between'));
    const between = intermediate(anchor, 'Between');
    const viaBetween = issue(subject, between, { keys, extensions: asCa });
    const expected = [plain, viaBetween].map((issued) => parse(issued).sha256);
    expect(pathsOf(below(), [anchor], [viaBetween, between, plain])).toEqual(expected);
    expect(pathsOf(below(), [anchor], [far, between, plain])).toEqual(expected.slice(0, 1));
  });

  it('the one from which no names lead to a trust anchor costs no signature before the other', () => {
    const signatures: number[] = [];
    class Counting extends SignatureVerifier {
      override verify(...words: Parameters<SignatureVerifier['verify']>) {
        signatures.push(1);
        return super.verify(...words);
      }
    }
    const matching = issue(subject, root('Elsewhere'), { keys, extensions: [...asCa, identified(1)] });
    const budget = new Budget({ now: () => now });
    const checks = new SignatureChecks(new Counting(defaultAlgorithmPolicy), budget);
    const pool = new IssuerPool([anchor, other].map(parse), [lost, matching, plain].map(parse));
    const search = { pool, signatures: checks, time: now, onRefusal: () => undefined };
    const [path] = certificationPaths(parse(below([issuedBy(1)])), search);
    expect(path?.certificates[1]?.sha256).toBe(parse(plain).sha256);
    expect(signatures).toHaveLength(2);
  });
});

describe('the longest path that is looked for', () => {
  const chainOf = (length: number) => {
    const chain = [intermediate(anchor, 'CA 1')];
    while (chain.length < length) chain.unshift(intermediate(chain[0] ?? anchor, `CA ${chain.length + 1}`));
    return chain;
  };
  it.each([
    [9, 1],
    [10, 0],
  ])('below the trust anchor has ten certificates: with %d CAs %d', (length, found) => {
    const chain = chainOf(length);
    expect(pathsOf(person(chain[0] ?? anchor), [anchor], chain)).toHaveLength(found);
  });
});

describe('a pool of issuers', () => {
  const plain = ofCa();
  const second = ofCa();
  const { key } = parse(plain).subject;

  it('gives trust anchors first, those of its parent too, and each certificate once', () => {
    const parent = new IssuerPool([parse(plain)], [parse(second)]);
    const pool = new IssuerPool([], [parse(second), parse(plain)], parent);
    const found = pool.bySubject(key).map(({ certificate, isTrustAnchor }) => [certificate.sha256, isTrustAnchor]);
    expect(found).toEqual([
      [parse(plain).sha256, true],
      [parse(second).sha256, false],
    ]);
    const lone = new IssuerPool([parse(plain)], [], new IssuerPool([], [parse(second)]));
    expect(lone.bySubject(key).map(({ isTrustAnchor }) => isTrustAnchor)).toEqual([true, false]);
  });

  it('finds issuers by the hash of their key, in its parent too (RFC 6960 4.2.1)', () => {
    const hashOf = (issued: Issued) =>
      createHash('sha1')
        .update(publicKeyOctets(parse(issued)))
        .digest();
    const pool = new IssuerPool([parse(anchor)], [parse(plain)], new IssuerPool([], [parse(second), parse(other)]));
    const found = (issued: Issued) => pool.byKeyHash(hashOf(issued)).map(({ certificate }) => certificate.sha256);
    expect(found(plain)).toEqual([parse(second).sha256, parse(plain).sha256]);
    expect(found(anchor)).toEqual([parse(anchor).sha256]);
    expect(found(other)).toEqual([parse(other).sha256]);
    expect(found(root('Unknown'))).toEqual([]);
    expect(new IssuerPool([], []).byKeyHash(hashOf(plain))).toEqual([]);
  });
});
