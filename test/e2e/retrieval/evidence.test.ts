/** Revocation by a real HTTP server that dies, lies, replays and stands still, with evidence that outlives the process. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { EvidenceRefresher } from '../../../src/pki/retrieval/evidence-refresher.ts';
import { EvidenceStore } from '../../../src/pki/retrieval/evidence-store.ts';
import { UrlRetriever } from '../../../src/pki/retrieval/url-retriever.ts';
import { milliseconds, octets, seconds } from '../../../src/settings/units.ts';
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts';
import {
  crlEntry,
  days,
  distributionPoint,
  intermediate,
  issueCrl,
  newKeys,
  now,
  person,
  root,
} from '../../support/handmade-certificates.ts';
import { codeOf, validatorFor } from '../../unit/pki/validator.ts';

const anchor = root();
const middle = intermediate(anchor);
let server: CrlServer;
let folder: string;
let time = now;
const clock = { now: () => time };

beforeEach(async () => {
  time = now;
  server = await startCrlServer();
  folder = mkdtempSync(join(tmpdir(), 'cardgate-evidence-'));
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What one process keeps for itself; everything else is in the directory. */
function startProcess(freshness = 0) {
  const store = new EvidenceStore({
    memory: octets(50_000_000),
    directory: { path: folder, maximumSize: octets(50_000_000), maximumFiles: 100 },
    clock,
    logger: silentLogger,
  });
  const retriever = new UrlRetriever({ retryAfter: seconds(60), clock, logger: silentLogger });
  const refresher = new EvidenceRefresher({
    retriever,
    store,
    interval: milliseconds(86_400_000),
    concurrency: 2,
    random: () => 0,
    clock,
  });
  const holder = person(middle, [distributionPoint(`${server.baseUrl}/ca.crl`)], { serial: 0xe1 });
  const validator = validatorFor({
    anchors: [anchor],
    crls: [{ file: 'root.crl', der: issueCrl(anchor, { thisUpdate: time, nextUpdate: days(30) }) }],
    revocation: {
      mode: 'check',
      freshness,
      retrieval: {
        retriever,
        store,
        refresher,
        policy: {
          allowedHosts: ['127.0.0.1'],
          schemes: ['http'],
          maximumSize: octets(20_000_000),
          timeout: milliseconds(10_000),
        },
        totalTimeout: milliseconds(20_000),
        retryAfter: seconds(60),
      },
    },
    clock,
  });
  return {
    stop: () => refresher.stop(),
    login: async () => {
      const result = await validator.validate([holder.der, middle.der], unrecorded);
      await store.settled();
      return codeOf(result);
    },
  };
}

const publish = (options: Parameters<typeof issueCrl>[1] = {}) =>
  server.publish('ca.crl', issueCrl(middle, { nextUpdate: days(1), ...options }));

