import { describe, expect, it } from 'vitest';
import { encodeReply, formatReply, messageLines, reply } from '../../../src/ftp/reply.ts';

describe('formatReply', () => {
  it.each([
    ['one line', ['Done.'], '200 Done.\r\n'],
    ['several lines: the first with a hyphen, the last with a space', ['a', ' b', 'c'], '200-a\r\n b\r\n200 c\r\n'],
    [
      'a line between that looks like the end is set off by a space',
      ['a', '200 b', 'c'],
      '200-a\r\n 200 b\r\n200 c\r\n',
    ],
    ['a line end in a name forges no reply', ['"x\r\n230 hi"'], '200 "x??230 hi"\r\n'],
    ['nothing to say is still a reply', [], '200 \r\n'],
  ])('%s', (_rule, lines, expected) => {
    expect(formatReply(reply('ok', ...lines))).toBe(expected);
  });

  it('sends the octets of a name as they are, and 0xFF twice', () => {
    expect(encodeReply(reply('ok', 'ä\x1b\udce4\udcff')).toString('latin1')).toBe('200 \xc3\xa4\x1b\xe4\xff\xff\r\n');
  });

  it('a configured message becomes one line each', () => {
    expect(messageLines('a\nb\r\nc')).toEqual(['a', 'b', 'c']);
  });
});
