/** One upload over a running site, and all that becomes known of it: what the client hears, and the record. */
import type { Transfer } from '../../src/operations/audit.ts';
import { openData } from './control-client.ts';
import type { ProtocolSite } from './protocol-site.ts';

export interface UploadOutcome {
  readonly code: number;
  readonly text: string;
  readonly record: Transfer;
}

/**
 * @param commands the last of them sends the octets
 * @throws Error when the session does not go on after it
 */
export async function uploadTo(
  site: ProtocolSite,
  commands: readonly string[],
  octets: Buffer,
): Promise<UploadOutcome> {
  const client = await site.loggedIn();
  const seen = site.audit.length;
  const data = await openData(await client.passive(), {
    ...site.identities.ada,
    ...(client.session && { session: client.session }),
  });
  data.on('error', () => undefined);
  for (const command of commands.slice(0, -1)) await client.command(command);
  client.write(`${commands.at(-1)}\r\n`);
  data.resume();
  data.end(octets);
  await client.reply();
  const { code, text } = await client.reply();
  const record = await site.record((entry) => entry.event === 'transfer' && site.audit.indexOf(entry) >= seen);
  const after = await client.command('NOOP');
  if (after.code !== 200) throw new Error(`NOOP was answered ${after.text}`);
  client.destroy();
  return { code, text, record: record as Transfer };
}
