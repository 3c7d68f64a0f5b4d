/** The status of a server's own certificate: when it is asked for, what clients are told of it, and what the log says. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { OwnStatuses } from '../../../src/gateway/own-statuses.ts';
import type { Logger } from '../../../src/operations/log.ts';
import { type OwnCertificate, readOwnCertificate } from '../../../src/pki/ocsp/own-certificate.ts';
import type { RetrievalPolicy, RetrievalRequest, Retrieved } from '../../../src/pki/retrieval/retriever.ts';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../../src/smartcard/authority/certificate-authority.ts';
import { issueOcsp, type OcspAnswer, type OcspSigner, ocspSigner } from '../../support/ocsp-answer.ts';

const minute = 60_000;
const start = new Date('2026-06-01T12:00:00Z');
const validity = { notBefore: new Date('2026-05-01'), notAfter: new Date('2027-05-01') };
let authority: CertificateAuthority;
let issuer: OcspSigner;
let stranger: OcspSigner;
let own: OwnCertificate;

beforeAll(async () => {
  authority = await createCertificateAuthority({ subject: 'Test CA', keyType: 'P-256', validity });
  issuer = ocspSigner(authority.certificateDer, authority.privateKeyPem);
  const other = await createCertificateAuthority({ subject: 'Test CA', keyType: 'P-256', validity });
  stranger = ocspSigner(other.certificateDer, other.privateKeyPem);
  own = await ownCertificate('http://ocsp.corp.example/');
});
beforeEach(() => {
  vi.useFakeTimers({ now: start, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function ownCertificate(ocspResponder: string): Promise<OwnCertificate> {
  const { pem } = await authority.issueServerCertificate({ dnsNames: ['localhost'], ...validity, ocspResponder });
  const read = readOwnCertificate(`${pem}${authority.certificatePem}`);
  if (typeof read === 'string') throw new Error(read);
  return read;
}

/** DER of what the responder says for an hour from now. */
function answer(more: Partial<OcspAnswer> = {}, about = own): Buffer {
  const thisUpdate = new Date();
  const nextUpdate = new Date(thisUpdate.getTime() + 60 * minute);
  return issueOcsp({ issuer, serial: about.certificate.serialNumber, thisUpdate, nextUpdate, ...more });
}

interface Asked extends RetrievalRequest {
  readonly policy: RetrievalPolicy;
}

function statuses(answers: (asked: Asked) => Buffer | undefined | Promise<Buffer | undefined>) {
  const asked: Asked[] = [];
  const lines: { readonly event: string; readonly facts: Readonly<Record<string, unknown>> }[] = [];
  const note = (event: string, facts: Readonly<Record<string, unknown>> = {}) => void lines.push({ event, facts });
  const logger = { debug: note, info: note, warn: note, error: note } as unknown as Logger;
  const retriever = {
    retrieve: async (request: RetrievalRequest, policy: RetrievalPolicy): Promise<Retrieved> => {
      const one = { ...request, policy };
      asked.push(one);
      const bytes = await answers(one);
      return bytes ? { outcome: 'retrieved', bytes } : { outcome: 'failed', problem: `${request.url}: no answer` };
    },
  };
  const told = new OwnStatuses({ retriever, clock: { now: () => new Date() }, logger });
  const respond = () => told.responseFor(own.certificate.der);
  return { told, asked, lines, respond, events: () => lines.map(({ event }) => event) };
}

const settled = () => vi.advanceTimersByTimeAsync(0);

