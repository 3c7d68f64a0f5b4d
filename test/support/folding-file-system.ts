/**
 * A small file system in memory whose names differ in more than letter case, served over FUSE (protocol 7.31) at descriptor 3,
 * which is mounted already. It says of no entry what it is, and whatever is called `broken` cannot be looked at.
 */
import { readSync, writeSync } from 'node:fs';

interface Node {
  readonly id: bigint;
  readonly isDirectory: boolean;
  /** By folded name; the name as it was made beside it. */
  readonly entries: Map<string, { readonly name: string; readonly node: Node }>;
  content: Buffer;
}

const device = 3;
const headerBytes = 40;
const maximumWrite = 64 * 1024;
const errno = { ENOENT: 2, EIO: 5, EEXIST: 17, ENOTEMPTY: 39, ENOSYS: 38 } as const;
const nodes = new Map<bigint, Node>();

function createNode(isDirectory: boolean): Node {
  const node: Node = { id: BigInt(nodes.size + 1), isDirectory, entries: new Map(), content: Buffer.alloc(0) };
  nodes.set(node.id, node);
  return node;
}

const folded = (name: string) => name.toLowerCase();
const nodeOf = (id: bigint) => nodes.get(id) ?? fail('ENOENT');

class Failure extends Error {
  readonly code: keyof typeof errno;
  constructor(code: keyof typeof errno) {
    super(code);
    this.code = code;
  }
}

function fail(code: keyof typeof errno): never {
  throw new Failure(code);
}

function find(parent: Node, name: string): Node {
  if (name === 'broken') fail('EIO');
  return parent.entries.get(folded(name))?.node ?? fail('ENOENT');
}

function add(parent: Node, name: string, node: Node): Node {
  if (parent.entries.has(folded(name))) fail('EEXIST');
  parent.entries.set(folded(name), { name, node });
  return node;
}

function remove(parent: Node, name: string): void {
  if (find(parent, name).entries.size > 0) fail('ENOTEMPTY');
  parent.entries.delete(folded(name));
}

function rename(parent: Node, from: string, to: Node, name: string): void {
  const node = find(parent, from);
  parent.entries.delete(folded(from));
  to.entries.set(folded(name), { name, node });
}

function attributes({ id, isDirectory, content }: Node): Buffer {
  const bytes = Buffer.alloc(88);
  bytes.writeBigUInt64LE(id, 0);
  bytes.writeBigUInt64LE(BigInt(content.length), 8);
  bytes.writeUInt32LE(isDirectory ? 0o40755 : 0o100644, 60);
  bytes.writeUInt32LE(isDirectory ? 2 : 1, 64);
  bytes.writeUInt32LE(4096, 80);
  return bytes;
}

function entry(node: Node): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeBigUInt64LE(node.id, 0);
  return Buffer.concat([bytes, attributes(node)]);
}

function directoryEntries({ entries }: Node, offset: number, size: number): Buffer {
  const shown: Buffer[] = [];
  let used = 0;
  for (const [index, { name, node }] of [...entries.values()].entries()) {
    if (index < offset) continue;
    const bytes = Buffer.alloc(24 + Math.ceil(Buffer.byteLength(name) / 8) * 8);
    bytes.writeBigUInt64LE(node.id, 0);
    bytes.writeBigUInt64LE(BigInt(index + 1), 8);
    bytes.writeUInt32LE(Buffer.byteLength(name), 16);
    bytes.write(name, 24);
    if (used + bytes.length > size) break;
    used += bytes.length;
    shown.push(bytes);
  }
  return Buffer.concat(shown);
}

function write(node: Node, offset: number, data: Buffer): Buffer {
  const content = Buffer.alloc(Math.max(node.content.length, offset + data.length));
  node.content.copy(content);
  data.copy(content, offset);
  node.content = content;
  const answer = Buffer.alloc(8);
  answer.writeUInt32LE(data.length, 0);
  return answer;
}

function initialAnswer(): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(7, 0);
  bytes.writeUInt32LE(31, 4);
  bytes.writeUInt32LE(maximumWrite, 20);
  bytes.writeUInt32LE(1, 24);
  return bytes;
}

const opened = Buffer.alloc(16);
const empty = Buffer.alloc(0);

/** @returns undefined where the kernel awaits no answer */
function answer(opcode: number, id: bigint, body: Buffer): Buffer | undefined {
  const names = (from: number) => body.toString('utf8', from).split('\0');
  const [first = ''] = names(0);
  switch (opcode) {
    case 1:
      return entry(find(nodeOf(id), first));
    case 2:
    case 42:
      return undefined;
    case 3:
    case 4:
      return Buffer.concat([Buffer.alloc(16), attributes(nodeOf(id))]);
    case 9:
      return entry(add(nodeOf(id), names(8)[0] ?? '', createNode(true)));
    case 10:
    case 11:
      remove(nodeOf(id), first);
      return empty;
    case 12:
    case 45: {
      const [from = '', to = ''] = names(opcode === 12 ? 8 : 16);
      rename(nodeOf(id), from, nodeOf(body.readBigUInt64LE(0)), to);
      return empty;
    }
    case 14:
    case 27:
      return opened;
    case 15: {
      const offset = Number(body.readBigUInt64LE(8));
      return nodeOf(id).content.subarray(offset, offset + body.readUInt32LE(16));
    }
    case 16:
      return write(nodeOf(id), Number(body.readBigUInt64LE(8)), body.subarray(40, 40 + body.readUInt32LE(16)));
    case 18:
    case 20:
    case 25:
    case 29:
    case 30:
    case 34:
      return empty;
    case 26:
      return initialAnswer();
    case 28:
      return directoryEntries(nodeOf(id), Number(body.readBigUInt64LE(8)), body.readUInt32LE(16));
    case 35:
      return Buffer.concat([entry(add(nodeOf(id), names(16)[0] ?? '', createNode(false))), opened]);
    default:
      return fail('ENOSYS');
  }
}

function respond(unique: bigint, error: number, body: Buffer): void {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeInt32LE(-error, 4);
  header.writeBigUInt64LE(unique, 8);
  writeSync(device, Buffer.concat([header, body]));
}

function serve(request: Buffer): void {
  const unique = request.readBigUInt64LE(8);
  try {
    const body = answer(request.readUInt32LE(4), request.readBigUInt64LE(16), request.subarray(headerBytes));
    if (body) respond(unique, 0, body);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    respond(unique, errno[error.code], empty);
  }
}

const root = createNode(true);
const secret = add(root, 'Private', createNode(true));
add(secret, 's.txt', createNode(false)).content = Buffer.from('secret');
add(root, 'Öpen', createNode(true));
add(root, 'a.txt', createNode(false)).content = Buffer.from('alpha');
root.entries.set('broken', { name: 'broken', node: createNode(false) });
for (let index = 0; index < 300; index += 1) add(root, `ä${index}`, createNode(false));

const buffer = Buffer.alloc(headerBytes + maximumWrite + 4096);
for (;;) {
  try {
    serve(Buffer.from(buffer.subarray(0, readSync(device, buffer))));
  } catch (error) {
    // Unmounted.
    if (error instanceof Error && 'code' in error && error.code === 'ENODEV') break;
    throw error;
  }
}
