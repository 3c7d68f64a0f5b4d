/** What is wrong with the text of a YAML file, in the words of the person who wrote it, and how to mend it. */
import type { ErrorCode, YAMLError } from 'yaml';

export interface TextFault {
  /** Characters from the beginning of the text. */
  readonly offset: number;
  readonly message: string;
  readonly remedy: string;
}

const sayings: Readonly<Record<Exclude<ErrorCode, 'DUPLICATE_KEY'>, readonly [message: string, remedy: string]>> = {
  TAB_AS_INDENT: ['a tab indents the line', 'Indent with spaces only; most editors can convert the file.'],
  BAD_ALIAS: ['* begins an alias of YAML, and no name follows', "Put the star into quotes: '*'."],
  MULTIPLE_DOCS: [
    'a second document begins here',
    'Keep one document: remove the line --- and what belongs to the other.',
  ],
  TAG_RESOLVE_FAILED: [
    'a tag (!) of YAML that is not known here',
    'Write the value itself; files cannot include others.',
  ],
  BAD_SCALAR_START: ['the value begins with a character that YAML reserves', "Put the value into quotes: '…'."],
  BAD_DQ_ESCAPE: ['a backslash in double quotes begins an escape that YAML does not know', "Use single quotes: '…'."],
  MISSING_CHAR: [
    'the indentation does not fit, a quote or bracket is not closed, or a colon is missing',
    'Begin all settings of a section in the same column, close every quote and bracket, and write name: value.',
  ],
  BAD_INDENT: [
    'the indentation does not fit, or a bracket is not closed',
    'Begin all settings of a section in the same column, and close every [ and {.',
  ],
  BLOCK_AS_IMPLICIT_KEY: [
    'a second colon stands in the line',
    'Put the value into quotes, or the inner setting on a line of its own.',
  ],
  MULTILINE_IMPLICIT_KEY: ['the line has no colon with a space after it', 'Write a setting as name: value.'],
  BLOCK_IN_FLOW: ['a section stands inside brackets', 'Write it in braces: { name: value }.'],
  KEY_OVER_1024_CHARS: ['a name of more than 1024 characters', 'Write a setting as name: value.'],
  UNEXPECTED_TOKEN: [
    'this does not belong here',
    'Write a setting as name: value, and a list item on a line of its own as - value.',
  ],
  BAD_COLLECTION_TYPE: ['a tag contradicts the value', 'Remove the tag.'],
  NON_STRING_KEY: ['the name of a setting is not a text', 'Write a setting as name: value.'],
  ALIAS_PROPS: ['an alias has a tag or an anchor', 'Remove it.'],
  MULTIPLE_ANCHORS: ['a value has two anchors', 'Keep one of them.'],
  MULTIPLE_TAGS: ['a value has two tags', 'Remove them.'],
  BAD_PROP_ORDER: ['an anchor or tag stands in the wrong place', 'Put it directly before the value, or remove it.'],
  BAD_DIRECTIVE: ['a line that begins with % is a directive of YAML, and this one is not known', 'Remove the line.'],
  RESOURCE_EXHAUSTION: ['the file nests too deeply', 'Remove what is generated.'],
  IMPOSSIBLE: ['the text cannot be read', 'Write a setting as name: value.'],
};

/** Of several errors in one line the one that says most. */
const telling: readonly ErrorCode[] = ['TAB_AS_INDENT', 'BAD_INDENT'];

/**
 * The first of the text's faults, because the others follow from it.
 * @param lineOf line of an offset
 */
export function textFault(errors: readonly YAMLError[], lineOf: (offset: number) => number): TextFault | undefined {
  const others = errors
    .flatMap(({ code, pos }) => (code === 'DUPLICATE_KEY' ? [] : [{ code, pos }]))
    .sort((a, b) => a.pos[0] - b.pos[0]);
  const line = others[0] && lineOf(others[0].pos[0]);
  const first =
    telling.map((code) => others.find((error) => error.code === code && lineOf(error.pos[0]) === line)).find(Boolean) ??
    others[0];
  if (!first) return undefined;
  const [message, remedy] = sayings[first.code];
  return { offset: first.pos[0], message, remedy };
}
