/** OCSP answers as a source gives them: those of files and of the store at hand, and those that responders give when they are asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../../src/operations/log.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import type { RetrievalOptions } from '../../../../src/pki/crl/crl-source.ts';
import type { Subject } from '../../../../src/pki/crl/crl-subject.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { ocsp } from '../../../../src/pki/ocsp/ocsp-settings.ts';
import { type OcspOptions, type OcspQuestion, OcspSource } from '../../../../src/pki/ocsp/ocsp-source.ts';
import { IssuerPool } from '../../../../src/pki/path/issuer-pool.ts';
import type { EvidenceRefresher, EvidenceUse } from '../../../../src/pki/retrieval/evidence-refresher.ts';
import { EvidenceStore } from '../../../../src/pki/retrieval/evidence-store.ts';
import type { RetrievalRequest, Retrieved } from '../../../../src/pki/retrieval/retriever.ts';
import { milliseconds, octets, seconds } from '../../../../src/settings/units.ts';
import { objectIdentifier, sequence } from '../../../support/der-builder.ts';
import {
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
  uriName,
} from '../../../support/handmade-certificates.ts';
import { issueOcsp, type OcspAnswer, ocspError } from '../../../support/ocsp-answer.ts';
import { ocspContext } from './ocsp-context.ts';

const anchor = root();
const middle = intermediate(anchor);
const serial = 0xe1;
const [firstUrl, secondUrl] = ['http://first.example/', 'http://second.example/'] as const;
const parse = ({ der }: Issued) => parseCertificate(der);
const naming = (...urls: readonly string[]): Subject => {
  const access = urls.map((url) => sequence(objectIdentifier(oids.ocspAccess), uriName(url)));
  const extensions = urls.length > 0 ? [extension(oids.authorityInformationAccess, sequence(...access))] : [];
  return {
    certificate: parse(person(middle, extensions, { serial })),
    issuer: parse(middle),
    above: [parse(middle), parse(anchor)],
    trustAnchor: parse(anchor),
  };
};
const subject = naming(firstUrl, secondUrl);
const subjectOfOne = naming(firstUrl);

const answer = (status: OcspAnswer['status'], thisUpdate: number, more: Partial<OcspAnswer> = {}): Buffer =>
  issueOcsp({
    issuer: middle,
    serial,
    thisUpdate: days(thisUpdate),
    nextUpdate: days(1),
    ...more,
    ...(status && { status }),
  });
const revokedFor = (reason: number) => ({ revokedAt: days(-2), reason });
const [keyCompromise, hold] = [revokedFor(1), revokedFor(6)];
const ended = { nextUpdate: days(-0.5) };
const good = answer('good', -1);
const newGood = answer('good', -0.5);
const unknown = answer('unknown', -1);
const isRevoked = answer(keyCompromise, -3);
const revokedLong = answer(keyCompromise, -6, { nextUpdate: days(-5) });
const isHeld = answer(hold, -1);
const heldLong = answer(hold, -1, ended);
const forged = answer('good', -1, { signer: { subject: middle.subject, keys: newKeys() } });
const ofOthers = issueOcsp({ issuer: middle, serial: 7, thisUpdate: days(-1), nextUpdate: days(1) });
const unreadable = Buffer.from('hello');

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

type Answers = Readonly<Record<string, Buffer | undefined>>;

interface World {
  readonly options?: Partial<OcspOptions>;
  readonly files?: readonly Buffer[];
  /** By responder; others are dead. Absent: nothing is retrieved. */
  readonly answers?: Answers | ((request: RetrievalRequest) => Buffer | undefined);
  readonly folder?: string;
}

