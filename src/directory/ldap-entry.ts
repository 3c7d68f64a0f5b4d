/** One entry of a search result, read strictly: values as octets or as UTF-8 text, never as whatever the data looks like. */
import type { Entry } from 'ldapts';
import { DirectoryAnswerError } from './directory.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class LdapEntry {
  readonly distinguishedName: string;
  /** By attribute description in lower case, without the `;binary` option. */
  readonly #values = new Map<string, readonly Buffer[]>();

  constructor(entry: Entry) {
    this.distinguishedName = entry.dn;
    for (const [description, value] of Object.entries(entry)) {
      if (description === 'dn') continue;
      const values = (Array.isArray(value) ? value : [value]).map((item) => Buffer.from(item));
      const name = description.toLowerCase().replace(/;binary$/, '');
      // beside `userCertificate;binary` the client adds an empty `userCertificate`, because that was asked for
      this.#values.set(name, [...(this.#values.get(name) ?? []), ...values]);
    }
  }

  /** The values as stored; none when the attribute is absent. */
  octets(attribute: string): readonly Buffer[] {
    return this.#values.get(attribute.toLowerCase()) ?? [];
  }

  /** @throws DirectoryAnswerError when a value is not UTF-8 */
  texts(attribute: string): readonly string[] {
    return this.octets(attribute).map((value) => {
      try {
        return utf8.decode(value);
      } catch {
        throw this.unreadable(attribute, 'is not UTF-8');
      }
    });
  }

  /** @throws DirectoryAnswerError when there are several values, or the value is not UTF-8 */
  text(attribute: string): string | undefined {
    const [value, ...more] = this.texts(attribute);
    if (more.length > 0) throw this.unreadable(attribute, 'has more than one value');
    return value;
  }

  /** @throws DirectoryAnswerError when there is not exactly one value */
  requiredText(attribute: string): string {
    const value = this.text(attribute);
    if (value === undefined || value === '')
      throw this.unreadable(attribute, 'is missing; may the bind account read it?');
    return value;
  }

  /**
   * The one value run through a reader that returns undefined for what it cannot read; undefined when the attribute is absent.
   * @throws DirectoryAnswerError when the reader cannot read it
   */
  read<T>(attribute: string, reader: (text: string) => T | undefined): T | undefined {
    const text = this.text(attribute);
    if (text === undefined) return undefined;
    const value = reader(text);
    if (value === undefined) throw this.unreadable(attribute, 'cannot be read', text);
    return value;
  }

  /**
   * @param complaint ends a sentence that begins with the attribute and the entry
   * @returns the error, for the caller to throw
   */
  unreadable(attribute: string, complaint: string, value?: string): DirectoryAnswerError {
    return new DirectoryAnswerError(`Attribute ${attribute} of ${this.distinguishedName} ${complaint}.`, {
      distinguishedName: this.distinguishedName,
      attribute,
      value,
    });
  }
}
