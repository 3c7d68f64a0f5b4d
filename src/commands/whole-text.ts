/** Text for an administrator to copy: safe for a terminal like all text of strangers, but never cut. */
import { printable } from '../operations/printable.ts';

export function wholeText(text: string): string {
  return text.replace(/[\s\S]{1,500}/gu, (part) => printable(part));
}