function sourceWith({ options = {}, files, answers, folder }: World = {}) {
  const asked: RetrievalRequest[] = [];
  const lines: (readonly [string, object | undefined])[] = [];
  const uses: EvidenceUse[] = [];
  let moment = now;
  let nonces = 0;
  let current = answers;
  const clock = { now: () => moment };
  const logger: Logger = { ...silentLogger, warn: (event, facts) => void lines.push([event, facts]) };
  const limits = { maximumSize: octets(1_000_000), maximumFiles: 100 };
  const directory = folder === undefined ? {} : { directory: { path: folder, ...limits } };
  const store = new EvidenceStore({ memory: octets(1_000_000), ...directory, clock, logger: silentLogger });
  const retrieve = async (request: RetrievalRequest): Promise<Retrieved> => {
    asked.push(request);
    await new Promise((resolve) => setImmediate(resolve));
    const { url } = request;
    const bytes = typeof current === 'function' ? current(request) : current?.[url];
    return bytes ? { outcome: 'retrieved', bytes } : { outcome: 'failed', problem: `${url} is dead` };
  };
  const retrieval: RetrievalOptions = {
    retriever: { retrieve },
    store,
    refresher: { used: (use: EvidenceUse) => void uses.push(use) } as unknown as EvidenceRefresher,
    policy: { allowedHosts: [], schemes: ['http'], maximumSize: octets(1_000_000), timeout: milliseconds(1_000) },
    totalTimeout: milliseconds(1_000),
    retryAfter: seconds(60),
  };
  const source = new OcspSource(
    {
      ...ocsp.parse({ httpMethod: 'post' }),
      clockSkew: seconds(60),
      responderCertificates: undefined,
      ...(files && { files: files.map((der, index) => ({ file: `${index}.ors`, der })) }),
      ...options,
    },
    answers && retrieval,
    { clock, logger, randomBytes: (count) => Buffer.alloc(count, ++nonces) },
  );
  const question = (): OcspQuestion => {
    const { limits: _, ...context } = ocspContext(new IssuerPool([subject.trustAnchor], []), { time: moment });
    return context;
  };
  return {
    source,
    store,
    asked,
    lines,
    uses,
    atHand: (about = subject) => source.atHand(about, question()),
    retrieved: (about = subject) => source.retrieved(about, question(), new AbortController().signal),
    askedUrls: () => asked.map(({ url }) => url),
    pass: (count: number) => {
      moment = new Date(moment.getTime() + count * 1000);
    },
    become: (next: World['answers']) => {
      current = next;
    },
  };
}

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'cardgate-ocsp-source-'));
  folders.push(path);
  return path;
};

describe('of the answers at hand counts', () => {
  it.each<[rule: string, files: readonly Buffer[], status: string, asOf?: number]>([
    ['the only one', [good], 'good', -1],
    ['the newest of those that say good', [good, newGood], 'good', -0.5],
    ['the newest of those that say good, whichever comes first', [newGood, good], 'good', -0.5],
    ['a revocation before newer good', [newGood, isRevoked], 'revoked', -3],
    ['a revocation that is out of date before newer good', [revokedLong, newGood], 'revoked', -6],
    ['a revocation before a newer hold', [isHeld, isRevoked], 'revoked', -3],
    ['newer good before a hold', [isHeld, newGood], 'good', -0.5],
    ['a hold before older good', [answer(hold, -0.5), good], 'revoked', -0.5],
    ['a hold before good of the same time', [good, isHeld], 'revoked', -1],
    ['a hold before good of the same time, whichever comes first', [isHeld, good], 'revoked', -1],
    ['good before one who does not know', [unknown, good], 'good', -1],
    ['good before what cannot be read', [unreadable, good], 'good', -1],
  ])('%s', async (_rule, files, status, asOf = 0) => {
    const { atHand } = sourceWith({ files });
    expect(await atHand()).toMatchObject({ status, evidence: { thisUpdate: days(asOf) } });
  });

  it.each<[rule: string, world: World, problems: readonly RegExp[], isAnswer: true | undefined]>([
    ['no file and no responder', {}, [/^no OCSP responder is named/], undefined],
    [
      'files without one that tells',
      { files: [unreadable, forged] },
      [/^0.ors: .*cannot be read/, /^1.ors: .*signed neither/],
      undefined,
    ],
    ['a file about others', { files: [ofOthers] }, [/^0.ors: it speaks of other certificates only/], undefined],
    ['one who does not know', { files: [unknown] }, [/does not know/], true],
    [
      'one who does not know among others',
      { files: [unreadable, unknown, ofOthers] },
      [/cannot be read/, /does not know/, /other/],
      true,
    ],
  ])('none of %s, and the reasons are told', async (_rule, world, problems, isAnswer) => {
    const status = await sourceWith(world).atHand();
    expect(status).toEqual({
      status: 'unknown',
      problems: problems.map((problem) => expect.stringMatching(problem)),
      isAnswer: isAnswer === true,
    });
  });

  it('nothing is asked for it, and files that cannot be read are named', async () => {
    const { source, atHand, asked } = sourceWith({ files: [good, unreadable], answers: { [firstUrl]: newGood } });
    expect(await atHand()).toMatchObject({ status: 'good', evidence: { source: '0.ors', thisUpdate: days(-1) } });
    expect(asked).toEqual([]);
    expect(source.unreadableFiles).toEqual([expect.stringMatching(/^1.ors: the answer cannot be read/)]);
    expect(sourceWith({ files: [good] }).source.unreadableFiles).toEqual([]);
  });

  it('what was retrieved before, and the refresher is told that it was used', async () => {
    const { retrieved, atHand, uses, asked } = sourceWith({ answers: { [firstUrl]: good } });
    await retrieved();
    expect(uses).toMatchObject([
      { period: { thisUpdate: days(-1), nextUpdate: days(1) }, freshness: 0, policy: { maximumSize: 65_536 } },
    ]);
    expect(await atHand()).toMatchObject({ status: 'good', evidence: { source: firstUrl, thisUpdate: days(-1) } });
    expect([uses.length, asked.length]).toEqual([2, 1]);
  });

  it('what an earlier process retrieved', async () => {
    const path = folder();
    const before = sourceWith({ answers: { [firstUrl]: good }, folder: path });
    await before.retrieved();
    await before.store.settled();
    expect(await sourceWith({ answers: {}, folder: path }).atHand()).toMatchObject({ status: 'good' });
  });
});

