/**
 * pcscd with one virtual reader, started inside a network namespace that is already there. It gets a /run of its own, so the
 * machine's pcscd is not disturbed, and no drivers for real readers. Ends with the process that started it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorMessage } from '../../error-message.ts';
import { CardError } from '../card/card-error.ts';
import { untilReader } from './pcscd-state.ts';
import { type ReaderSettings, socketPath } from './reader-protocol.ts';

const run = promisify(execFile);

/** Where the driver waits for a card; nothing else listens in this namespace. */
export const vpcdPort = 35_963;
const startMilliseconds = 20_000;
const retryMilliseconds = 10;

/** Ways to set a network interface up (SIOCSIFFLAGS with IFF_UP): not every machine has iproute2. */
const loopbackCommands: readonly (readonly [string, readonly string[]])[] = [
  ['ip', ['link', 'set', 'lo', 'up']],
  ['perl', ['-e', 'socket(my $s, 2, 2, 0) or die; my $r = pack("a16sx22", "lo", 1); ioctl($s, 0x8914, $r) or die']],
  ['ifconfig', ['lo', 'up']],
  [
    'python3',
    ['-c', 'import fcntl,socket,struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh22x", b"lo", 1))'],
  ],
];

async function setLoopbackUp(): Promise<void> {
  for (const [program, args] of loopbackCommands) {
    const worked = await run(program, args).then(
      () => true,
      () => false,
    );
    if (worked) return;
  }
  throw new CardError(
    `The loopback interface of the reader’s namespace cannot be set up: none of ${loopbackCommands.map(([program]) => program).join(', ')} could do it.`,
    'Install iproute2.',
  );
}

/**
 * The driver sends the length of each command and then the command, and waits in between for an acknowledgement (RFC 896) that the
 * kernel delays by 40 ms; with it, one login of a real program takes seconds. In this namespace it acknowledges at once. Without
 * iproute2 cards are slow, and nothing else.
 */
async function acknowledgeAtOnce(): Promise<void> {
  const attributes = ['dev', 'lo', 'table', 'local', 'proto', 'kernel', 'scope', 'host', 'src', '127.0.0.1'];
  for (const destination of ['127.0.0.0/8', '127.0.0.1']) {
    await run('ip', ['route', 'replace', 'local', destination, ...attributes, 'quickack', '1']).catch(() => undefined);
  }
}

/** reader.conf(5). The driver takes its port from the channel, and the device must exist. */
function readerConfiguration({ readerName, driver }: ReaderSettings): string {
  const lines = [
    `FRIENDLYNAME "${readerName}"`,
    `DEVICENAME /dev/null:${vpcdPort}`,
    `LIBPATH ${driver}`,
    `CHANNELID ${vpcdPort}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The first of the two slots that the driver makes. */
export function slotOfReader(readerName: string): string {
  return `${readerName} 00 00`;
}

async function untilReady(child: ChildProcess, { runtimeDirectory, readerName }: ReaderSettings): Promise<void> {
  const signal = AbortSignal.timeout(startMilliseconds);
  const where = { socketPath: join(runtimeDirectory, socketPath), reader: slotOfReader(readerName) };
  for (;;) {
    try {
      await untilReader(where, (held) => held !== 'no such reader', signal);
      return;
    } catch (error) {
      if (child.exitCode !== null || child.signalCode !== null || signal.aborted) {
        throw new CardError(
          `pcscd did not start: ${errorMessage(error)}.`,
          'See what it printed; is the driver made for this version of it?',
        );
      }
      // The socket is not there yet.
      await delay(retryMilliseconds);
    }
  }
}

export interface PcscDaemon {
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Resolves when pcscd lists the reader. What it prints goes to standard error. @throws CardError when it does not start */
export async function startPcscDaemon(settings: ReaderSettings): Promise<PcscDaemon> {
  const run = join(settings.runtimeDirectory, 'run');
  await mkdir(join(run, 'reader.conf.d'), { recursive: true });
  await mkdir(join(run, 'no-drivers'));
  await writeFile(join(run, 'reader.conf.d', 'virtual'), readerConfiguration(settings));
  await setLoopbackUp();
  await acknowledgeAtOnce();
  const script =
    'mount --bind "$1" /run && exec setpriv --pdeathsig KILL "$2" --foreground --config /run/reader.conf.d';
  const child = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', run, settings.daemon], {
    // Standard output belongs to the protocol of this process.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, PCSCLITE_HP_DROPDIR: '/run/no-drivers' },
  });
  const ended = once(child, 'exit').then(() => undefined);
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    await untilReady(child, settings);
    return { ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
