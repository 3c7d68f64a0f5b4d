/** What the retriever of the process shares, bounds and remembers, whatever the scheme: a reader of directories answers as told. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Logger, silentLogger } from '../../../../src/operations/log.ts';
import { RetrievalError } from '../../../../src/pki/retrieval/retrieval-error.ts';
import type { RetrievalKind, RetrievalPolicy } from '../../../../src/pki/retrieval/retriever.ts';
import { UrlRetriever, type UrlRetrieverOptions } from '../../../../src/pki/retrieval/url-retriever.ts';
import { milliseconds, octets, seconds } from '../../../../src/settings/units.ts';

afterEach(() => vi.restoreAllMocks());

const policy: RetrievalPolicy = {
  allowedHosts: ['127.0.0.1', 'a.example', 'b.example', 'localhost', '::1'],
  allowPrivateAddresses: ['127.0.0.1', 'localhost', '::1'],
  schemes: ['ldap', 'file'],
  maximumSize: octets(1_000),
  timeout: milliseconds(10_000),
};
const never = () => new AbortController().signal;
type Reading = ReturnType<typeof Promise.withResolvers<Buffer>> & { readonly url: string; readonly limits: object };

/** @param answer absent: the test answers each reading when it wants */
function world(answer?: (url: string) => Buffer, options: Partial<UrlRetrieverOptions> = {}) {
  const readings: Reading[] = [];
  const lines: (readonly unknown[])[] = [];
  let milliseconds = 0;
  const note = (event: string, facts?: object) => void lines.push([event, facts]);
  const logger: Logger = { ...silentLogger, warn: note, info: note };
  const retriever = new UrlRetriever({
    retryAfter: seconds(60),
    clock: { now: () => new Date(milliseconds) },
    logger,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    readLdapUrl: async (url, limits) => {
      const reading = { ...Promise.withResolvers<Buffer>(), url, limits };
      readings.push(reading);
      if (answer) return answer(url);
      return reading.promise;
    },
    ...options,
  });
  const ask = (
    kind: RetrievalKind,
    url: string,
    more: { readonly body?: string; readonly waiting?: AbortSignal; readonly limits?: object } = {},
  ) =>
    retriever.retrieve(
      { kind, url, ...(more.body && { body: Buffer.from(more.body) }) },
      { ...policy, ...more.limits },
      more.waiting ?? never(),
    );
  /** Until so many readings have begun. */
  const begun = (count: number) => vi.waitFor(() => expect(readings).toHaveLength(count));
  return {
    retriever,
    readings,
    lines,
    ask,
    begun,
    pass: (count: number) => {
      milliseconds += count;
    },
  };
}

const fails = (error: unknown) => () => {
  throw error;
};
const problemOf = async (retrieval: ReturnType<UrlRetriever['retrieve']>) => {
  const outcome = await retrieval;
  return outcome.outcome === 'failed' ? outcome.problem : outcome.bytes.toString();
};

describe('one retrieval is under way', () => {
  it('for all who ask for the same under the same limits, and another for anything else', async () => {
    const { ask, readings, begun } = world();
    const url = 'ldap://a.example/';
    const same = [ask('crl', url), ask('crl', url)];
    const others = [
      ask('ocsp', url),
      ask('crl', `${url}b`),
      ask('crl', url, { body: 'question' }),
      ask('crl', url, { body: 'other' }),
      ask('crl', url, { limits: { timeout: milliseconds(9_999) } }),
    ];
    await begun(6);
    for (const [index, { resolve }] of readings.entries()) resolve(Buffer.from(`${index}`));
    const found = await Promise.all([...same, ...others].map(problemOf));
    expect(found[0]).toBe(found[1]);
    expect(new Set(found).size).toBe(6);
    const again = ask('crl', url);
    await begun(7);
    readings[6]?.resolve(Buffer.from('new'));
    expect(await problemOf(again)).toBe('new');
  });

  it('and goes on when one who waits for it gives up', async () => {
    const { ask, readings, begun } = world();
    const [hasty, url] = [new AbortController(), 'ldap://a.example/'];
    const first = ask('crl', url, { waiting: hasty.signal });
    const patient = ask('crl', url);
    await begun(1);
    hasty.abort();
    expect(await problemOf(first)).toBe('the time for all retrievals of this login is over');
    expect(await problemOf(ask('crl', url, { waiting: hasty.signal }))).toMatch(/^the time for all/);
    readings[0]?.resolve(Buffer.from('late'));
    expect(await problemOf(patient)).toBe('late');
  });

  it('with limits of its own, at the address that was checked', async () => {
    const { ask, readings } = world(() => Buffer.from('x'));
    await ask('crl', 'ldap://a.example/cn=ca');
    expect(readings).toMatchObject([
      { url: 'ldap://a.example/cn=ca', limits: { address: '127.0.0.1', maximumSize: 1_000, timeout: 10_000 } },
    ]);
  });
});

