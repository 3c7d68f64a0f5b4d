/** Starts the PKCS#11 session of pcsc-session.ts as a child, which ends with its standard input, and speaks with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { VirtualReader } from '../../src/smartcard/reader/virtual-reader.ts';

export type SessionAction =
  /** How many slots have a token. */
  | { readonly do: 'slots' }
  | { readonly do: 'open' }
  | { readonly do: 'login'; readonly pin: string }
  | { readonly do: 'logout' }
  /** `data`: hexadecimal, a message for RSA and a hash for an elliptic curve; `pin`: for a key that wants it each time. */
  | { readonly do: 'sign'; readonly id: number; readonly rsa: boolean; readonly data: string; readonly pin?: string }
  | { readonly do: 'change-pin'; readonly from: string; readonly to: string };

/** `error`: the name of a return value of PKCS#11. */
export type SessionAnswer = { readonly result: string } | { readonly error: string };

export interface Pkcs11Session {
  perform(action: SessionAction): Promise<SessionAnswer>;
  stop(): Promise<void>;
}

const script = fileURLToPath(new URL('pcsc-session.ts', import.meta.url));

export function startPkcs11Session({ environment }: VirtualReader): Pkcs11Session {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const ended = once(child, 'close');
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    perform: async (action) => {
      child.stdin.write(`${JSON.stringify(action)}\n`);
      const answer = await answers.next();
      if (answer.done === true) throw new Error('the PKCS#11 session ended');
      return JSON.parse(answer.value) as SessionAnswer;
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
