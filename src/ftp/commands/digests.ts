/**
 * HASH (draft-bryan-ftpext-hash-02), and the commands before it that every server answers a little differently: XCRC, XMD5, XSHA1,
 * XSHA256, XSHA512, and MD5 and MMD5 (draft-twine-ftpmd5-00). All tell the digest of the octets that TYPE I sends.
 */
import { type ReadableFile, StorageError, type StorageErrorKind } from '../../storage/storage.ts';
import type { Control } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import { type DigestAlgorithm, findDigest, firstDigest } from '../data/digest.ts';
import { recordObstacle } from '../data/transfer-audit.ts';
import { answeringFailures } from '../file-access.ts';
import { type Reply, reply } from '../reply.ts';
import { resolveVirtualPath } from '../virtual-path.ts';
import { DigestProgress, digestOf } from './file-digest.ts';
import { quoted } from './path-words.ts';
import { takePortion } from './restart.ts';
import { openedToRead } from './transfer-opening.ts';

/** Of MMD5: what one reply tells. */
const maximumFiles = 64;

/** What may be meant by the argument of one command. */
interface Asked {
  /** The path as it was called. */
  readonly called: string;
  readonly start?: number;
  /** Octet behind the last. */
  readonly end?: number;
}

/** @returns the line of FEAT; undefined where the site offers none */
export function hashFeature(control: Control): string | undefined {
  const selected = selectedDigest(control);
  if (selected === undefined) return undefined;
  const { digestAlgorithms } = control.options.site.fileHandling;
  return `HASH ${digestAlgorithms.map((name) => (name === selected ? `${name}*` : name)).join(';')}`;
}

/** @returns the line of FEAT of a command for this algorithm alone; undefined where the site does not offer it */
export function digestFeature(verb: string, algorithm: DigestAlgorithm): (control: Control) => string | undefined {
  return (control) => (isOffered(control, algorithm) ? verb : undefined);
}

/** OPTS HASH tells what is selected, and selects. */
export function selectDigest(control: Control, name: string): void {
  const { digestAlgorithms } = control.options.site.fileHandling;
  const selected = name === '' ? selectedDigest(control) : findDigest(name, digestAlgorithms);
  if (selected === undefined) {
    control.send(reply('argumentError', 'Unknown algorithm, the selection is unchanged.'));
    return;
  }
  control.settings.digestAlgorithm = selected;
  control.send(reply('ok', selected));
}

export async function hash(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const { offset, end } = takePortion(control);
  const algorithm = selectedDigest(control);
  if (algorithm === undefined) {
    control.send(notOffered);
    return;
  }
  const isRangeMeant = end !== undefined;
  await digesting(control, isDirectoryRefused, async () => {
    const { file, path } = await openedAsAsked(control, session, [{ called: argument }]);
    const { size } = file.facts;
    try {
      if (isRangeMeant && offset >= size) {
        control.send(reply('argumentError', 'The range begins behind the end of the file.'));
        return;
      }
      const range = isRangeMeant ? { start: offset, end: Math.min(end, size) } : { start: 0, end: size };
      const progress = new DigestProgress(control, 'fileStatus');
      const hex = await digestOf(control, session, algorithm, { file, path, ...range, progress });
      if (hex === undefined) return;
      // Both ends are inclusive, and the last may not lie before the first: an empty file has 0-0, too.
      const last = Math.max(range.start, range.end - 1);
      control.send(reply('fileStatus', `${algorithm} ${range.start}-${last} ${hex} ${argument}`));
    } finally {
      await file.close();
    }
  });
}

/** @returns the handler of XCRC and its like: a path, perhaps in quotation marks, and perhaps a start and an end */
export function extendedDigest(algorithm: DigestAlgorithm) {
  return async (control: Control, argument: string, session: AuthenticatedSession): Promise<void> => {
    if (!isOffered(control, algorithm)) {
      control.send(notOffered);
      return;
    }
    await digesting(control, asItIs, async () => {
      const { file, path, asked } = await openedAsAsked(control, session, rangesIn(argument));
      try {
        const { size } = file.facts;
        const { start = 0, end = size } = asked;
        const isWhole = asked.start === undefined;
        if (!isWhole && start >= end) control.send(reply('argumentError', 'The end must lie behind the start.'));
        else if (end > size) control.send(reply('fileUnavailable', 'The end lies behind the end of the file.'));
        else {
          const progress = new DigestProgress(control, 'fileActionOk');
          const hex = await digestOf(control, session, algorithm, { file, path, start, end, progress });
          if (hex !== undefined) control.send(reply('fileActionOk', hex));
        }
      } finally {
        await file.close();
      }
    });
  };
}

export async function md5(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  await tellDigests(control, session, 'fileDigest', [argument]);
}

