/** The hooks of a site: turns, deadlines and policies, each hook for itself; over a socket and over TLS. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import type { HookEvent } from '../../../src/hooks/hook-event.ts';
import type { SiteHook } from '../../../src/hooks/hook-in-use.ts';
import { HttpHook } from '../../../src/hooks/http-hook.ts';
import type { HookTransport } from '../../../src/hooks/program-hook.ts';
import { SiteHooks } from '../../../src/hooks/site-hooks.ts';
import { CountedWarnings } from '../../../src/operations/counted-warnings.ts';
import { type LogFields, silentLogger } from '../../../src/operations/log.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { createIdentities } from '../../support/protocol-site.ts';

const clock = { now: () => new Date('2026-11-28T12:00:00.000Z') };
const connection = { binding: 'b', connectionId: 'c', remoteAddress: '192.0.2.1', accountName: 'ada' };
const deletion: HookEvent = { ...connection, hook: 'onDelete', operation: 'delete', path: '/x' };
const download: HookEvent = { ...connection, hook: 'onDownload', operation: 'retrieve', path: '/x' };

let said: LogFields[];
const opened: SiteHooks[] = [];
beforeEach(() => {
  said = [];
});
afterEach(() => {
  for (const hooks of opened.splice(0)) hooks.close();
});

type Asked = (event: string, signal: AbortSignal) => Promise<unknown>;

const usual = {
  timeout: milliseconds(60_000),
  maximumConcurrent: 1,
  maximumWaiting: 1,
  whenUnavailable: 'refuse' as const,
};

function hook(ask: Asked, settings: Partial<SiteHook['settings']> = {}): SiteHook {
  return { settings: { ...usual, ...settings }, transport: { name: 'scanner', ask, close: () => undefined } };
}

function hooksOf(hooks: Partial<Record<HookEvent['hook'], SiteHook>>): SiteHooks {
  const logger = { ...silentLogger, warn: (_event: string, fields: LogFields = {}) => void said.push(fields) };
  const all = new Map(Object.entries(hooks) as [HookEvent['hook'], SiteHook][]);
  const one = new SiteHooks({ site: 'files', hooks: all, clock, logger, warnings: new CountedWarnings(10) });
  opened.push(one);
  return one;
}

const hanging: Asked = (_event, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('a hook', () => {
  it('is told the event in the words of the audit records', async () => {
    let heard = '';
    const hooks = hooksOf({
      onDelete: hook(async (event) => {
        heard = event;
        return { allow: true };
      }),
    });
    expect(await hooks.ask(deletion)).toEqual({ outcome: 'allowed' });
    expect(JSON.parse(heard)).toEqual({ time: '2026-11-28T12:00:00.000Z', site: 'files', ...deletion });
  });

  it('that the site does not have allows everything', async () => {
    expect(await hooksOf({}).ask(deletion)).toEqual({ outcome: 'allowed' });
  });

  it('refuses with a reason for the operator', async () => {
    const hooks = hooksOf({ onDelete: hook(async () => ({ allow: false, reason: 'kept by law' })) });
    expect(await hooks.ask(deletion)).toEqual({ outcome: 'refused', hook: 'scanner', reason: 'kept by law' });
    expect(said).toEqual([]);
  });

  const withoutAnswer: readonly (readonly [rule: string, ask: Asked, reason: string])[] = [
    ['fails', () => Promise.reject(new Error('gone')), 'gone'],
    [
      'answers what is no answer',
      async () => ({ allow: 'yes' }),
      'the answer is neither {"allow": true} nor {"allow": false, "reason": …}',
    ],
    ['hangs', hanging, 'no answer within 20 ms'],
  ];
  it.each(withoutAnswer)('that %s refuses or not by its policy, and is told of', async (_rule, ask, reason) => {
    const timeout = milliseconds(reason.includes('within') ? 20 : 60_000);
    const refusing = hooksOf({ onDelete: hook(ask, { timeout }) });
    expect(await refusing.ask(deletion)).toEqual({ outcome: 'unavailable', hook: 'scanner', reason });
    const going = hooksOf({ onDelete: hook(ask, { timeout, whenUnavailable: 'continue' }) });
    expect(await going.ask(deletion)).toEqual({ outcome: 'allowed' });
    expect(said).toMatchObject([
      { hook: 'onDelete', asked: 'scanner', connectionId: 'c', reason, whenUnavailable: 'refuse' },
      { reason, whenUnavailable: 'continue' },
    ]);
  });

  it('that hangs holds up no other hook, and a question beyond those that may wait not at all', async () => {
    const hooks = hooksOf({ onDelete: hook(hanging), onDownload: hook(async () => ({ allow: true })) });
    const over = new AbortController();
    const stuck = [hooks.ask(deletion, over.signal), hooks.ask(deletion, over.signal)];
    expect(await hooks.ask(download)).toEqual({ outcome: 'allowed' });
    expect(await hooks.ask(deletion)).toMatchObject({
      outcome: 'unavailable',
      reason: 'too many questions wait for a turn',
    });
    over.abort(new Error('given up'));
    for (const one of stuck) await expect(one).rejects.toThrow('given up');
    expect(said).toHaveLength(1);
  });

  it('gives its turn to the next that waits, and not to one that has given up', async () => {
    const answers: ((value: unknown) => void)[] = [];
    const ask: Asked = () => new Promise((resolve) => void answers.push(resolve));
    const hooks = hooksOf({ onDelete: hook(ask, { maximumWaiting: 2 }) });
    const over = new AbortController();
    const [first, second, third] = [hooks.ask(deletion), hooks.ask(deletion, over.signal), hooks.ask(deletion)];
    over.abort(new Error('given up'));
    await expect(second).rejects.toThrow('given up');
    expect(answers).toHaveLength(1);
    answers[0]?.({ allow: true });
    expect(await first).toEqual({ outcome: 'allowed' });
    await expect.poll(() => answers.length).toBe(2);
    answers[1]?.({ allow: false, reason: 'no' });
    expect(await third).toMatchObject({ outcome: 'refused' });
  });
});

describe('a renewal', () => {
  interface Counted {
    readonly hook: SiteHook;
    readonly asked: string[];
    readonly answers: ((value: unknown) => void)[];
    /** Its name, as often as it was closed. */
    readonly closings: string[];
  }
  /** A hook whose answers the test gives. */
  function counted(name: string, settings: Partial<SiteHook['settings']> = {}): Counted {
    const asked: string[] = [];
    const answers: ((value: unknown) => void)[] = [];
    const closings: string[] = [];
    const ask: Asked = (event, signal) =>
      new Promise((resolve, reject) => {
        asked.push(event);
        answers.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const one: Counted = {
      hook: { settings: { ...usual, ...settings }, transport: { name, ask, close: () => void closings.push(name) } },
      asked,
      answers,
      closings,
    };
    return one;
  }

  it('asks the new hook from the next event on; a question under way is answered by the old one, which is closed behind it', async () => {
    const [old, fresh] = [counted('old'), counted('new')];
    const hooks = hooksOf({ onDelete: old.hook });
    const [first, waiting] = [hooks.ask(deletion), hooks.ask(deletion)];
    hooks.renew(new Map([['onDelete', fresh.hook]]));
    const next = hooks.ask(deletion);
    await expect.poll(() => [old.asked.length, fresh.asked.length]).toEqual([1, 1]);
    fresh.answers[0]?.({ allow: true });
    expect(await next).toEqual({ outcome: 'allowed' });
    expect(old.closings).toHaveLength(0);
    old.answers[0]?.({ allow: false, reason: 'no' });
    expect(await first).toEqual({ outcome: 'refused', hook: 'old', reason: 'no' });
    await expect.poll(() => old.answers.length).toBe(2);
    expect(old.closings).toHaveLength(0);
    old.answers[1]?.({ allow: true });
    expect(await waiting).toEqual({ outcome: 'allowed' });
    await expect.poll(() => old.closings).toHaveLength(1);
    expect(fresh.closings).toHaveLength(0);
  });

  it('leaves a question under way its deadline and its policy', async () => {
    const old = counted('old', { timeout: milliseconds(20) });
    const hooks = hooksOf({ onDelete: old.hook });
    const asked = hooks.ask(deletion);
    hooks.renew(new Map());
    expect(await hooks.ask(deletion)).toEqual({ outcome: 'allowed' });
    expect(await asked).toEqual({ outcome: 'unavailable', hook: 'old', reason: 'no answer within 20 ms' });
    await expect.poll(() => old.closings).toHaveLength(1);
  });

  it('closes a hook without questions at once, and leaves one that is unchanged its turns', async () => {
    const [idle, busy] = [counted('idle'), counted('busy', { maximumWaiting: 0 })];
    const hooks = hooksOf({ onDelete: idle.hook, onDownload: busy.hook });
    const asked = hooks.ask(download);
    hooks.renew(new Map([['onDownload', 'unchanged']]));
    expect([hooks.has('onDelete'), hooks.has('onDownload')]).toEqual([false, true]);
    expect([...idle.closings, ...busy.closings]).toEqual(['idle']);
    // The one turn is still taken.
    expect(await hooks.ask(download)).toMatchObject({ outcome: 'unavailable' });
    busy.answers[0]?.({ allow: true });
    expect(await asked).toEqual({ outcome: 'allowed' });
  });

  it('adds a hook where there was none', async () => {
    const hooks = hooksOf({});
    hooks.renew(new Map([['onDelete', hook(async () => ({ allow: false, reason: 'no' }))]]));
    expect(await hooks.ask(deletion)).toMatchObject({ outcome: 'refused' });
  });

  it('keeps nothing open at the end, questions to old hooks included', async () => {
    const old = counted('old');
    const hooks = hooksOf({ onDelete: old.hook });
    const over = new AbortController();
    const asked = hooks.ask(deletion, over.signal);
    hooks.renew(new Map());
    hooks.close();
    expect(old.closings).toHaveLength(1);
    over.abort(new Error('over'));
    await expect(asked).rejects.toThrow('over');
  });
});

