/**
 * Where administrators keep the tuples of the policy: as text, one tuple a line; as an export of the registry (.reg); or as the
 * Registry.pol of the group policy object. Only the first may hold comments.
 */
import { printable } from '../../operations/printable.ts';
import { type RegistryEntry, registryEntries } from './registry-file.ts';

export interface PolicyLine {
  /** Where it stands, for people: `line 3`. */
  readonly place: string;
  readonly text: string;
}

export class PolicyFileError extends Error {
  override readonly name = 'PolicyFileError';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** A policy has some lines; more is another file. */
const mostPolicyOctets = 1024 * 1024;
/** Of HKEY_LOCAL_MACHINE, where the policy puts its values. */
const policyKey = 'software\\microsoft\\windows\\currentversion\\policies\\system\\kdc\\parameters';
const asText = 'Give the tuples as text, one a line.';

/**
 * @param file UTF-8, or UTF-16 as Windows writes it; or Registry.pol
 * @returns the lines that are to be tuples; at least one
 * @throws PolicyFileError
 */
export function readPolicyFile(file: Buffer): readonly PolicyLine[] {
  if (file.length > mostPolicyOctets)
    throw new PolicyFileError(`has ${file.length} bytes; a policy has ${mostPolicyOctets} at most`, asText);
  const text = isRegistryPolicy(file) ? undefined : decodedText(file);
  const entries = registryEntries(file, text);
  const lines = entries ? linesOfRegistry(entries) : linesOfText(text ?? '');
  if (lines.length === 0) throw new PolicyFileError('holds no tuple', asText);
  return lines;
}

function isRegistryPolicy(file: Buffer): boolean {
  return file.subarray(0, 4).toString('latin1') === 'PReg';
}

/** Windows saves in UTF-16 with a byte order mark; some tools leave the mark out. */
function decodedText(file: Buffer): string {
  const [first, second] = file;
  const isLittleEndian = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
  const isBigEndian = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0);
  const encoding = isLittleEndian ? 'utf-16le' : isBigEndian ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(file);
  } catch {
    throw new PolicyFileError('is neither UTF-8 nor UTF-16', 'Save it in UTF-8: editors offer it as an encoding.');
  }
}

function linesOfText(text: string): readonly PolicyLine[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((line, index) => ({ place: `line ${index + 1}`, text: line.trim() }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
}

/** The tuples are a list of strings at the key, or strings below it; other policies of the KDC have single strings there. */
function linesOfRegistry(entries: readonly RegistryEntry[]): readonly PolicyLine[] {
  const own = entries.filter(({ key }) => `${key.toLowerCase()}\\`.includes(`${policyKey}\\`));
  const found = own.filter(({ key, type }) => type === 'strings' || (type === 'string' && !isPolicyKey(key)));
  const isOff = own.some((entry) => entry.name.toLowerCase() === 'usestrongnamematches' && entry.number === 0);
  if (isOff)
    throw new PolicyFileError('turns the policy off: UseStrongNameMatches is 0', `If it is to hold here: ${asText}`);
  const [first, ...more] = found.filter(({ type }) => type === 'strings');
  if (first && more.length > 0) {
    const names = [first, ...more].map(({ name }) => printable(name)).join(', ');
    throw new PolicyFileError(`holds several lists of strings at the key of the policy: ${names}`, asText);
  }
  if (found.length === 0) throw new PolicyFileError(`holds no list of strings at HKLM\\${policyKey}`, asText);
  return found.flatMap(({ name, strings }) =>
    strings
      .map((text, index) => ({ place: `value ${printable(name)}, string ${index + 1}`, text: text.trim() }))
      .filter(({ text }) => text !== ''),
  );
}

function isPolicyKey(key: string): boolean {
  return key.toLowerCase().endsWith(policyKey);
}
