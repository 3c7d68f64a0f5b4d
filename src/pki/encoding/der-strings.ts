/** Character strings of ASN.1 decoded by their declared type. Control characters and broken encodings are refused. */
import { type DerValue, tags } from './der.ts';
import { MalformedError } from './malformed-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const controls = /\p{Cc}/u;

const decoders: ReadonlyMap<number, (content: Buffer) => string | undefined> = new Map([
  [tags.utf8String, decodeUtf8],
  // Real CAs put '@', '*', '&' and '_' into PrintableString; ASCII is unambiguous, so it is accepted.
  [tags.printableString, decodeAscii],
  [tags.numericString, decodeAscii],
  [tags.visibleString, decodeAscii],
  [tags.ia5String, decodeAscii],
  // Latin-1 is how every deployed implementation reads T.61.
  [tags.teletexString, (content: Buffer) => content.toString('latin1')],
  [tags.bmpString, decodeBmp],
  [tags.universalString, decodeUniversal],
]);

/**
 * The text of a string type; undefined when the tag is not one.
 * @throws MalformedError for invalid encodings, C0 and C1 control characters and NUL
 */
export function decodeText(value: DerValue, what: string): string | undefined {
  const decoder = decoders.get(value.tag);
  if (!decoder) return undefined;
  return checked(decoder(value.content), what);
}

/** The content of an IA5String under an implicit tag. */
export function decodeIa5(content: Buffer, what: string): string {
  return checked(decodeAscii(content), what);
}

function checked(text: string | undefined, what: string): string {
  if (text === undefined) throw new MalformedError(`${what} is not valid text of its declared type`);
  if (controls.test(text)) throw new MalformedError(`${what} holds a control character`);
  return text;
}

function decodeUtf8(content: Buffer): string | undefined {
  try {
    return utf8.decode(content);
  } catch {
    return undefined;
  }
}

function decodeAscii(content: Buffer): string | undefined {
  return content.every((octet) => octet < 0x80) ? content.toString('latin1') : undefined;
}

function decodeBmp(content: Buffer): string | undefined {
  if (content.length % 2 !== 0) return undefined;
  const text = Buffer.from(content).swap16().toString('utf16le');
  return text.isWellFormed() ? text : undefined;
}

function decodeUniversal(content: Buffer): string | undefined {
  if (content.length % 4 !== 0) return undefined;
  let text = '';
  for (let offset = 0; offset < content.length; offset += 4) {
    const point = content.readUInt32BE(offset);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
    text += String.fromCodePoint(point);
  }
  return text;
}
