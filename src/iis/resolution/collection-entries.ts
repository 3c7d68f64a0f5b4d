/** Collections as IIS reads them: in order, `clear` drops all that came before, `remove` the entry of that key, `add` appends. */
import type { ConfigAttribute, ConfigElement } from '../reading/config-element.ts';
import type { CollectionSchema } from '../schema/element-schema.ts';
import { type ImportedValue, readValue } from '../values/read-value.ts';

/** An entry that is in force. */
export interface CollectionEntry {
  readonly element: ConfigElement;
  /** Written, or by default; a value that could not be read is missing. */
  readonly values: ReadonlyMap<string, ImportedValue>;
}

export interface MergedCollection {
  readonly entries: readonly CollectionEntry[];
  /** Removed from what is inherited. */
  readonly dropped: readonly CollectionEntry[];
  /** Elements that IIS reports an error for: they remove what is not there, or add what is inherited. */
  readonly faulty: readonly { readonly element: ConfigElement; readonly message: string }[];
}

/** Equal for entries that no collection may hold together. Lists of flags compare without regard to order. */
export function entryKey(element: ConfigElement, { keys, entry }: CollectionSchema): string {
  return JSON.stringify(
    keys.map((name) => {
      const schema = entry.attributes[name];
      const text = element.attributes.get(name)?.value ?? schema?.default ?? '';
      if (schema?.type.kind !== 'flags') return text;
      const read = readValue(schema.type, text);
      return read.outcome === 'read' ? read.value : text;
    }),
  );
}

/**
 * @param inherited entries of the level above
 * @param element the collection of this level
 */
export function mergeCollection(
  inherited: readonly CollectionEntry[],
  element: ConfigElement,
  schema: CollectionSchema,
): MergedCollection {
  let entries = [...inherited];
  const faulty: { element: ConfigElement; message: string }[] = [];
  const keyOf = (one: ConfigElement) => entryKey(one, schema);
  for (const child of element.elements) {
    if (child.name === schema.clear) entries = [];
    else if (child.name === schema.remove) {
      const key = keyOf(child);
      const [exact, folded] = [key, key.toLowerCase()].map((wanted, fold) =>
        entries.findIndex(({ element: one }) => (fold === 1 ? keyOf(one).toLowerCase() : keyOf(one)) === wanted),
      );
      const at = exact === -1 ? (folded ?? -1) : (exact ?? -1);
      if (at < 0) faulty.push({ element: child, message: 'removes an entry that is not there' });
      else entries.splice(at, 1);
    } else if (child.name === schema.add) {
      const key = keyOf(child);
      if (entries.some((entry) => inherited.includes(entry) && keyOf(entry.element) === key)) {
        faulty.push({ element: child, message: 'adds an entry that is inherited already' });
      } else entries.push({ element: child, values: valuesOf(child, schema) });
    }
  }
  return { entries, dropped: inherited.filter((entry) => !entries.includes(entry)), faulty };
}

function valuesOf(element: ConfigElement, { entry }: CollectionSchema): ReadonlyMap<string, ImportedValue> {
  const values = new Map<string, ImportedValue>();
  for (const [name, schema] of Object.entries(entry.attributes)) {
    const text = element.attributes.get(name)?.value ?? schema.default;
    const read = text === undefined ? undefined : readValue(schema.type, text);
    if (read?.outcome === 'read') values.set(name, read.value);
  }
  return values;
}

/** @returns all attributes of an element and below it */
export function* attributesBelow(element: ConfigElement): Generator<ConfigAttribute> {
  yield* element.attributes.values();
  for (const child of element.elements) yield* attributesBelow(child);
}