describe('responders are asked in turn', () => {
  it.each<[rule: string, answers: Answers, outcome: object, asked: readonly string[]]>([
    ['until one says good', { [firstUrl]: good, [secondUrl]: isRevoked }, { status: 'good' }, [firstUrl]],
    ['until one says revoked', { [firstUrl]: isRevoked, [secondUrl]: good }, { status: 'revoked' }, [firstUrl]],
    ['until one holds', { [firstUrl]: isHeld, [secondUrl]: newGood }, { status: 'revoked' }, [firstUrl]],
    [
      'until one has revoked, though its answer is out of date',
      { [firstUrl]: revokedLong, [secondUrl]: good },
      { status: 'revoked', reason: 'keyCompromise' },
      [firstUrl],
    ],
    ['past one that is dead', { [secondUrl]: good }, { status: 'good' }, [firstUrl, secondUrl]],
    ['past a forged answer', { [firstUrl]: forged, [secondUrl]: good }, { status: 'good' }, [firstUrl, secondUrl]],
    [
      'past one that does not know',
      { [firstUrl]: unknown, [secondUrl]: good },
      { status: 'good' },
      [firstUrl, secondUrl],
    ],
    [
      'past a hold that is out of date',
      { [firstUrl]: heldLong, [secondUrl]: good },
      { status: 'good' },
      [firstUrl, secondUrl],
    ],
    [
      'and a hold that is out of date counts when none tells more',
      { [firstUrl]: heldLong, [secondUrl]: unknown },
      { status: 'revoked', reason: 'certificateHold', outOfDate: expect.stringMatching(/held until/) },
      [firstUrl, secondUrl],
    ],
    [
      'and of two such holds the first',
      { [firstUrl]: heldLong, [secondUrl]: answer(hold, -2, ended) },
      { status: 'revoked', evidence: expect.objectContaining({ thisUpdate: days(-1) }) },
      [firstUrl, secondUrl],
    ],
  ])('%s', async (_rule, answers, outcome, asked) => {
    const { retrieved, askedUrls } = sourceWith({ answers });
    expect(await retrieved()).toMatchObject(outcome);
    expect(askedUrls()).toEqual(asked);
  });

  it.each<[rule: string, answers: Answers, problems: readonly RegExp[], isAnswer: true | undefined]>([
    ['all are dead', {}, [/first.* is dead$/, /second.* is dead$/], undefined],
    ['one does not know', { [firstUrl]: unknown }, [/first.* does not know/, /second.* is dead$/], true],
    ['the last does not know', { [secondUrl]: unknown }, [/first.* is dead$/, /second.* does not know/], true],
    [
      'one answers an error',
      { [firstUrl]: ocspError(3), [secondUrl]: forged },
      [/first.* tryLater/, /signed neither/],
      undefined,
    ],
  ])('and the status is unknown when %s', async (_rule, answers, problems, isAnswer) => {
    expect(await sourceWith({ answers }).retrieved()).toEqual({
      status: 'unknown',
      problems: problems.map((problem) => expect.stringMatching(problem)),
      isAnswer: isAnswer === true,
    });
  });

  it('but not without retrieval, or when none is named', async () => {
    const none = { status: 'unknown', problems: [expect.stringMatching(/no OCSP responder/)], isAnswer: false };
    expect(await sourceWith().retrieved()).toEqual(none);
    expect(await sourceWith({ answers: { [firstUrl]: good } }).retrieved(naming())).toEqual(none);
    expect(await sourceWith({ answers: {}, files: [ofOthers] }).retrieved(naming())).toEqual({
      ...none,
      problems: [],
    });
  });
});

