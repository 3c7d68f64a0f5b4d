/** The virtual reader itself: who sees it, what it refuses, and that nothing of it is left when it or its owner ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Card } from '../../../src/smartcard/card/card.ts';
import { vpcdPort } from '../../../src/smartcard/reader/pcsc-daemon.ts';
import { startVirtualReader, type VirtualReader } from '../../../src/smartcard/reader/virtual-reader.ts';
import { cardTests } from '../../support/card-tests.ts';
import { insertCard, issuePivCard, pin, puk, wrongPin } from '../../support/pcsc.ts';
import { startPkcs11Session } from '../../support/pcsc-session-client.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

const tests = await cardTests('a virtual reader', { reader: true, programs: ['opensc-tool'] });
const ownerScript = fileURLToPath(new URL('../../support/pcsc-reader-owner.ts', import.meta.url));

let pki: TestPki;
let card: Card;

beforeAll(async () => {
  if (tests.skip) return;
  pki = await createTestPki();
  card = await issuePivCard(pki, 'ada', [['9A', 'P-256']]);
});
afterAll(() => pki?.remove());

/** The runtime directory of a reader, by the socket in it. */
const directoryOf = (socketPath: string) => dirname(dirname(dirname(socketPath)));

/** The process of pcscd. */
const daemonOf = (socketPath: string) =>
  Number.parseInt(readFileSync(socketPath.replace(/comm$/, 'pid'), 'latin1'), 10);
const isRunning = (pid: number) => existsSync(`/proc/${pid}`);

async function withReader(work: (reader: VirtualReader) => Promise<void>, more = {}): Promise<void> {
  const reader = await startVirtualReader({ directory: pki.directory, card: card.name, pin, puk, ...more });
  try {
    await work(reader);
  } finally {
    await reader.stop();
  }
}

describe.skipIf(tests.skip)(tests.title, () => {
  it('listens where no other user of the machine can connect', async () => {
    await withReader(async (reader) => {
      await reader.insert();
      const socket = connect(vpcdPort, '127.0.0.1');
      const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('ECONNREFUSED');
    });
  });

  it('beside another one is a reader of its own', async () => {
    const other = await issuePivCard(pki, 'bob', [['9A', 'P-256']]);
    const [ada, bob] = await Promise.all([insertCard(pki, card), insertCard(pki, other, { readerName: 'Second' })]);
    try {
      for (const [inserted, name] of [
        [ada, 'Virtual PCD 00 00'],
        [bob, 'Second 00 00'],
      ] as const) {
        const { stdout } = await inserted.run('opensc-tool', ['--list-readers']);
        expect(stdout).toContain(name);
        expect(inserted.reader.readerName).toBe(name);
      }
      const { stdout } = await ada.run('opensc-tool', ['--list-readers']);
      expect(stdout).not.toContain('Second');
    } finally {
      await Promise.all([ada.reader.stop(), bob.reader.stop()]);
    }
  });

  it.each([
    ['of a card that there is not', { card: 'missing' }, 'There is no card "missing"'],
    ['with a PIN that is not that of the card', { pin: wrongPin }, 'The PIN is wrong.'],
    ['with a PIN that no PIV card can have', { pin: 'secret' }, 'six to eight decimal digits'],
    ['with a PUK that no PIV card can have', { puk: '1234' }, 'eight printable characters'],
    ['with a name that is a setting of pcscd', { readerName: 'x"\nLIBPATH "/tmp/evil.so' }, 'cannot be the name'],
    ['with a counter that no card has', { pinTries: 16 }, '1 to 15 tries'],
  ])('does not start %s, and leaves nothing', async (_rule, options, message) => {
    const started = startVirtualReader({ directory: pki.directory, card: card.name, pin, puk, ...options });
    await expect(started).rejects.toThrow(message);
    const error = await started.catch((thrown: Error) => `${thrown.message} ${thrown.stack}`);
    expect(error).not.toContain(wrongPin);
  });

  it('does not start for a card without a key that a PIV card can have', async () => {
    const edwards = await pki.issueCard({ name: 'edwards', keyType: 'Ed25519', pin });
    await expect(startVirtualReader({ directory: pki.directory, card: edwards.name, pin })).rejects.toThrow(
      'has no key that a PIV card can have',
    );
  });

  it('holds one card', async () => {
    await withReader(async (reader) => {
      await reader.insert();
      await expect(reader.insert()).rejects.toThrow('The card is in the reader.');
      await reader.remove();
      expect(await reader.remove()).toMatchObject({ inserted: false });
    });
  });

  it('ends while its card waits for a finger, and leaves nothing', async () => {
    const { reader, recorded } = await insertCard(pki, card, { touchDelayMs: 600_000 });
    const session = startPkcs11Session(reader);
    await session.perform({ do: 'login', pin });
    const answer = session.perform({ do: 'sign', id: 1, rsa: false, data: '00'.repeat(32) });
    await expect.poll(() => recorded.count('signature-asked')).toBe(1);
    const socketPath = reader.environment.PCSCLITE_CSOCK_NAME;
    const daemon = daemonOf(socketPath);
    expect(isRunning(daemon)).toBe(true);
    await reader.stop();
    expect(existsSync(directoryOf(socketPath))).toBe(false);
    expect(isRunning(daemon)).toBe(false);
    expect(await answer).toHaveProperty('error');
    await session.stop();
    await expect(reader.status()).rejects.toThrow('The virtual reader ended');
  });

  it('ends with its pcscd', async () => {
    await withReader(async (reader) => {
      await reader.insert();
      process.kill(daemonOf(reader.environment.PCSCLITE_CSOCK_NAME), 'SIGKILL');
      await reader.ended;
      await expect(reader.insert()).rejects.toThrow('The virtual reader ended');
    });
  });

  it('ends with the process that started it, even if that is killed, and leaves nothing', async () => {
    const owner = spawn(
      'setpriv',
      [
        '--pdeathsig',
        'KILL',
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        ownerScript,
        pki.directory,
        card.name,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const line = await createInterface({ input: owner.stdout })[Symbol.asyncIterator]().next();
    const socketPath = String(line.value);
    const daemon = daemonOf(socketPath);
    expect(isRunning(daemon)).toBe(true);
    owner.kill('SIGKILL');
    await expect.poll(() => existsSync(directoryOf(socketPath))).toBe(false);
    await expect.poll(() => isRunning(daemon)).toBe(false);
  });
});
