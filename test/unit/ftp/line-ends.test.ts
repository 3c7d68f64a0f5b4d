/** Line ends of TYPE A, in both directions, however the octets are cut into buffers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalLines, NetworkLines, TextMeasure } from '../../../src/ftp/data/line-ends.ts';

const text = (octets: Buffer) => octets.toString('latin1');

function toNetwork(file: string, cuts: readonly number[] = []): string {
  const lines = new NetworkLines();
  return pieces(file, cuts)
    .map((piece) => text(lines.convert(piece)))
    .join('');
}

function toFile(sent: string, cuts: readonly number[] = []): string {
  const lines = new LocalLines();
  // Converted in place, so what one call returned is read before the next.
  const converted = pieces(sent, cuts).map((piece) => lines.convert(piece).map(text).join(''));
  return [...converted, ...lines.end().map(text)].join('');
}

function pieces(content: string, cuts: readonly number[]): readonly Buffer[] {
  const ends = [...cuts.filter((cut) => cut <= content.length)].sort((a, b) => a - b);
  return [0, ...ends].map((start, index) => Buffer.from(content.slice(start, ends[index]), 'latin1'));
}

/** Mostly line ends. */
const texts = fc.string({ unit: fc.constantFrom('\r', '\n', 'a', '\0'), maxLength: 40 });
/** All of up to five octets. */
const shortTexts = Array.from({ length: 5 }).reduce<readonly string[]>(
  (all) => [...new Set(all.flatMap((one) => ['', '\r', '\n', 'a'].map((octet) => one + octet)))],
  [''],
);
const cutPlaces = fc.array(fc.nat(40), { maxLength: 10 });

describe('from a file to the connection', () => {
  it.each([
    ['a line end becomes CRLF', 'one\ntwo\n', 'one\r\ntwo\r\n'],
    ['an empty line keeps its place', '\n\n', '\r\n\r\n'],
    ['a line that ends in CRLF already stays as it is', 'one\r\ntwo\n', 'one\r\ntwo\r\n'],
    ['a CR by itself stays as it is', 'one\rtwo\r', 'one\rtwo\r'],
    ['a last line without an end gets none', 'one', 'one'],
    ['a second CR before CRLF stays', 'one\r\r\n', 'one\r\r\n'],
    ['octets above 127 are no matter of it', '\xe4\n\xff', '\xe4\r\n\xff'],
  ])('%s', (_rule, file, sent) => {
    expect(toNetwork(file)).toBe(sent);
  });

  it('is the same wherever the file is cut into buffers', () => {
    fc.assert(
      fc.property(texts, cutPlaces, (file, cuts) => {
        expect(toNetwork(file, cuts)).toBe(file.replace(/(?<!\r)\n/gu, '\r\n'));
      }),
    );
  });
});

describe('from the connection to a file', () => {
  it.each([
    ['CRLF becomes a line end', 'one\r\ntwo\r\n', 'one\ntwo\n'],
    ['a CR by itself stays, at the end too', 'one\rtwo\r', 'one\rtwo\r'],
    ['a LF by itself stays', 'one\ntwo', 'one\ntwo'],
    ['of two CR before LF the second belongs to the line end', 'one\r\r\n', 'one\r\n'],
    ['CR NUL stays: it is no line end', 'one\r\0', 'one\r\0'],
  ])('%s', (_rule, sent, file) => {
    expect(toFile(sent)).toBe(file);
  });

  it('a line end that is cut in two is one line end', () => {
    expect(toFile('one\r\ntwo\r\r\n', [4, 9])).toBe('one\ntwo\r\n');
  });

  it('is the same wherever the octets are cut into buffers', () => {
    fc.assert(
      fc.property(texts, cutPlaces, (sent, cuts) => {
        expect(toFile(sent, cuts)).toBe(sent.replaceAll('\r\n', '\n'));
      }),
    );
  });

  it('gives back a text whose lines end in LF', () => {
    fc.assert(
      fc.property(texts, cutPlaces, (content, cuts) => {
        const file = content.replaceAll('\r', '');
        expect(toFile(toNetwork(file), cuts)).toBe(file);
      }),
    );
  });
});

describe('a place in a text by its octets on the connection', () => {
  it('sizes a text as it is sent', () => {
    fc.assert(
      fc.property(texts, cutPlaces, (file, cuts) => {
        const measure = new TextMeasure();
        for (const piece of pieces(file, cuts)) expect(measure.read(piece)).toBe(true);
        expect(measure.onConnection).toBe(toNetwork(file).length);
      }),
    );
  });

  const positionOf = (file: string, cuts: readonly number[], wanted: number) => {
    const measure = new TextMeasure(wanted);
    for (const piece of pieces(file, cuts)) if (!measure.read(piece)) break;
    return measure.position;
  };

  it('finds each octet that a client may want next, and sends exactly what follows it', () => {
    for (const file of shortTexts) {
      const sent = toNetwork(file);
      for (let wanted = 0; wanted <= sent.length; wanted += 1) {
        const { readFrom, lines } = positionOf(file, [2], wanted)!;
        const rest = new NetworkLines(lines).convert(Buffer.from(file.slice(readFrom), 'latin1'));
        expect(text(rest), JSON.stringify([file, wanted])).toBe(sent.slice(wanted));
      }
      expect(positionOf(file, [2], sent.length + 1)).toBeUndefined();
    }
  });

  it('reads no further than it must', () => {
    expect(new TextMeasure(3).read(Buffer.from('ab'))).toBe(true);
    for (const file of ['abc', 'abcd', 'ab\n']) expect(new TextMeasure(3).read(Buffer.from(file))).toBe(false);
  });

  it('writes on behind any octet of what was sent as if all had come in one piece', () => {
    // A CRLF of the file itself goes out as it is, so what is sent does not tell whether it was stored so.
    for (const file of shortTexts.filter((one) => !one.includes('\r\n'))) {
      const sent = toNetwork(file);
      for (let wanted = 0; wanted <= sent.length; wanted += 1) {
        const { writeFrom, lines } = positionOf(file, [2], wanted)!;
        for (const more of ['\nz', '\r\nz', 'z', '\r', '']) {
          const rest = new LocalLines(lines);
          const written = [...rest.convert(Buffer.from(more)).map(text), ...rest.end().map(text)].join('');
          const expected = toFile(sent.slice(0, wanted) + more);
          expect(file.slice(0, writeFrom) + written, JSON.stringify([file, wanted, more])).toBe(expected);
        }
      }
    }
  });
});
