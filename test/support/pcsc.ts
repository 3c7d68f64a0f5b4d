/**
 * Cards in virtual readers for tests: how to make one with several keys, what happened to it, and
 * programs that see its reader.
 */
import { extendedKeyUsages } from '../../src/smartcard/authority/certificate-extensions.ts';
import type { KeyType } from '../../src/smartcard/authority/key-type.ts';
import type { Card } from '../../src/smartcard/card/card.ts';
import { createCard } from '../../src/smartcard/card/card-making.ts';
import type { CardEvent } from '../../src/smartcard/piv/card-event.ts';
import {
  startVirtualReader,
  type VirtualReader,
  type VirtualReaderOptions,
} from '../../src/smartcard/reader/virtual-reader.ts';
import type { ClientIdentity } from './clients/client-session.ts';
import { type RunOptions, runClient } from './clients/run-client.ts';
import type { TestPki } from './pki.ts';

export const pin = '135790';
export const wrongPin = '246802';
export const puk = '12345678';

/** Makes a card with a key in each slot; all certificates are for logging in. */
export function issuePivCard(
  pki: TestPki,
  name: string,
  keys: readonly [readonly [slot: string, keyType: KeyType], ...(readonly [slot: string, keyType: KeyType])[]],
): Promise<Card> {
  const validity = {
    notBefore: new Date(pki.now.getTime() - 240_000),
    notAfter: new Date(pki.now.getTime() + 86_400_000),
  };
  const request = ([slot, keyType]: readonly [string, KeyType]) => ({
    slot,
    keyType,
    authority: pki.issuing,
    content: {
      subject: name,
      extendedKeyUsage: [extendedKeyUsages.clientAuth, extendedKeyUsages.smartCardLogon],
      ...validity,
    },
  });
  const [first, ...rest] = keys;
  return createCard({ directory: pki.directory, name, pin, certificates: [request(first), ...rest.map(request)] });
}

/** What happened to a card until the question reached its reader, oldest first. */
interface RecordedEvents {
  all(): Promise<readonly CardEvent[]>;
  count(kind: CardEvent['kind']): Promise<number>;
  /** Forgets what has happened so far. */
  clear(): Promise<void>;
}

/** Events come over the pipe that brings a status: with a status everything has come that happened before it. */
function record(reader: VirtualReader): RecordedEvents {
  const recorded: CardEvent[] = [];
  reader.events.on('card', (event) => recorded.push(event));
  const all = async () => {
    await reader.status();
    return recorded;
  };
  return {
    all,
    count: async (kind) => (await all()).filter((event) => event.kind === kind).length,
    clear: async () => {
      (await all()).length = 0;
    },
  };
}

export interface InsertedCard {
  readonly reader: VirtualReader;
  readonly card: Card;
  readonly recorded: RecordedEvents;
  /** Runs a program that sees the reader; the PIN is in its environment as PIN. */
  run(command: string, args: readonly string[], options?: RunOptions): ReturnType<typeof runClient>;
  /** For FTP clients: the key of PIV authentication. */
  identity(pin?: string): ClientIdentity;
}

/** Starts a reader with a card in it. */
export async function insertCard(
  pki: TestPki,
  card: Card,
  more: Partial<VirtualReaderOptions> = {},
): Promise<InsertedCard> {
  const reader = await startVirtualReader({ directory: pki.directory, card: card.name, pin, puk, ...more });
  await reader.insert();
  const { PCSCLITE_CSOCK_NAME, PKCS11_MODULE_PATH: module } = reader.environment;
  return {
    reader,
    card,
    recorded: record(reader),
    run: (command, args, options = {}) =>
      runClient(command, args, { ...options, env: { ...reader.environment, PIN: pin, ...options.env } }),
    identity: (candidate = pin) => ({
      kind: 'card',
      card: { uri: 'pkcs11:id=%01', module, chainFile: card.chainFile, environment: { PCSCLITE_CSOCK_NAME } },
      pin: candidate,
    }),
  };
}

/** The name of the card and the account with one key. */
export const cardNameOf = (keyType: KeyType) => `piv-${keyType.toLowerCase()}`;
