/** Which CRLs are at hand for a certificate, which URLs are asked for newer ones, and when not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../../src/operations/log.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { CrlSource, type RetrievalOptions } from '../../../../src/pki/crl/crl-source.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import type { EvidenceRefresher, EvidenceUse } from '../../../../src/pki/retrieval/evidence-refresher.ts';
import { EvidenceStore } from '../../../../src/pki/retrieval/evidence-store.ts';
import type { RetrievalRequest, Retrieved } from '../../../../src/pki/retrieval/retriever.ts';
import { milliseconds, octets, seconds } from '../../../../src/settings/units.ts';
import { explicit, sequence } from '../../../support/der-builder.ts';
import {
  days,
  directoryName,
  dnsName,
  extension,
  type Issued,
  intermediate,
  issueCrl,
  now,
  person,
  root,
  uriName,
} from '../../../support/handmade-certificates.ts';

const anchor = root();
const middle = intermediate(anchor);
const other = root('Other');
const parse = ({ der }: Issued) => parseCertificate(der);
const url = (name: string) => `http://pki.example/${name}`;
const nameOf = (text: string) => text.replace(/.*\//, '');
const point = (names: readonly Buffer[], ...more: readonly Buffer[]) =>
  sequence(...(names.length > 0 ? [explicit(0, explicit(0, ...names))] : []), ...more);
const points = (...list: readonly Buffer[]) => extension(oids.crlDistributionPoints, sequence(...list));
/** A person whose certificate has a point for each list of names. */
const naming = (...lists: readonly (readonly string[])[]) =>
  parse(
    person(
      middle,
      lists.length > 0 ? [points(...lists.map((list) => point(list.map((name) => uriName(url(name))))))] : [],
    ),
  );

const crlOf = (issuer: Issued, daysAgo: number) => issueCrl(issuer, { thisUpdate: days(-daysAgo) });
const [newCrl, oldCrl, otherCrl] = [crlOf(middle, 1), crlOf(middle, 2), crlOf(other, 1)];
const html = Buffer.from('<html>');

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'cardgate-crl-source-'));
  folders.push(path);
  return path;
};

interface World {
  readonly files?: readonly Buffer[];
  /** By the last segment of the URL; others are dead. Absent: nothing is retrieved. */
  readonly served?: Readonly<Record<string, Buffer>>;
  readonly schemes?: RetrievalOptions['policy']['schemes'];
  readonly folder?: string;
}

function world({ files = [], served, schemes = ['http'], folder: path }: World = {}) {
  const asked: RetrievalRequest[] = [];
  const lines: (readonly unknown[])[] = [];
  const uses: EvidenceUse[] = [];
  let moment = now;
  let answers = served;
  const clock = { now: () => moment };
  const bounds = { maximumSize: octets(1_000_000), maximumFiles: 100 };
  const store = new EvidenceStore({
    memory: octets(1_000_000),
    ...(path !== undefined && { directory: { path, ...bounds } }),
    clock,
    logger: silentLogger,
  });
  const retrieve = async (request: RetrievalRequest): Promise<Retrieved> => {
    asked.push(request);
    const bytes = answers?.[nameOf(request.url)];
    return bytes ? { outcome: 'retrieved', bytes } : { outcome: 'failed', problem: `${request.url} is dead` };
  };
  const retrieval: RetrievalOptions = {
    retriever: { retrieve },
    store,
    refresher: { used: (use: EvidenceUse) => void uses.push(use) } as unknown as EvidenceRefresher,
    policy: { allowedHosts: [], schemes, maximumSize: octets(1_000_000), timeout: milliseconds(1_000) },
    totalTimeout: milliseconds(1_000),
    retryAfter: seconds(60),
  };
  const logger: Logger = { ...silentLogger, warn: (event, facts) => void lines.push([event, facts]) };
  const source = new CrlSource(
    files.map((der, index) => ({ file: `${index}.crl`, der })),
    served && retrieval,
    seconds(3600),
    { clock, logger },
  );
  const sourcesOf = ({ crls, problems }: Awaited<ReturnType<CrlSource['atHand']>>) => ({
    crls: crls.map(
      ({ crl }) => `${nameOf(crl.list.source)} ${(now.getTime() - crl.list.thisUpdate.getTime()) / 86_400_000}`,
    ),
    problems,
  });
  return {
    source,
    store,
    asked,
    lines,
    uses,
    askedNames: () => asked.map((request) => nameOf(request.url)),
    atHand: async (certificate: ReturnType<typeof parse>) => sourcesOf(await source.atHand(certificate)),
    retrieved: async (certificate: ReturnType<typeof parse>) =>
      sourcesOf(await source.retrieved(certificate, new AbortController().signal)),
    /** A login finds every CRL of the certificate authentic. */
    confirmAll: async (certificate: ReturnType<typeof parse>) => {
      for (const crl of (await source.atHand(certificate)).crls) source.confirm(crl);
      await store.settled();
    },
    serve: (next: Readonly<Record<string, Buffer>>) => {
      answers = next;
    },
    pass: (count: number) => {
      moment = new Date(moment.getTime() + count * 1000);
    },
  };
}

