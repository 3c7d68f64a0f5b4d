/** A YAML file whose every value knows its line: decoded strictly by a schema, with all faults at once. */
import { isAlias, isMap, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { type Repaired, repairedSettings } from '../../schema-faults/repaired-settings.ts';
import { schemaFaults } from '../../schema-faults/schema-issues.ts';
import { formatSetting, overlaps, type SettingPath } from '../../schema-faults/setting-path.ts';
import type { ConfigurationFault, SourcePosition } from './fault.ts';
import { repeatedSettings } from './repeated-settings.ts';
import { textFault } from './yaml-faults.ts';

/** Undefined when the octets are not UTF-8. A byte order mark is left out. */
function decodedText(content: string | Buffer): string | undefined {
  if (typeof content === 'string') return content;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}

/** Larger files are a mistake or an attack on the parser. */
const maximumBytes = 4 * 1024 * 1024;

export class YamlSource {
  readonly file: string;
  readonly faults: ConfigurationFault[] = [];
  /** Whether the text can be told apart into settings, some of which may stand twice. */
  readonly isReadable: boolean;
  readonly #repeated: SettingPath[] = [];
  /** Fault -> the settings that it follows from, where it is told of another, or of what holds them: it stands when none of them was replaced. */
  readonly #causes = new Map<ConfigurationFault, readonly SettingPath[]>();
  readonly #document: ReturnType<typeof parseDocument>;
  readonly #lines = new LineCounter();

  /** @param file name to show in faults */
  constructor(file: string, content: string | Buffer) {
    this.file = file;
    const text = decodedText(content);
    const bounded = text === undefined || text.length > maximumBytes ? '' : text;
    this.#document = parseDocument(bounded, { lineCounter: this.#lines, strict: true, uniqueKeys: true });
    if (text === undefined) this.fault([], 'is not in UTF-8', 'Save it in UTF-8: editors offer it as an encoding.');
    else if (bounded !== text)
      this.fault([], `is larger than ${maximumBytes} bytes`, 'Split it, or remove what is generated.');
    const errors = [...this.#document.errors, ...this.#document.warnings];
    const lineOf = (offset: number) => this.#lines.linePos(offset).line;
    const broken = textFault(errors, lineOf);
    if (broken) this.#add(this.#at(broken.offset), [], broken.message, broken.remedy);
    if (this.faults.length === 0) this.#checkAliases();
    this.isReadable = this.faults.length === 0;
    // Behind a fault of the text the parser guesses what belongs to what.
    for (const { path, firstOffset, offset } of repeatedSettings(this.#document)) {
      if (broken && offset > broken.offset) continue;
      const lines = `lines ${lineOf(firstOffset)} and ${lineOf(offset)}`;
      this.#repeated.push(path);
      this.#add(this.#at(offset), path, `stands twice, in ${lines}`, 'Keep one of the two.');
    }
  }

  /** @returns the decoded value, or undefined after adding at least one fault */
  decode<Schema extends z.ZodType>(schema: Schema): z.output<Schema> | undefined {
    const settings = this.decodeLeniently(schema)?.settings;
    return this.faults.some(({ severity }) => severity === 'fault') ? undefined : settings;
  }

  /**
   * The same, but where the schema refuses something the rest is handed out as well, so that it can be checked too.
   * @returns undefined after a fault that leaves nothing to be checked
   */
  decodeLeniently<Schema extends z.ZodType>(schema: Schema): Repaired<z.output<Schema>> | undefined {
    if (!this.isReadable) return undefined;
    const value = this.plain();
    const result = schema.safeParse(value);
    if (result.success) return { settings: result.data, replaced: this.#repeated };
    const written = (path: SettingPath) => this.written(path);
    for (const { path, message, remedy } of schemaFaults(result.error.issues, { schema, value, written })) {
      // Which of two values is meant is not known, so neither is judged.
      if (!this.#repeated.some((twice) => path.length >= twice.length && overlaps(path, twice))) {
        this.fault(path, message, remedy);
      }
    }
    const repaired = repairedSettings(schema, value);
    return repaired && { ...repaired, replaced: [...repaired.replaced, ...this.#repeated] };
  }

  /** Takes back faults that lie in, or around, what a repair put there. */
  withdraw(since: number, replaced: readonly SettingPath[]): void {
    const settings = replaced.map(formatSetting);
    const isWithin = (inner: string, outer: string) =>
      inner.startsWith(outer) && /^$|^[.[]/.test(inner.slice(outer.length));
    const kept = this.faults.splice(since).filter((fault) => {
      const causes = this.#causes.get(fault)?.map(formatSetting);
      if (causes) return !causes.some((cause) => settings.some((one) => isWithin(cause, one)));
      return !settings.some((one) => isWithin(fault.setting, one) || isWithin(one, fault.setting));
    });
    this.faults.push(...kept);
  }

  /** The document as plain objects; aliases may not multiply it. */
  plain(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 });
  }

  /** @param causes the settings that the fault follows from, where these are others than the one at `path` and all below it */
  fault(path: SettingPath, message: string, remedy: string, causes?: readonly SettingPath[]): void {
    this.#told(
      { severity: 'fault', position: this.locate(path), setting: formatSetting(path), message, remedy },
      causes,
    );
  }

  warning(path: SettingPath, message: string, remedy: string, causes?: readonly SettingPath[]): void {
    this.#told(
      { severity: 'warning', position: this.locate(path), setting: formatSetting(path), message, remedy },
      causes,
    );
  }

  #told(fault: ConfigurationFault, causes: readonly SettingPath[] | undefined): void {
    this.faults.push(fault);
    if (causes) this.#causes.set(fault, causes);
  }

  /** For who checks the configuration: nothing is wrong, and it may be meant otherwise. */
  note(path: SettingPath, message: string, remedy: string, causes?: readonly SettingPath[]): void {
    this.#told(
      { severity: 'note', position: this.locate(path), setting: formatSetting(path), message, remedy },
      causes,
    );
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

  /** An alias stands for an anchor before it, and may not multiply the document. */
  #checkAliases(): void {
    try {
      this.plain();
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      let at = 0;
      let name = '';
      visit(this.#document, {
        Alias: (_key, alias) => {
          if (name !== '' || alias.resolve(this.#document) !== undefined) return undefined;
          at = alias.range?.[0] ?? 0;
          name = alias.source;
          return visit.BREAK;
        },
      });
      if (name === '')
        this.#add(this.#at(at), [], 'aliases (*) multiply the file beyond all measure', 'Write the values themselves.');
      else
        this.#add(
          this.#at(at),
          [],
          `*${name} is an alias of YAML, and nothing before it is named &${name}`,
          `Put it into quotes if a star is meant: '*${name}'.`,
        );
    }
  }

  /** A single value as it is spelled in the file. */
  written(path: SettingPath): string | undefined {
    const node = this.#document.getIn(path, true);
    if (isAlias(node)) return `*${node.source}`;
    return isScalar(node) && node.value !== null ? (node.source ?? String(node.value)) : undefined;
  }

  #at(offset: number): SourcePosition {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line, column: col };
  }

  #add(position: SourcePosition, path: SettingPath, message: string, remedy: string): void {
    this.faults.push({ severity: 'fault', position, setting: formatSetting(path), message, remedy });
  }
}
