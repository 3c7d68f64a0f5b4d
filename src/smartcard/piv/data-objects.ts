/** The data objects of a PIV card that need no PIN (SP 800-73-4 part 1 sections 3.1 to 3.3 and appendix A), made once per card. */
import { createHash } from 'node:crypto';
import { isRetired, type KeySlot } from './key-slot.ts';
import type { PivKey } from './piv-key.ts';
import { encodeTlv } from './tlv.ts';

/** One key of a card with its certificate. */
export interface PivSlot {
  readonly slot: KeySlot;
  readonly key: PivKey;
  /** DER. */
  readonly certificate: Buffer;
}

/** Part 1 section 2.2: registered identifier of NIST, the PIV application, version 1.0. */
export const applicationIdentifier = Buffer.from('a000000308000010000100', 'hex');

const tags = {
  cardHolderUniqueIdentifier: 0x5fc102,
  cardCapabilityContainer: 0x5fc107,
  keyHistory: 0x5fc10c,
  discovery: 0x7e,
} as const;

/** Every container but the discovery object is handed out in this one. */
const containerTag = 0x53;
const errorDetectionCode = encodeTlv(0xfe);
const ascii = (text: string) => Buffer.from(text, 'latin1');

/**
 * FASC-N 9999-9999-999999-0-1 in its 5-bit code with parity. Part 1 section 3.1.2 keeps agency 9999 for cards that the
 * United States did not issue: readers then know the card by its UUID.
 */
const federalCredentialNumber = Buffer.from('d4e739da739ced39ce739d83685821084210842184e739c3e2', 'hex');

/** Part 1 section 3.4.1: a UUID of the card, here by name (RFC 4122 section 4.3), so that a card inserted again is the same card. */
export function cardUuid(name: string): Buffer {
  const uuid = createHash('sha1').update(`cardgate virtual card ${name}`).digest().subarray(0, 16);
  uuid.writeUInt8((uuid.readUInt8(6) & 0x0f) | 0x50, 6);
  uuid.writeUInt8((uuid.readUInt8(8) & 0x3f) | 0x80, 8);
  return uuid;
}

function cardHolderUniqueIdentifier(uuid: Buffer): Buffer {
  return encodeTlv(
    containerTag,
    encodeTlv(0x30, federalCredentialNumber),
    encodeTlv(0x34, uuid),
    // The certificates say when the card ends, the container only has to.
    encodeTlv(0x35, ascii('20991231')),
    encodeTlv(0x3e),
    errorDetectionCode,
  );
}

/** Appendix A table 8. The card identifier begins with the registered identifier of the GSC. */
function cardCapabilityContainer(uuid: Buffer): Buffer {
  const identifier = Buffer.concat([Buffer.from('a000000116ff02', 'hex'), uuid.subarray(0, 14)]);
  const versions = [
    encodeTlv(0xf1, Buffer.of(0x21)),
    encodeTlv(0xf2, Buffer.of(0x21)),
    encodeTlv(0xf3),
    encodeTlv(0xf4, Buffer.of(0x00)),
    encodeTlv(0xf5, Buffer.of(0x10)),
  ];
  const empty = [0xf6, 0xf7, 0xfa, 0xfb, 0xfc, 0xfd].map((tag) => encodeTlv(tag));
  return encodeTlv(containerTag, encodeTlv(0xf0, identifier), ...versions, ...empty, errorDetectionCode);
}

/** Part 1 section 3.3.2: the PIN of the application alone opens it; there is no global PIN, no biometry, no pairing code. */
function discoveryObject(): Buffer {
  return encodeTlv(tags.discovery, encodeTlv(0x4f, applicationIdentifier), encodeTlv(0x5f2f, Buffer.of(0x40, 0x00)));
}

/** Part 1 section 3.3.3: how many retired keys have their certificates on the card. */
function keyHistory(retiredKeys: number): Buffer {
  return encodeTlv(
    containerTag,
    encodeTlv(0xc1, Buffer.of(retiredKeys)),
    encodeTlv(0xc2, Buffer.of(0)),
    errorDetectionCode,
  );
}

/** Appendix A table 10; the certificate is not compressed. */
function certificateContainer(certificate: Buffer): Buffer {
  return encodeTlv(containerTag, encodeTlv(0x70, certificate), encodeTlv(0x71, Buffer.of(0)), errorDetectionCode);
}

/** Answers to GET DATA by the tag that is asked for. */
export function dataObjects(uuid: Buffer, slots: readonly PivSlot[]): ReadonlyMap<number, Buffer> {
  const retiredKeys = slots.filter(({ slot }) => isRetired(slot)).length;
  return new Map([
    [tags.cardHolderUniqueIdentifier, cardHolderUniqueIdentifier(uuid)],
    [tags.cardCapabilityContainer, cardCapabilityContainer(uuid)],
    [tags.discovery, discoveryObject()],
    ...slots.map(({ slot, certificate }) => [slot.certificateTag, certificateContainer(certificate)] as const),
    ...(retiredKeys > 0 ? [[tags.keyHistory, keyHistory(retiredKeys)] as const] : []),
  ]);
}
