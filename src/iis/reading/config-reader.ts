/**
 * Reads a configuration file of IIS: strict XML 1.0 to a tree, with the place of every element and attribute. A document type, entities
 * of its own, text, foreign namespaces and whatever is deeper or larger than IIS writes are refused. Nothing that the file names is opened.
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { printable } from '../../operations/printable.ts';
import type { ConfigAttribute, ConfigElement } from './config-element.ts';
import { InputFault, type InputPlace } from './input-fault.ts';
import { textOf } from './input-text.ts';
import { LineStarts } from './line-starts.ts';

/** IIS needs 12 levels. A value is a path, a list of users or a message. */
const limits = { levels: 32, elements: 200_000, attributes: 200, valueLength: 65_536 } as const;

/** Old tools write this one; IIS ignores it. */
const oldNamespace = 'http://schemas.microsoft.com/.NetConfiguration/v2.0';

/** Sections of other products may hold elements of other namespaces; these may not. */
const sectionsOfIis: ReadonlySet<string> = new Set(['system.applicationHost', 'system.ftpServer', 'location']);

interface OpenElement extends ConfigElement {
  readonly attributes: Map<string, ConfigAttribute>;
  readonly elements: ConfigElement[];
}

/**
 * @param file its name, for places
 * @param kind what it is in IIS
 * @returns its root, which is `configuration`
 * @throws InputFault
 */
export function readConfig(
  file: string,
  octets: Uint8Array,
  kind: 'applicationHost.config' | 'web.config' = 'applicationHost.config',
): ConfigElement {
  const place = kind === 'web.config' ? ({ file, isOfWebConfig: true } as const) : { file };
  return new ConfigReader(place, textOf(file, octets)).read();
}

class ConfigReader {
  readonly #file: Pick<InputPlace, 'file' | 'isOfWebConfig'>;
  readonly #text: string;
  readonly #lines: LineStarts;
  readonly #parser = new SaxesParser({ xmlns: true, position: true });
  readonly #open: OpenElement[] = [];
  /** The element that an end tag closed last; the parser closes before it complains of the name. */
  #closed: ConfigElement | undefined;
  #root: ConfigElement | undefined;
  #count = 0;
  /** Of the start tag that is being read. */
  #attributes: ConfigAttribute[] = [];
  #tagStart = 0;
  #attributeFrom = 0;
  /** Behind the last tag, comment or instruction. */
  #markupEnd = 0;
  /** Levels below an element of another product’s namespace. */
  #foreignLevels = 0;

  constructor(file: Pick<InputPlace, 'file' | 'isOfWebConfig'>, text: string) {
    this.#file = file;
    this.#text = text;
    this.#lines = new LineStarts(text);
  }

