/**
 * Mutations of DER that know its structure: values dropped, doubled, exchanged, retagged or filled with awkward content, lengths
 * made right again above them; and now and then plain damage to octets, so that lengths lie too.
 */
import { der } from '../test/support/der-builder.ts';

interface Node {
  readonly tag: number;
  /** Undefined: primitive, or content that is no DER. */
  readonly children: readonly Node[] | undefined;
  readonly content: Buffer;
}

const maximumDepth = 24;

export class DerMutator {
  readonly #random: () => number;
  /** Values of all seeds, to put into others. */
  readonly #values: Node[] = [];

  constructor(random: () => number, seeds: readonly Buffer[]) {
    this.#random = random;
    for (const seed of seeds) for (const node of readAll(seed, 0) ?? []) this.#collect(node);
  }

  /** One to four mutations. */
  mutate(seed: Buffer): Buffer {
    let nodes = readAll(seed, 0);
    if (!nodes) return this.#damage(seed);
    const count = 1 + Math.floor(this.#random() ** 2 * 4);
    for (let turn = 0; turn < count; turn++) nodes = this.#inList(nodes);
    const bytes = Buffer.concat(nodes.map(encode));
    return this.#random() < 0.08 ? this.#damage(bytes) : bytes;
  }

  /** Mutates somewhere below, each list being left at its own level with a chance. */
  #inList(nodes: readonly Node[]): readonly Node[] {
    if (nodes.length === 0) return [this.#value()];
    const at = Math.floor(this.#random() * nodes.length);
    const node = nodes[at];
    if (!node) return nodes;
    const inner = node.children;
    if (inner && this.#random() < 0.88) return nodes.with(at, { ...node, children: this.#inList(inner) });
    switch (Math.floor(this.#random() * 9)) {
      case 0:
        return nodes.toSpliced(at, 1);
      case 1:
        return nodes.toSpliced(at, 0, node);
      case 2:
        return nodes.toSpliced(at, 1, this.#value());
      case 3:
        return nodes.toSpliced(at, 0, this.#value());
      case 4:
        return nodes.with(at, { ...node, tag: this.#tag() });
      case 5:
        return nodes.toReversed();
      case 6:
        return nodes.with(at, { tag: 0x30, children: [node], content: node.content });
      case 7:
        return this.#random() < 0.05 ? Array.from({ length: 300 }, () => node) : nodes.toSpliced(at, 0, node, node);
      default:
        return nodes.with(at, { tag: node.tag, children: undefined, content: this.#content(node) });
    }
  }

  #content(node: Node): Buffer {
    const content = Buffer.from(node.children ? Buffer.concat(node.children.map(encode)) : node.content);
    const awkward: readonly (() => Buffer)[] = [
      () => Buffer.alloc(0),
      () => Buffer.of(0),
      () => Buffer.of(0xff),
      () => Buffer.of(0x80, 0x80, 0x80, 0x01),
      () => Buffer.alloc(40, 0xff),
      () => Buffer.from('99991231235959Z'),
      () => Buffer.from('*.\u0000@[]:/?#\u00fc\u202e'),
      () => Buffer.concat([content, content]),
      () => content.subarray(0, content.length >> 1),
      () => Buffer.from(Array.from({ length: 12 }, () => Math.floor(this.#random() * 256))),
      () => this.#flip(content),
      () => this.#flip(content),
      () => this.#flip(content),
    ];
    return awkward[Math.floor(this.#random() * awkward.length)]?.() ?? content;
  }

  #flip(content: Buffer): Buffer {
    const at = Math.floor(this.#random() * content.length);
    if (content.length > 0) content[at] = (content[at] ?? 0) ^ (1 << Math.floor(this.#random() * 8));
    return content;
  }

  #damage(seed: Buffer): Buffer {
    const bytes = this.#flip(Buffer.from(seed));
    return this.#random() < 0.3 ? bytes.subarray(0, Math.floor(this.#random() * bytes.length)) : bytes;
  }

  #tag(): number {
    const common = [
      0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31, 0x80, 0x82, 0xa0,
    ];
    const found = common[Math.floor(this.#random() * common.length)] ?? 0x30;
    return this.#random() < 0.2 ? Math.floor(this.#random() * 256) : found;
  }

  #value(): Node {
    return (
      this.#values[Math.floor(this.#random() * this.#values.length)] ?? {
        tag: 5,
        children: undefined,
        content: Buffer.alloc(0),
      }
    );
  }

  #collect(node: Node): void {
    this.#values.push(node);
    for (const child of node.children ?? []) this.#collect(child);
  }
}

/** The values that `bytes` consist of; undefined when they are no DER. OCTET and BIT STRINGs are looked into as well. */
function readAll(bytes: Buffer, depth: number): readonly Node[] | undefined {
  const nodes: Node[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const tag = bytes[offset] ?? 0;
    const first = bytes[offset + 1];
    if (first === undefined || (tag & 0x1f) === 0x1f || first === 0x80 || first > 0x83) return undefined;
    const octets = first < 0x80 ? 0 : first & 0x7f;
    if (offset + 2 + octets > bytes.length) return undefined;
    const length = octets === 0 ? first : bytes.readUIntBE(offset + 2, octets);
    const start = offset + 2 + octets;
    if (start + length > bytes.length) return undefined;
    const content = bytes.subarray(start, start + length);
    const mayNest = (tag & 0x20) !== 0 || (tag === 0x04 && content.length > 2);
    nodes.push({ tag, content, children: mayNest && depth < maximumDepth ? readAll(content, depth + 1) : undefined });
    offset = start + length;
  }
  return nodes;
}

function encode(node: Node): Buffer {
  return der(node.tag, node.children ? Buffer.concat(node.children.map(encode)) : node.content);
}
