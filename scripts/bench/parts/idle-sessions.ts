/** Memory of sessions that have logged in and do nothing. */
import type { Bench } from '../bench.ts';
import { openSession, protectData, readIdentity, sessionTarget } from '../bench-session.ts';
import { type Column, compare, printTable } from '../comparison.ts';
import { memoryKibibytes, processCount, untilSettled } from '../process-tree.ts';

const atOnce = 4;
/** Closed before memory is read first: what the first sessions make a server load belongs to none of them. */
const warmingSessions = 50;
const columns: readonly Column[] = [
  { heading: 'KiB a session', digits: 0 },
  { heading: 'MiB before', digits: 0 },
  { heading: 'MiB with them', digits: 0 },
];

export async function idleSessions(bench: Bench): Promise<void> {
  const { sessions: count } = bench.sizes;
  const measured = await compare(bench.servers, 1, async (server) => {
    const target = sessionTarget(bench.people, server);
    const identity = await readIdentity(target);
    const processes = processCount(server.pid);
    for (let session = 0; session < warmingSessions; session += 1) (await openSession(target, identity)).destroy();
    await untilSettled(server.pid, processes);
    const first = await openSession(target, identity);
    const before = memoryKibibytes(server.pid);
    const open = [first];
    const worker = async () => {
      while (open.length <= count) {
        const place = open.push(first) - 1;
        open[place] = await openSession(target, identity);
        await protectData(open[place]);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    const withThem = memoryKibibytes(server.pid);
    for (const client of open) client.destroy();
    return [(withThem - before) / count, before / 1024, withThem / 1024];
  });
  printTable(`${count} idle sessions, TLS 1.3: proportional set size of all processes`, columns, measured);
}
