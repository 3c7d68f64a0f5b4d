import { describe, expect, it, vi } from 'vitest';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { Budget } from '../../../src/pki/path/budget.ts';
import { octetString, sequence } from '../../support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
  constrained,
  days,
  digitalSignature,
  dnsName,
  extension,
  intermediate,
  issue,
  nameConstraints,
  newKeys,
  person,
  purposes,
  root,
} from '../../support/handmade-certificates.ts';
import { ecKeys } from '../../support/keys.ts';
import { validatorFor, verdictOf } from './validator.ts';

const anchor = root();
const middle = intermediate(anchor);
const trusting = { anchors: [anchor] };

const below = (constraints: Buffer, names: readonly Buffer[]) => constrained(anchor, constraints, names);

describe('the search for a path', () => {
  it('goes on when the likeliest path fails', async () => {
    const keys = newKeys();
    const identifier = extension(oids.subjectKeyIdentifier, octetString(Buffer.from('key')));
    const dead = issue(commonName('CA'), anchor, {
      keys,
      extensions: [ca(), caUsage, identifier, purposes(oids.serverAuth)],
    });
    const good = issue(commonName('CA'), anchor, { keys, extensions: [ca(), caUsage] });
    const holder = person(good, [
      extension(oids.authorityKeyIdentifier, sequence(Buffer.concat([Buffer.from([0x80, 3]), Buffer.from('key')]))),
    ]);
    expect(await verdictOf(trusting, [holder, dead, good])).toBe('valid');
    expect(await verdictOf(trusting, [holder, dead])).toBe('extended-key-usage-missing');
  });

  it('ends although two CAs certify each other', async () => {
    const keysA = newKeys();
    const keysB = newKeys();
    const a = { subject: commonName('A'), keys: keysA, der: Buffer.alloc(0) };
    const b = { subject: commonName('B'), keys: keysB, der: Buffer.alloc(0) };
    const aByB = issue(a.subject, b, { keys: keysA, extensions: [ca(), caUsage] });
    const bByA = issue(b.subject, a, { keys: keysB, extensions: [ca(), caUsage] });
    expect(await verdictOf(trusting, [person(a), aByB, bByA])).toBe('path-not-found');
  });

  it('finds the way out of a mesh of CAs that all certify one another, and the shortest', async () => {
    const authorities = Array.from({ length: 20 }, (_, index) => ({
      subject: commonName(`Mesh ${index}`),
      keys: newKeys(),
      der: Buffer.alloc(0),
    }));
    const mesh = authorities.flatMap((issuer) =>
      authorities
        .filter((authority) => authority !== issuer)
        .map(({ subject, keys }) => issue(subject, issuer, { keys, extensions: [ca(), caUsage] })),
    );
    const { subject, keys } = authorities[19]!;
    const out = issue(subject, anchor, { keys, extensions: [ca(), caUsage] });
    const spend = vi.spyOn(Budget.prototype, 'spend');
    const validator = validatorFor({ ...trusting, intermediates: [...mesh, out] });
    const result = await validator.validate([person(authorities[0]!).der], unrecorded);
    const signatures = spend.mock.calls.filter(([work]) => work === 'signatures').length;
    spend.mockRestore();
    expect(result).toMatchObject({ outcome: 'valid', certificate: { path: { length: 3 } } });
    expect(signatures).toBe(3);
  });

  it('is given up when it costs too many signatures', async () => {
    // Twenty CAs of one name, each certified by the next: every certificate has twenty possible issuers.
    const keys = Array.from({ length: 20 }, newKeys);
    const subject = commonName('Mirror');
    const signer = (index: number) => ({ subject, keys: keys[index % 20]!, der: Buffer.alloc(0) });
    const ring = keys.map((pair, index) =>
      issue(subject, signer(index + 1), { keys: pair, extensions: [ca(), caUsage] }),
    );
    expect(await verdictOf({ ...trusting, intermediates: ring }, [person(signer(0))])).toBe('path-budget-exceeded');
  });

  it('is given up when it takes too many steps', async () => {
    // Six CAs that all certify one another: few signatures, but thousands of ways through.
    const authorities = Array.from({ length: 6 }, (_, index) => ({
      subject: commonName(`Mesh ${index}`),
      keys: newKeys(),
      der: Buffer.alloc(0),
    }));
    const mesh = authorities.flatMap((issuer) =>
      authorities
        .filter((authority) => authority !== issuer)
        .map(({ subject, keys }) => issue(subject, issuer, { keys, extensions: [ca(), caUsage] })),
    );
    const result = await validatorFor({ ...trusting, intermediates: mesh }).validate(
      [person(authorities[0]!).der],
      unrecorded,
    );
    expect(result).toMatchObject({
      denial: { code: 'path-budget-exceeded', detail: expect.stringContaining('buildSteps') },
    });
  });

  it('is given up when its time is over', async () => {
    let moment = days(0).getTime();
    const later = () => {
      moment += 1500;
      return new Date(moment);
    };
    expect(await verdictOf({ ...trusting, clock: { now: later } }, [person(middle), middle])).toBe(
      'path-budget-exceeded',
    );
  });

  it('is given up when name constraints cost too much', async () => {
    const excluded = Array.from({ length: 2000 }, (_, index) => dnsName(`h${index}`));
    const chain = [
      ...below(
        nameConstraints([], excluded),
        Array.from({ length: 200 }, (_, index) => dnsName(`n${index}`)),
      ),
    ];
    expect(await verdictOf(trusting, chain)).toBe('path-budget-exceeded');
  });

  it('is given up when a few signatures cost as much as many', async () => {
    const keys = Array.from({ length: 8 }, () => ecKeys('P-521'));
    const subject = commonName('Mirror');
    const signer = (index: number) => ({ subject, keys: keys[index % 8]!, der: Buffer.alloc(0) });
    const ring = keys.map((pair, index) =>
      issue(subject, signer(index + 1), { keys: pair, extensions: [ca(), caUsage] }),
    );
    expect(await verdictOf({ ...trusting, intermediates: ring }, [person(signer(0))])).toBe('path-budget-exceeded');
  });

  it('takes no more than OpenSSL takes from a TLS peer', async () => {
    const padded = intermediate(anchor, 'Padded', [extension('1.2.3', Buffer.alloc(52_000))]);
    expect(await verdictOf(trusting, [person(middle), middle, padded])).toBe('valid');
    expect(await verdictOf(trusting, [person(middle), middle, padded, padded])).toBe('path-budget-exceeded');
  });

  it('refuses names whose normalisation takes time with the square of their length', async () => {
    const named = issue(commonName(`${'\u0301\u0323'.repeat(300)}`), anchor, { extensions: [digitalSignature] });
    expect(await verdictOf(trusting, [named])).toBe('certificate-malformed');
  });

  it('does not take more than sixteen certificates', async () => {
    expect(await verdictOf(trusting, [person(middle), ...Array.from({ length: 16 }, () => middle)])).toBe(
      'path-budget-exceeded',
    );
  });

  it('does not take a fault of ours for a refusal', async () => {
    let calls = 0;
    const broken = () => {
      calls += 1;
      if (calls > 2) throw new Error('no clock');
      return days(0);
    };
    await expect(verdictOf({ ...trusting, clock: { now: broken } }, [person(middle), middle])).rejects.toThrow(
      'no clock',
    );
  });
});