describe('a service', () => {
  let folder: string;
  let server: Server;
  let connections = 0;
  const bodies: string[] = [];
  const answering: RequestListener = (request, response) => {
    let body = `${request.method} ${request.url} `;
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(body.includes('/broken') ? 500 : 200).end('{"allow":true}');
    });
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cardgate-hook-'));
    connections = 0;
    bodies.length = 0;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const through = (transport: HookTransport) => hooksOf({ onDelete: { settings: usual, transport } });

  it('behind a Unix socket is asked over one connection that is kept', async () => {
    server = createServer(answering).on('connection', () => {
      connections += 1;
    });
    const socket = join(folder, 's');
    await once(server.listen(socket), 'listening');
    const hooks = through(new HttpHook({ endpoint: { socket }, maximumConcurrent: 2, clock: systemClock }));
    expect(await hooks.ask(deletion)).toEqual({ outcome: 'allowed' });
    expect(await hooks.ask(deletion)).toEqual({ outcome: 'allowed' });
    expect(connections).toBe(1);
    expect(bodies[0]).toMatch(/^POST \/ \{"time":"2026-11-28T12:00:00\.000Z","site":"files",.*"hook":"onDelete"/);
    expect(await hooks.ask({ ...deletion, path: '/broken' })).toMatchObject({
      outcome: 'unavailable',
      reason: 'status 500',
    });
  });

  it('at a URL is believed by its own CA only, and shown the certificate of the gateway', async () => {
    const { server: own, caPem, ada } = await createIdentities();
    const asked = {
      cert: own.certificate,
      key: own.privateKey,
      ca: caPem,
      requestCert: true,
      rejectUnauthorized: true,
    };
    server = createTlsServer(asked, answering) as unknown as Server;
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const endpoint = { url: `https://localhost:${(server.address() as AddressInfo).port}/scan?x=1` };
    const material = { certificateChain: ada.cert, privateKey: ada.key, certificateAuthorities: [caPem] };
    const options = { endpoint, maximumConcurrent: 2, clock: systemClock };
    expect(await through(new HttpHook({ ...options, material })).ask(deletion)).toEqual({ outcome: 'allowed' });
    expect(bodies[0]).toMatch(/^POST \/scan\?x=1 \{/);
    const other = (await createIdentities()).caPem;
    const distrusted = through(
      new HttpHook({ ...options, material: { ...material, certificateAuthorities: [other] } }),
    );
    expect(await distrusted.ask(deletion)).toMatchObject({ outcome: 'unavailable' });
    const nameless = through(new HttpHook({ ...options, material: { certificateAuthorities: [caPem] } }));
    expect(await nameless.ask(deletion)).toMatchObject({ outcome: 'unavailable' });
    expect(bodies).toHaveLength(1);
  });
});