/** Paths with commas between them; quotation marks hold a path with a comma together. */
export async function severalMd5(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const paths = argument.match(/"(?:[^"]|"")*"|[^,"][^,]*/gu)?.map((path) => path.trim()) ?? [];
  if (paths.length === 0 || paths.length > maximumFiles) {
    control.send(reply('argumentError', `Give 1 to ${maximumFiles} paths with commas between them.`));
    return;
  }
  await tellDigests(control, session, 'fileDigests', paths);
}

async function tellDigests(
  control: Control,
  session: AuthenticatedSession,
  answer: 'fileDigest' | 'fileDigests',
  paths: readonly string[],
): Promise<void> {
  if (!isOffered(control, 'MD5')) {
    control.send(notOffered);
    return;
  }
  await digesting(control, notForThatArgument, async () => {
    const told: string[] = [];
    const progress = new DigestProgress(control, answer);
    for (const called of paths) {
      const { file, path, asked } = await openedAsAsked(control, session, [{ called }, ...quotedIn(called)]);
      try {
        const digested = { file, path, start: 0, end: file.facts.size, progress };
        const hex = await digestOf(control, session, 'MD5', digested);
        if (hex === undefined) return;
        told.push(`${quotedIfNeeded(asked.called)} ${hex.toUpperCase()}`);
      } finally {
        await file.close();
      }
    }
    control.send(reply(answer, told.join(', ')));
  });
}

const notOffered = reply('notImplemented', 'This digest is not offered.');

function isOffered(control: Control, algorithm: DigestAlgorithm): boolean {
  return control.options.site.fileHandling.digestAlgorithms.includes(algorithm);
}

function selectedDigest(control: Control): DigestAlgorithm | undefined {
  return control.settings.digestAlgorithm ?? firstDigest(control.options.site.fileHandling.digestAlgorithms);
}

/** Nothing is read that cannot be recorded. @param adapt to what the command’s own document has for a failure */
async function digesting(
  control: Control,
  adapt: (answer: Reply, error: StorageError) => Reply,
  work: () => Promise<void>,
): Promise<void> {
  const obstacle = recordObstacle(control);
  if (obstacle) control.send(obstacle);
  else await answeringFailures(control, work, adapt);
}

const asItIs = (answer: Reply) => answer;

/** draft-bryan-ftpext-hash-02 3.5. */
function isDirectoryRefused(answer: Reply, { kind }: StorageError): Reply {
  return kind === 'not-a-file' ? reply('nameNotAllowed', 'Not a plain file.') : answer;
}

/** draft-twine-ftpmd5-00 knows no other refusal of an argument. */
function notForThatArgument(answer: Reply): Reply {
  return answer.code >= 500 ? reply('parameterNotImplemented', ...answer.lines) : answer;
}

/** No file of this name, or none that may have it. */
const elsewhere: ReadonlySet<StorageErrorKind> = new Set(['not-found', 'name-invalid', 'hidden', 'filtered']);

/** Opens the first that is there. @throws StorageError */
async function openedAsAsked(
  control: Control,
  session: AuthenticatedSession,
  [first, ...others]: readonly [Asked, ...Asked[]],
): Promise<{ readonly file: ReadableFile; readonly path: string; readonly asked: Asked }> {
  try {
    const path = resolveVirtualPath(control.settings.workingDirectory, first.called);
    if (path === undefined) throw new StorageError('name-invalid', `${first.called}: not a name for a file`);
    const file = await openedToRead(control, session, { operation: 'digest', path });
    return { file, path, asked: first };
  } catch (error) {
    const isElsewhere = error instanceof StorageError && elsewhere.has(error.kind);
    const [next, ...rest] = others;
    if (!isElsewhere || !next) throw error;
    return openedAsAsked(control, session, [next, ...rest]);
  }
}

/** A file of the whole name comes first: numbers and quotation marks may belong to it. */
function rangesIn(argument: string): readonly [Asked, ...Asked[]] {
  const {
    path = '',
    start,
    end,
  } = /^(?<path>.*?) (?<start>\d{1,15})(?: (?<end>\d{1,15}))?$/su.exec(argument)?.groups ?? {};
  if (start === undefined) return [{ called: argument }, ...quotedIn(argument)];
  const range = { start: Number(start), ...(end !== undefined && { end: Number(end) }) };
  return [{ called: argument }, ...[...quotedIn(path), { called: path }].map((asked) => ({ ...asked, ...range }))];
}

function quotedIn(text: string): readonly Asked[] {
  const [, inner] = /^"((?:[^"]|"")+)"$/su.exec(text) ?? [];
  return inner === undefined ? [] : [{ called: inner.replaceAll('""', '"') }];
}

function quotedIfNeeded(called: string): string {
  return called.includes(' ') ? quoted(called) : called;
}
