/**
 * Judges names by `requestFiltering`. Every check only refuses, and by every spelling that a file system may take for the same name:
 * letter case, accents, invisible characters, dots and spaces at the end.
 */
import { type Denial, denial } from '../denial.ts';
import { foldedName, foldedPath } from './folded-path.ts';
import { longestPath, type RequestFiltering } from './request-filtering.ts';

/** What a path leads to, or is to lead to. `unknown`: nothing is known yet but its text. */
export type FilteredKind = 'file' | 'directory' | 'unknown';

export interface RequestFilter {
  /** Of a single name, which need not exist. */
  hides(name: string): boolean;
  readonly hidesNames: boolean;
  /** Whether anything but hidden names is refused. */
  readonly judgesPaths: boolean;
  /** @param virtualPath absolute, normalised @returns undefined where nothing stands against it */
  refusal(virtualPath: string, kind: FilteredKind): Denial | undefined;
  /**
   * A directory whose name is part of a denied sequence: by another name what lies in it is no longer denied.
   * @param virtualPath of a directory
   */
  refusalToMove(virtualPath: string): Denial | undefined;
  /** Octets of a file that an upload leaves; undefined: no limit. */
  readonly maximumOctets: number | undefined;
}

const filters = new WeakMap<RequestFiltering, RequestFilter | { readonly filtersNothing: true }>();

/** One filter for one section. @returns undefined where the section refuses nothing, so that it costs nothing */
export function requestFilterOf(settings: RequestFiltering): RequestFilter | undefined {
  const filter = filters.get(settings) ?? createFilter(settings) ?? { filtersNothing: true };
  filters.set(settings, filter);
  return 'filtersNothing' in filter ? undefined : filter;
}

/** What an extension is compared by: without its dot, as the loosest file system has it. */
export function foldedExtension(extension: string): string {
  return foldedPath(extension).replace(/^\./u, '');
}

interface Check {
  readonly refuses: (path: string, kind: FilteredKind) => Denial | undefined;
}

function createFilter(settings: RequestFiltering): RequestFilter | undefined {
  const { maxAllowedContentLength } = settings.requestLimits;
  const hidden = new Set(settings.hiddenSegments.map(foldedPath));
  const hides = (name: string) => hidden.has(foldedPath(name));
  const sequences = foldedSequences(settings);
  const judging = [sequenceCheck, highBitCheck, extensionCheck, lengthCheck].flatMap((check) => check(settings) ?? []);
  const checks = hidden.size > 0 ? [hiddenCheck(hides), ...judging] : judging;
  if (checks.length === 0 && maxAllowedContentLength === 0) return undefined;
  return {
    hides,
    hidesNames: hidden.size > 0,
    judgesPaths: judging.length > 0,
    refusal: (path, kind) => {
      for (const { refuses } of checks) {
        const refusal = refuses(path, kind);
        if (refusal) return refusal;
      }
      return undefined;
    },
    refusalToMove: (path) => refusalToMove(sequences, path),
    maximumOctets: maxAllowedContentLength === 0 ? undefined : maxAllowedContentLength,
  };
}

function hiddenCheck(hides: (name: string) => boolean): Check {
  return {
    refuses: (path) => {
      const segment = path.split('/').find((name) => name !== '' && hides(name));
      if (segment === undefined) return undefined;
      return denial('hidden-segment', `The path leads through ${segment}, which hiddenSegments names.`, {
        path,
        segment,
      });
    },
  };
}

interface FoldedSequence {
  /** As it is configured. */
  readonly sequence: string;
  readonly folded: string;
}

function foldedSequences({ denyUrlSequences }: RequestFiltering): readonly FoldedSequence[] {
  return denyUrlSequences.map((sequence) => ({ sequence, folded: foldedName(sequence) }));
}

/** Both as they are and folded: a sequence may itself be of dots and spaces that folding takes from a name. */
function sequenceCheck(settings: RequestFiltering): Check | undefined {
  const sequences = foldedSequences(settings);
  if (sequences.length === 0) return undefined;
  return {
    refuses: (path, kind) => {
      const spellings = spellingsOf(kind === 'directory' && path !== '/' ? `${path}/` : path);
      const sequence = sequences.find(({ folded }) => spellings.some((text) => text.includes(folded)))?.sequence;
      if (sequence === undefined) return undefined;
      return denial('url-sequence-denied', `The path has the sequence ${sequence}, which denyUrlSequences names.`, {
        path,
        sequence,
      });
    },
  };
}

/** A name is told from what follows by the slash: a sequence that begins in the last name and goes on behind it hangs on that name. */
function refusalToMove(sequences: readonly FoldedSequence[], path: string): Denial | undefined {
  const spellings = spellingsOf(`${path}/`);
  const sequence = sequences.find(({ folded }) =>
    spellings.some((spelling) => beginsWithin(spelling, folded)),
  )?.sequence;
  if (sequence === undefined) return undefined;
  const detail = `denyUrlSequences names ${sequence}: another name of this directory lets clients reach what lies in it.`;
  return denial('url-sequence-denied', detail, { path, sequence });
}

/** Whether the text ends with a beginning of the sequence that is longer than the slash. */
function beginsWithin(text: string, sequence: string): boolean {
  for (let length = Math.min(sequence.length, text.length); length > 1; length -= 1) {
    if (text.endsWith(sequence.slice(0, length))) return true;
  }
  return false;
}

function spellingsOf(path: string): readonly string[] {
  return [foldedName(path), foldedPath(path)];
}

function highBitCheck({ allowHighBitCharacters }: RequestFiltering): Check | undefined {
  if (allowHighBitCharacters) return undefined;
  return {
    refuses: (path) =>
      /^[\0-\u007f]*$/u.test(path)
        ? undefined
        : denial('high-bit-character', 'The path has characters outside of ASCII; allowHighBitCharacters is false.', {
            path,
          }),
  };
}

function extensionCheck({ fileExtensions }: RequestFiltering): Check | undefined {
  const { allowUnlisted, extensions } = fileExtensions;
  const listed = new Map<string, boolean>();
  for (const { fileExtension, allowed } of extensions) {
    const extension = foldedExtension(fileExtension);
    listed.set(extension, allowed && (listed.get(extension) ?? true));
  }
  if (allowUnlisted && ![...listed.values()].includes(false)) return undefined;
  return {
    refuses: (path, kind) => {
      if (kind !== 'file') return undefined;
      const extension = extensionOf(path);
      if (listed.get(extension) ?? allowUnlisted) return undefined;
      const why = listed.has(extension) ? 'lists it as not allowed' : 'does not list it, and allowUnlisted is false';
      const detail = `The name has the extension .${extension}; fileExtensions ${why}.`;
      return denial('file-extension-denied', detail, { path, extension: `.${extension}` });
    },
  };
}

/** Behind the last dot, folded. */
function extensionOf(path: string): string {
  const name = foldedPath(path.slice(path.lastIndexOf('/') + 1));
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}

function lengthCheck({ requestLimits: { maxUrl } }: RequestFiltering): Check | undefined {
  if (maxUrl >= longestPath) return undefined;
  return {
    refuses: (path) => {
      const octets = Buffer.byteLength(path);
      if (octets <= maxUrl) return undefined;
      return denial('path-too-long', `The path has ${octets} bytes; maxUrl is ${maxUrl}.`, { path, octets, maxUrl });
    },
  };
}
