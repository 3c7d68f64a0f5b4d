/** Objects on a card: found and read within bounds, whatever a module claims to hold. */
import type { Handle, Template } from 'pkcs11js';
import { returnValueName } from '../token/pkcs11-module.ts';
import type { CardModule } from './module.ts';

/** An open session with a card. Object handles are good only within it. */
export interface SessionHandle extends Pick<CardModule, 'library' | 'pkcs11'> {
  readonly session: Handle;
}

/** A PIV card has at most 24 certificates with keys (NIST SP 800-73-4 part 1, table 4b). */
const maximumObjects = 64;

/** At most 64 objects that match. @throws the error of the binding */
export function findCardObjects({ pkcs11, session }: SessionHandle, template: Template): readonly Handle[] {
  pkcs11.C_FindObjectsInit(session, template);
  try {
    const found: Handle[] = [];
    // A module may return fewer than were asked for although there are more (PKCS #11 section 5.7.8).
    while (found.length < maximumObjects) {
      const next = pkcs11.C_FindObjects(session, maximumObjects - found.length);
      if (next.length === 0) break;
      found.push(...next);
    }
    return found;
  } finally {
    pkcs11.C_FindObjectsFinal(session);
  }
}

/** The octets of an attribute; undefined when the object has no such attribute, or it is not to be read. */
export function readOptionalAttribute(
  { pkcs11, session }: SessionHandle,
  object: Handle,
  type: number,
): Buffer | undefined {
  try {
    const value = pkcs11.C_GetAttributeValue(session, object, [{ type }])[0]?.value;
    return Buffer.isBuffer(value) ? value : undefined;
  } catch (error) {
    const name = returnValueName(error);
    if (name === 'CKR_ATTRIBUTE_TYPE_INVALID' || name === 'CKR_ATTRIBUTE_SENSITIVE') return undefined;
    throw error;
  }
}
