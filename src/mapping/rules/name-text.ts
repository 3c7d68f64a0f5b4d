/**
 * Distinguished names in rule sets: RFC 4514 text into the normal form by which certificate names are compared. The text is
 * encoded and parsed like a name of a certificate, so that both sides go the same way; text is never compared with text.
 */

import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { type DistinguishedName, parseDistinguishedName } from '../../pki/names/distinguished-name.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import { attributeTypeNames, attributeTypeOf } from '../stored/attribute-names.ts';
import { RuleSyntaxError } from './rule-syntax-error.ts';

const longestText = 4096;
/** One attribute and what separates it from the next; quoted values (RFC 2253) are taken too. */
const attribute =
  /\s*([A-Za-z][A-Za-z0-9.-]*|[0-2](?:\.\d+)+)\s*=\s*("(?:\\[\s\S]|[^"\\])*"|(?:\\[\s\S]|[^\\",+;<>])*)\s*([,+]|$)/y;

/** @param text most specific RDN first, as RFC 4514 and `openssl x509 -nameopt RFC2253` write it. @throws RuleSyntaxError */
export function parseNameText(text: string): DistinguishedName {
  if (text.length > longestText) throw new RuleSyntaxError(`is longer than ${longestText} characters`);
  const rdns: Buffer[][] = [[]];
  let separator = ',';
  attribute.lastIndex = 0;
  while (separator !== '') {
    const match = attribute.exec(text);
    if (!match) throw new RuleSyntaxError('is not a distinguished name such as CN=Card CA,O=Example,C=DE');
    const [, name = '', value = '', next = ''] = match;
    const type = attributeTypeOf(name);
    if (type === undefined) {
      const meant = nearest(name, attributeTypeNames);
      throw new RuleSyntaxError(`${name} is not a known attribute type; write its OID`, meant);
    }
    if (separator === ',' && rdns[0]?.length !== 0) rdns.unshift([]);
    rdns[0]?.push(sequence(0x30, [objectIdentifier(type), sequence(0x0c, [Buffer.from(unescaped(value))])]));
    separator = next;
  }
  const sets = rdns.map((members) => sequence(0x31, members.sort(Buffer.compare)));
  try {
    return parseDistinguishedName(sequence(0x30, sets));
  } catch (error) {
    if (error instanceof MalformedError) throw new RuleSyntaxError(error.message);
    throw error;
  }
}

function unescaped(text: string): string {
  const inner = text.startsWith('"') ? text.slice(1, -1) : trimmed(text);
  if (inner.startsWith('#')) throw new RuleSyntaxError('a value in hexadecimal cannot be given here');
  const octets: Buffer[] = [];
  for (const [, hex, character, plain] of inner.matchAll(/\\([0-9A-Fa-f]{2})|\\([\s\S])|([^\\]+)/g)) {
    octets.push(hex === undefined ? Buffer.from(character ?? plain ?? '') : Buffer.from(hex, 'hex'));
  }
  const whole = Buffer.concat(octets);
  if (!whole.equals(Buffer.from(whole.toString('utf8')))) throw new RuleSyntaxError('holds octets that are not UTF-8');
  return whole.toString('utf8');
}

/** Blanks before the separator are no part of the value; an odd number of backslashes escapes the first of them. */
function trimmed(text: string): string {
  const bare = text.replace(/ +$/, '');
  const backslashes = /\\*$/.exec(bare)?.[0].length ?? 0;
  return backslashes % 2 === 1 ? `${bare} ` : bare;
}

function sequence(tag: number, members: readonly Buffer[]): Buffer {
  const content = Buffer.concat(members);
  const { length } = content;
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...header]), content]);
}

/** X.690 8.19: the first two arcs are one number, each number in groups of seven bits. */
function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const octets = [first * 40 + second, ...others].flatMap((arc) => {
    const groups = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) groups.unshift((rest % 128) | 0x80);
    return groups;
  });
  return sequence(0x06, [Buffer.from(octets)]);
}