describe('CRLs out of files', () => {
  it('are at hand for the certificates of their issuer, those that cannot be read aside', async () => {
    const found = world({ files: [newCrl, html, otherCrl, oldCrl] });
    const problem = expect.stringMatching(/^1.crl: the CRL cannot be read: /);
    expect(found.source.unreadableFiles).toEqual([problem]);
    expect(await found.atHand(naming())).toEqual({ crls: ['0.crl 1', '3.crl 2'], problems: [problem] });
    expect(await found.retrieved(naming(['a']))).toEqual({ crls: ['0.crl 1', '3.crl 2'], problems: [problem] });
    expect(await found.atHand(parse(person(anchor)))).toEqual({ crls: [], problems: [problem] });
  });

  it('are at hand for certificates that name their issuer as the CRL issuer, each once', async () => {
    const by = (...issuers: readonly Issued[]) => explicit(2, ...issuers.map(({ subject }) => directoryName(subject)));
    const certificate = parse(person(middle, [points(point([], by(other)), point([], by(other, middle)))]));
    expect((await world({ files: [otherCrl, newCrl] }).atHand(certificate)).crls.toSorted()).toEqual([
      '0.crl 1',
      '1.crl 1',
    ]);
  });

  it('hide no fault of the program', () => {
    expect(() => world({ files: [undefined as unknown as Buffer] })).toThrow(TypeError);
  });

  it('stand beside what is retrieved', async () => {
    const found = world({ files: [oldCrl, html], served: { a: newCrl } });
    expect(await found.retrieved(naming(['a'], ['b']))).toEqual({
      crls: ['0.crl 2', 'a 1'],
      problems: [expect.stringMatching(/^1.crl/), `${url('b')} is dead`],
    });
  });
});

