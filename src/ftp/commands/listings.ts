/** LIST, NLST, MLSD and MLST. Listings are streamed: a directory of any length takes the memory of one block. */
import { encodeOctets } from '../../storage/octet-text.ts';
import type { Storage } from '../../storage/storage.ts';
import { type Control, wholeFile } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { carryOut, missingDataConnection, transferObstacle } from '../data/transfer.ts';
import { answeringFailures, nameNotAllowed, pathArgument } from '../file-access.ts';
import { formatFacts } from '../listing.ts';
import { type ListingLines, listingLines } from '../listing-lines.ts';
import { reply } from '../reply.ts';
import { compressionOf } from './conversions.ts';

/** Characters gathered before they are sent. */
const blockSize = 64 * 1024;

export async function list(control: Control, argument: string, session: AuthenticatedSession) {
  control.settings.portion = wholeFile;
  await answeringFailures(control, async () => {
    const listing = await listingLines(control, session, argument, 'long');
    const space = await spaceLines(control, session, listing?.directory);
    await sendListing(control, listing?.lines, space);
  });
}

/** IIS says it before the end of a listing, where the site shows available bytes. A file system that does not tell it is no fault of the listing. */
async function spaceLines(
  { options, settings }: Control,
  { storage }: AuthenticatedSession,
  directory = settings.workingDirectory,
): Promise<readonly string[]> {
  if (!options.site.directoryBrowse.showFlags.includes('DisplayAvailableBytes')) return [];
  const bytes = await storage.freeSpace(directory).catch(() => undefined);
  return bytes === undefined ? [] : [`Directory has ${bytes.toLocaleString('en-US')} bytes of disk space available.`];
}

export async function listNames(control: Control, argument: string, session: AuthenticatedSession) {
  control.settings.portion = wholeFile;
  await answeringFailures(control, async () =>
    sendListing(control, (await listingLines(control, session, argument, 'names'))?.lines),
  );
}

/** RFC 3659 7.1: of a directory only; it has no options, and no wildcards (2.2.2). */
export async function listFacts(control: Control, argument: string, session: AuthenticatedSession) {
  control.settings.portion = wholeFile;
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await answeringFailures(control, async () => {
    const { type } = await session.storage.stat(path);
    if (type === 'directory') await sendListing(control, factLines(session.storage, path, control.settings.mlstFacts));
    else control.send(reply('argumentError', 'MLSD lists directories.'));
  });
}

/** RFC 3659 7.2: over the control connection, and with the whole path. */
export async function showFacts(control: Control, argument: string, session: AuthenticatedSession) {
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await answeringFailures(control, async () => {
    const entry = await session.storage.entry(path);
    const line = formatFacts(entry, control.settings.mlstFacts, { pathname: path });
    control.send(reply('fileActionOk', 'Facts:', ` ${line}`, 'End'));
  });
}

async function* factLines(
  storage: Storage,
  path: string,
  facts: ReadonlySet<string>,
): AsyncGenerator<readonly string[]> {
  for await (const entries of storage.list(path)) yield entries.map((entry) => formatFacts(entry, facts));
}

/** @param lines undefined: nothing can be called what was listed @param closing lines of the last reply */
async function sendListing(
  control: Control,
  lines: ListingLines | undefined,
  closing: readonly string[] = [],
): Promise<void> {
  const obstacle = lines ? (transferObstacle(control) ?? missingDataConnection(control)) : nameNotAllowed;
  if (obstacle || !lines) {
    control.send(obstacle ?? nameNotAllowed);
    return;
  }
  const { bytes } = await carryOut(
    control,
    { opening: 'Here comes the listing.', closing, direction: 'sending' },
    async (connection) => {
      await connection.send(blocks(lines), compressionOf(control));
      return {};
    },
  );
  control.bytesSent += bytes;
}

async function* blocks(lines: ListingLines): AsyncGenerator<Buffer> {
  let block = '';
  for await (const some of lines) {
    for (const line of some) block += `${line}\r\n`;
    if (block.length < blockSize) continue;
    yield encodeOctets(block);
    block = '';
  }
  if (block !== '') yield encodeOctets(block);
}
