/** Hooks over the wire: no command goes round one, nothing is visible before the hook has allowed it, and one that hangs holds up its own event alone. */
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { HookName } from '../../src/hooks/hook-event.ts';
import type { SiteHook } from '../../src/hooks/hook-in-use.ts';
import { SiteHooks } from '../../src/hooks/site-hooks.ts';
import { CountedWarnings } from '../../src/operations/counted-warnings.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { milliseconds } from '../../src/settings/units.ts';
import type { ControlClient } from '../support/control-client.ts';
import { download, upload } from '../support/file-transfers.ts';
import { createIdentities, type ProtocolSite, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

type Question = Readonly<Record<string, unknown>>;
type Answer = (question: Question, signal: AbortSignal) => Promise<unknown>;

const opened: SiteHooks[] = [];
afterEach(() => {
  for (const hooks of opened.splice(0)) hooks.close();
});

const hookOf = (answer: Answer, settings: Partial<SiteHook['settings']> = {}): SiteHook => ({
  settings: {
    timeout: milliseconds(60_000),
    maximumConcurrent: 4,
    maximumWaiting: 4,
    whenUnavailable: 'refuse',
    ...settings,
  },
  transport: { name: 'test', ask: (event, signal) => answer(JSON.parse(event), signal), close: () => undefined },
});

function start(hooks: Partial<Record<HookName, SiteHook>>, changes: SiteChanges = {}): Promise<ProtocolSite> {
  const all = new Map(Object.entries(hooks) as [HookName, SiteHook][]);
  const options = { site: 'files', clock: systemClock, logger: silentLogger, warnings: new CountedWarnings(10) };
  const own = new SiteHooks({ ...options, hooks: all });
  opened.push(own);
  return siteWith({ hooks: own, ...changes });
}

const allow: Answer = async () => ({ allow: true });
const deny: Answer = async () => ({ allow: false, reason: 'found something' });
const hang: Answer = (_question, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

/** What clients can see: names and contents, temporary names left out. */
async function visible(home: string): Promise<Record<string, string>> {
  const names = (await readdir(home)).filter((name) => !name.startsWith('.cardgate')).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(home, name), 'utf8')])),
  );
}

const before = { a: 'content of a', old: 'old content', part: 'part' };

interface Way {
  readonly name: string;
  readonly run: (client: ControlClient) => Promise<number>;
  /** Files afterwards; the name that STOU made stands for itself. */
  readonly after: Record<string, string>;
  /** What the hook is shown. */
  readonly shown: string;
  readonly operation: 'store' | 'append';
  readonly path: RegExp;
}

const sent = async (client: ControlClient, command: string, text: string) =>
  (await upload(client, identities.ada, command, text)).code;
const said = async (client: ControlClient, ...commands: readonly string[]) => {
  let code = 0;
  for (const command of commands) code = (await client.command(command)).code;
  return code;
};