describe('retrievals under way are bounded by kind', () => {
  it.each<[RetrievalKind, number]>([
    ['certificates', 8],
    ['crl', 100],
    ['ocsp', 100],
  ])('%s: %i', async (kind, most) => {
    const { ask, readings, begun } = world();
    const all = Array.from({ length: most }, (_, index) => ask(kind, `ldap://a.example/${index}`));
    const url = 'ldap://a.example/more';
    const problem = `${url} has to wait: too many retrievals are under way`;
    expect(await problemOf(ask(kind, url))).toBe(problem);
    await begun(most);
    readings[0]?.resolve(Buffer.from('x'));
    // By an answer, so that the next of the responder may be asked for.
    readings[1]?.reject(new RetrievalError('the server answered 404'));
    await Promise.all(all.slice(0, 2));
    const [next, after] = [ask(kind, url), ask(kind, `${url}2`)];
    expect(await problemOf(ask(kind, `${url}3`))).toMatch(/too many/);
    await begun(most + 2);
    for (const { resolve } of readings) resolve(Buffer.from('x'));
    expect(await Promise.all([...all.slice(2), next, after].map(problemOf))).toEqual(Array(most).fill('x'));
  });
});

describe('a failure', () => {
  it.each<[what: string, kind: RetrievalKind, error: Error, isOfServer: boolean]>([
    ['of a responder stands for all its answers', 'ocsp', new Error('down'), true],
    [
      'of a responder that answered stands for that answer alone',
      'ocsp',
      new RetrievalError('the server answered 404'),
      false,
    ],
    ['of another server stands for one URL', 'crl', new Error('down'), false],
    ['of a server of certificates stands for one URL', 'certificates', new Error('down'), false],
  ])('%s', async (_what, kind, error, isOfServer) => {
    const { ask, readings } = world(fails(error));
    const first = await ask(kind, 'ldap://a.example/1');
    expect(first).toEqual({
      outcome: 'failed',
      problem: `ldap://a.example/1 could not be retrieved: ${error.message}`,
    });
    expect(await ask(kind, 'ldap://a.example/1')).toBe(first);
    expect((await ask(kind, 'ldap://a.example/2')) === first).toBe(isOfServer);
    expect(await ask(kind, 'ldap://b.example/1')).not.toBe(first);
    expect(await ask(kind === 'crl' ? 'ocsp' : 'crl', 'ldap://a.example/1')).not.toBe(first);
    expect(readings).toHaveLength(isOfServer ? 3 : 4);
  });

  it('is forgotten in time, by what answers, and when an administrator wants it', async () => {
    let isDown = true;
    const { ask, readings, pass, retriever } = world((url) => (isDown ? fails(new Error(url))() : Buffer.from('x')));
    const url = 'ldap://a.example/';
    await ask('ocsp', url);
    pass(999);
    await ask('ocsp', url);
    expect(readings).toHaveLength(1);
    pass(1);
    await ask('ocsp', url);
    expect(readings).toHaveLength(2);
    retriever.forgetFailures();
    isDown = false;
    expect(await problemOf(ask('ocsp', url))).toBe('x');
    isDown = true;
    await ask('ocsp', url);
    // Its answer made the wait begin anew: a second and not four.
    pass(1_000);
    await ask('ocsp', url);
    expect(readings).toHaveLength(5);
  });

  it.each<[RetrievalKind, string]>([
    ['crl', 'ldap://a.example/1'],
    ['certificates', 'ldap://a.example/1'],
    ['ocsp', 'ocsp ldap://a.example'],
  ])('of %s is told in the log at its beginning and end, by %s', async (kind, source) => {
    let isDown = true;
    const { ask, lines, pass } = world(() => (isDown ? fails(new Error('down'))() : Buffer.from('x')));
    for (const _time of [1, 2]) {
      await ask(kind, 'ldap://a.example/1');
      pass(5_000);
    }
    isDown = false;
    await ask(kind, 'ldap://a.example/1');
    expect(lines).toEqual([
      ['retrieval-outage-began', { source, reason: 'down' }],
      ['retrieval-outage-ended', { source, durationMilliseconds: 10_000, failures: 2 }],
    ]);
  });

  it('of this process for want of descriptors is neither remembered nor told of the server', async () => {
    const shortage = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    const { ask, readings, lines } = world(fails(shortage));
    for (const _time of [1, 2])
      expect(await problemOf(ask('crl', 'ldap://a.example/'))).toMatch(/too many open files$/);
    expect([readings.length, lines]).toEqual([2, []]);
  });

  it.each<[string, unknown, string]>([
    ['of an error is its message', new Error('down'), 'down'],
    ['of a timeout is in words', new DOMException('x', 'TimeoutError'), 'no complete answer in time'],
    ['of several errors is the first', new AggregateError([new Error('one'), new Error('two')], 'all'), 'one'],
    ['of several without one is their own', new AggregateError([], 'all'), 'all'],
    ['of something else is not known', 'text', 'unknown failure'],
  ])('has a reason, which %s', async (_what, error, reason) => {
    const { ask } = world(fails(error));
    expect(await problemOf(ask('crl', 'ldap://a.example/'))).toBe(
      `ldap://a.example/ could not be retrieved: ${reason}`,
    );
  });

  it('comes when the time for one retrieval is over, though nothing ever comes', async () => {
    const { ask } = world();
    expect(await problemOf(ask('crl', 'ldap://a.example/', { limits: { timeout: milliseconds(1) } }))).toMatch(
      /answer in time$/,
    );
  });
});

