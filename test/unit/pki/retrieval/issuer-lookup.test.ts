/** Which caIssuers URLs are asked for one login, in which order, and what of their answers is kept. */
import { describe, expect, it } from 'vitest';
import { recordingSteps } from '../../../../src/explanation/steps.ts';
import { silentLogger } from '../../../../src/operations/log.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { Budget } from '../../../../src/pki/path/budget.ts';
import { IssuerPool } from '../../../../src/pki/path/issuer-pool.ts';
import { EvidenceStore } from '../../../../src/pki/retrieval/evidence-store.ts';
import { type IssuerRetrievalOptions, IssuerSource } from '../../../../src/pki/retrieval/issuer-source.ts';
import type { Retrieved } from '../../../../src/pki/retrieval/retriever.ts';
import { milliseconds, octets, seconds } from '../../../../src/settings/units.ts';
import { objectIdentifier, sequence } from '../../../support/der-builder.ts';
import {
  extension,
  type Issued,
  intermediate,
  now,
  person,
  root,
  uriName,
} from '../../../support/handmade-certificates.ts';

const parse = ({ der }: Issued) => parseCertificate(der);
const access = (...urls: readonly string[]): Buffer =>
  extension(
    oids.authorityInformationAccess,
    sequence(...urls.map((url) => sequence(objectIdentifier(oids.caIssuers), uriName(url)))),
  );
const url = (name: string) => `http://pki.example/${name}`;
const anchor = root();
const middle = intermediate(anchor);
const holder = person(middle, [access(url('middle'))]);

interface World extends Partial<Pick<IssuerRetrievalOptions, 'mode'>> {
  readonly served?: Readonly<Record<string, Buffer>>;
  readonly store?: EvidenceStore;
  readonly maximumSize?: number;
}

