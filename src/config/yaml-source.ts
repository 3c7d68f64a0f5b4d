/** A YAML file whose every value knows its line: decoded strictly by a schema, with all faults at once. */
import { isMap, isPair, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type ConfigurationFault, formatSetting, type SettingPath, type SourcePosition } from './fault.ts';

/** Larger files are a mistake or an attack on the parser. */
const maximumBytes = 4 * 1024 * 1024;

export class YamlSource {
  readonly file: string;
  readonly faults: ConfigurationFault[] = [];
  readonly #document: ReturnType<typeof parseDocument>;
  readonly #lines = new LineCounter();

  /** @param file name to show in faults */
  constructor(file: string, text: string) {
    this.file = file;
    const bounded = text.length > maximumBytes ? '' : text;
    this.#document = parseDocument(bounded, { lineCounter: this.#lines, strict: true, uniqueKeys: true });
    if (bounded !== text)
      this.fault([], `is larger than ${maximumBytes} bytes`, 'Split it, or remove what is generated.');
    for (const error of [...this.#document.errors, ...this.#document.warnings]) {
      this.#add(this.#at(error.pos[0]), [], error.message.split('\n')[0] ?? error.message, 'Correct the YAML syntax.');
    }
  }

  /** @returns the decoded value, or undefined after adding at least one fault */
  decode<Schema extends z.ZodType>(schema: Schema): z.output<Schema> | undefined {
    if (this.faults.length > 0) return undefined;
    const result = schema.safeParse(this.plain());
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.#addIssue(issue);
    return undefined;
  }

  /** The document as plain objects; aliases may not multiply it. */
  plain(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 });
  }

  fault(path: SettingPath, message: string, remedy: string): void {
    this.#add(this.locate(path), path, message, remedy);
  }

  warning(path: SettingPath, message: string, remedy: string): void {
    const position = this.locate(path);
    this.faults.push({ severity: 'warning', position, setting: formatSetting(path), message, remedy });
  }

  /** Where a setting stands, or the nearest setting around it that is there. */
  locate(path: SettingPath): SourcePosition {
    for (let length = path.length; length > 0; length -= 1) {
      const range = this.#keyRange(path.slice(0, length));
      if (range !== undefined) return this.#at(range);
    }
    return { file: this.file, line: 1, column: 1 };
  }

  /** Offset of the key of a mapping entry, or of an item of a sequence. */
  #keyRange(path: SettingPath): number | undefined {
    const last = path.at(-1);
    const parent = path.length > 1 ? this.#document.getIn(path.slice(0, -1), true) : this.#document.contents;
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isPair(item) && String(item.key) === String(last));
      return (pair?.key as { range?: [number, number, number] } | undefined)?.range?.[0];
    }
    const node = this.#document.getIn(path, true) as { range?: [number, number, number] } | undefined;
    return node?.range?.[0];
  }

  #at(offset: number): SourcePosition {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line, column: col };
  }

  #add(position: SourcePosition, path: SettingPath, message: string, remedy: string): void {
    this.faults.push({ severity: 'fault', position, setting: formatSetting(path), message, remedy });
  }

  #addIssue(issue: z.core.$ZodIssue): void {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        this.fault(
          [...path, key],
          'is not a setting',
          'Remove it or correct its spelling; README lists every setting.',
        );
      }
      return;
    }
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const nearest = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? [];
      for (const inner of nearest) this.#addIssue({ ...inner, path: [...issue.path, ...inner.path] });
      return;
    }
    this.fault(path, issue.message, remedyFor(issue));
  }
}

function remedyFor(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `Give a value of type ${issue.expected}.`;
    case 'invalid_value':
      return `Use one of: ${issue.values.map(String).join(', ')}.`;
    case 'too_small':
      return `The least allowed is ${issue.minimum}.`;
    case 'too_big':
      return `The most allowed is ${issue.maximum}.`;
    default:
      return 'README describes the setting.';
  }
}