describe('the addresses of a host', () => {
  const resolvingTo = (...found: readonly (readonly [string, number])[]) => ({
    resolve: async () => found.map(([address, family]) => ({ address, family })),
  });
  it.each<[string, Partial<UrlRetrieverOptions>, string]>([
    ['are judged as addresses of their family', resolvingTo(['::1', 6]), 'x'],
    ['are judged each', resolvingTo(['10.0.0.1', 4], ['127.0.0.1', 4]), 'x'],
    ['must be some', resolvingTo(), 'a.example has no address'],
    [
      'must not all be refused',
      resolvingTo(['10.0.0.1', 4], ['10.0.0.2', 4]),
      'a.example has the address 10.0.0.1, which is not public and not listed',
    ],
    ['must be found', { resolve: async () => Promise.reject(new Error('no such name')) }, 'no such name'],
  ])('%s', async (_rule, options, outcome) => {
    const { ask } = world(() => Buffer.from('x'), options);
    expect(await problemOf(ask('crl', 'ldap://a.example/'))).toMatch(new RegExp(`^(ldap:.* retrieved: )?${outcome}$`));
  });

  it('are not looked up for an address, and by the operating system for a name', async () => {
    const resolve = vi.fn(async () => []);
    const { ask, readings } = world(() => Buffer.from('x'), { resolve });
    expect(await problemOf(ask('crl', 'ldap://127.0.0.1/'))).toBe('x');
    expect(resolve).not.toHaveBeenCalled();
    const bySystem = new UrlRetriever({
      retryAfter: seconds(1),
      clock: { now: () => new Date(0) },
      logger: silentLogger,
      readLdapUrl: async (_url, { address }) => Buffer.from(address),
    });
    const found = await problemOf(bySystem.retrieve({ kind: 'crl', url: 'ldap://localhost/' }, policy, never()));
    expect(found).toMatch(/^(127\.0\.0\.1|::1)$/);
    expect(readings).toHaveLength(1);
  });

  it('are nothing to a URL that may not be asked, or that nothing here reads', async () => {
    const { ask, readings } = world(() => Buffer.from('x'));
    expect(await problemOf(ask('crl', 'ldap://evil.example/'))).toMatch(/may not be asked/);
    expect(await problemOf(ask('crl', 'file:///etc/passwd'))).toMatch(/below none of the directories/);
    expect(readings).toEqual([]);
  });
});
