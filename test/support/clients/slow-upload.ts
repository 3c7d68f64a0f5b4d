/** Real clients in the middle of an upload, for tests that kill them there: each sends 3 MB a second until it is ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { python } from '../python.ts';

export const slowUploaders = ['curl', 'lftp', 'ftplib'] as const;

export interface SlowUpload {
  readonly port: number;
  readonly user: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** What is uploaded, large enough to outlast the test. */
  readonly local: string;
  readonly remote: string;
  /** Whether data connections are protected; only ftplib can leave them in the clear. Default: true. */
  readonly protectedData?: boolean;
  /** `APPE` or `STOR` with an offset write into the file itself. Default: a plain STOR. */
  readonly mode?: 'store' | 'append';
  /** Seconds after which curl gives up by itself: it ends the data connection with close_notify, then the control connection. */
  readonly giveUpAfter?: number;
}

const bytesPerSecond = 3_000_000;

/** The client's own process, so that a signal hits it and nothing in between. It is the caller's to end. */
export function startSlowUpload(client: (typeof slowUploaders)[number], upload: SlowUpload): ChildProcess {
  const {
    port,
    user,
    certificateFile,
    keyFile,
    local,
    remote,
    mode = 'store',
    protectedData = true,
    giveUpAfter,
  } = upload;
  const start = (command: string, args: readonly string[], input = '') => {
    const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    return child;
  };
  switch (client) {
    case 'curl': {
      const identity = ['--insecure', '--ssl-reqd', '--cert', certificateFile, '--key', keyFile, '--user', `${user}:`];
      const patience = giveUpAfter === undefined ? [] : ['--max-time', `${giveUpAfter}`];
      const work = [
        ...patience,
        '--limit-rate',
        `${bytesPerSecond}`,
        ...(mode === 'append' ? ['--append'] : []),
        '--upload-file',
      ];
      return start('curl', ['--disable', '--silent', ...identity, ...work, local, `ftp://127.0.0.1:${port}/${remote}`]);
    }
    case 'lftp': {
      const commands = [
        'set cmd:interactive no',
        'set net:max-retries 1',
        'set ftp:ssl-force yes',
        'set ftp:ssl-protect-data yes',
        'set ssl:verify-certificate no',
        `set net:limit-rate ${bytesPerSecond}`,
        `set ssl:cert-file ${certificateFile}`,
        `set ssl:key-file ${keyFile}`,
        `open -u ${user},none -p ${port} ftp://127.0.0.1`,
        `put ${mode === 'append' ? '-c ' : ''}${local} -o ${remote}`,
      ];
      return start('lftp', ['--norc', '-c', commands.join('; ')]);
    }
    case 'ftplib': {
      const script = join(import.meta.dirname, 'slow-upload.py');
      const verb = mode === 'append' ? 'APPE' : 'STOR';
      const protection = protectedData ? 'P' : 'C';
      const args = [port, user, certificateFile, keyFile, local, `${verb} ${remote}`, protection, bytesPerSecond];
      return start(python, [script, ...args.map(String)]);
    }
  }
}

/** Ends a client and waits until it is gone. */
export async function endClient(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
