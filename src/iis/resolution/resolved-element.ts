/** An element as it is in force: the attribute of the site, else that of siteDefaults, else the default of the schema. */
import type { ConfigAttribute, ConfigElement } from '../reading/config-element.ts';
import type { AttributeSchema, ElementSchema } from '../schema/element-schema.ts';
import { type ImportedValue, readValue } from '../values/read-value.ts';
import { type CollectionEntry, type MergedCollection, mergeCollection } from './collection-entries.ts';

export interface ResolvedValue {
  /** Undefined where it is neither written nor has a default, and for passwords. */
  readonly value: ImportedValue | undefined;
  /** Absent for a default. */
  readonly attribute: ConfigAttribute | undefined;
}

export class ResolvedElement {
  readonly path: string;
  readonly #schema: ElementSchema;
  /** The nearest first. */
  readonly #layers: readonly ConfigElement[];

  constructor(path: string, schema: ElementSchema, layers: readonly ConfigElement[]) {
    this.path = path;
    this.#schema = schema;
    this.#layers = layers;
  }

  /** Whether any layer has it. */
  get isWritten(): boolean {
    return this.#layers.length > 0;
  }

  /** @param path of an element below, such as `security/ssl` */
  below(path: string): ResolvedElement {
    return path.split('/').reduce<ResolvedElement>((element, name) => element.#child(name), this);
  }

  #child(name: string): ResolvedElement {
    const schema = this.#schema.elements[name];
    if (!schema) throw new Error(`${this.path} has no element ${name}`);
    const layers = this.#layers.flatMap(({ elements }) => elements.filter((child) => child.name === name).slice(0, 1));
    return new ResolvedElement(`${this.path}/${name}`, schema, layers);
  }

  get(name: string): ResolvedValue {
    const schema = this.#schema.attributes[name];
    if (!schema) throw new Error(`${this.path} has no attribute ${name}`);
    for (const { attributes } of this.#layers) {
      const attribute = attributes.get(name);
      const read = attribute && readValue(schema.type, attribute.value);
      if (read?.outcome === 'read') return { value: read.value, attribute };
      if (read?.outcome === 'secret') return { value: undefined, attribute };
    }
    return { value: defaultOf(schema), attribute: undefined };
  }

  /** @returns the value of an attribute of type bool */
  isSet(name: string): boolean {
    return this.get(name).value === true;
  }

  /** @returns the value of an attribute of another type as text; empty where it has no value */
  text(name: string): string {
    const { value } = this.get(name);
    return typeof value === 'string' ? value : '';
  }

  /** @returns the flags of an attribute */
  flags(name: string): readonly string[] {
    const { value } = this.get(name);
    return typeof value === 'object' ? value : [];
  }

  /** Entries of its collection: those of siteDefaults first, then what the site adds, removes and clears. */
  entries(): MergedCollection {
    const { collection } = this.#schema;
    if (!collection) throw new Error(`${this.path} is no collection`);
    let entries: readonly CollectionEntry[] = [];
    const dropped: CollectionEntry[] = [];
    const faulty: MergedCollection['faulty'][number][] = [];
    for (const layer of this.#layers.toReversed()) {
      const merged = mergeCollection(entries, layer, collection);
      entries = merged.entries;
      dropped.push(...merged.dropped);
      faulty.push(...merged.faulty);
    }
    return { entries, dropped, faulty };
  }

  /** @returns every attribute that some layer has */
  *attributes(): Generator<ConfigAttribute> {
    for (const { attributes } of this.#layers) yield* attributes.values();
  }
}

/** @returns the default of an attribute as a value */
function defaultOf({ type, default: written }: AttributeSchema): ImportedValue | undefined {
  const read = written === undefined ? undefined : readValue(type, written);
  return read?.outcome === 'read' ? read.value : undefined;
}
