/** Exports of the Windows registry, octet by octet: what is an entry, what is left out, and where a broken file ends. */
import { describe, expect, it } from 'vitest';
import { registryEntries } from '../../../src/mapping/windows-tuples/registry-file.ts';

const wide = (text: string) => Buffer.from(`${text}\0`, 'utf16le');
const modern = 'Windows Registry Editor Version 5.00';
const key = 'HKEY_LOCAL_MACHINE\\Software\\Policy';
const fromExport = (lines: readonly string[], head = modern) =>
  registryEntries(Buffer.alloc(0), [head, '', `[${key}]`, ...lines].join('\r\n'));
const octetsOf = (data: Buffer) => [...data].map((octet) => octet.toString(16).padStart(2, '0')).join(',');

describe('a .reg file', () => {
  it.each<[string, string, object]>([
    ['text', '"Name"="value"', { name: 'Name', type: 'string', strings: ['value'] }],
    ['escaped text', '"a\\"b"="c\\\\d"', { name: 'a"b', type: 'string', strings: ['c\\d'] }],
    ['empty text', '""=""', { name: '', type: 'string', strings: [''] }],
    ['a number', '"n"=dword:0000001F', { name: 'n', type: 'number', strings: [], number: 31 }],
    ['text in octets', `"n"=hex(1):${octetsOf(wide('ab'))}`, { name: 'n', type: 'string', strings: ['ab'] }],
    ['text to be expanded', `"n"=hex(2):${octetsOf(wide('ab'))}`, { name: 'n', type: 'string', strings: ['ab'] }],
    ['text up to its end', `"n"=hex(1):${octetsOf(wide('a\0b'))}`, { name: 'n', type: 'string', strings: ['a'] }],
    ['a number in octets', '"n"=hex(4):01,02,00,00', { name: 'n', type: 'number', strings: [], number: 513 }],
    ['a number of another size', '"n"=hex(4):01,02', { name: 'n', type: 'number', strings: [] }],
    ['several texts', `"n"=hex(7):${octetsOf(wide('a\0bc\0'))}`, { name: 'n', type: 'strings', strings: ['a', 'bc'] }],
    ['octets', '"n"=hex:01,02', { name: 'n', type: 'other', strings: [] }],
    ['octets of another type', '"n"=hex(b):01,02', { name: 'n', type: 'other', strings: [] }],
    ['blanks at the end', '"n"="v"  ', { name: 'n', type: 'string', strings: ['v'] }],
  ])('has %s', (_what, line, entry) => {
    expect(fromExport([line])).toEqual([{ key, ...entry }]);
  });

  it.each([
    ['without a name', '@="value"'],
    ['in a comment', ';"n"="v"'],
    ['behind something', 'x"n"="v"'],
    ['with something behind it', '"n"="v"x'],
    ['with a short number', '"n"=dword:1F'],
    ['with an open text', '"n"="v'],
    ['with an odd type', '"n"=hex(x):01'],
  ])('leaves out a value %s', (_what, line) => {
    expect(fromExport([line])).toEqual([]);
  });

  it('goes on in the next line after a backslash, however the line ends', () => {
    const entry = { key, name: 'n', type: 'number', strings: [], number: 1 };
    expect(fromExport(['"n"=hex(4):01,00,\\', '  00,00'])).toEqual([entry]);
    expect(registryEntries(Buffer.alloc(0), `${modern}\n[${key}]\n"n"=hex(4):01,\\\n00,00,00\n`)).toEqual([entry]);
  });

  it('has each value below its key, blanks behind it or not, and reads no key elsewhere', () => {
    const entries = fromExport(['"a"="1"', '[B]  ', '"b"="2"', ' [C]', '"c"="3"', '[D]x', '"d"="4"']);
    expect(entries?.map((entry) => `${entry.key} ${entry.name}`)).toEqual([`${key} a`, 'B b', 'B c', 'B d']);
    expect(registryEntries(Buffer.alloc(0), `${modern}\n"n"="v"`)).toMatchObject([{ key: '' }]);
  });

  it('of the older kind has its texts in Latin-1', () => {
    const older = fromExport(['"n"=hex(7):e4,00,62,00,00'], 'REGEDIT4');
    expect(older).toEqual([{ key, name: 'n', type: 'strings', strings: ['ä', 'b'] }]);
  });

  it.each([
    ['', undefined],
    ['Windows', undefined],
    [`x${modern}`, undefined],
    [`\n ${modern}`, []],
    ['REGEDIT4', []],
  ])('is known by its first line: %j', (text, entries) => {
    expect(registryEntries(Buffer.alloc(0), text)).toEqual(entries);
  });
});

describe('Registry.pol', () => {
  const [open, semicolon, close] = ['[', ';', ']'].map((mark) => Buffer.from(mark, 'utf16le')) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  const number = (value: number) => {
    const octets = Buffer.alloc(4);
    octets.writeUInt32LE(value);
    return octets;
  };
  const entry = (name: string, type: number, data: Buffer, size = data.length) =>
    Buffer.concat([
      open,
      ...[wide(key), semicolon, wide(name), semicolon, number(type), semicolon, number(size), semicolon, data],
      close,
    ]);
  const policy = (...parts: readonly Buffer[]) =>
    registryEntries(Buffer.concat([Buffer.from('PReg\x01\0\0\0', 'latin1'), ...parts]), undefined);
  const one = entry('a', 1, wide('x'));
  const first = { key, name: 'a', type: 'string', strings: ['x'] };

  it('has texts, numbers and lists, one behind the other', () => {
    expect(policy(one, entry('b', 4, number(7)), entry('c', 7, wide('p\0q\0')), entry('d', 3, Buffer.of(1)))).toEqual([
      first,
      { key, name: 'b', type: 'number', strings: [], number: 7 },
      { key, name: 'c', type: 'strings', strings: ['p', 'q'] },
      { key, name: 'd', type: 'other', strings: [] },
    ]);
  });

  it('has no entry for an order to remove a value', () => {
    expect(policy(entry('**del.a', 1, wide(' ')), one, entry('b**', 1, wide('y')))).toMatchObject([
      first,
      { name: 'b**' },
    ]);
  });

  it.each<[string, readonly Buffer[]]>([
    ['where nothing more stands', []],
    ['where another mark stands', [semicolon, entry('b', 1, wide('y'))]],
    ['where an entry has no name', [Buffer.concat([open, wide(key), close]), one]],
    ['where an entry has no type', [Buffer.concat([open, wide(key), semicolon, wide('b'), close]), one]],
    ['where an entry is cut off', [entry('b', 1, wide('yyyyyyyy')).subarray(0, -4)]],
    ['where an entry is cut off before its data', [entry('b', 1, Buffer.alloc(0)).subarray(0, -4)]],
    ['where an entry says that it is longer than the file', [entry('b', 1, wide('y'), 1000)]],
    ['where an entry says that it is shorter than it is', [entry('b', 1, wide('yy'), 2), one]],
    ['in the middle of a character', [Buffer.of(0x5b)]],
    ['in the middle of a key', [open, Buffer.of(0x41, 0, 0x42)]],
  ])('ends %s', (_where, rest) => {
    expect(policy(one, ...rest)).toEqual([first]);
  });

  it('may have an entry without data at its very end', () => {
    expect(policy(entry('b', 3, Buffer.alloc(0)))).toEqual([{ key, name: 'b', type: 'other', strings: [] }]);
  });
});
