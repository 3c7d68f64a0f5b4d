/** How the tables of the schema are written: elements, attributes with type and default, collections with their keys. */

/** Number of bit or member -> name, as the schema of IIS has them. */
export type ValueNames = Readonly<Record<string, number>>;

export type ValueType =
  | { readonly kind: 'bool' | 'string' | 'encrypted' | 'timeSpan' }
  | { readonly kind: 'int' | 'uint' | 'int64'; readonly least: number; readonly most: number }
  | { readonly kind: 'enum' | 'flags'; readonly names: ValueNames };

export interface AttributeSchema {
  readonly type: ValueType;
  /** As a file writes it. Absent: the attribute has no value where it is not written. */
  readonly default?: string;
  /** IIS refuses the element without it. */
  readonly isRequired?: true;
}

export interface CollectionSchema {
  /** Element that adds an entry. */
  readonly add: string;
  /** Without them the collection has neither. */
  readonly remove?: string;
  readonly clear?: string;
  /** Attributes that no two entries may have in common. */
  readonly keys: readonly string[];
  readonly entry: ElementSchema;
}

export interface ElementSchema {
  readonly attributes: Readonly<Record<string, AttributeSchema>>;
  readonly elements: Readonly<Record<string, ElementSchema>>;
  readonly collection?: CollectionSchema;
  /** What is not understood in it keeps the site from being written: it may have closed what its lack opens. */
  readonly isSecurity?: true;
  /** No part of FTP reads it: the web server’s, or of an old version. */
  readonly isUnread?: true;
}

const unlimited32 = 4_294_967_295;

export const bool = (byDefault: boolean): AttributeSchema => ({ type: { kind: 'bool' }, default: String(byDefault) });
export const text = (byDefault?: string): AttributeSchema => ({
  type: { kind: 'string' },
  ...(byDefault !== undefined && { default: byDefault }),
});
export const secret: AttributeSchema = { type: { kind: 'encrypted' } };
export const span = (byDefault: string): AttributeSchema => ({ type: { kind: 'timeSpan' }, default: byDefault });
export const int = (byDefault: number, least = 0, most = 2_147_483_647): AttributeSchema => ({
  type: { kind: 'int', least, most },
  default: String(byDefault),
});
export const uint32 = (byDefault: number | undefined, least = 0, most = unlimited32): AttributeSchema => ({
  type: { kind: 'uint', least, most },
  ...(byDefault !== undefined && { default: String(byDefault) }),
});
export const int64 = (byDefault: number, least = 0): AttributeSchema => ({
  type: { kind: 'int64', least, most: Number.MAX_SAFE_INTEGER },
  default: String(byDefault),
});
export const member = (names: ValueNames, byDefault?: string): AttributeSchema => ({
  type: { kind: 'enum', names },
  ...(byDefault !== undefined && { default: byDefault }),
});
export const flags = (names: ValueNames, byDefault?: string): AttributeSchema => ({
  type: { kind: 'flags', names },
  ...(byDefault !== undefined && { default: byDefault }),
});
/** @returns the same attribute, without which IIS refuses the element */
export function required({ type }: AttributeSchema): AttributeSchema {
  return { type, isRequired: true };
}

/** @returns an element of these attributes and elements */
export function element(
  attributes: ElementSchema['attributes'],
  elements: ElementSchema['elements'] = {},
  more: Pick<ElementSchema, 'collection' | 'isSecurity' | 'isUnread'> = {},
): ElementSchema {
  return { attributes, elements, ...more };
}

/** @returns a collection that is read in order: add, remove and clear */
export function collection(keys: readonly string[], entry: ElementSchema['attributes']): CollectionSchema {
  return { add: 'add', remove: 'remove', clear: 'clear', keys, entry: element(entry) };
}