describe('an answer that does not help', () => {
  it('is told in the log and to the store, and not asked for again until the time for that', async () => {
    const { retrieved, asked, lines, store, pass, become } = sourceWith({ answers: { [firstUrl]: forged } });
    const first = await retrieved(subjectOfOne);
    expect(first).toMatchObject({ status: 'unknown', problems: [expect.stringMatching(/signed neither/)] });
    expect(lines).toEqual([
      [
        'ocsp-answer-refused',
        { url: firstUrl, reason: expect.stringMatching(/^http:\/\/first.example\/: it is signed neither/) },
      ],
    ]);
    const [request] = asked;
    const held = request && (await store.held(request));
    expect([held?.candidate, held?.problem]).toEqual([undefined, expect.stringMatching(/signed neither/)]);
    become({ [firstUrl]: good });
    pass(59.999);
    expect(await retrieved(subjectOfOne)).toEqual(first);
    pass(0.001);
    expect(await retrieved(subjectOfOne)).toMatchObject({ status: 'good' });
    expect(asked).toHaveLength(2);
  });

  it('because it is a hold out of date is kept, and not asked for again either', async () => {
    const { retrieved, asked, lines, atHand } = sourceWith({ answers: { [firstUrl]: heldLong } });
    for (const _login of [1, 2]) expect(await retrieved(subjectOfOne)).toMatchObject({ status: 'revoked' });
    expect(await atHand(subjectOfOne)).toMatchObject({ status: 'revoked' });
    expect([asked.length, lines]).toEqual([1, []]);
  });

  it('is asked for again of a responder that was dead, which the retriever decides', async () => {
    const { retrieved, asked, become } = sourceWith({ answers: {} });
    await retrieved(subjectOfOne);
    become({ [firstUrl]: good });
    expect(await retrieved(subjectOfOne)).toMatchObject({ status: 'good' });
    expect(asked).toHaveLength(2);
  });
});

describe('what another process retrieved meanwhile', () => {
  it.each<[string, Buffer, number, object]>([
    ['counts without asking', newGood, 0, { status: 'good' }],
    ['counts though it is out of date when it revokes', revokedLong, 0, { status: 'revoked' }],
    ['does not count when it does not tell', heldLong, 1, { status: 'good', evidence: { source: firstUrl } }],
  ])('%s', async (_rule, brought, asked, outcome) => {
    const path = folder();
    const mine = sourceWith({ answers: { [firstUrl]: good }, folder: path });
    await mine.atHand(subjectOfOne);
    const other = sourceWith({ answers: { [firstUrl]: brought }, folder: path });
    await other.retrieved(subjectOfOne);
    await other.store.settled();
    expect(await mine.retrieved(subjectOfOne)).toMatchObject(outcome);
    expect(mine.asked).toHaveLength(asked);
  });

  it('does not count where a nonce is required, since it may be replayed', async () => {
    const path = folder();
    const mine = sourceWith({ answers: {}, options: { nonce: 'require' }, folder: path });
    await mine.atHand(subjectOfOne);
    const other = sourceWith({ answers: { [firstUrl]: newGood }, folder: path });
    await other.retrieved(subjectOfOne);
    await other.store.settled();
    expect(await mine.retrieved(subjectOfOne)).toMatchObject({ status: 'unknown' });
    expect(mine.asked).toHaveLength(1);
  });

  it('is not what was known already', async () => {
    const path = folder();
    const mine = sourceWith({ answers: { [firstUrl]: good }, folder: path });
    await mine.retrieved(subjectOfOne);
    await mine.store.settled();
    mine.become({ [firstUrl]: newGood });
    expect(await mine.retrieved(subjectOfOne)).toMatchObject({ evidence: { thisUpdate: days(-0.5) } });
    expect(mine.asked).toHaveLength(2);
  });
});