const ways: readonly Way[] = [
  {
    name: 'STOR of a new file',
    run: (client) => sent(client, 'STOR new', 'new'),
    after: { ...before, new: 'new' },
    shown: 'new',
    operation: 'store',
    path: /^\/new$/,
  },
  {
    name: 'STOR of no octets',
    run: (client) => sent(client, 'STOR new', ''),
    after: { ...before, new: '' },
    shown: '',
    operation: 'store',
    path: /^\/new$/,
  },
  {
    name: 'STOR over a file',
    run: (client) => sent(client, 'STOR old', 'new'),
    after: { ...before, old: 'new' },
    shown: 'new',
    operation: 'store',
    path: /^\/old$/,
  },
  {
    name: 'APPE to a file',
    run: (client) => sent(client, 'APPE old', '!'),
    after: { ...before, old: 'old content!' },
    shown: 'old content!',
    operation: 'append',
    path: /^\/old$/,
  },
  {
    name: 'APPE of a new file',
    run: (client) => sent(client, 'APPE new', 'x'),
    after: { ...before, new: 'x' },
    shown: 'x',
    operation: 'append',
    path: /^\/new$/,
  },
  {
    name: 'STOR behind REST',
    run: async (client) => {
      await said(client, 'REST 4');
      return sent(client, 'STOR old', 'EICAR');
    },
    after: { ...before, old: 'old EICARnt' },
    shown: 'old EICARnt',
    operation: 'store',
    path: /^\/old$/,
  },
  {
    name: 'STOR behind RANG',
    run: async (client) => {
      await said(client, 'RANG 0 2');
      return sent(client, 'STOR old', 'NEW');
    },
    after: { ...before, old: 'NEW content' },
    shown: 'NEW content',
    operation: 'store',
    path: /^\/old$/,
  },
  {
    name: 'STOU',
    run: (client) => sent(client, 'STOU u', 'unique'),
    after: { ...before, 'u-*': 'unique' },
    shown: 'unique',
    operation: 'store',
    path: /^\/u-/,
  },
  {
    name: 'COMB',
    run: (client) => said(client, 'COMB old part'),
    after: { a: before.a, old: 'old contentpart' },
    shown: 'old contentpart',
    operation: 'store',
    path: /^\/old$/,
  },
  {
    name: 'SITE COPY',
    run: (client) => said(client, 'SITE COPY a b'),
    after: { ...before, b: before.a },
    shown: before.a,
    operation: 'store',
    path: /^\/b$/,
  },
  {
    name: 'SITE CPTO over a file',
    run: (client) => said(client, 'SITE CPFR a', 'SITE CPTO old'),
    after: { ...before, old: before.a },
    shown: before.a,
    operation: 'store',
    path: /^\/old$/,
  },
];

async function filled(site: ProtocolSite): Promise<void> {
  for (const [name, text] of Object.entries(before)) await writeFile(join(site.home, name), text);
}

const unnamed = (files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name.replace(/^u-.*/, 'u-*'), text]));

describe.each(ways)('$name', ({ run, after, shown, operation, path }) => {
  it('becomes visible when onUpload has allowed the whole of it, and not before', async () => {
    const seen: unknown[] = [];
    const site = await start({
      onUpload: hookOf(async (question) => {
        seen.push(await visible(site.home), await readFile(String(question['file']), 'utf8'), question);
        return { allow: true };
      }),
    });
    await filled(site);
    const client = await site.loggedIn();
    expect(await run(client)).toBeLessThan(300);
    expect(seen.slice(0, 2)).toEqual([before, shown]);
    expect(seen[2]).toMatchObject({
      site: 'files',
      hook: 'onUpload',
      operation,
      path: expect.stringMatching(path),
      bytes: shown.length,
      accountName: 'ada',
      remoteAddress: '127.0.0.1',
    });
    expect(seen).toHaveLength(3);
    expect(unnamed(await visible(site.home))).toEqual(after);
  });

  it('leaves everything as it was when onUpload refuses, and tells the operator why and the client nothing', async () => {
    const site = await start({ onUpload: hookOf(deny) }, { fileHandling: { keepPartialUploads: true } });
    await filled(site);
    const client = await site.loggedIn();
    expect(await run(client)).toBe(550);
    expect(unnamed(await visible(site.home))).toEqual(before);
    expect(await readdir(site.home)).toHaveLength(Object.keys(before).length);
    expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({
      denial: { code: 'refused-by-hook', facts: { hook: 'test', event: 'onUpload', reason: 'found something' } },
    });
  });
});

