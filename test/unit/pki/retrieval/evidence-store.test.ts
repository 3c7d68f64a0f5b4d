import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../../src/operations/log.ts';
import type { EvidenceDirectoryOptions } from '../../../../src/pki/retrieval/evidence-directory.ts';
import { EvidenceStore } from '../../../../src/pki/retrieval/evidence-store.ts';
import type { RetrievalRequest } from '../../../../src/pki/retrieval/retriever.ts';
import { octets } from '../../../../src/settings/units.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'cardgate-evidence-'));
  folders.push(path);
  return join(path, 'cache');
}

const now = new Date('2026-06-01T12:00:00Z');
const request: RetrievalRequest = { kind: 'crl', url: 'http://pki.example/ca.crl' };
const period = (hour: number) => ({
  thisUpdate: new Date(now.getTime() + hour * 3_600_000),
  nextUpdate: new Date(now.getTime() + (hour + 24) * 3_600_000),
});

/** What the logger was told, by event. */
function recording(): Logger & { readonly events: string[] } {
  const events: string[] = [];
  const note = (event: string) => void events.push(event);
  return { ...silentLogger, events, warn: note, error: note };
}

function storeIn(path: string, limits: Partial<EvidenceDirectoryOptions> = {}, logger: Logger = silentLogger) {
  const directory = { path, maximumSize: octets(1_000_000), maximumFiles: 100, ...limits };
  return new EvidenceStore({ memory: octets(1_000_000), directory, clock: { now: () => now }, logger });
}

/** Retrieved and proved authentic. */
async function keep(store: EvidenceStore, wanted: RetrievalRequest, text: string, hour = 0) {
  const retrieved = {
    bytes: Buffer.from(text),
    validators: { etag: '"1"', lastModified: 'Mon, 01 Jun 2026 12:00:00 GMT' },
  };
  store.confirm(store.offer(wanted, retrieved), period(hour));
  await store.settled();
}

const textOf = async (store: EvidenceStore, wanted = request) => (await store.held(wanted)).confirmed?.bytes.toString();

describe('evidence in memory', () => {
  const store = () => new EvidenceStore({ memory: octets(1_000_000), clock: { now: () => now }, logger: silentLogger });

  it('that is not proved authentic stands beside what is proved, and never displaces it', async () => {
    const memory = store();
    await keep(memory, request, 'good');
    const lie = memory.offer(request, { bytes: Buffer.from('lie') });
    expect(await memory.held(request)).toMatchObject({ confirmed: { bytes: Buffer.from('good') }, candidate: lie });
    memory.reject(lie, 'it is no CRL');
    expect(await memory.held(request)).toMatchObject({
      confirmed: { bytes: Buffer.from('good') },
      problem: 'it is no CRL',
    });
    expect((await memory.held(request)).candidate).toBeUndefined();
  });

  it('is never displaced by older evidence that is authentic too', async () => {
    const memory = store();
    await keep(memory, request, 'new', 1);
    await keep(memory, request, 'replayed', 0);
    expect(await textOf(memory)).toBe('new');
  });

  it('stays the same Buffer when the same octets come again', async () => {
    const memory = store();
    await keep(memory, request, 'same');
    const { confirmed } = await memory.held(request);
    expect(memory.offer(request, { bytes: Buffer.from('same') }).bytes).toBe(confirmed?.bytes);
    expect((await memory.held(request)).candidate).toBeUndefined();
  });

  it('is bounded in octets, and what was not used for longest goes', async () => {
    const memory = new EvidenceStore({ memory: octets(20_000), clock: { now: () => now }, logger: silentLogger });
    for (let index = 0; index < 5; index += 1) await keep(memory, { ...request, url: `${index}` }, 'x'.repeat(4_000));
    expect(await textOf(memory, { ...request, url: '0' })).toBeUndefined();
    expect(await textOf(memory, { ...request, url: '4' })).toHaveLength(4_000);
  });
});

