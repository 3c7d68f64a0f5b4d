/** Markdown tables out of cells. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** As code: what a reader types or finds in a file. */
export const code = (text: string): string => `\`${text}\``;

/** A page of paragraphs, headings and tables. */
export const page = (...blocks: readonly string[]): string => `${blocks.join('\n\n')}\n`;

/** @returns the text with a capital at its beginning and a full stop at its end */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.:!?]$/.test(begun) ? begun : `${begun}.`;
}
