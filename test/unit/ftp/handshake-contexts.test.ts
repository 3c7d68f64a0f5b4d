/** Contexts that serve one handshake at a time: which one a handshake gets, and what answers for its tickets. */
import { beforeAll, describe, expect, it } from 'vitest';
import { HandshakeContexts } from '../../../src/ftp/tls/handshake-contexts.ts';
import { ftpSettings } from '../../support/ftp-settings.ts';
import { createIdentities, type TestIdentities } from '../../support/protocol-site.ts';

let identities: TestIdentities;
beforeAll(async () => {
  identities = await createIdentities();
});

const contexts = () =>
  new HandshakeContexts({ identity: { ...identities.server, caNames: [] }, site: ftpSettings() }, 'name');
const tickets = (mark: number) => () => [mark] as const;

/** What Node calls for a new ticket. */
function answerOf({ context }: { readonly context: { readonly context: unknown } }): unknown {
  const native = context.context as { onticketkeycallback: (name: Buffer, iv: Buffer, isNew: boolean) => unknown[] };
  return native.onticketkeycallback(Buffer.alloc(16), Buffer.alloc(16), true)[0];
}

describe('a context', () => {
  it('serves no other handshake until it is released, and then the next', () => {
    const of = contexts();
    const [first, second] = [of.take('TLSv1.3', tickets(1)), of.take('TLSv1.3', tickets(2))];
    expect(first.context).not.toBe(second.context);
    expect([answerOf(first), answerOf(second)]).toEqual([1, 2]);
    first.release();
    const third = of.take('TLSv1.3', tickets(3));
    expect(third.context).toBe(first.context);
    expect(answerOf(third)).toBe(3);
  });

  it('is of one version', () => {
    const of = contexts();
    const first = of.take('TLSv1.3', tickets(1));
    first.release();
    expect(of.take('TLSv1.2', tickets(1)).context).not.toBe(first.context);
  });

  it('that is released twice serves one handshake all the same', () => {
    const of = contexts();
    const first = of.take('TLSv1.3', tickets(1));
    first.release();
    first.release();
    const [second, third] = [of.take('TLSv1.3', tickets(2)), of.take('TLSv1.3', tickets(3))];
    expect(second.context).not.toBe(third.context);
  });

  it('that serves no handshake makes no ticket', () => {
    const first = contexts().take('TLSv1.3', tickets(1));
    first.release();
    expect(answerOf(first)).toBe(0);
  });

  it('is kept for the next as long as not too many are', () => {
    const of = contexts();
    const taken = Array.from({ length: 80 }, () => of.take('TLSv1.3', tickets(1)));
    for (const { release } of taken) release();
    const again = Array.from({ length: 80 }, () => of.take('TLSv1.3', tickets(1)));
    const former = new Set(taken.map(({ context }) => context));
    expect(again.filter(({ context }) => former.has(context))).toHaveLength(64);
  });
});

it('an identity that OpenSSL does not take is told at once', () => {
  const identity = { ...identities.server, privateKey: identities.ada.key, caNames: [] };
  expect(() => new HandshakeContexts({ identity, site: ftpSettings() }, 'name')).toThrow(/key values mismatch/u);
});
