/** The argument of commands that take two paths with a space between them. */
import type { Control } from '../../control/control.ts';
import { pathArgument } from '../../file-access.ts';
import { reply } from '../../reply.ts';

/** In quotation marks, in which one is doubled, or without spaces. */
const quotable = '(?:"((?:[^"]|"")+)"|([^" ][^ ]*))';
const pattern = new RegExp(`^${quotable} ${quotable}$`, 'su');

/** @returns absolute virtual paths; undefined after the client was told that it cannot be read as two, or that nothing can be called so */
export function twoPaths(control: Control, argument: string): readonly [string, string] | undefined {
  const [, firstQuoted, firstPlain, secondQuoted, secondPlain] = pattern.exec(argument) ?? [];
  const first = firstPlain ?? firstQuoted?.replaceAll('""', '"');
  const second = secondPlain ?? secondQuoted?.replaceAll('""', '"');
  if (first === undefined || second === undefined) {
    control.send(
      reply('argumentError', 'Give two paths with a space between them; names with spaces in quotation marks.'),
    );
    return undefined;
  }
  const resolved = pathArgument(control, first);
  const other = resolved === undefined ? undefined : pathArgument(control, second);
  return resolved === undefined || other === undefined ? undefined : [resolved, other];
}
