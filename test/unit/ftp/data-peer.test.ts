/** Every combination of what a data connection can show, under every binding. */
import { describe, expect, it } from 'vitest';
import {
  type DataChannelBinding,
  type DataPeerEvidence,
  dataChannelSecurity,
  judgeDataPeer,
} from '../../../src/ftp/data/data-peer.ts';

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

const nothing: DataPeerEvidence = {
  controlCertificate: undefined,
  dataCertificate: undefined,
  resumed: false,
  strangerMayResume: false,
};

describe('judgeDataPeer', () => {
  for (const binding of ['certificateOrSession', 'certificate', 'session'] as const) {
    it.each(cases)(`${binding}: $rule`, ({ control, data, resumed = false, stranger = false, proven }) => {
      const judgement = judgeDataPeer(dataChannelSecurity.parse({ dataChannelBinding: binding }), {
        controlCertificate: control,
        dataCertificate: data,
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
    const judgement = judgeDataPeer(settings, { ...nothing, ...evidence });
    expect(judgement.proven).toBe(proven);
  });

  it('is told in the record of the transfer, and its absence in that of a refusal', () => {
    expect(judgeDataPeer(settings, nothing)).toMatchObject({ facts: { binding: 'address' } });
    const refused = judgeDataPeer(dataChannelSecurity.parse({}), nothing);
    expect(refused.proven ? '' : refused.denial.detail).toContain('dataChannelBindingWithoutCertificate session');
  });
});

describe('the settings of the data channel', () => {
  it('are strict by themselves', () => {
    const strict = {
      dataChannelBinding: 'certificateOrSession',
      dataChannelBindingWithoutCertificate: 'session',
      matchClientAddressForPasv: true,
      matchClientAddressForPort: true,
    };
    expect(dataChannelSecurity.parse(undefined)).toEqual(strict);
    expect(dataChannelSecurity.parse({})).toEqual(strict);
    expect(dataChannelSecurity.parse(strict)).toEqual(strict);
    expect(judgeDataPeer(dataChannelSecurity.parse(strict), nothing).proven).toBe(false);
  });

  it.each([
    { dataChannelBinding: 'none' },
    { dataChannelBinding: 'address' },
    { dataChannelBindingWithoutCertificate: 'certificate' },
    { matchClientAddressForPasv: false },
    { matchClientAddressForPort: false },
    { anything: 'else' },
  ])('have no such value: %o', (settings) => {
    expect(dataChannelSecurity.safeParse(settings).success).toBe(false);
  });
});

describe('the record', () => {
  const byDefault = dataChannelSecurity.parse({});
  const session = dataChannelSecurity.parse({ dataChannelBinding: 'session' });
  it.each([
    ['no certificate', byDefault, { controlCertificate: ada }, 'made a full TLS handshake with no certificate; '],
    [
      'another certificate, resumed',
      byDefault,
      { controlCertificate: ada, dataCertificate: bob, resumed: true },
      'resumed a TLS session with another certificate; ',
    ],
    [
      'the same certificate where the session is to be resumed',
      session,
      { controlCertificate: ada, dataCertificate: ada },
      'made a full TLS handshake with the same certificate; ',
    ],
  ])('of a refusal says what was shown and what the setting demands: %s', (_rule, settings, evidence, shown) => {
    const { dataChannelBinding: binding } = settings;
    const all = { ...nothing, ...evidence };
    const judgement = judgeDataPeer(settings, all);
    expect(judgement).toMatchObject({
      proven: false,
      denial: {
        detail: `The data connection ${shown}dataChannelBinding is ${binding}.`,
        facts: { binding, resumed: all.resumed, sameCertificate: all.dataCertificate === ada },
      },
    });
  });

  it('of a transfer says by what its connection was proven', () => {
    const evidence = { ...nothing, controlCertificate: ada, dataCertificate: ada, resumed: true };
    const facts = { binding: 'certificateOrSession', resumed: true, sameCertificate: true };
    expect(judgeDataPeer(byDefault, evidence)).toEqual({ proven: true, facts });
  });
});