describe('an upload', () => {
  it('is refused for now when onUpload gives no answer, and goes on where that is the policy', async () => {
    const broken: Answer = () => Promise.reject(new Error('gone'));
    const refusing = await start({ onUpload: hookOf(broken) });
    expect(await sent(await refusing.loggedIn(), 'STOR new', 'x')).toBe(451);
    expect(await visible(refusing.home)).toEqual({});
    expect(await refusing.record(({ event }) => event === 'refusal')).toMatchObject({
      denial: { code: 'hook-unavailable', facts: { reason: 'gone' } },
    });
    const going = await start({ onUpload: hookOf(broken, { whenUnavailable: 'continue' }) });
    expect(await sent(await going.loggedIn(), 'STOR new', 'x')).toBe(226);
  });

  it('that changed after it was examined gets no name', async () => {
    const site = await start({
      onUpload: hookOf(async ({ file }) => {
        await appendFile(String(file), 'EICAR');
        return { allow: true };
      }),
    });
    const client = await site.loggedIn();
    expect(await sent(client, 'STOR new', 'clean')).toBeGreaterThanOrEqual(400);
    expect(await readdir(site.home)).toEqual([]);
  });

  it('that goes on with a file takes its place only while that is the file that was copied', async () => {
    const site = await start({
      onUpload: hookOf(async () => {
        await writeFile(join(site.home, 'old'), 'of another session');
        return { allow: true };
      }),
    });
    await filled(site);
    const client = await site.loggedIn();
    expect(await sent(client, 'APPE old', '!')).toBeGreaterThanOrEqual(400);
    expect(await readFile(join(site.home, 'old'), 'utf8')).toBe('of another session');
  });

  it('is given up by ABOR while the hook is asked, and leaves nothing', async () => {
    const asked = Promise.withResolvers<void>();
    const site = await start({
      onUpload: hookOf((question, signal) => {
        asked.resolve();
        return hang(question, signal);
      }),
    });
    const client = await site.loggedIn();
    const storing = sent(client, 'STOR new', 'x');
    await asked.promise;
    client.write('ABOR\r\n');
    expect(await storing).toBe(426);
    expect((await client.reply()).code).toBe(226);
    expect(await readdir(site.home)).toEqual([]);
  });

  it('waits for a hook that hangs, and no other session, event or file does', async () => {
    const asked = Promise.withResolvers<void>();
    const site = await start({
      onUpload: hookOf((question, signal) => {
        asked.resolve();
        return hang(question, signal);
      }),
      onDelete: hookOf(allow),
      onDownload: hookOf(allow),
    });
    await filled(site);
    const stuck = await site.loggedIn();
    const storing = sent(stuck, 'STOR new', 'x');
    await asked.promise;
    const other = await site.loggedIn();
    expect((await download(other, identities.ada, 'RETR a')).content.toString()).toBe(before.a);
    expect(await said(other, 'DELE a')).toBe(250);
    expect(await said(other, 'MKD d')).toBe(257);
    stuck.write('ABOR\r\n');
    expect(await storing).toBe(426);
  });
});

describe('a virtual directory', () => {
  it('is under the hooks as the home is', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'cardgate-virtual-'));
    try {
      await writeFile(join(elsewhere, 'old'), 'old');
      const virtualDirectories = [{ path: '/pub', physicalPath: elsewhere }];
      const files: string[] = [];
      const shown: Answer = async (question) => {
        files.push(String(question['file']));
        return { allow: false };
      };
      const site = await start({ onUpload: hookOf(shown), onDelete: hookOf(deny) }, { virtualDirectories });
      const client = await site.loggedIn();
      for (const command of ['STOR pub/new', 'STOR pub/old', 'APPE pub/old'])
        expect(await sent(client, command, 'x')).toBe(550);
      expect(await said(client, 'DELE pub/old')).toBe(550);
      expect(await visible(elsewhere)).toEqual({ old: 'old' });
      expect(files.map((file) => dirname(file))).toEqual([elsewhere, elsewhere, elsewhere]);
      expect((await client.command('SIZE pub/old')).code).toBe(213);
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });
});