describe('after a restart with the server dead', () => {
  it('people still get in until the next update is due, and no client after', async () => {
    publish();
    expect(await startProcess().login()).toBe('valid');
    await server.stop();
    const restarted = startProcess();
    time = days(0.99);
    expect(await restarted.login()).toBe('valid');
    time = days(1.01);
    expect(await restarted.login()).toBe('revocation-unknown');
    expect(await startProcess().login()).toBe('revocation-unknown');
  });

  it('who was revoked stays out', async () => {
    publish({ entries: [crlEntry(0xe1)] });
    expect(await startProcess().login()).toBe('certificate-revoked');
    await server.stop();
    expect(await startProcess().login()).toBe('certificate-revoked');
  });

  it('no client gets in by evidence that is not proved authentic', async () => {
    server.publish('ca.crl', issueCrl({ subject: middle.subject, keys: newKeys() }));
    expect(await startProcess().login()).toBe('revocation-unknown');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a running process', () => {
  it('retrieves ahead what logins use, so that a server that dies later keeps no client waiting', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const running = startProcess();
    try {
      publish();
      expect(await running.login()).toBe('valid');
      publish({ thisUpdate: days(0.8), nextUpdate: days(2), entries: [crlEntry(0xe1)] });
      time = days(0.95);
      vi.advanceTimersByTime(30_000);
      await vi.waitUntil(() => server.requests() === 2);
      // The answer is on its way into the store.
      await vi.waitUntil(async () => (await running.login()) === 'certificate-revoked');
      await server.stop();
      time = days(1.5);
      expect(await running.login()).toBe('certificate-revoked');
      expect(await startProcess().login()).toBe('certificate-revoked');
    } finally {
      running.stop();
      vi.useRealTimers();
    }
  });
});

describe('two processes on one directory', () => {
  it('ask once, and one hears from the other what is new', async () => {
    publish();
    const [first, second] = [startProcess(), startProcess()];
    expect(await first.login()).toBe('valid');
    expect(await second.login()).toBe('valid');
    expect(server.requests()).toBe(1);
    time = days(1.01);
    publish({ thisUpdate: days(1), nextUpdate: days(2), entries: [crlEntry(0xe1)] });
    expect(await first.login()).toBe('certificate-revoked');
    expect(await second.login()).toBe('certificate-revoked');
    expect(server.requests()).toBe(2);
    expect(readdirSync(folder)).toHaveLength(1);
  });
});

describe('a server that', () => {
  it('lies does not displace what is good', async () => {
    const { login } = startProcess(3_600 * 36);
    publish();
    expect(await login()).toBe('valid');
    server.publish('ca.crl', issueCrl({ subject: middle.subject, keys: newKeys() }, { thisUpdate: days(0.5) }));
    time = days(0.6);
    expect(await login()).toBe('revocation-unknown');
    publish({ thisUpdate: days(0.5) });
    time = new Date(days(0.6).getTime() + 61_000);
    expect(await login()).toBe('valid');
    expect(await startProcess(3_600 * 36).login()).toBe('valid');
    expect(server.requests()).toBe(3);
  });

  it('replays an older CRL lets no card in that was revoked since', async () => {
    publish({ thisUpdate: days(-0.5), entries: [crlEntry(0xe1)] });
    expect(await startProcess().login()).toBe('certificate-revoked');
    publish({ thisUpdate: days(-2) });
    expect(await startProcess().login()).toBe('certificate-revoked');
    time = days(0.2);
    // to a site that wants newer evidence too: a revocation does not age
    expect(await startProcess(3_600).login()).toBe('certificate-revoked');
    expect(await startProcess().login()).toBe('certificate-revoked');
  });

  it('stands still is asked conditionally, and not with every login', async () => {
    publish();
    const { login } = startProcess(3_600 * 36);
    expect(await login()).toBe('valid');
    time = days(0.6);
    expect(await login()).toBe('revocation-unknown');
    expect(await login()).toBe('revocation-unknown');
    expect([server.requests(), server.unchanged('ca.crl')]).toEqual([2, 1]);
    time = new Date(days(0.6).getTime() + 61_000);
    publish({ thisUpdate: days(0.6) });
    expect(await login()).toBe('valid');
  });

  it('has a CRL of 100,000 entries gets it looked into by a thread', async () => {
    const entries = Array.from({ length: 100_000 }, (_, index) => crlEntry(0x1_0000_0000 + index));
    publish({ entries: [Buffer.concat(entries)] });
    const { login } = startProcess();
    expect(await Promise.all([login(), login()])).toEqual(['valid', 'valid']);
    publish({ thisUpdate: days(1), nextUpdate: days(2), entries: [Buffer.concat([...entries, crlEntry(0xe1)])] });
    time = days(1.01);
    expect(await login()).toBe('certificate-revoked');
  });
});

describe('the built program', () => {
  it('indexes large CRLs in a thread too, and ends when that is done', async () => {
    const { stdout } = await promisify(execFile)('npx', [
      'tsc',
      '--project',
      'tsconfig.build.json',
      '--noCheck',
      '--outDir',
      folder,
    ]);
    expect(stdout).toBe('');
    const entries = Buffer.concat(Array.from({ length: 20_000 }, (_, index) => crlEntry(0x1_0000_0000 + index)));
    const crl = issueCrl(middle, { entries: [entries] }).toString('base64');
    const program = `
      import { readFileSync } from 'node:fs';
      const { parseCrl } = await import('${folder}/pki/crl/crl.js');
      const { indexEntries } = await import('${folder}/pki/crl/crl-index.js');
      const crl = parseCrl(Buffer.from(readFileSync(0, 'utf8'), 'base64'), 'x');
      const found = (await indexEntries(crl)).find(crl.issuer.key, Buffer.from('0100000007', 'hex'));
      console.log(found?.reason);`;
    const ended = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      maxBuffer: 1_000_000,
    });
    ended.child.stdin?.end(crl);
    expect((await ended).stdout).toBe('unspecified\n');
  });
});
