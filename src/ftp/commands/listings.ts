/** LIST, NLST, MLSD and MLST. Listings are streamed: a directory of any length takes the memory of one block. */
import type { FileFacts } from '../../storage/storage.ts';
import { answeringFailures, permittedPath } from '../file-access.ts';
import { formatFacts, formatList } from '../listing.ts';
import { reply } from '../reply.ts';
import type { AuthenticatedSession, Control } from '../session.ts';
import { carryOut, transferObstacle } from '../transfer.ts';

/** Bytes gathered before they are sent. */
const blockSize = 64 * 1024;

type Format = (entry: FileFacts) => string;

export async function list(control: Control, argument: string, session: AuthenticatedSession) {
  const now = control.options.clock.now();
  await sendListing(control, session, withoutOptions(argument), 'any', () => (entry) => formatList(entry, now));
}

export async function listNames(control: Control, argument: string, session: AuthenticatedSession) {
  await sendListing(control, session, withoutOptions(argument), 'any', () => (entry) => entry.name);
}

export async function listFacts(control: Control, argument: string, session: AuthenticatedSession) {
  await sendListing(control, session, argument, 'directory', (directory) => (entry) => {
    const virtualPath = `${directory === '/' ? '' : directory}/${entry.name}`;
    return formatFacts(entry, control.settings.mlstFacts, { virtualPath, accessRights: session.login.accessRights });
  });
}

/** RFC 3659 7.2: over the control connection, and with the whole path. */
export async function showFacts(control: Control, argument: string, session: AuthenticatedSession) {
  const path = permittedPath(control, session, argument, 'Read');
  if (path === undefined) return;
  await answeringFailures(control, async () => {
    const facts = await session.storage.stat(path);
    const { accessRights } = session.login;
    const options = { virtualPath: path, accessRights, pathname: path };
    control.send(reply('fileActionOk', 'Facts:', ` ${formatFacts(facts, control.settings.mlstFacts, options)}`, 'End'));
  });
}

/** Clients send options of `ls`; what they ask for is what they get anyway. */
function withoutOptions(argument: string): string {
  return argument.replace(/^(?:-[A-Za-z0-9]+(?: +|$))+/u, '');
}

async function sendListing(
  control: Control,
  session: AuthenticatedSession,
  argument: string,
  wanted: 'directory' | 'any',
  formatFor: (directory: string) => Format,
): Promise<void> {
  control.settings.restartOffset = 0;
  const path = permittedPath(control, session, argument, 'Read');
  if (path === undefined) return;
  await answeringFailures(control, async () => {
    const facts = await session.storage.stat(path);
    if (wanted === 'directory' && facts.type !== 'directory') {
      control.send(reply('argumentError', 'MLSD lists directories.'));
      return;
    }
    const obstacle = transferObstacle(control);
    if (obstacle) {
      control.send(obstacle);
      return;
    }
    const format = formatFor(path);
    const lines = facts.type === 'directory' ? listed(session, path, format) : [`${format(facts)}\r\n`];
    const { bytes } = await carryOut(control, 'Here comes the listing.', async (connection) => {
      await connection.send(blocks(lines));
      return {};
    });
    control.bytesSent += bytes;
  });
}

async function* listed(session: AuthenticatedSession, path: string, format: Format): AsyncGenerator<string> {
  for await (const entry of session.storage.list(path)) {
    // No command can name such a file, and a line end in it would forge a line.
    if (!/\p{Cc}/u.test(entry.name)) yield `${format(entry)}\r\n`;
  }
}

async function* blocks(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Buffer> {
  let block = '';
  for await (const line of lines) {
    block += line;
    if (block.length < blockSize) continue;
    yield Buffer.from(block);
    block = '';
  }
  if (block !== '') yield Buffer.from(block);
}