describe('evidence in a directory', () => {
  it('outlives the process, with its times and validators', async () => {
    const path = folder();
    await keep(storeIn(path), request, 'kept');
    const { confirmed, candidate } = await storeIn(path).held(request);
    expect(candidate).toBeUndefined();
    expect(confirmed).toMatchObject({
      bytes: Buffer.from('kept'),
      retrievedAt: now,
      period: period(0),
      validators: { etag: '"1"', lastModified: 'Mon, 01 Jun 2026 12:00:00 GMT' },
    });
  });

  it('is written only when it was proved authentic', async () => {
    const path = folder();
    const store = storeIn(path);
    store.offer(request, { bytes: Buffer.from('unproved') });
    await store.settled();
    expect(await textOf(storeIn(path))).toBeUndefined();
  });

  it('is readable and writable by its owner only, under a name that no certificate chose', async () => {
    const path = folder();
    await keep(storeIn(path), { kind: 'crl', url: 'http://pki.example/../../etc/passwd' }, 'x');
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const [name = ''] = readdirSync(path);
    expect(name).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
  });

  it('is told apart by kind, URL and body', async () => {
    const path = folder();
    const store = storeIn(path);
    const ocsp = (body: string): RetrievalRequest => ({ kind: 'ocsp', url: request.url, body: Buffer.from(body) });
    await keep(store, request, 'crl');
    await keep(store, ocsp('one'), 'first');
    await keep(store, ocsp('two'), 'second');
    const next = storeIn(path);
    expect([await textOf(next), await textOf(next, ocsp('one')), await textOf(next, ocsp('two'))]).toEqual([
      'crl',
      'first',
      'second',
    ]);
    expect(await textOf(next, { ...request, kind: 'certificates' })).toBeUndefined();
  });

  it.each([
    ['a changed octet', (content: Buffer) => content.fill(content.at(-1)! ^ 1, content.length - 1)],
    [
      'a changed time',
      (content: Buffer) => Buffer.from(content.toString('latin1').replace('2026-06-02', '2027-06-02'), 'latin1'),
    ],
    ['a cut end', (content: Buffer) => content.subarray(0, -1)],
    ['nothing in it', () => Buffer.alloc(0)],
    ['something of another program in it', () => Buffer.from('-----BEGIN X509 CRL-----\n')],
  ])('with %s is not used, and is removed', async (_rule, damage) => {
    const path = folder();
    await keep(storeIn(path), request, 'good');
    const [name = ''] = readdirSync(path);
    writeFileSync(join(path, name), damage(readFileSync(join(path, name))));
    const logger = recording();
    expect(await textOf(storeIn(path, {}, logger))).toBeUndefined();
    expect(readdirSync(path)).toEqual([]);
    expect(logger.events).toEqual(['evidence-file-removed']);
  });

  it('of another request under this name is not used', async () => {
    const path = folder();
    await keep(storeIn(path), request, 'one');
    const [first = ''] = readdirSync(path);
    const content = readFileSync(join(path, first));
    rmSync(join(path, first));
    const other = { ...request, url: 'http://pki.example/other.crl' };
    await keep(storeIn(path), other, 'two');
    const [second = ''] = readdirSync(path);
    writeFileSync(join(path, second), content);
    expect(await textOf(storeIn(path), other)).toBeUndefined();
  });

  it('is never a symbolic link', async () => {
    const path = folder();
    await keep(storeIn(path), request, 'good');
    const [name = ''] = readdirSync(path);
    const target = join(path, '..', 'elsewhere');
    writeFileSync(target, readFileSync(join(path, name)));
    rmSync(join(path, name));
    symlinkSync(target, join(path, name));
    expect(await textOf(storeIn(path))).toBeUndefined();
  });

  it('is shared by two stores: one finds what the other retrieved, without locks', async () => {
    const path = folder();
    const [first, second] = [storeIn(path), storeIn(path)];
    expect(await textOf(second)).toBeUndefined();
    await Promise.all([
      keep(first, request, 'one', 1),
      keep(second, { ...request, url: 'http://pki.example/b.crl' }, 'b'),
    ]);
    expect(await textOf(second)).toBeUndefined();
    expect((await second.reread(request)).confirmed?.bytes.toString()).toBe('one');
    await keep(second, request, 'two', 2);
    await first.reread(request);
    expect(await textOf(first)).toBe('two');
    expect(readdirSync(path)).toHaveLength(2);
  });

  it('is read once, then answered from memory', async () => {
    const path = folder();
    await keep(storeIn(path), request, 'good');
    const store = storeIn(path);
    expect(await textOf(store)).toBe('good');
    rmSync(path, { recursive: true });
    expect(await textOf(store)).toBe('good');
  });

  it('is bounded in number and octets, the oldest going first, and files of others stay', async () => {
    const path = folder();
    const store = storeIn(path, { maximumFiles: 3, maximumSize: octets(3_000) });
    await keep(store, { ...request, url: '0' }, 'x'.repeat(10));
    writeFileSync(join(path, 'README'), 'not ours');
    const leftover = join(path, `${'a'.repeat(64)}.${'0'.repeat(16)}.new`);
    writeFileSync(leftover, 'left by a process that died');
    utimesSync(leftover, new Date(0), new Date(0));
    const age = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
    const made = new Set<string>();
    for (let index = 1; index <= 4; index += 1) {
      for (const name of readdirSync(path).filter((entry) => /^[0-9a-f]{64}$/.test(entry) && !made.has(entry))) {
        made.add(name);
        utimesSync(join(path, name), age(10 - index), age(10 - index));
      }
      await keep(store, { ...request, url: `${index}` }, 'x'.repeat(10));
    }
    const names = readdirSync(path);
    expect(names).toContain('README');
    expect(names.filter((name) => name !== 'README')).toHaveLength(3);
    const next = storeIn(path);
    expect(await textOf(next, { ...request, url: '0' })).toBeUndefined();
    expect(await textOf(next, { ...request, url: '4' })).toBeDefined();
    await keep(store, { ...request, url: 'big' }, 'x'.repeat(2_300));
    expect(readdirSync(path).filter((name) => name !== 'README').length).toBeLessThan(3);
    await keep(store, { ...request, url: 'too big' }, 'x'.repeat(2_600));
    expect(await textOf(storeIn(path), { ...request, url: 'too big' })).toBeUndefined();
    expect(await textOf(storeIn(path), { ...request, url: 'big' })).toBeDefined();
  });

  it('is looked through only now and then, for it may be one of very many', async () => {
    const path = folder();
    const store = storeIn(path, { maximumFiles: 160 });
    for (let index = 0; index < 400; index += 1) {
      store.confirm(store.offer({ ...request, url: `${index}` }, { bytes: Buffer.from(`${index}`) }), period(0));
      if (index % 20 === 0) await store.settled();
    }
    await store.settled();
    const { length } = readdirSync(path);
    expect(length).toBeGreaterThan(140);
    expect(length).toBeLessThan(180);
  });

  it('is done without when the directory cannot be written, which is reported once', async () => {
    const file = folder().replace(/cache$/, 'file');
    writeFileSync(file, 'no directory');
    const logger = recording();
    const store = storeIn(join(file, 'cache'), {}, logger);
    await keep(store, request, 'one', 1);
    await keep(store, request, 'two', 2);
    expect(await textOf(store)).toBe('two');
    expect(logger.events).toEqual(['evidence-directory-unusable']);
  });

  it('is not written where every user may write', async () => {
    const path = folder();
    await keep(storeIn(path), request, 'one');
    chmodSync(path, 0o777);
    const logger = recording();
    await keep(storeIn(path, {}, logger), { ...request, url: 'b' }, 'two');
    expect(readdirSync(path)).toHaveLength(1);
    expect(logger.events).toEqual(['evidence-directory-unusable']);
  });
});
