/** The certificates on a card, which need no PIN to be read, and whether a key for each can be seen. */
import type { Template } from 'pkcs11js';
import { findCardObjects, readOptionalAttribute, type SessionHandle } from './objects.ts';

export interface ReaderCertificate {
  /** CKA_ID, which the certificate shares with its key. */
  readonly id: Buffer;
  /** CKA_LABEL, unchecked. */
  readonly label: string;
  /** CKA_VALUE, unchecked. */
  readonly der: Buffer;
  /** Many cards show private keys only after the PIN, some no public keys: `unseen` does not prove that the card lacks the key. */
  readonly key: 'private' | 'public' | 'unseen';
}

const maximumCertificateOctets = 65_536;
const maximumLabelOctets = 256;

/** At most 64 certificates; those without a value (only a URL) and those over 64 KiB are left out. @throws the error of the binding */
export function readCardCertificates(handle: SessionHandle): readonly ReaderCertificate[] {
  const { library } = handle;
  const idsOf = (objectClass: number): ReadonlySet<string> =>
    new Set(objectsOf(handle, [{ type: library.CKA_CLASS, value: objectClass }]).map(({ id }) => id.toString('hex')));
  const privateKeys = idsOf(library.CKO_PRIVATE_KEY);
  const publicKeys = idsOf(library.CKO_PUBLIC_KEY);
  const template: Template = [
    { type: library.CKA_CLASS, value: library.CKO_CERTIFICATE },
    { type: library.CKA_CERTIFICATE_TYPE, value: library.CKC_X_509 },
  ];
  return objectsOf(handle, template).flatMap(({ object, id }) => {
    const der = readOptionalAttribute(handle, object, library.CKA_VALUE);
    if (der === undefined || der.length === 0 || der.length > maximumCertificateOctets) return [];
    const label = readOptionalAttribute(handle, object, library.CKA_LABEL)?.subarray(0, maximumLabelOctets);
    const name = id.toString('hex');
    const key = privateKeys.has(name) ? 'private' : publicKeys.has(name) ? 'public' : 'unseen';
    return [{ id, label: label?.toString('utf8') ?? '', der, key }];
  });
}

function objectsOf(handle: SessionHandle, template: Template) {
  return findCardObjects(handle, template).map((object) => ({
    object,
    id: readOptionalAttribute(handle, object, handle.library.CKA_ID) ?? Buffer.alloc(0),
  }));
}
