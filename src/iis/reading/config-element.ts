/** A configuration file of IIS as a tree of elements and attributes, each with its place. Text between elements is refused by the reader. */
import type { InputPlace } from './input-fault.ts';

export interface ConfigAttribute {
  readonly name: string;
  /** Without references and line breaks, as XML 1.0 section 3.3.3 normalises it. */
  readonly value: string;
  readonly place: InputPlace;
}

export interface ConfigElement {
  readonly name: string;
  readonly place: InputPlace;
  /** By name, in the order of the file. */
  readonly attributes: ReadonlyMap<string, ConfigAttribute>;
  readonly elements: readonly ConfigElement[];
}

/** @returns the elements below `element` of that name, in the order of the file */
export function childrenOf(element: ConfigElement, name: string): readonly ConfigElement[] {
  return element.elements.filter((child) => child.name === name);
}

/** @returns how many attributes stand in the element and below it, and how many elements below it have no attribute */
export function sizeOf(element: ConfigElement): { readonly attributes: number; readonly elements: number } {
  let attributes = element.attributes.size;
  let elements = 1;
  for (const child of element.elements) {
    const inside = sizeOf(child);
    attributes += inside.attributes;
    elements += inside.elements;
  }
  return { attributes, elements };
}
