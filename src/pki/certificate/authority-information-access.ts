/** Where the issuer of a certificate offers information about itself: responders and CA certificates (RFC 5280 4.2.2.1). */

import { contextPrimitive, DerReader, readSequence, tags } from '../encoding/der.ts';
import { decodeIa5 } from '../encoding/der-strings.ts';
import { decodeObjectIdentifier } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import type { Certificate } from './certificate.ts';

const maximumDescriptions = 32;
const maximumLocations = 4;

/**
 * The URLs of one access method, in the order of the extension, at most four. A description that cannot be read offers nothing: it is
 * advice, and nothing is decided by its absence but where to ask.
 * @param method dotted OID, such as id-ad-ocsp
 */
export function accessLocations({ extensions }: Certificate, method: string): readonly string[] {
  const extension = extensions.get(oids.authorityInformationAccess);
  if (!extension) return [];
  return readable(() =>
    readSequence(extension.value, 'authorityInfoAccess')
      .rest(maximumDescriptions)
      .flatMap(({ content }) => readable(() => locationOf(new DerReader(content, 'access description'), method)))
      .slice(0, maximumLocations),
  );
}

function readable(read: () => readonly string[]): readonly string[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedError) return [];
    throw error;
  }
}

function locationOf(reader: DerReader, method: string): readonly string[] {
  const found = decodeObjectIdentifier(reader.expect(tags.objectIdentifier).content, 'accessMethod');
  const location = reader.next();
  reader.end();
  const isUrl = found === method && location.tag === contextPrimitive(6);
  return isUrl ? [decodeIa5(location.content, 'accessLocation')] : [];
}
