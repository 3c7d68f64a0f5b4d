/** Values out of exports of the Windows registry: .reg files, and Registry.pol of group policy objects (MS-GPREG 2.2.1). */
export interface RegistryEntry {
  /** With its hive in a .reg file, without in Registry.pol. */
  readonly key: string;
  readonly name: string;
  /** `strings`: REG_MULTI_SZ. `other`: what no policy of names uses. */
  readonly type: 'string' | 'strings' | 'number' | 'other';
  /** Of `string` and `strings`. */
  readonly strings: readonly string[];
  /** Of `number`. */
  readonly number?: number;
}

const heads = ['Windows Registry Editor Version 5.00', 'REGEDIT4'];
/** In a .reg file: a key, a value of text, a number, or octets of a type. */
const keyLine = /^\[([^\]]*)\]\s*$/;
const valueLine =
  /^"((?:[^"\\]|\\.)*)"=(?:"((?:[^"\\]|\\.)*)"|dword:([0-9a-f]{8})|hex(?:\(([0-9a-f]+)\))?:([0-9a-f, ]*))\s*$/i;
const typeOfNumber: ReadonlyMap<number, RegistryEntry['type']> = new Map([
  [1, 'string'],
  [2, 'string'],
  [4, 'number'],
  [7, 'strings'],
]);

/**
 * @param text the file as text; undefined for Registry.pol
 * @returns undefined when the file is neither; values that cannot be read are left out
 */
export function registryEntries(file: Buffer, text: string | undefined): readonly RegistryEntry[] | undefined {
  if (text === undefined) return entriesOfPolicy(file);
  const head = heads.find((one) => text.trimStart().startsWith(one));
  return head === undefined ? undefined : entriesOfExport(text, head === 'REGEDIT4' ? 'latin1' : 'utf16le');
}

function entriesOfExport(text: string, encoding: 'latin1' | 'utf16le'): readonly RegistryEntry[] {
  let key = '';
  // a value goes on in the next line after a backslash
  const lines = text.replace(/\\\r?\n\s*/g, '').split(/\r?\n/);
  return lines.flatMap((line): readonly RegistryEntry[] => {
    key = keyLine.exec(line)?.[1] ?? key;
    const [, name, quoted, number, type = '3', octets] = valueLine.exec(line) ?? [];
    if (name === undefined) return [];
    const common = { key, name: unescaped(name) };
    if (quoted !== undefined) return [{ ...common, type: 'string', strings: [unescaped(quoted)] }];
    if (number !== undefined) return [{ ...common, type: 'number', strings: [], number: Number.parseInt(number, 16) }];
    const data = Buffer.from((octets ?? '').replace(/[, ]/g, ''), 'hex');
    return [{ ...common, ...decoded(Number.parseInt(type, 16), data, encoding) }];
  });
}

const unescaped = (text: string) => text.replace(/\\(.)/g, '$1');

function decoded(
  typeNumber: number,
  data: Buffer,
  encoding: 'latin1' | 'utf16le',
): Pick<RegistryEntry, 'type' | 'strings' | 'number'> {
  const type = typeOfNumber.get(typeNumber) ?? 'other';
  if (type === 'number')
    return data.length === 4 ? { type, strings: [], number: data.readUInt32LE() } : { type, strings: [] };
  const texts = data.toString(encoding).replace(/\0+$/, '').split('\0');
  if (type === 'string') return { type, strings: texts.slice(0, 1) };
  return { type, strings: type === 'strings' ? texts : [] };
}

/** After eight octets of signature and version: `[key;value;type;size;data]`, text in UTF-16LE and ended by a zero. */
function entriesOfPolicy(file: Buffer): readonly RegistryEntry[] {
  const entries: RegistryEntry[] = [];
  let at = 8;
  const skip = (mark: string) => {
    if (file.subarray(at, at + 2).toString('utf16le') !== mark) return false;
    at += 2;
    return true;
  };
  const text = () => {
    const start = at;
    while (at + 1 < file.length && file.readUInt16LE(at) !== 0) at += 2;
    const found = file.subarray(start, at).toString('utf16le');
    at += 2;
    return found;
  };
  while (skip('[')) {
    const key = text();
    if (!skip(';')) break;
    const name = text();
    if (!skip(';') || at + 12 > file.length) break;
    const type = file.readUInt32LE(at);
    const size = file.readUInt32LE(at + 6);
    at += 12;
    const data = file.subarray(at, at + size);
    at += size;
    if (data.length < size || !skip(']')) break;
    // names with two stars are orders to remove values
    if (!name.startsWith('**')) entries.push({ key, name, ...decoded(type, data, 'utf16le') });
  }
  return entries;
}
