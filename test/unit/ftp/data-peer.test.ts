/** Every combination of what a data connection can show, under every binding. */
import { describe, expect, it } from 'vitest';
import { type DataChannelBinding, dataChannelSecurity, judgeDataPeer } from '../../../src/ftp/data/data-peer.ts';

const ada = Buffer.from('ada');
const bob = Buffer.from('bob');

interface Case {
  readonly rule: string;
  readonly control?: Buffer;
  readonly data?: Buffer;
  readonly resumed?: boolean;
  readonly stranger?: boolean;
  readonly proven: readonly DataChannelBinding[];
}

const cases: readonly Case[] = [
  {
    rule: 'same certificate, full handshake',
    control: ada,
    data: ada,
    proven: ['certificateOrSession', 'certificate'],
  },
  {
    rule: 'same certificate, resumed',
    control: ada,
    data: ada,
    resumed: true,
    proven: ['certificateOrSession', 'certificate', 'session'],
  },
  { rule: 'another certificate', control: ada, data: bob, proven: [] },
  {
    rule: 'another certificate, resumed from a session it made itself',
    control: ada,
    data: bob,
    resumed: true,
    proven: [],
  },
  { rule: 'no certificate', control: ada, proven: [] },
  { rule: 'no certificate, resumed', control: ada, resumed: true, proven: [] },
  { rule: 'two absent certificates', proven: [] },
  { rule: 'a certificate where control had none', data: ada, proven: [] },
  { rule: 'two absent certificates, resumed', resumed: true, proven: ['certificateOrSession', 'session'] },
  {
    rule: 'two absent certificates, resumed, but a stranger holds a session',
    resumed: true,
    stranger: true,
    proven: [],
  },
  {
    rule: 'same certificate, resumed, a stranger holds a session',
    control: ada,
    data: ada,
    resumed: true,
    stranger: true,
    proven: ['certificateOrSession', 'certificate', 'session'],
  },
];

describe('judgeDataPeer', () => {
  for (const binding of ['certificateOrSession', 'certificate', 'session'] as const) {
    it.each(cases)(`${binding}: $rule`, ({ control, data, resumed = false, stranger = false, proven }) => {
      const judgement = judgeDataPeer(dataChannelSecurity.parse({ dataChannelBinding: binding }), {
        ...(control ? { controlCertificate: control } : {}),
        ...(data ? { dataCertificate: data } : {}),
        resumed,
        strangerMayResume: stranger,
      });
      expect(judgement.proven).toBe(proven.includes(binding));
      if (!judgement.proven) expect(judgement.denial.code).toBe('data-certificate-mismatch');
    });
  }
});

describe('dataChannelBindingWithoutCertificate: address', () => {
  const settings = dataChannelSecurity.parse({ dataChannelBindingWithoutCertificate: 'address' });
  it.each([
    ['takes a full handshake without a certificate', {}, true],
    ['takes a full handshake with one, which proves nothing here', { dataCertificate: bob }, true],
    ['takes a resumed session', { resumed: true }, true],
    ['asks for proof where the control connection has a certificate: none', { controlCertificate: ada }, false],
    [
      'asks for proof where the control connection has a certificate: another',
      { controlCertificate: ada, dataCertificate: bob },
      false,
    ],
    ['takes the same certificate there', { controlCertificate: ada, dataCertificate: ada }, true],
  ])('%s', (_rule, evidence, proven) => {
    const judgement = judgeDataPeer(settings, { resumed: false, strangerMayResume: false, ...evidence });
    expect(judgement.proven).toBe(proven);
  });

  it('is told in the record of the transfer, and its absence in that of a refusal', () => {
    const evidence = { resumed: false, strangerMayResume: false };
    expect(judgeDataPeer(settings, evidence)).toMatchObject({ facts: { binding: 'address' } });
    const refused = judgeDataPeer(dataChannelSecurity.parse({}), evidence);
    expect(refused.proven ? '' : refused.denial.detail).toContain('dataChannelBindingWithoutCertificate session');
  });
});