  read(): ConfigElement {
    const parser = this.#parser;
    parser.on('error', (error) => this.#malformed(error.message.replace(/^(?:[^:]*:)?\d+:\d+: /, '')));
    parser.on('xmldecl', ({ version }) => {
      if (version !== '1.0') this.#refuse(0, `is of XML ${version ?? ''}`, 'IIS reads XML 1.0.');
      this.#markupEnd = parser.position;
    });
    parser.on('doctype', () => {
      const at = this.#text.indexOf('<!DOCTYPE', this.#markupEnd);
      this.#refuse(at, 'has a document type declaration', 'Remove it: IIS writes none.');
    });
    for (const kind of ['comment', 'processinginstruction'] as const) {
      parser.on(kind, () => {
        this.#markupEnd = parser.position;
      });
    }
    for (const kind of ['text', 'cdata'] as const) parser.on(kind, (text) => this.#characters(text));
    parser.on('opentagstart', ({ name }) => this.#tagBegins(name));
    parser.on('attribute', ({ name, value }) => this.#attributeEnds(name, value));
    parser.on('opentag', (tag) => this.#tagEnds(tag));
    parser.on('closetag', () => {
      if (this.#foreignLevels > 0) this.#foreignLevels -= 1;
      else this.#closed = this.#open.pop();
      this.#markupEnd = parser.position;
    });
    parser.write(this.#text).close();
    const root = this.#root;
    if (root?.name !== 'configuration') {
      const found = root ? `its root element is ${printable(root.name)}, not configuration` : 'holds no element';
      throw new InputFault(root?.place ?? this.#at(0), found, 'Name a configuration file that IIS reads.');
    }
    return root;
  }

  #tagBegins(name: string): void {
    this.#tagStart = this.#text.lastIndexOf('<', this.#parser.position - 1);
    this.#attributeFrom = this.#tagStart + 1 + name.length;
    this.#attributes = [];
    this.#count += 1;
    const levels = this.#open.length + this.#foreignLevels;
    if (levels >= limits.levels) this.#tooMuch(this.#tagStart, `${limits.levels} levels of elements`);
    if (this.#count > limits.elements) this.#tooMuch(this.#tagStart, `${limits.elements} elements`);
  }

  #attributeEnds(name: string, value: string): void {
    let at = this.#attributeFrom;
    while (/\s/.test(this.#text.charAt(at))) at += 1;
    if (value.length > limits.valueLength) this.#tooMuch(at, `${limits.valueLength} characters in a value`);
    if (this.#attributes.length >= limits.attributes) this.#tooMuch(at, `${limits.attributes} attributes in a tag`);
    this.#attributes.push({ name, value, place: this.#at(at) });
    this.#attributeFrom = this.#parser.position;
  }

  #tagEnds(tag: SaxesTagNS): void {
    this.#markupEnd = this.#parser.position;
    const isForeign = tag.uri !== '' && tag.uri !== oldNamespace;
    if (this.#foreignLevels > 0 || isForeign) {
      if (this.#foreignLevels === 0) this.#judgeForeign(tag);
      this.#foreignLevels += 1;
      return;
    }
    const attributes = new Map<string, ConfigAttribute>();
    for (const attribute of this.#attributes) {
      const { name, place } = attribute;
      // That of the root stays, to be reported.
      if ((name === 'xmlns' && this.#open.length > 0) || name.startsWith('xmlns:')) continue;
      if (name.includes(':') && !this.#isOfOthers()) {
        const message = `the attribute ${printable(name)} has a prefix`;
        throw new InputFault(place, message, 'Apply the transformation first, and import what comes of it.');
      }
      attributes.set(name, attribute);
    }
    const element: OpenElement = { name: tag.local, place: this.#at(this.#tagStart), attributes, elements: [] };
    const parent = this.#open.at(-1);
    if (parent) parent.elements.push(element);
    else this.#root = element;
    this.#open.push(element);
  }

  /** Whether what is read lies in a section of another product. */
  #isOfOthers(): boolean {
    const section = this.#open[1];
    return section !== undefined && !sectionsOfIis.has(section.name);
  }

  #judgeForeign({ local, uri }: SaxesTagNS): void {
    if (local === 'EncryptedData') {
      const remedy = 'Decrypt the section on the server (aspnet_regiis -pdf, or appcmd), and import that file.';
      this.#refuse(this.#tagStart, 'the section is encrypted', remedy);
    }
    const isBelowIis = this.#open.length < 2 || !this.#isOfOthers();
    // A section of another product may itself be of its own namespace.
    const isSection = this.#open.length === 1 && !sectionsOfIis.has(local);
    if (!isBelowIis || isSection) return;
    const message = `the namespace ${printable(uri)} is not of a configuration of IIS`;
    this.#refuse(this.#tagStart, message, 'Import the file that the server runs with, not a transformation of it.');
  }

  #characters(text: string): void {
    const blank = /^[ \t\r\n]*$/;
    if (this.#open.length > 0 && this.#foreignLevels === 0 && !blank.test(text)) {
      let at = this.#markupEnd;
      while (/\s/.test(this.#text.charAt(at))) at += 1;
      this.#refuse(at, `holds text: ${printable(text.trim().slice(0, 40))}`, 'Only attributes have values in IIS.');
    }
  }

  #malformed(reason: string): never {
    const open = reason.startsWith('unexpected close') ? this.#closed : this.#open.at(-1);
    const isAboutTag = /clos|unmatched/.test(reason);
    const at = this.#at(isAboutTag ? this.#lastTag() : this.#parser.position - 1);
    const start =
      isAboutTag && open ? `; ${printable(open.name)} begins at ${open.place.line}:${open.place.column}` : '';
    const message = `is not well-formed XML: ${printable(reason).replace(/\.$/, '')}${start}`;
    throw new InputFault(at, message, 'Restore a copy that IIS reads.', open?.place);
  }

  /** Where the tag begins that the parser is in, or behind. */
  #lastTag(): number {
    return Math.max(0, this.#text.lastIndexOf('<', this.#parser.position - 1));
  }

  #tooMuch(at: number, limit: string): never {
    this.#refuse(at, `has more than ${limit}`, 'Name a configuration file that IIS reads.');
  }

  #refuse(at: number, message: string, remedy: string): never {
    throw new InputFault(this.#at(at), message, remedy);
  }

  #at(offset: number): InputPlace {
    return { ...this.#file, ...this.#lines.at(Math.max(0, Math.min(offset, this.#text.length))) };
  }
}
