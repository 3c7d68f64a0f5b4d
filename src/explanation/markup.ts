/** HTML that cannot be forged: what is put into a template is made printable and escaped, unless it is markup of ours already. */
import { printable } from '../operations/printable.ts';

/** HTML in a box of its own, so that text is never taken for it. Only html`…` fills it. */
export interface Markup {
  readonly markup: string;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** A search for a whole certificate is long; a text longer still helps no reader. */
const maximumText = 8192;

export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[])[]
): Markup {
  const markup = strings.map((string, index) => string + (index < values.length ? shown(values[index] ?? '') : ''));
  return { markup: markup.join('') };
}

function shown(value: string | number | Markup | readonly Markup[]): string {
  if (typeof value !== 'object') return escaped(String(value));
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
}

function escaped(text: string): string {
  const bounded = text.length > maximumText ? `${text.slice(0, maximumText)}…` : text;
  // In pieces, because printable text is bounded more narrowly than a page need be.
  const pieces = bounded.match(/.{1,256}/gsu) ?? [];
  return pieces
    .map(printable)
    .join('')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
