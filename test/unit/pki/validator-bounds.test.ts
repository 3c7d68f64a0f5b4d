/** What a peer may send at most, what is said of what it sent, and what of it is handed on. */
import { describe, expect, it } from 'vitest';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { integer, objectIdentifier, sequence } from '../../support/der-builder.ts';
import {
  extension,
  type Issued,
  intermediate,
  otherName,
  person,
  root,
  subjectAltName,
} from '../../support/handmade-certificates.ts';
import { type Setting, validatorFor } from './validator.ts';

const anchor = root();
const authority = intermediate(anchor);
const card = person(authority);
const setting: Setting = { anchors: [anchor] };
const mostOctets = 102_400;

const validate = (peer: readonly Buffer[], steps = unrecorded, more: Partial<Setting> = {}) =>
  validatorFor({ ...setting, ...more }).validate(peer, steps);
const derOf = (...issued: readonly Issued[]) => issued.map(({ der }) => der);

describe('a peer may send', () => {
  const filled = (count: number) => [...derOf(card, authority), ...Array<Buffer>(count - 2).fill(authority.der)];
  const weighing = (octets: number) => {
    const sent = derOf(card, authority);
    return [...sent, Buffer.alloc(octets - Buffer.concat(sent).length)];
  };

  it.each<[string, readonly Buffer[]]>([
    ['16 certificates', filled(16)],
    ['certificates of 100 KiB together', weighing(mostOctets)],
  ])('%s', async (_rule, peer) => {
    expect(await validate(peer)).toMatchObject({ outcome: 'valid' });
  });

  it.each<[string, readonly Buffer[], string]>([
    ['17 certificates', filled(17), 'The client sent more than 16 certificates.'],
    [
      'an octet more than 100 KiB',
      weighing(mostOctets + 1),
      `of ${mostOctets + 1} octets; ${mostOctets} are the limit.`,
    ],
  ])('not %s, and the record names the first', async (_rule, peer, detail) => {
    expect(await validate(peer)).toMatchObject({
      outcome: 'invalid',
      denial: { code: 'path-budget-exceeded', detail: expect.stringContaining(detail) },
      certificate: { der: card.der },
    });
  });

  it('no certificate, and is told so', async () => {
    const result = await validate([]);
    expect(result).toMatchObject({ outcome: 'invalid', denial: { code: 'certificate-missing' } });
    expect(result).not.toHaveProperty('certificate');
  });
});

describe('the encoding of a certificate', () => {
  const stepsOf = async (peer: readonly Buffer[]) => {
    const steps = recordingSteps();
    const result = await validate(peer, steps);
    return { result, steps: steps.steps.filter(({ check }) => /encoding|further/.test(check)) };
  };
  const encoding = { stage: 'certificate', check: 'encoding', citation: 'RFC 5280 4.1' };

  it('is a step that is passed, and what else was sent and cannot be read is noted', async () => {
    const { result, steps } = await stepsOf([card.der, Buffer.from('junk'), authority.der]);
    expect(result.outcome).toBe('valid');
    expect(steps).toEqual([
      { ...encoding, verdict: 'passed' },
      {
        stage: 'certificate',
        check: 'further certificate of the peer',
        verdict: 'noted',
        facts: { detail: expect.any(String) },
      },
    ]);
  });

  it('that cannot be read is a step that failed, and leaves no certificate to name', async () => {
    const { result, steps } = await stepsOf([Buffer.from('junk')]);
    expect(result).toMatchObject({ outcome: 'invalid', denial: { code: 'certificate-malformed' } });
    expect(result).not.toHaveProperty('certificate');
    expect(steps).toEqual([{ ...encoding, verdict: 'failed', facts: { detail: expect.any(String) } }]);
  });

  it('whose identities are malformed names the certificate', async () => {
    const odd = otherName(oids.userPrincipalName, integer(5));
    const { result, steps } = await stepsOf([person(authority, [subjectAltName(odd)]).der]);
    expect(result).toMatchObject({
      outcome: 'invalid',
      denial: { code: 'certificate-malformed' },
      certificate: { sha256: expect.any(String) },
    });
    expect(steps).toEqual([{ ...encoding, verdict: 'failed', facts: { detail: expect.any(String) } }]);
  });
});

describe('the policies of a path', () => {
  const policies = (...list: readonly string[]) =>
    extension(oids.certificatePolicies, sequence(...list.map((oid) => sequence(objectIdentifier(oid)))));
  const any = intermediate(anchor, 'Intermediate', [policies(oids.anyPolicy)]);
  const holder = person(any, [policies('1.2.3', '1.2.4')]);

  it.each<[string, Partial<Setting>, 'any-policy' | readonly string[]]>([
    ['are all where the site wants none', {}, ['1.2.3', '1.2.4']],
    ['are those that the site wants', { acceptedPolicies: ['1.2.4', '1.2.5'] }, ['1.2.4']],
    ['are those of the certificate where a policy must hold', { requireExplicitPolicy: true }, ['1.2.3', '1.2.4']],
  ])('%s', async (_rule, more, expected) => {
    const result = await validate(derOf(holder, any), unrecorded, more);
    expect(result).toMatchObject({ outcome: 'valid', certificate: { policies: expected } });
  });

  it('are any where every certificate asserts that', async () => {
    const result = await validate(derOf(person(any, [policies(oids.anyPolicy)]), any));
    expect(result).toMatchObject({ outcome: 'valid', certificate: { policies: 'any-policy' } });
  });

  it.each<[string, Partial<Setting>]>([
    ['none holds that the site wants', { acceptedPolicies: ['1.2.5'] }],
    ['anyPolicy stands for nothing', { acceptedPolicies: ['1.2.4'], inhibitAnyPolicy: true }],
  ])('refuse the certificate where %s', async (_rule, more) => {
    expect((await validate(derOf(holder, any), unrecorded, more)).outcome).toBe('invalid');
  });
});
