/** Settings that stand twice in a YAML file, which the format forbids and a parser tells without their names. */
import { type Document, isMap, isPair, isScalar, isSeq, type Pair, visit } from 'yaml';
import type { SettingPath } from '../../schema-faults/setting-path.ts';

interface RepeatedSetting {
  readonly path: SettingPath;
  /** Characters from the beginning of the text. */
  readonly firstOffset: number;
  readonly offset: number;
}

/** In the order of the file. */
export function repeatedSettings(document: Document): readonly RepeatedSetting[] {
  const found: RepeatedSetting[] = [];
  visit(document, {
    Map: (_key, map, ancestors) => {
      const firsts = new Map<string, number>();
      for (const pair of map.items) {
        const name = nameOf(pair);
        const offset = offsetOf(pair);
        const firstOffset = firsts.get(name);
        if (firstOffset === undefined) firsts.set(name, offset);
        else found.push({ path: [...pathOf([...ancestors, map]), name], firstOffset, offset });
      }
    },
  });
  return found.sort((a, b) => a.offset - b.offset);
}

/** @param nodes from the document down */
function pathOf(nodes: readonly unknown[]): SettingPath {
  return nodes.flatMap((node, index): SettingPath => {
    if (isPair(node)) return isMap(nodes[index - 1]) ? [nameOf(node)] : [];
    return isSeq(node) && index + 1 < nodes.length ? [node.items.indexOf(nodes[index + 1])] : [];
  });
}

function nameOf({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key);
}

function offsetOf({ key }: Pair): number {
  const { range } = key as { readonly range?: readonly [number, number, number] | null };
  return range?.[0] ?? 0;
}
