/** What Stryker found out about the mutants of a file, without those that only change a sentence for people. */
import { z } from 'zod';

const position = z.object({ line: z.number(), column: z.number() });
const reportSchema = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.string(),
      mutants: z.array(
        z.object({
          mutatorName: z.string(),
          replacement: z.string().optional(),
          status: z.string(),
          location: z.object({ start: position, end: position }),
        }),
      ),
    }),
  ),
});

export interface Survivor {
  readonly line: number;
  /** The kind of change, in Stryker’s words. */
  readonly kind: string;
  readonly original: string;
  readonly replacement: string;
  /** Whether a test at least ran it. */
  readonly isCovered: boolean;
}

export interface FileResult {
  readonly file: string;
  readonly killed: number;
  /** Those of the killed that only ran out of time: on a busy machine a test may do so without a mutant. */
  readonly timedOut: number;
  readonly survivors: readonly Survivor[];
}

/** What failed in a mutant by itself, such as code that does not compile, says nothing about the tests. */
const killed = ['Killed', 'Timeout'];
const survived = ['Survived', 'NoCoverage'];

/** @throws ZodError when the report is not what this version of Stryker writes */
export function readReport(json: string): readonly FileResult[] {
  const { files } = reportSchema.parse(JSON.parse(json));
  return Object.entries(files).map(([file, { source, mutants }]) => {
    const lines = source.split('\n');
    const judged = mutants
      .map(({ mutatorName: kind, replacement = '', status, location: { start, end } }) => {
        const original = textBetween(lines, start, end);
        return { line: start.line, kind, original, replacement, status, isCovered: status !== 'NoCoverage' };
      })
      .filter(({ kind, original }) => kind !== 'StringLiteral' || !isSentence(original));
    return {
      file,
      killed: judged.filter(({ status }) => killed.includes(status)).length,
      timedOut: judged.filter(({ status }) => status === 'Timeout').length,
      survivors: judged
        .filter(({ status }) => survived.includes(status))
        .map(({ status: _, ...survivor }) => survivor)
        .sort((a, b) => a.line - b.line),
    };
  });
}

/** A text with a blank in it is wording, which no test should hold. */
function isSentence(literal: string): boolean {
  return /^(['"`]).* .*\1$/s.test(literal);
}

/** Lines and columns count from 1. */
function textBetween(lines: readonly string[], start: z.infer<typeof position>, end: z.infer<typeof position>): string {
  const part = lines.slice(start.line - 1, end.line);
  part[part.length - 1] = part.at(-1)?.slice(0, end.column - 1) ?? '';
  part[0] = part[0]?.slice(start.column - 1) ?? '';
  return part.join('\n');
}
