/** Paths in quotation marks: in the argument of commands that take several, and in replies. */

/** @returns what stands between spaces, or in quotation marks, in which one is doubled; undefined when it cannot be read so */
export function pathWords(argument: string): readonly string[] | undefined {
  const word = /(?:"(?<quoted>(?:[^"]|"")+)"|(?<plain>[^" ][^ ]*))(?: |$)/suy;
  const words: string[] = [];
  while (word.lastIndex < argument.length) {
    const found = word.exec(argument)?.groups;
    if (!found) return undefined;
    words.push(found['plain'] ?? found['quoted']?.replaceAll('""', '"') ?? '');
  }
  return words;
}

/** RFC 959 appendix II: a quotation mark in the name is doubled. */
export function quoted(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}
