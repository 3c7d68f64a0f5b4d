/** A PIV card with its keys in this process, for tests of the card application alone: real RSA, and a key that shows what it was asked. */
import { constants, privateEncrypt, publicDecrypt } from 'node:crypto';
import type { CardEvent } from '../../../../src/smartcard/piv/card-event.ts';
import { cardUuid } from '../../../../src/smartcard/piv/data-objects.ts';
import { slotOfReference } from '../../../../src/smartcard/piv/key-slot.ts';
import { PivCard, type PivCardOptions } from '../../../../src/smartcard/piv/piv-card.ts';
import type { PivKey } from '../../../../src/smartcard/piv/piv-key.ts';
import { rsaKeys } from '../../../support/keys.ts';

const pin = '123456';
export const puk = '87654321';

const rsa = rsaKeys(2048);
const padding = constants.RSA_NO_PADDING;

export const rsaKey: PivKey = {
  algorithm: 'RSA-2048',
  operate: (data) => privateEncrypt({ key: rsa.privateKey, padding }, data),
};

/** What went into the operation of `rsaKey` that came out as `signature`. */
export const rsaInput = (signature: Buffer) => publicDecrypt({ key: rsa.publicKey, padding }, signature);

/** Answers with what it was given. */
export const echoKey = (algorithm: PivKey['algorithm']): PivKey => ({ algorithm, operate: (data) => data });

export const failingKey: PivKey = {
  algorithm: 'P-256',
  operate: () => {
    throw new Error('CKR_DEVICE_ERROR');
  },
};

export interface SoftwareCard {
  readonly card: PivCard;
  readonly events: CardEvent[];
  /** Sends an APDU, both in hexadecimal, without asking for what is left of the answer. */
  send(hex: string): Promise<string>;
  /** Sends an APDU and asks until the whole answer is there. */
  ask(hex: string): Promise<{ readonly data: Buffer; readonly statusWord: string }>;
}

const certificate = Buffer.alloc(700, 0x30);

/** @param keys by key reference */
export function softwareCard(
  keys: Readonly<Record<number, PivKey>> = { 154: rsaKey },
  more: Partial<PivCardOptions> = {},
): SoftwareCard {
  const events: CardEvent[] = [];
  const slots = Object.entries(keys).map(([reference, key]) => ({
    slot: slotOfReference(Number(reference))!,
    key,
    certificate,
  }));
  const uuid = cardUuid('test');
  const card = new PivCard({ uuid, slots, pin, puk, onEvent: (event) => events.push(event), ...more });
  const send = async (hex: string) => (await card.process(Buffer.from(hex, 'hex'))).toString('hex');
  return {
    card,
    events,
    send,
    ask: async (hex) => {
      let data = '';
      let answer = await send(hex);
      while (answer.slice(-4, -2) === '61') {
        data += answer.slice(0, -4);
        answer = await send('00c0000000');
      }
      return { data: Buffer.from(data + answer.slice(0, -4), 'hex'), statusWord: answer.slice(-4) };
    },
  };
}

export const select = '00a4040009a00000030800001000';
export const padded = (text: string) => Buffer.from(text.padEnd(8, '\xff'), 'latin1').toString('hex');
export const verifyPin = (text: string) => `0020008008${padded(text)}`;
export const right = verifyPin(pin);
