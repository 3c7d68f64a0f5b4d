/** Handshakes in which one message, or the octets on the wire, are damaged: every one ends soon, with a TlsError or as if nothing had been. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomNumbers } from '../../../../scripts/chain-generator.ts';
import { TlsError } from '../../../../src/smartcard/tls13/tls-error.ts';
import { createTestPki, type TestPki } from '../../../support/pki.ts';
import { playScript } from '../../../support/play-tls-script.ts';
import type { ScriptedTlsServer } from '../../../support/scripted-tls-server.ts';
import { clientTo, readAll } from './tls-test-client.ts';

const seed = 2026;
const concurrency = 10;
/** A message that claims to be longer than it is makes both sides wait for each other; that long. */
const handshakeTimeoutMs = 100;
const clientTimeoutMs = 5000;

let pki: TestPki;
beforeAll(async () => {
  pki = await createTestPki();
});
afterAll(() => pki?.remove());

type Damage = (octets: Buffer) => Buffer;

/** One to three times an octet changed, dropped or doubled, a bit turned, or the end cut off. */
function damageBy(random: () => number): Damage {
  const below = (limit: number) => Math.floor(random() * limit);
  const once: Damage = (octets) => {
    const at = below(octets.length);
    const before = octets.subarray(0, at);
    const after = octets.subarray(at + 1);
    const octet = octets[at] ?? 0;
    const ways = [
      () => [before, Buffer.from([below(256)]), after],
      () => [before, Buffer.from([octet ^ (1 << below(8))]), after],
      () => [before, Buffer.from([[0, 1, 127, 128, 255][below(5)] ?? 0]), after],
      () => [before, after],
      () => [before, Buffer.from([octet, octet]), after],
      () => [before],
    ];
    return Buffer.concat(ways[below(ways.length)]?.() ?? []);
  };
  return (octets) => {
    let damaged: Buffer = octets;
    for (let turn = below(3); turn >= 0 && damaged.length > 0; turn -= 1) damaged = once(damaged);
    return damaged;
  };
}

const flight = ['encryptedExtensions', 'certificateRequest', 'certificate', 'certificateVerify', 'finished'] as const;
const later = ['ticket'] as const;
const messages = ['hello', ...flight, ...later] as const;

/** Signature and Finished are made over the damaged messages, so that they are no shelter. */
async function damagedMessage(
  server: ScriptedTlsServer,
  damaged: (typeof messages)[number],
  damage: Damage,
): Promise<void> {
  const octetsOf = (name: (typeof messages)[number]) => (name === damaged ? damage(server[name]()) : server[name]());
  await server.readClientHello();
  server.say(octetsOf('hello'));
  server.protect();
  for (const name of flight) server.say(octetsOf(name));
  server.protectData();
  await server.readClientFinished();
  server.record('handshake', octetsOf('ticket'));
  ending(server);
}

async function damagedWire(server: ScriptedTlsServer, damage: Damage): Promise<void> {
  server.damage = damage;
  await server.properHandshake();
  ending(server);
}

function ending(server: ScriptedTlsServer): void {
  server.record('application_data', Buffer.from('data'));
  server.record('alert', Buffer.from([1, 0]));
  server.end();
}

async function outcomeOf(script: (server: ScriptedTlsServer) => Promise<void>): Promise<string> {
  const run = await playScript(pki.server, script);
  const client = clientTo(run.port, { handshakeTimeoutMs });
  const late = setTimeout(() => client.destroy(new Error('it did not end')), clientTimeoutMs);
  try {
    const received = await readAll(client);
    return `read ${received}`;
  } catch (error) {
    // What the person sees must be an answer, never the crash of a reader.
    if (error instanceof TlsError || (error as NodeJS.ErrnoException).code === 'ECONNRESET') return 'error';
    throw error;
  } finally {
    clearTimeout(late);
    client.destroy();
    run.close();
  }
}

async function outcomes(
  scripts: readonly ((server: ScriptedTlsServer) => Promise<void>)[],
): Promise<readonly string[]> {
  const results: string[] = [];
  for (let start = 0; start < scripts.length; start += concurrency)
    results.push(...(await Promise.all(scripts.slice(start, start + concurrency).map(outcomeOf))));
  return results;
}

describe('a damaged server', () => {
  it.each(messages)('in its %s', async (name) => {
    const random = randomNumbers(seed + messages.indexOf(name));
    const scripts = Array.from({ length: 60 }, () => {
      const damage = damageBy(random);
      return (server: ScriptedTlsServer) => damagedMessage(server, name, damage);
    });
    const results = await outcomes(scripts);
    expect(results.filter((result) => result !== 'error' && result !== 'read data')).toEqual([]);
    // Damage that nothing ever notices, or that always kills, proves nothing.
    expect(results.filter((result) => result === 'error').length).toBeGreaterThan(10);
  });

  it('on the wire', async () => {
    const random = randomNumbers(seed);
    const scripts = Array.from({ length: 150 }, () => {
      const damage = damageBy(random);
      let left = Math.floor(random() * 9);
      const late: Damage = (octets) => {
        left -= 1;
        return left === -1 ? damage(octets) : octets;
      };
      return (server: ScriptedTlsServer) => damagedWire(server, late);
    });
    const results = await outcomes(scripts);
    expect(results.filter((result) => result !== 'error' && result !== 'read data')).toEqual([]);
    expect(results).toContain('error');
  });
});
