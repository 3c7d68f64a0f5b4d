/** The places for keys on a PIV card (SP 800-73-4 part 1 sections 3.1.3, 3.2 and 5.1): their references, containers and PIN rules. */

/** Part 1 table 4b: may the key be used without the PIN, once the PIN was verified, or only right after each verification. */
export type PinPolicy = 'never' | 'once' | 'always';

export interface KeySlot {
  /** Key reference, P2 of GENERAL AUTHENTICATE. */
  readonly reference: number;
  /** BER-TLV tag of the container of its certificate. */
  readonly certificateTag: number;
  readonly pinPolicy: PinPolicy;
  /** CKA_ID that OpenSC's PKCS#11 module shows its objects under. Cards of the harness use the same ones in their tokens. */
  readonly objectId: number;
}

const retiredSlots = 20;
const firstRetired = { reference: 0x82, certificateTag: 0x5fc10d, objectId: 0x05 };

/** PIV authentication, digital signature, key management, card authentication, then the retired key management keys. */
const keySlots: readonly KeySlot[] = [
  { reference: 0x9a, certificateTag: 0x5fc105, pinPolicy: 'once', objectId: 0x01 },
  { reference: 0x9c, certificateTag: 0x5fc10a, pinPolicy: 'always', objectId: 0x02 },
  { reference: 0x9d, certificateTag: 0x5fc10b, pinPolicy: 'once', objectId: 0x03 },
  { reference: 0x9e, certificateTag: 0x5fc101, pinPolicy: 'never', objectId: 0x04 },
  ...Array.from({ length: retiredSlots }, (_, index) => ({
    reference: firstRetired.reference + index,
    certificateTag: firstRetired.certificateTag + index,
    pinPolicy: 'once' as const,
    objectId: firstRetired.objectId + index,
  })),
];

export function isRetired({ objectId }: KeySlot): boolean {
  return objectId >= firstRetired.objectId;
}

/** The slot that objects of a token belong into: the one their label names, such as `9A`, otherwise that of their CKA_ID. */
export function slotOfObjects({ label, id }: { readonly label: string; readonly id: Buffer }): KeySlot | undefined {
  return (
    keySlots.find((slot) => slotName(slot) === label.toLowerCase()) ??
    (id.length === 1 ? keySlots.find(({ objectId }) => objectId === id[0]) : undefined)
  );
}

export function slotOfReference(reference: number): KeySlot | undefined {
  return keySlots.find((slot) => slot.reference === reference);
}

/** The reference as people write it, for example `9a`. */
export function slotName({ reference }: KeySlot): string {
  return reference.toString(16);
}
