/**
 * The language of dialogues between an FTP client and a server. After a sentence on what the dialogue is about:
 *
 *     ## rule that a case states (RFC 959 4.1)
 *     file PATH = OCTETS      a file in the home of the user
 *     directory PATH          a directory there
 *     connect                 a new control connection; the greeting is the next reply
 *     connect with certificate  the same, and the user’s certificate in its handshakes
 *     log in                  the same, then AUTH TLS, USER, PASS, PBSZ 0, PROT P and TYPE I, which every server takes
 *     > LINE                  what the client sends; lines that follow one another go out in one segment
 *     < CODE TEXT             a reply: its code, and a pattern of its text; 1xx is 125 or 150, of which servers send the one or the
 *                             other as the data connection comes sooner or later (RFC 959 4.2)
 *     < closed                the server closes the control connection
 *     >> OCTETS               goes out on the data connection
 *     close data              the client ends it
 *     << PATTERN              what comes on the data connection up to its end; of several, each is a line, in any order
 *     ! vsftpd 500: reason    a server that answers otherwise, and why the reply above is right: the codes that it sends, `closed`,
 *                             `data` for other octets, `nothing`, or `any` where it depends on the time; several servers have
 *                             commas between them
 *
 * OCTETS and PATTERN: `\r`, `\n`, `\0`, `\x41`, and a backslash before any other character; `{A*300}` is a character repeated.
 * In a pattern, `*` stands for any text. A reply of several lines has `\n` between them, and the code before the first only.
 * LINE knows `{user}`, `{password}`, and `{PORT}` and `{EPRT}` for those commands with a port on which the client listens.
 *
 * As clients do it, the client connects as soon as a reply names a passive port, begins TLS on a 234 and on every data connection,
 * and reads what comes only where `<<` says so. Every case goes on where the one before it ended. Lines that begin with # are for readers.
 */

/** A server that differs from the expectation. */
interface Difference {
  readonly server: string;
  /** Codes of its replies, separated by spaces; `closed`; `data`; `nothing`; `any`. */
  readonly found: string;
  readonly reason: string;
  readonly line: number;
}

/** What a server is expected to do, and who does otherwise. */
interface Expectation {
  readonly line: number;
  readonly differences: readonly Difference[];
}

export interface ExpectedReply extends Expectation {
  readonly kind: 'reply';
  /** Any of them. */
  readonly codes: readonly number[];
  /** A pattern. */
  readonly text: string;
}

export type Expected =
  | ExpectedReply
  | (Expectation & { readonly kind: 'closed' })
  | (Expectation & { readonly kind: 'data'; readonly patterns: readonly string[] });

export type Step =
  | { readonly kind: 'file'; readonly path: string; readonly octets: string }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'connect'; readonly withCertificate: boolean }
  | { readonly kind: 'log in' }
  | { readonly kind: 'send'; readonly lines: readonly string[] }
  | { readonly kind: 'send data'; readonly octets: string }
  | { readonly kind: 'close data' }
  | Expected;

export interface DialogueCase {
  readonly title: string;
  readonly steps: readonly Step[];
}

export interface Dialogue {
  readonly description: string;
  readonly cases: readonly DialogueCase[];
}

export const isExpected = (step: Step): step is Expected =>
  step.kind === 'reply' || step.kind === 'closed' || step.kind === 'data';

type Draft<Type> = { -readonly [Key in keyof Type]: Type[Key] extends readonly (infer Item)[] ? Item[] : Type[Key] };

/** @throws SyntaxError with the number of the line */
export function parseDialogue(text: string): Dialogue {
  const description: string[] = [];
  const cases: Draft<DialogueCase>[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || /^#(?!#)/u.test(line)) continue;
    const title = /^## (.+)$/u.exec(line)?.[1];
    const steps = cases.at(-1)?.steps;
    if (title !== undefined) cases.push({ title, steps: [] });
    else if (steps === undefined) description.push(line);
    else if (!addLine(steps, line, index + 1)) throw new SyntaxError(`line ${index + 1}: not understood: ${line}`);
  }
  return { description: description.join(' '), cases };
}

/** @returns whether the line is understood where it stands */
function addLine(steps: Step[], line: string, number: number): boolean {
  const last = steps.at(-1);
  const difference =
    /^! (?<servers>[a-z]+(?:, [a-z]+)*) (?<found>\d{3}(?: \d{3})*|closed|data|nothing|any): (?<reason>.+)$/u.exec(line);
  if (difference?.groups) return addDifferences(last, difference.groups, number);
  const step = lineSteps.find(({ form }) => form.test(line));
  const words = step?.form.exec(line);
  if (!step || !words) return false;
  const made = step.make(
    words.slice(1).map((word) => word ?? ''),
    number,
  );
  if (made.kind === 'send' && last?.kind === 'send')
    steps.splice(-1, 1, { ...last, lines: [...last.lines, ...made.lines] });
  else if (made.kind === 'data' && last?.kind === 'data' && last.differences.length === 0)
    steps.splice(-1, 1, { ...last, patterns: [...last.patterns, ...made.patterns] });
  else steps.push(made);
  return true;
}

interface LineStep {
  readonly form: RegExp;
  make(words: readonly string[], line: number): Step;
}

const lineSteps: readonly LineStep[] = [
  { form: /^file (\S+) = ?(.*)$/u, make: ([path = '', octets = '']) => ({ kind: 'file', path, octets }) },
  { form: /^directory (\S+)$/u, make: ([path = '']) => ({ kind: 'directory', path }) },
  { form: /^connect$/u, make: () => ({ kind: 'connect', withCertificate: false }) },
  { form: /^connect with certificate$/u, make: () => ({ kind: 'connect', withCertificate: true }) },
  { form: /^log in$/u, make: () => ({ kind: 'log in' }) },
  { form: /^close data$/u, make: () => ({ kind: 'close data' }) },
  { form: /^>> ?(.*)$/u, make: ([octets = '']) => ({ kind: 'send data', octets }) },
  { form: /^<< ?(.*)$/u, make: ([text = ''], line) => ({ kind: 'data', patterns: [text], line, differences: [] }) },
  { form: /^> ?(.*)$/u, make: ([text = '']) => ({ kind: 'send', lines: [text] }) },
  { form: /^< closed$/u, make: (_words, line) => ({ kind: 'closed', line, differences: [] }) },
  {
    form: /^< (\d{3}|1xx) (.*)$/u,
    make: ([code, text = ''], line) => ({
      kind: 'reply',
      codes: code === '1xx' ? [125, 150] : [Number(code)],
      text,
      line,
      differences: [],
    }),
  },
];

function addDifferences(expected: Step | undefined, words: Readonly<Record<string, string>>, line: number): boolean {
  if (!expected || !isExpected(expected)) return false;
  const { servers = '', found = '', reason = '' } = words;
  const added = servers.split(', ').map((server) => ({ server, found, reason, line }));
  Object.assign(expected, { differences: [...expected.differences, ...added] });
  return true;
}
