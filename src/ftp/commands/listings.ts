/** LIST, NLST, MLSD and MLST. Listings are streamed: a directory of any length takes the memory of one block. */
import { encodeOctets } from '../../storage/octet-text.ts';
import { type DirectoryEntry, StorageError } from '../../storage/storage.ts';
import { type Control, wholeFile } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { carryOut, transferObstacle } from '../data/transfer.ts';
import { answeringFailures, pathArgument } from '../file-access.ts';
import { formatFacts, formatList, singleLine } from '../listing.ts';
import { reply } from '../reply.ts';

/** Characters gathered before they are sent. */
const blockSize = 64 * 1024;

type Format = (entry: DirectoryEntry) => string;

export async function list(control: Control, argument: string, session: AuthenticatedSession) {
  const now = control.options.clock.now();
  await sendListing(control, session, withoutOptions(argument), 'any', (entry) => formatList(entry, now));
}

/** RFC 1123 4.1.2.7: what is listed can be said to RETR as it is, so the names come with the directory as it was called. */
export async function listNames(control: Control, argument: string, session: AuthenticatedSession) {
  const called = withoutOptions(argument);
  const isHere = called === '' || called === '.';
  const format: Format = ({ name }) => singleLine(isHere ? name : `${called.replace(/\/+$/u, '')}/${name}`);
  await sendListing(control, session, called, 'any', format, () => singleLine(called));
}

export async function listFacts(control: Control, argument: string, session: AuthenticatedSession) {
  await sendListing(control, session, argument, 'directory', (entry) => formatFacts(entry, control.settings.mlstFacts));
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

/**
 * What LIST and STAT show of a path: a directory, also one that a link leads to, by its entries, and anything else as itself.
 * @returns undefined for a directory
 */
export async function entryUnlessDirectory(
  session: AuthenticatedSession,
  path: string,
): Promise<DirectoryEntry | undefined> {
  const facts = await session.storage.stat(path).catch(unlessLeadingNowhere);
  return facts?.type === 'directory' ? undefined : session.storage.entry(path);
}

function unlessLeadingNowhere(error: unknown): undefined {
  const leadsNowhere = error instanceof StorageError && (error.kind === 'not-found' || error.kind === 'outside');
  if (!leadsNowhere) throw error;
}

/** Clients send options of `ls`; what they ask for is what they get anyway. */
function withoutOptions(argument: string): string {
  return argument.replace(/^(?:-[A-Za-z0-9]+(?: +|$))+/u, '');
}

/** @param formatOne for what is not a directory; default: as an entry of one */
async function sendListing(
  control: Control,
  session: AuthenticatedSession,
  argument: string,
  wanted: 'directory' | 'any',
  format: Format,
  formatOne: Format = format,
): Promise<void> {
  control.settings.portion = wholeFile;
  const path = pathArgument(control, argument);
  if (path === undefined) return;
  await answeringFailures(control, async () => {
    const entry = await entryUnlessDirectory(session, path);
    if (wanted === 'directory' && entry) {
      control.send(reply('argumentError', 'MLSD lists directories.'));
      return;
    }
    const obstacle = transferObstacle(control);
    if (obstacle) {
      control.send(obstacle);
      return;
    }
    const lines = entry ? [`${formatOne(entry)}\r\n`] : listed(session, path, format);
    const { bytes } = await carryOut(
      control,
      { opening: 'Here comes the listing.', direction: 'sending' },
      async (connection) => {
        await connection.send(blocks(lines));
        return {};
      },
    );
    control.bytesSent += bytes;
  });
}

async function* listed(session: AuthenticatedSession, path: string, format: Format): AsyncGenerator<string> {
  for await (const entry of session.storage.list(path)) yield `${format(entry)}\r\n`;
}

async function* blocks(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Buffer> {
  let block = '';
  for await (const line of lines) {
    block += line;
    if (block.length < blockSize) continue;
    yield encodeOctets(block);
    block = '';
  }
  if (block !== '') yield encodeOctets(block);
}
