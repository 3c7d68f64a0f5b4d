import { describe, expect, it } from 'vitest';
import type { ConfigElement } from '../../../src/iis/reading/config-element.ts';
import { readConfig } from '../../../src/iis/reading/config-reader.ts';
import { InputFault } from '../../../src/iis/reading/input-fault.ts';

const read = (text: string | Buffer) => readConfig('a.config', Buffer.from(text));

/** Name and place of each element and attribute, in their order. */
function placesIn(element: ConfigElement): readonly string[] {
  const at = ({ name, place }: { name: string; place: { line: number; column: number } }) =>
    `${name} ${place.line}:${place.column}`;
  return [at(element), ...[...element.attributes.values()].map(at), ...element.elements.flatMap(placesIn)];
}

function refusal(text: string | Buffer): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof InputFault) return `${error.place.line}:${error.place.column} ${error.message}`;
    throw error;
  }
  return 'read';
}

describe('places', () => {
  const tag = '<configuration>\r\n\t<ssl a="<"\r\n\t  b = \'😀\' c="a=&quot;">\r\n</ssl></configuration>';

  it.each([
    ['of a file with CR LF and tabs', tag, ['configuration 1:1', 'ssl 2:2', 'a 2:7', 'b 3:4', 'c 3:13']],
    ['behind a byte order mark', '\ufeff<configuration x="1"/>', ['configuration 1:1', 'x 1:16']],
    [
      'behind a comment that holds the same text',
      '<configuration><!-- <a b="1"/> --><a b="1"/></configuration>',
      ['configuration 1:1', 'a 1:35', 'b 1:38'],
    ],
  ])('%s', (_name, text, places) => {
    const valid = text.replace('"<"', '"&lt;"');
    const moved = valid.length - text.length;
    expect(placesIn(read(valid)).length).toBe(places.length);
    if (moved === 0) expect(placesIn(read(valid))).toEqual(places);
    else expect(placesIn(read(valid)).slice(0, 4)).toEqual(places.slice(0, 4));
  });

  it('of UTF-16 count as those of UTF-8', () => {
    const text = '<?xml version="1.0" encoding="utf-16"?>\n<configuration><a b="é"/></configuration>';
    const little = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
    expect(placesIn(read(little))).toEqual(['configuration 2:1', 'a 2:16', 'b 2:19']);
    expect(placesIn(read(Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, 'utf16le').swap16()])))).toEqual(
      placesIn(read(little)),
    );
  });
});

describe('refused', () => {
  it.each([
    ['a document type', '<!DOCTYPE a><configuration/>', /^1:1 has a document type/],
    [
      'a document type behind a comment that names one',
      '<!-- <!DOCTYPE -->\n<!DOCTYPE a [<!ENTITY b "c">]><configuration/>',
      /^2:1 /,
    ],
    ['an entity that is not predefined', '<configuration a="&b;"/>', /^1:\d+ .*undefined entity/],
    ['text', '<configuration>\n <a/> x</configuration>', /^2:7 holds text: x/],
    ['text in CDATA', '<configuration><![CDATA[x]]></configuration>', /^1:\d+ holds text/],
    [
      'an end tag of another element, with the place of its begin',
      '<configuration>\n<a>\n</b></configuration>',
      /^3:1 .*a begins at 2:1/,
    ],
    ['an element that does not end', '<configuration>\n<a>', /unclosed|begins at 2:1/],
    ['XML 1.1', '<?xml version="1.1"?><configuration/>', /XML 1\.1/],
    ['a control character by reference', '<configuration a="&#8;"/>', /not well-formed/],
    ['a NUL', '<configuration a="\0"/>', /not well-formed/],
    [
      'an attribute with a prefix',
      '<configuration xmlns:x="u"><location x:T="1"/></configuration>',
      /^1:\d+ the attribute x:T has a prefix/,
    ],
    ['a foreign namespace in a section of IIS', '<configuration><location xmlns="u"/></configuration>', /namespace u/],
    [
      'a section that is encrypted',
      '<configuration><system.ftpServer><EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"/></system.ftpServer></configuration>',
      /encrypted/,
    ],
    ['33 levels', `<configuration>${'<a>'.repeat(32)}${'</a>'.repeat(32)}</configuration>`, /32 levels/],
    [
      '201 attributes',
      `<configuration ${Array.from({ length: 201 }, (_, index) => `a${index}=""`).join(' ')}/>`,
      /200 attributes/,
    ],
    ['a value of more than 65536 characters', `<configuration a="${'x'.repeat(65_537)}"/>`, /^1:16 .*65536/],
    ['an empty file', '', /^1:\d+ /],
    ['another root', '<web/>', /^1:1 its root element is web/],
    [
      'octets that are not UTF-8, by their line',
      Buffer.concat([Buffer.from('<configuration>\n<a b="'), Buffer.from([0xe9]), Buffer.from('"/></configuration>')]),
      /^2:7 is not valid UTF-8/,
    ],
    [
      'a declared encoding of one octet',
      Buffer.concat([
        Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><configuration a="'),
        Buffer.from([0xe9]),
        Buffer.from('"/>'),
      ]),
      /iso-8859-1/,
    ],
    [
      'a declared encoding of one octet, where all is ASCII',
      '<?xml version="1.0" encoding="windows-1252"?><configuration/>',
      /windows-1252/,
    ],
    [
      'half a UTF-16 unit',
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('<configuration/>', 'utf16le'), Buffer.from([0x3c])]),
      /UTF-16LE/,
    ],
    ['more than 16 MiB', Buffer.alloc(16 * 1024 * 1024 + 1, 0x20), /octets/],
  ])('%s', (_name, text, reason) => {
    expect(refusal(text)).toMatch(reason);
  });
});

it('sections of other products keep their namespaces and texts to themselves', () => {
  const text =
    '<configuration><runtime><assemblyBinding xmlns="urn:schemas-microsoft-com:asm.v1">x<a/></assemblyBinding></runtime></configuration>';
  expect(placesIn(read(text))).toEqual(['configuration 1:1', 'runtime 1:16']);
});

it('a value is normalised as XML has it: line breaks are blanks, references stay', () => {
  const [element] = read('<configuration><a b="1\r\n2\t3&#10;4"/></configuration>').elements;
  expect(element?.attributes.get('b')?.value).toBe('1 2 3\n4');
});
