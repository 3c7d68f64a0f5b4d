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
    fc.assert(
      fc.property(texts, cutPlaces, fc.nat(80), (file, cuts, wanted) => {
        const sent = toNetwork(file);
        const position = positionOf(file, cuts, wanted);
        expect(position === undefined).toBe(wanted > sent.length);
        if (!position) return;
        const rest = new NetworkLines(position.lines).convert(Buffer.from(file.slice(position.readFrom), 'latin1'));
        expect(text(rest)).toBe(sent.slice(wanted));
      }),
    );
  });

  it('writes on where the upload broke off as if it had come in one piece', () => {
    fc.assert(
      fc.property(texts, texts, (first, second) => {
        // A client that asks for the size learns what of its octets the file has.
        const partial = toFile(first);
        // A CRLF of the file itself goes out as it is, so what is sent no longer tells that it came as CR CR LF.
        fc.pre(!partial.includes('\r\n'));
        const { writeFrom, lines } = positionOf(partial, [], toNetwork(partial).length)!;
        const rest = new LocalLines(lines);
        const written = [...rest.convert(Buffer.from(second, 'latin1')).map(text), ...rest.end().map(text)].join('');
        expect(partial.slice(0, writeFrom) + written).toBe(toFile(toNetwork(partial) + second));
      }),
    );
  });
});
