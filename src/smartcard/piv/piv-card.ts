/**
 * A PIV card (NIST SP 800-73-4) as a reader sees it: command APDU in, response APDU out, one at a time. Holds no private key, writes
 * nothing, offers no administration; no input makes it throw.
 */
import type { ApplicationState } from './application-state.ts';
import type { CardEvent } from './card-event.ts';
import { type CommandApdu, parseCommandApdu } from './command-apdu.ts';
import { dataObjects, type PivSlot } from './data-objects.ts';
import { generalAuthenticate } from './general-authenticate.ts';
import type { KeySlot } from './key-slot.ts';
import { changeReferenceData, resetRetryCounter, verify } from './pin-commands.ts';
import { isPivPin, paddedReference, ReferenceData } from './reference-data.ts';
import { getData, select } from './selection-commands.ts';
import { type ResponseApdu, refusedWith, statusWords } from './status-word.ts';
import { answerToReset, getSerial, getVersion, yubikeyInstructions } from './yubikey-identity.ts';

export interface PivCardOptions {
  /** 16 octets, the same for the same card. */
  readonly uuid: Buffer;
  readonly slots: readonly PivSlot[];
  /** Six to eight decimal digits. */
  readonly pin: string;
  /** Eight characters. */
  readonly puk: string;
  /** Wrong PINs in a row until the PIN is blocked, 1 to 15. Default: 3. */
  readonly pinTries?: number;
  /** The same of the PUK. Default: 3. */
  readonly pukTries?: number;
  readonly onEvent?: (event: CardEvent) => void;
  /** Awaited before a key works; when it says false, the key does not work, for the card has lost its power. */
  readonly beforeSignature?: (slot: KeySlot) => Promise<boolean>;
}

type Handler = (state: ApplicationState, command: CommandApdu) => ResponseApdu | Promise<ResponseApdu>;

/** ISO/IEC 7816-4 section 5.4.1: class of the last or only command of a chain, and of the others. */
const classes = { last: 0x00, more: 0x10 } as const;
const instructions = { select: 0xa4, getResponse: 0xc0, generalAuthenticate: 0x87 } as const;

const handlers: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [instructions.select, select],
  [0xcb, getData],
  [0x20, verify],
  [0x24, changeReferenceData],
  [0x2c, resetRetryCounter],
  [instructions.generalAuthenticate, generalAuthenticate],
  [yubikeyInstructions.getVersion, getVersion],
  [yubikeyInstructions.getSerial, ({ uuid }) => getSerial(uuid)],
]);

const defaultTries = 3;
/** More than an RSA operation of any size takes. */
const maximumChainOctets = 4096;

/** What is wrong with a class (ISO/IEC 7816-4 section 5.4.1); undefined when nothing is. */
function classFault(cla: number): ResponseApdu | undefined {
  if (cla === classes.last || cla === classes.more) return undefined;
  if ((cla & 0xe0) !== 0) return refusedWith('unknownClass');
  return refusedWith((cla & 0x0c) === 0 ? 'noLogicalChannels' : 'noSecureMessaging');
}

export class PivCard {
  readonly answerToReset = answerToReset;
  readonly #state: ApplicationState;
  #chain: CommandApdu | undefined;
  /** What is left of an answer, for GET RESPONSE. */
  #pending = Buffer.alloc(0);

  /** Throws RangeError for a PIN, PUK or retry counter that a PIV card cannot have. */
  constructor(options: PivCardOptions) {
    const { uuid, slots, pin, puk, pinTries = defaultTries, pukTries = defaultTries } = options;
    if (!isPivPin(pin)) throw new RangeError('the PIN of a PIV card is six to eight decimal digits');
    this.#state = {
      pin: new ReferenceData(paddedReference(pin), pinTries),
      puk: new ReferenceData(Buffer.from(puk, 'latin1'), pukTries),
      slots: new Map(slots.map((held) => [held.slot.reference, held])),
      uuid,
      dataObjects: dataObjects(uuid, slots),
      selected: false,
      verified: false,
      justVerified: false,
      tell: options.onEvent ?? (() => undefined),
      beforeSignature: options.beforeSignature ?? (() => Promise.resolve(true)),
    };
  }

  get pinTriesLeft(): number {
    return this.#state.pin.triesLeft;
  }

  get pukTriesLeft(): number {
    return this.#state.puk.triesLeft;
  }

  /** Power off, power on or reset: all is forgotten but the PIN, the PUK and their counters. */
  reset(): void {
    this.#chain = undefined;
    this.#pending = Buffer.alloc(0);
    Object.assign(this.#state, { selected: false, verified: false, justVerified: false });
  }

  /** Answers one command APDU; the next one must wait for that. */
  async process(bytes: Buffer): Promise<Buffer> {
    const command = parseCommandApdu(bytes);
    if (command === undefined) return this.#respond(refusedWith('wrongLength'), 0);
    const fault = classFault(command.cla);
    if (fault !== undefined) return this.#respond(fault, 0);
    if (command.ins === instructions.getResponse) return this.#continue(command);
    const whole = this.#joined(command);
    if (Buffer.isBuffer(whole)) return whole;
    return this.#respond(await this.#execute(whole), command.expected);
  }

  /** The command with what came before it in its chain, or the answer to a part of a chain. */
  #joined(command: CommandApdu): CommandApdu | Buffer {
    const chain = this.#chain;
    this.#chain = undefined;
    const continues = chain?.ins === command.ins && chain.p1 === command.p1 && chain.p2 === command.p2;
    // Part 2 section 3.2.4: a chain that another command interrupts has no effect.
    const data = continues ? Buffer.concat([chain.data, command.data]) : command.data;
    if (data.length > maximumChainOctets) return this.#respond(refusedWith('notEnoughMemory'), 0);
    if (command.cla === classes.last) return { ...command, data };
    if (command.ins !== instructions.generalAuthenticate) return this.#respond(refusedWith('noChaining'), 0);
    this.#chain = { ...command, data };
    return this.#respond({ data: Buffer.alloc(0), statusWord: statusWords.success }, 0);
  }

  async #execute(command: CommandApdu): Promise<ResponseApdu> {
    const handler = handlers.get(command.ins);
    if (handler === undefined) return refusedWith('unknownInstruction');
    if (!this.#state.selected && command.ins !== instructions.select) return refusedWith('conditionsNotSatisfied');
    if (command.ins !== instructions.generalAuthenticate) this.#state.justVerified = false;
    return handler(this.#state, command);
  }

  #continue({ p1, p2, data, expected }: CommandApdu): Buffer {
    if (p1 !== 0 || p2 !== 0 || data.length > 0) return this.#respond(refusedWith('incorrectParameter'), 0);
    if (this.#pending.length === 0) return this.#respond(refusedWith('conditionsNotSatisfied'), 0);
    return this.#respond({ data: this.#pending, statusWord: statusWords.success }, expected);
  }

  #respond({ data, statusWord }: ResponseApdu, expected: number): Buffer {
    const now = data.subarray(0, expected);
    this.#pending = Buffer.from(data.subarray(now.length));
    const left = this.#pending.length;
    const word = left === 0 ? statusWord : statusWords.moreData | (left > 0xff ? 0 : left);
    return Buffer.concat([now, Buffer.of(word >> 8, word & 0xff)]);
  }
}