describe('a nonce', () => {
  const nonceOf = ({ body }: RetrievalRequest) => body?.subarray(-32) ?? Buffer.alloc(0);
  const withNonce = (status: OcspAnswer['status'], nonce: Buffer) => answer(status, -1, { nonce });

  it('is not sent when it is off, and then one in the answer does not matter', async () => {
    const { retrieved, asked } = sourceWith({ answers: { [firstUrl]: withNonce('good', Buffer.alloc(32, 9)) } });
    expect(await retrieved()).toMatchObject({ status: 'good' });
    expect(asked.map(nonceOf)).not.toContainEqual(Buffer.alloc(32, 1));
  });

  it.each<[string, OcspOptions['nonce'], (request: RetrievalRequest) => Buffer, RegExp | undefined]>([
    ['that comes back is believed', 'require', (request) => withNonce('good', nonceOf(request)), undefined],
    [
      'that comes back is believed where it need not',
      'send',
      (request) => withNonce('good', nonceOf(request)),
      undefined,
    ],
    [
      'that is another is not',
      'send',
      () => withNonce('good', Buffer.alloc(32, 9)),
      /nonce is not that of the request/,
    ],
    ['that does not come back is put up with where it need not', 'send', () => good, undefined],
    ['that does not come back is refused where it must', 'require', () => good, /lacks the nonce/],
    ['of an answer that cannot be read is not looked at', 'require', () => unreadable, /cannot be read/],
  ])('%s', async (_rule, nonce, answers, problem) => {
    const { retrieved } = sourceWith({ options: { nonce }, answers });
    expect(await retrieved(subjectOfOne)).toMatchObject(
      problem ? { status: 'unknown', problems: [expect.stringMatching(problem)] } : { status: 'good' },
    );
  });

  it('is shared by those who ask the same at the same time, and the next has another', async () => {
    const answers = (request: RetrievalRequest) => withNonce('good', nonceOf(request));
    const { retrieved, asked } = sourceWith({ options: { nonce: 'require' }, answers });
    const together = await Promise.all([retrieved(subjectOfOne), retrieved(subjectOfOne), retrieved(subjectOfOne)]);
    expect(together.map(({ status }) => status)).toEqual(['good', 'good', 'good']);
    await retrieved(subjectOfOne);
    expect(asked.map((request) => nonceOf(request)[0])).toEqual([1, 1, 1, 2]);
  });

  it('that was right lets the answer count at hand, and a replay counts only when it revokes', async () => {
    const path = folder();
    const answers = (request: RetrievalRequest) => withNonce('good', nonceOf(request));
    const mine = sourceWith({ options: { nonce: 'require' }, answers, folder: path });
    await mine.retrieved(subjectOfOne);
    await mine.store.settled();
    expect(await mine.atHand(subjectOfOne)).toMatchObject({ status: 'good' });
    const next = sourceWith({ options: { nonce: 'require' }, answers: {}, folder: path });
    expect(await next.atHand(subjectOfOne)).toEqual({ status: 'unknown', problems: [], isAnswer: false });
    const third = sourceWith({ options: { nonce: 'require' }, answers: {}, folder: path });
    third.store.offer(await requestOfStore(), { bytes: isRevoked });
    expect(await third.atHand(subjectOfOne)).toMatchObject({ status: 'revoked' });
  });
});

/** The request by which the store knows the answers about the subject. */
async function requestOfStore(): Promise<RetrievalRequest> {
  const { asked, retrieved } = sourceWith({ answers: {} });
  await retrieved(subjectOfOne);
  return asked[0] ?? { kind: 'ocsp', url: firstUrl };
}

describe('a responder of the site’s own', () => {
  const stranger = issue(commonName('Global responder'), undefined, { extensions: [digitalSignature] });
  const bySigner = answer('good', -1, { signer: stranger });
  it.each<[string, readonly Issued[] | undefined, string]>([
    ['is believed', [stranger], 'good'],
    ['is not believed unless it is named', [], 'unknown'],
    ['is not believed where none is named', undefined, 'unknown'],
  ])('%s', async (_rule, pinned, status) => {
    const responderCertificates = pinned?.map(parse);
    expect(await sourceWith({ files: [bySigner], options: { responderCertificates } }).atHand()).toMatchObject({
      status,
    });
  });
});
