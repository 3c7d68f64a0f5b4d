/** The argument of commands that take two paths with a space between them. */
import type { Control } from '../../control/control.ts';
import { pathArgument } from '../../file-access.ts';
import { reply } from '../../reply.ts';
import { pathWords } from '../path-words.ts';

/** @returns absolute virtual paths; undefined after the client was told that it cannot be read as two, or that nothing can be called so */
export function twoPaths(control: Control, argument: string): readonly [string, string] | undefined {
  const [first, second, ...others] = pathWords(argument) ?? [];
  if (first === undefined || second === undefined || others.length > 0) {
    control.send(
      reply('argumentError', 'Give two paths with a space between them; names with spaces in quotation marks.'),
    );
    return undefined;
  }
  const resolved = pathArgument(control, first);
  const other = resolved === undefined ? undefined : pathArgument(control, second);
  return resolved === undefined || other === undefined ? undefined : [resolved, other];
}