describe('other hooks', () => {
  const cases: readonly (readonly [hook: HookName, command: string, operation: string])[] = [
    ['onDelete', 'DELE a', 'delete'],
    ['onDelete', 'RMD empty', 'remove-directory'],
    ['onDownload', 'RETR a', 'retrieve'],
    ['onDownload', 'SITE COPY a b', 'retrieve'],
    ['onDownload', 'HASH a', 'retrieve'],
    ['onDownload', 'COMB old part', 'retrieve'],
    ['onRename', 'RNTO b', 'rename'],
  ];
  it.each(cases)('%s is asked about %s, and its refusal changes nothing', async (hook, command, operation) => {
    const seen: Question[] = [];
    const site = await start({
      [hook]: hookOf((question, signal) => {
        seen.push(question);
        return deny(question, signal);
      }),
    });
    await filled(site);
    const client = await site.loggedIn();
    await mkdir(join(site.home, 'empty'));
    const names = await readdir(site.home);
    if (command.startsWith('RNTO')) await said(client, 'RNFR a');
    if (command.startsWith('RETR')) await client.passive();
    expect(await said(client, command)).toBe(550);
    expect(await readdir(site.home)).toEqual(names);
    expect(seen[0]).toMatchObject({ hook, operation, accountName: 'ada' });
    expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({
      denial: { code: 'refused-by-hook' },
    });
  });

  it('onDelete keeps the parts of COMB that it refuses, and the client hears of it', async () => {
    const site = await start({ onDelete: hookOf(deny) });
    await filled(site);
    expect(await said(await site.loggedIn(), 'COMB old part')).toBe(451);
    expect(await visible(site.home)).toEqual({ ...before, old: 'old contentpart' });
  });
});

describe('onLogin', () => {
  const logIn = async (site: ProtocolSite) => {
    const client = await site.connect();
    await client.secure(identities.ada);
    return client.command('USER ada');
  };

  it('is asked about a login that everything else has granted, and about no other', async () => {
    const seen: Question[] = [];
    const site = await start({
      onLogin: hookOf(async (question) => {
        seen.push(question);
        return { allow: true };
      }),
    });
    expect((await logIn(site)).code).toBe(230);
    expect(seen).toMatchObject([
      { hook: 'onLogin', accountName: 'ada', claimedName: 'ada', directory: 'test', tls: { protocol: 'TLSv1.3' } },
    ]);
    const stranger = await site.connect();
    await stranger.secure(identities.bob);
    expect((await stranger.command('USER bob')).code).toBe(530);
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['refuses', deny, 530],
    ['gives no answer', () => Promise.reject(new Error('gone')), 421],
  ] as const)(
    'that %s lets no session begin, in the same words as any refusal, and with no record but that of the login',
    async (_what, answer, code) => {
      const site = await start({ onLogin: hookOf(answer) });
      const reply = await logIn(site);
      expect(reply.text).toMatch(new RegExp(`^${code} Login not permitted, reference [0-9A-Z]{4}-[0-9A-Z]{4}\\.$`));
      expect(site.audit.filter(({ event }) => event === 'refusal')).toEqual([]);
    },
  );
});

describe('hooks that are renewed', () => {
  it('are asked for the next event of a session that is running, also where there were none', async () => {
    const site = await start({});
    await writeFile(join(site.home, 'a'), 'content of a');
    const client = await site.loggedIn();
    expect((await download(client, identities.ada, 'RETR a')).code).toBe(226);
    opened.at(-1)?.renew(new Map([['onDownload', hookOf(deny)]]));
    expect((await client.command('EPSV')).code).toBe(229);
    expect((await client.command('RETR a')).code).toBe(550);
    opened.at(-1)?.renew(new Map());
    expect((await download(client, identities.ada, 'RETR a')).code).toBe(226);
  });

  it('leave an upload under way with the hook that it was shown to', async () => {
    const shown = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<unknown>();
    const old: Answer = () => {
      shown.resolve();
      return answered.promise;
    };
    const site = await start({ onUpload: hookOf(old) });
    const client = await site.loggedIn();
    const sending = upload(client, identities.ada, 'STOR new', 'octets');
    await shown.promise;
    opened.at(-1)?.renew(new Map([['onUpload', hookOf(allow)]]));
    answered.resolve({ allow: false, reason: 'found something' });
    expect((await sending).code).toBe(550);
    expect(await visible(site.home)).toEqual({});
    expect((await upload(client, identities.ada, 'STOR new', 'octets')).code).toBe(226);
  });
});
