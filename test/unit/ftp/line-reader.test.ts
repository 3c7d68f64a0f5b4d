/** Bytes to lines: the same answer however the bytes are cut, and never more memory than one chunk and one line. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CommandLine, LineReader } from '../../../src/ftp/control/line-reader.ts';
import { octets } from '../../../src/settings/units.ts';

function read(chunks: readonly Buffer[], maximum = 20): readonly CommandLine[] {
  const reader = new LineReader(octets(maximum));
  const lines: CommandLine[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let line = reader.next(); line; line = reader.next()) lines.push(line);
  }
  return lines;
}

const line = (text: string): CommandLine => ({ kind: 'line', text });

describe('LineReader', () => {
  it.each<[string, string | number[], readonly CommandLine[]]>([
    ['CR LF ends a line', 'NOOP\r\n', [line('NOOP')]],
    ['a bare LF ends a line', 'NOOP\nPWD\n', [line('NOOP'), line('PWD')]],
    ['what has no end is no line yet', 'NOO', []],
    ['exactly the maximum passes', `${'A'.repeat(20)}\r\n`, [line('A'.repeat(20))]],
    ['one octet more does not', `${'A'.repeat(21)}\r\nNOOP\r\n`, [{ kind: 'too-long' }, line('NOOP')]],
    ['NUL is refused', 'A\0B\r\n', [{ kind: 'invalid' }]],
    ['CR inside a line is refused', 'A\rB\r\n', [{ kind: 'invalid' }]],
    ['CR NUL is a CR of a name', 'A\r\0B\r\0\r\n', [line('A\rB\r')]],
    ['NUL before CR is refused', 'A\0\rB\r\n', [{ kind: 'invalid' }]],
    ['other control octets may be part of a name', 'A\x7f\t\x1b\r\n', [line('A\x7f\t\x1b')]],
    ['so may octets that are no UTF-8', [0x41, 0xc3, 0x28, 0x0a], [line('A\udcc3(')]],
    ['UTF-8 is decoded', 'CWD ä€😀\r\n', [line('CWD ä€😀')]],
    ['Telnet IP and Synch are stripped', [0xff, 0xf4, 0xff, 0xf2, 0x41, 0x0a], [line('A')]],
    ['so is Synch whose IAC went as urgent data', [0xff, 0xf4, 0xf2, 0x41, 0x0a], [line('A')]],
    ['0xF2 anywhere else is an octet', [0x41, 0xf2, 0xff, 0xf4, 0x41, 0xf2, 0x0a], [line('A\udcf2A\udcf2')]],
    ['Telnet options are stripped with their byte', [0xff, 0xfd, 0x41, 0x42, 0x0a], [line('B')]],
    ['Telnet subnegotiation is stripped', [0xff, 0xfa, 0x41, 0xff, 0x41, 0xff, 0xf0, 0x42, 0x0a], [line('B')]],
    ['a doubled 0xFF is one', [0x41, 0xff, 0xff, 0x42, 0x0a], [line('A\udcffB')]],
    ['one that begins no Telnet command is itself', [0x41, 0xff, 0x42, 0xff, 0x0d, 0x0a], [line('A\udcffB\udcff')]],
  ])('%s', (_rule, bytes, expected) => {
    expect(read([Buffer.from(bytes as never)])).toEqual(expected);
  });

  it('gives the same lines however the bytes are cut', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, (whole) => {
        const single = Array.from(whole, (byte) => Buffer.from([byte]));
        expect(read(single)).toEqual(read([whole]));
      }),
    );
  });

  it('reports an endless line once and throws it away while it comes', () => {
    const reader = new LineReader(octets(10));
    for (let count = 0; count < 1000; count += 1) {
      reader.push(Buffer.alloc(1000, 0x41));
      expect(reader.next()).toEqual(count === 0 ? { kind: 'too-long' } : undefined);
    }
    reader.push(Buffer.from('\r\nNOOP\r\n'));
    expect(reader.next()).toEqual(line('NOOP'));
  });

  it('forgets half a line, and a Telnet command half read, when it is cleared', () => {
    const reader = new LineReader(octets(20));
    reader.push(Buffer.from([0x55, 0x53, 0xff, 0xfa]));
    reader.clear();
    reader.push(Buffer.from('NOOP\r\n'));
    expect(reader.next()).toEqual(line('NOOP'));
  });
});
