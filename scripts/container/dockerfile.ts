/** Reads as much of a Dockerfile’s language as this repository uses; anything else is an error, not a guess. */

export interface Instruction {
  /** Upper case, such as `RUN`. */
  readonly keyword: string;
  /** What follows, continued lines joined. */
  readonly words: string;
  readonly line: number;
}

export interface BuildStage {
  readonly name: string;
  /** Name of an earlier stage, or an image. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export interface Copy {
  readonly from?: string;
  readonly sources: readonly string[];
  readonly target: string;
}

const known = new Set('COPY RUN WORKDIR ENV USER EXPOSE HEALTHCHECK CMD ENTRYPOINT STOPSIGNAL'.split(' '));

/** @throws Error that names the line */
export function parseDockerfile(text: string): readonly BuildStage[] {
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(text)) {
    const { keyword, words, line } = instruction;
    if (keyword === 'FROM') {
      const match = /^(?<from>\S+) AS (?<name>\S+)$/.exec(words)?.groups;
      if (!match?.['from'] || !match['name']) throw new Error(`line ${line}: FROM without a name: ${words}`);
      stages.push({ from: match['from'], name: match['name'], instructions: [] });
    } else if (!known.has(keyword)) {
      throw new Error(`line ${line}: ${keyword} is not understood`);
    } else {
      const stage = stages.at(-1);
      if (!stage) throw new Error(`line ${line}: ${keyword} before the first FROM`);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

function instructionsOf(text: string): readonly Instruction[] {
  const instructions: Instruction[] = [];
  let pending: { text: string; line: number } | undefined;
  text.split('\n').forEach((content, index) => {
    if (/^\s*(#|$)/.test(content)) return;
    const joined = { text: `${pending?.text ?? ''}${content.trim()}`, line: pending?.line ?? index + 1 };
    if (joined.text.endsWith('\\')) {
      pending = { ...joined, text: joined.text.slice(0, -1) };
      return;
    }
    pending = undefined;
    const [keyword = '', ...rest] = joined.text.split(/\s+/);
    instructions.push({ keyword: keyword.toUpperCase(), words: rest.join(' '), line: joined.line });
  });
  return instructions;
}

export function parseCopy({ words, line }: Instruction): Copy {
  const all = words.split(' ');
  const options = all.filter((word) => word.startsWith('--'));
  const paths = all.filter((word) => !word.startsWith('--'));
  const target = paths.pop();
  if (target === undefined || paths.length === 0) throw new Error(`line ${line}: COPY needs sources and a target`);
  const from = options.find((option) => option.startsWith('--from='))?.slice('--from='.length);
  return { sources: paths, target, ...(from !== undefined && { from }) };
}
