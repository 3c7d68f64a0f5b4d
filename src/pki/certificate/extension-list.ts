/** The list of extensions of a certificate, a CRL, a CRL entry or an OCSP response, read strictly or as far as it goes. */
import { DerReader, type DerValue, tags } from '../encoding/der.ts';
import { decodeBoolean, decodeObjectIdentifier } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** Content of extnValue. */
  readonly value: Buffer;
}

const maximumExtensions = 64;

/**
 * An empty list breaks the syntax and says nothing.
 * @param content of the Extensions SEQUENCE
 * @throws MalformedError when it holds an extension twice (RFC 5280 4.2)
 */
export function parseExtensions(content: Buffer, what: string): ReadonlyMap<string, Extension> {
  const { extensions, notUnderstood } = readExtensions(content, what);
  if (notUnderstood !== undefined) throw new MalformedError(notUnderstood);
  return extensions;
}

export interface ReadableExtensions {
  readonly extensions: ReadonlyMap<string, Extension>;
  /** The first fault in the list; absent: it was read whole. */
  readonly notUnderstood?: string;
}

/**
 * What can be read of such a list, for evidence that revokes even where it cannot be understood in full. Of an extension that stands
 * twice neither counts, and nothing counts that follows a fault of the syntax.
 */
export function readExtensions(content: Buffer, what: string): ReadableExtensions {
  const extensions = new Map<string, Extension>();
  const repeated = new Set<string>();
  try {
    for (const value of new DerReader(content, what).rest(maximumExtensions)) {
      const extension = extensionOf(value, what);
      const { oid } = extension;
      if (extensions.delete(oid)) repeated.add(oid);
      else if (!repeated.has(oid)) extensions.set(oid, extension);
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { extensions, notUnderstood: error.message };
  }
  const [twice] = repeated;
  return { extensions, ...(twice !== undefined && { notUnderstood: `extension ${twice} appears twice` }) };
}

/** Why evidence with these extensions is not understood: a critical one that is not among `processed`; undefined when all of them are. */
export function unknownCritical(
  extensions: ReadonlyMap<string, Extension>,
  processed: ReadonlySet<string>,
): string | undefined {
  for (const { oid, critical } of extensions.values())
    if (critical && !processed.has(oid)) return `it has the unknown critical extension ${oid}`;
  return undefined;
}

function extensionOf({ tag, content }: DerValue, what: string): Extension {
  if (tag !== tags.sequence) throw new MalformedError(`${what} holds something that is not a SEQUENCE`);
  const reader = new DerReader(content, 'extension');
  const oid = decodeObjectIdentifier(reader.expect(tags.objectIdentifier).content, 'extension type');
  const flag = reader.optional(tags.boolean);
  // FALSE is the default, which DER leaves out; written out it means the same.
  const critical = flag !== undefined && decodeBoolean(flag.content, 'critical');
  const value = reader.expect(tags.octetString).content;
  reader.end();
  return { oid, critical, value };
}

/**
 * What an extension says that only helps to find keys, CRLs and newer CRLs: written so that it cannot be read it helps with nothing,
 * unless it is critical, which means that it must be understood (RFC 5280 4.2).
 * @throws MalformedError when it is critical and cannot be read
 */
export function helpOf<T>(extension: Extension | undefined, parse: (der: Buffer) => T): T | undefined {
  if (!extension) return undefined;
  try {
    return parse(extension.value);
  } catch (error) {
    if (error instanceof MalformedError && !extension.critical) return undefined;
    throw error;
  }
}
