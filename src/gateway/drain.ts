/** The end of a service: its transfers may go on for a time, and a further signal cuts that time short. */
import { duration } from '../settings/duration.ts';
import { type Milliseconds, milliseconds } from '../settings/units.ts';

export const shutdownDrainTime = duration('0s', '1h')
  .prefault('30s')
  .describe('How long running transfers may go on when the service stops');

/** Closes every server; what a further signal finds unfinished is cut off. @param drainTime after which it is cut off anyway */
export async function closeAll(
  servers: readonly { close(drainTime: Milliseconds): Promise<void> }[],
  drainTime: Milliseconds,
  hurried?: Promise<void>,
): Promise<void> {
  const closeEach = (time: Milliseconds) => Promise.all(servers.map((server) => server.close(time)));
  void hurried?.then(() => closeEach(milliseconds(0)));
  await closeEach(drainTime);
}