describe('the URLs of a certificate are asked', () => {
  it('each point, and of a point one after the other until one brings a CRL', async () => {
    const found = world({ served: { b: newCrl, d: oldCrl } });
    const { crls, problems } = await found.retrieved(naming(['a', 'b', 'c'], ['d', 'e']));
    expect(crls).toEqual(['b 1', 'd 2']);
    expect(problems).toEqual([`${url('a')} is dead`]);
    expect(found.askedNames().toSorted()).toEqual(['a', 'b', 'd']);
  });

  it('those of a FreshestCRL too', async () => {
    const freshest = extension(oids.freshestCrl, sequence(point([uriName(url('delta'))])));
    const found = world({ served: { a: newCrl, delta: oldCrl } });
    await found.retrieved(parse(person(middle, [points(point([uriName(url('a'))])), freshest])));
    expect(found.askedNames().toSorted()).toEqual(['a', 'delta']);
  });

  it.each<[rule: string, lists: readonly (readonly string[])[], asked: readonly string[]]>([
    ['eight in all', [['1', '2', '3', '4', '5', '6', '7', '8', '9']], ['1', '2', '3', '4', '5', '6', '7', '8']],
    [
      'eight of several points',
      [['1', '2', '3'], ['4', '5', '6'], ['7', '8', '9', '10'], ['11']],
      ['1', '2', '3', '4', '5', '6', '7', '8'],
    ],
  ])('%s', async (_rule, lists, asked) => {
    const found = world({ served: {} });
    await found.retrieved(naming(...lists));
    expect(found.askedNames().toSorted()).toEqual(asked);
  });

  it('of the schemes that may be asked, which do not count among the eight otherwise', async () => {
    const names = [
      'ldap://a/x',
      'HTTP://a/1',
      'https://a/x',
      'http',
      ...['2', '3', '4', '5', '6', '7', '8', '9'].map(url),
    ];
    const certificate = parse(person(middle, [points(point([dnsName('a'), ...names.map(uriName)]))]));
    const found = world({ served: {} });
    await found.retrieved(certificate);
    expect(found.askedNames()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
    const byLdap = world({ served: {}, schemes: ['ldap', 'https'] });
    await byLdap.retrieved(certificate);
    expect(byLdap.asked.map((request) => request.url)).toEqual(['ldap://a/x', 'https://a/x']);
  });

  it('none of a point without a full name', async () => {
    const found = world({ served: {} });
    expect(
      await found.retrieved(parse(person(middle, [points(point([], explicit(2, directoryName(middle.subject))))]))),
    ).toEqual({
      crls: [],
      problems: [],
    });
  });

  it('not for what is at hand', async () => {
    const found = world({ served: { a: newCrl } });
    expect(await found.atHand(naming(['a']))).toEqual({ crls: [], problems: [] });
    expect(found.asked).toEqual([]);
    await found.retrieved(naming(['a']));
    expect(await found.atHand(naming(['a']))).toEqual({ crls: ['a 1'], problems: [] });
    expect(found.asked).toEqual([{ kind: 'crl', url: url('a') }]);
  });
});

describe('what a URL brings', () => {
  it('is not asked for again before the time for that, and stands beside what was proved', async () => {
    const found = world({ served: { a: oldCrl } });
    const holder = naming(['a']);
    await found.retrieved(holder);
    await found.confirmAll(holder);
    found.serve({ a: newCrl });
    expect(await found.retrieved(holder)).toEqual({ crls: ['a 1', 'a 2'], problems: [] });
    expect(found.asked[1]).toMatchObject({ known: { bytes: oldCrl } });
    found.pass(59);
    expect(await found.retrieved(holder)).toEqual({ crls: ['a 1', 'a 2'], problems: [] });
    expect(found.asked).toHaveLength(2);
    found.pass(1);
    await found.retrieved(holder);
    expect(found.asked).toHaveLength(3);
  });

  it('that is no CRL is told in the log and as a problem, also while it is not asked for again', async () => {
    const found = world({ served: { a: html, b: newCrl } });
    const holder = naming(['a', 'b']);
    const problem = expect.stringMatching(/^http:\/\/pki.example\/a holds no CRL: /);
    for (const _login of [1, 2]) expect(await found.retrieved(holder)).toEqual({ crls: ['b 1'], problems: [problem] });
    expect(found.lines).toEqual([['crl-refused', { url: url('a'), reason: problem }]]);
    expect(await found.store.held({ kind: 'crl', url: url('a') })).toMatchObject({ problem });
    expect(found.askedNames()).toEqual(['a', 'b']);
  });

  it('that failed leaves what is at hand', async () => {
    const found = world({ served: { a: newCrl } });
    const holder = naming(['a']);
    await found.retrieved(holder);
    found.serve({});
    found.pass(61);
    expect(await found.retrieved(holder)).toEqual({ crls: ['a 1'], problems: [`${url('a')} is dead`] });
  });

  it('is what another process has brought meanwhile, without asking', async () => {
    const path = folder();
    const holder = naming(['a', 'b']);
    const mine = world({ served: { a: oldCrl, b: oldCrl }, folder: path });
    await mine.atHand(holder);
    const others = world({ served: { a: newCrl }, folder: path });
    await others.retrieved(holder);
    await others.confirmAll(holder);
    expect(await mine.retrieved(holder)).toEqual({ crls: ['a 1'], problems: [] });
    expect(mine.asked).toEqual([]);
    mine.pass(61);
    await mine.retrieved(holder);
    expect(mine.askedNames()).toEqual(['a']);
  });
});

describe('a CRL that was proved authentic', () => {
  it('is kept, and the refresher is told with the freshness of the site', async () => {
    const found = world({ served: { a: newCrl } });
    const holder = naming(['a']);
    await found.retrieved(holder);
    await found.confirmAll(holder);
    expect(await found.store.held({ kind: 'crl', url: url('a') })).toMatchObject({ confirmed: { bytes: newCrl } });
    expect(found.uses).toMatchObject([
      {
        evidence: { bytes: newCrl },
        period: { thisUpdate: days(-1), nextUpdate: days(5) },
        freshness: 3600,
        policy: { schemes: ['http'] },
      },
    ]);
  });

  it('without a next update has none', async () => {
    const endless = issueCrl(middle, { thisUpdate: days(-1), nextUpdate: undefined });
    const found = world({ served: { a: endless } });
    await found.retrieved(naming(['a']));
    await found.confirmAll(naming(['a']));
    expect(found.uses.map(({ period }) => period)).toEqual([{ thisUpdate: days(-1) }]);
  });

  it('out of a file is not, nor where nothing is retrieved', async () => {
    for (const found of [world({ files: [newCrl], served: {} }), world({ files: [newCrl] })]) {
      await found.confirmAll(naming());
      expect(found.uses).toEqual([]);
    }
  });
});
