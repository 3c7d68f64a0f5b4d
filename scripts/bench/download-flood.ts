/**
 * A process that downloads one file at full speed in many sessions, again and again. Reads a Flood as JSON in the first line of
 * standard input, prints `running` when every session receives, and ends when its input does.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { download, openSession, protectData, readIdentity, type SessionTarget } from './bench-session.ts';

export interface Flood {
  readonly target: SessionTarget;
  readonly sessions: number;
  readonly remote: string;
}

async function downloadForever({ target, remote }: Flood, onFirstByte: () => void): Promise<never> {
  const identity = await readIdentity(target);
  const client = await openSession(target, identity);
  await protectData(client);
  for (;;) await download(client, identity, remote, onFirstByte);
}

const input = createInterface({ input: process.stdin });
const [line] = (await once(input, 'line')) as [string];
input.on('close', () => process.exit(0));
const flood = JSON.parse(line) as Flood;
const receiving = Array.from(
  { length: flood.sessions },
  () =>
    new Promise<void>((resolve, reject) => {
      downloadForever(flood, resolve).catch((error: unknown) => {
        reject(error);
        console.error(String(error));
        process.exit(1);
      });
    }),
);
await Promise.all(receiving);
console.log('running');