function world({ served = {}, mode = 'retrieve', maximumSize = 1_000_000, ...given }: World = {}) {
  const asked: string[] = [];
  const requests: object[] = [];
  let moment = now;
  let answers = served;
  const clock = { now: () => moment };
  const store = given.store ?? new EvidenceStore({ memory: octets(1_000_000), clock, logger: silentLogger });
  const retrieve = async (request: { readonly url: string }, limits: object): Promise<Retrieved> => {
    asked.push(request.url.replace(/.*\//, ''));
    requests.push({ ...request, ...limits });
    const bytes = answers[request.url.replace(/.*\//, '')];
    return bytes ? { outcome: 'retrieved', bytes } : { outcome: 'failed', problem: `${request.url} is dead` };
  };
  const options: IssuerRetrievalOptions = {
    mode,
    retriever: { retrieve },
    store,
    policy: { allowedHosts: [], schemes: ['http'], maximumSize: octets(maximumSize), timeout: milliseconds(1_000) },
    totalTimeout: milliseconds(1_000),
    retryAfter: seconds(60),
  };
  const source = new IssuerSource(options, clock);
  const extend = async (endEntity: Issued, known: readonly Issued[] = []) => {
    const pool = new IssuerPool([parse(anchor)], known.map(parse));
    const steps = recordingSteps();
    const extended = await source.extend(parse(endEntity), { pool, budget: new Budget(clock), steps });
    return { pool, extended, steps: steps.steps };
  };
  return {
    source,
    store,
    asked,
    requests,
    extend,
    serve: (next: Readonly<Record<string, Buffer>>) => {
      answers = next;
    },
    pass: (count: number) => {
      moment = new Date(moment.getTime() + count * 1000);
    },
  };
}
const has = ({ extended }: { readonly extended: IssuerPool }, issued: Issued) =>
  extended.bySubject(parse(issued).subject.key).some(({ certificate }) => certificate.sha256 === parse(issued).sha256);

describe('certificates of issuers are asked for', () => {
  it('upwards from the end entity, until nothing lacks an issuer', async () => {
    const top = intermediate(anchor, 'Top', [access(url('root'))]);
    const upper = intermediate(top, 'Upper', [access(url('top'))]);
    const lower = intermediate(upper, 'Lower', [access(url('upper'))]);
    const found = world({ served: { lower: lower.der, upper: upper.der, top: top.der, root: anchor.der } });
    const result = await found.extend(person(lower, [access(url('lower'))]));
    expect(found.asked).toEqual(['lower', 'upper', 'top']);
    expect([lower, upper, top].map((issued) => has(result, issued))).toEqual([true, true, true]);
    expect(result.steps).toContainEqual(
      expect.objectContaining({ check: 'issuer by caIssuers', facts: { url: url('lower'), certificates: 1 } }),
    );
  });

  it('of those that lack an issuer first, and then of others whose issuer did not do, until one is found', async () => {
    const stranger = intermediate(root('Nowhere'), 'Stranger', [access(url('nowhere'))]);
    const namesake = { ...stranger, der: intermediate(stranger, 'Intermediate', [access(url('stranger'))]).der };
    const found = world({ served: { middle: middle.der } });
    await found.extend(person(middle, [access(url('middle'), url('second'))]), [namesake]);
    expect(found.asked).toEqual(['stranger', 'middle']);
  });

  it('not at all when nothing names a URL of HTTP', async () => {
    const found = world();
    const { pool, extended } = await found.extend(
      person(middle, [access('ldap://pki.example/middle', 'https://pki.example/middle', 'httpx://a')]),
    );
    expect([found.asked, extended === pool]).toEqual([[], true]);
  });

  it('by a URL whose scheme is in capitals', async () => {
    const found = world({ served: { middle: middle.der } });
    expect(has(await found.extend(person(middle, [access('HTTP://pki.example/middle')])), middle)).toBe(true);
  });

  it('four times at most, and each URL once', async () => {
    const found = world();
    const urls = ['1', '2', '3', '4'].map(url);
    await found.extend(person(middle, [access(...urls, url('1'))]), [
      intermediate(root('Other'), 'Intermediate', [access(url('5'), url('1'))]),
    ]);
    expect(found.asked).toHaveLength(4);
    expect(new Set(found.asked).size).toBe(4);
  });

  it('never of what is above a trust anchor', async () => {
    const named = root('Anchor with URL', [access(url('above'))]);
    const found = world();
    const pool = new IssuerPool([parse(named)], []);
    await found.source.extend(parse(person(named)), {
      pool,
      budget: new Budget({ now: () => now }),
      steps: recordingSteps(),
    });
    expect(found.asked).toEqual([]);
  });

  it('with the limit of 128 KiB, or that of the site when it is less', async () => {
    for (const [maximumSize, expected] of [
      [1_000_000, 131_072],
      [1_000, 1_000],
    ] as const) {
      const found = world({ maximumSize });
      await found.extend(holder);
      expect(found.requests).toMatchObject([{ kind: 'certificates', url: url('middle'), maximumSize: expected }]);
    }
  });

  it('and a problem is told as a step, after which the pool is as it was', async () => {
    const found = world({ served: { middle: Buffer.from('<html>') } });
    const { pool, extended, steps } = await found.extend(person(middle, [access(url('middle'), url('second'))]));
    expect(extended).toBe(pool);
    expect(steps.map(({ facts }) => facts)).toEqual([
      { url: url('middle'), problem: expect.stringMatching(/^http:\/\/pki.example\/middle holds no certificate: /) },
      { url: url('second'), problem: `${url('second')} is dead` },
    ]);
  });

  it('among sixteen certificates at most', async () => {
    const lacking = intermediate(root('Lacking'), 'Deep', [access(url('deep'))]);
    let above = lacking;
    const chain = [lacking];
    while (chain.length < 14) {
      above = intermediate(above, `CA ${chain.length}`);
      chain.push(above);
    }
    const atBound = world();
    await atBound.extend(person(above), chain);
    expect(atBound.asked).toEqual(['deep']);
    const [one, two] = [intermediate(above, 'One more'), intermediate(intermediate(above, 'One more'), 'Two more')];
    const beyond = world();
    await beyond.extend(person(two), [...chain, one, two]);
    expect(beyond.asked).toEqual([]);
  });
});

describe('an answer', () => {
  const served = { middle: middle.der };
  it('that did not help is put up with for a while, and one that failed is asked for again', async () => {
    const found = world({ served: { middle: Buffer.from('<html>') } });
    await found.extend(holder);
    found.serve(served);
    found.pass(59);
    expect(has(await found.extend(holder), middle)).toBe(false);
    found.pass(1);
    expect(has(await found.extend(holder), middle)).toBe(true);
    expect(found.asked).toHaveLength(2);
    found.pass(60);
    found.serve({});
    // What was known is better than nothing.
    expect(has(await found.extend(holder), middle)).toBe(true);
    expect(found.asked).toHaveLength(3);
  });

  it('that led to an accepted path serves for a day, and is kept', async () => {
    const found = world({ served });
    await found.extend(holder);
    found.source.confirm([parse(holder), parse(middle)]);
    expect(await found.store.held({ kind: 'certificates', url: url('middle') })).toMatchObject({
      confirmed: { bytes: middle.der, period: { thisUpdate: now, nextUpdate: parse(middle).notAfter } },
    });
    found.pass(86_399);
    await found.extend(holder);
    expect(found.asked).toHaveLength(1);
    found.pass(1);
    await found.extend(holder);
    expect(found.asked).toHaveLength(2);
  });

  it('that led to none, or cannot be read, is not kept', async () => {
    const found = world({ served: { middle: middle.der, broken: Buffer.from('<html>') } });
    await found.extend(person(middle, [access(url('broken'), url('middle'))]));
    found.source.confirm([parse(holder), parse(anchor)]);
    for (const name of ['middle', 'broken'])
      expect((await found.store.held({ kind: 'certificates', url: url(name) })).confirmed).toBeUndefined();
  });

  it('that was kept serves other processes, by the cache alone, too', async () => {
    const first = world({ served });
    await first.extend(holder);
    first.source.confirm([parse(middle)]);
    for (const mode of ['retrieve', 'cache-only'] as const) {
      const next = world({ mode, store: first.store });
      expect([has(await next.extend(holder), middle), next.asked]).toEqual([true, []]);
      next.pass(86_400);
      await next.extend(holder);
      expect(next.asked).toEqual(mode === 'retrieve' ? ['middle'] : []);
    }
  });

  it('is none where only the cache may be asked, which is told', async () => {
    const found = world({ served, mode: 'cache-only' });
    const { steps } = await found.extend(holder);
    expect([found.asked, steps[0]?.facts]).toEqual([
      [],
      { url: url('middle'), problem: `${url('middle')} may not be asked` },
    ]);
  });
});