describe('the status of the server’s certificate', () => {
  it('is asked for before a client does, and told as it came', async () => {
    const response = answer();
    const { told, asked, respond, lines } = statuses(() => response);
    told.prepare([own]);
    expect(respond()).toBeUndefined();
    await settled();
    expect(respond()).toEqual(response);
    expect(asked.map(({ url }) => new URL(url).origin)).toEqual(['http://ocsp.corp.example']);
    expect(lines).toEqual([
      {
        event: 'server-certificate-good',
        facts: expect.objectContaining({
          subject: 'CN=localhost',
          responder: 'http://ocsp.corp.example/',
          validUntil: '2026-06-01T13:00:00.000Z',
        }),
      },
    ]);
    await told.close();
  });

  it('is asked for at no host but that which the certificate names, though its address is private', async () => {
    const { told, asked } = statuses(() => undefined);
    told.prepare([await ownCertificate('http://[fd00::1]:8080/ocsp')]);
    await settled();
    expect(asked.map(({ policy }) => policy)).toMatchObject([
      { allowedHosts: ['fd00::1'], allowPrivateAddresses: ['fd00::1'], schemes: ['http', 'https'] },
    ]);
    await told.close();
  });

  it('is told of the certificate that it is about alone', async () => {
    const { told } = statuses(() => answer());
    told.prepare([own]);
    await settled();
    expect(told.responseFor((await ownCertificate('http://ocsp.corp.example/')).certificate.der)).toBeUndefined();
    await told.close();
  });

  it('is asked for again in the middle of the time that is left', async () => {
    const { told, asked, events } = statuses(() => answer());
    told.prepare([own]);
    await settled();
    await vi.advanceTimersByTimeAsync(30 * minute - 1);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
    expect(events()).toEqual(['server-certificate-good']);
    await told.close();
  });

  it('is kept while the responder fails, until its own end; the responder is asked ever more rarely', async () => {
    const first = answer();
    let isUp = true;
    const { told, asked, respond, lines } = statuses(() => (isUp ? first : undefined));
    told.prepare([own]);
    await settled();
    isUp = false;
    await vi.advanceTimersByTimeAsync(60 * minute - 1);
    expect(respond()).toEqual(first);
    expect(lines[1]).toEqual({
      event: 'server-certificate-status-unknown',
      facts: expect.objectContaining({
        heldUntil: '2026-06-01T13:00:00.000Z',
        reason: expect.stringMatching(/no answer$/),
      }),
    });
    // At 30 min, then after 15, 30, 60, 120, 240, 480 s and every 10 minutes.
    expect(asked).toHaveLength(9);
    await vi.advanceTimersByTimeAsync(1);
    expect(respond()).toBeUndefined();
    isUp = true;
    await told.close();
  });

  it('is told again when the responder is back, and the log says so', async () => {
    let isUp = false;
    const { told, respond, events } = statuses(() => (isUp ? answer() : undefined));
    told.prepare([own]);
    await settled();
    isUp = true;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(respond()).toBeDefined();
    expect(events()).toEqual(['server-certificate-status-unknown', 'server-certificate-good']);
    await told.close();
  });

  it('revoked is told too, and the log says it each time', async () => {
    const { told, respond, events } = statuses(() => answer({ status: { revokedAt: new Date('2026-05-20') } }));
    told.prepare([own]);
    await vi.advanceTimersByTimeAsync(30 * minute);
    expect(respond()).toBeDefined();
    expect(events()).toEqual(['server-certificate-revoked', 'server-certificate-revoked']);
    await told.close();
  });

  it.each<[string, () => Buffer, RegExp]>([
    ['that is signed by a stranger', () => answer({ signer: stranger }), /signed neither by the issuer/],
    ['about another certificate', () => answer({ serial: 7n }), /speaks of other certificates only/],
    [
      'that is over',
      () => answer({ thisUpdate: new Date('2026-05-01'), nextUpdate: new Date('2026-05-02') }),
      /held until/,
    ],
    [
      'that revoked once and is over',
      () =>
        answer({
          status: { revokedAt: new Date('2026-04-20') },
          thisUpdate: new Date('2026-05-01'),
          nextUpdate: new Date('2026-05-02'),
        }),
      /held until/,
    ],
    ['without an end', () => answer({ nextUpdate: undefined }), /does not say when newer information/],
    ['of a responder that does not know it', () => answer({ status: 'unknown' }), /does not know the certificate/],
    ['that is no OCSP response', () => Buffer.from('<html>'), /cannot be read/],
  ])('is not told by an answer %s', async (_kind, make, reason) => {
    const { told, respond, lines } = statuses(make);
    told.prepare([own]);
    await settled();
    expect(respond()).toBeUndefined();
    expect(lines.map(({ event }) => event)).toEqual(['server-certificate-status-unknown']);
    expect(lines[0]?.facts['reason']).toMatch(reason);
    await told.close();
  });

  it('of a certificate that stays is kept over a reload, and asked for anew', async () => {
    const { told, asked, respond } = statuses(() => answer());
    told.prepare([own]);
    await settled();
    told.prepare([own]);
    expect(respond()).toBeDefined();
    await settled();
    expect(asked).toHaveLength(2);
    await told.close();
  });

  it('of a certificate that a reload took away is told no more, and not asked for', async () => {
    const { told, asked, respond } = statuses(() => answer());
    told.prepare([own]);
    await settled();
    told.prepare([]);
    expect(respond()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(120 * minute);
    expect(asked).toHaveLength(1);
    await told.close();
  });

  it('is not asked for after the end, and an answer that comes then changes nothing', async () => {
    let answers: (bytes: Buffer) => void = () => undefined;
    const { told, asked, lines } = statuses(
      () =>
        new Promise<Buffer>((resolve) => {
          answers = resolve;
        }),
    );
    told.prepare([own]);
    await settled();
    await told.close();
    answers(answer());
    await vi.advanceTimersByTimeAsync(120 * minute);
    expect(asked).toHaveLength(1);
    expect(lines).toEqual([]);
  });
});
