/** What the tests of faulty servers share: flights that are proper up to a point, and the judgement of how the client takes the rest. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { extensionTypes } from '../../../../src/smartcard/tls13/handshake/extensions.ts';
import { uint, vector } from '../../../../src/smartcard/tls13/presentation-language.ts';
import { createTestPki, type TestPki } from '../../../support/pki.ts';
import { playScript, type ScriptedRun } from '../../../support/play-tls-script.ts';
import type { ScriptedTlsServer } from '../../../support/scripted-tls-server.ts';
import { extension, helloRetryRandom, supportedVersion } from '../../../support/tls-messages.ts';
import { clientTo, failureOf } from './tls-test-client.ts';

export type Script = (server: ScriptedTlsServer) => Promise<void> | void;
/** A fault, the alert it is answered with, and the server that commits it. */
export type Fault = readonly [name: string, alert: string, script: Script];

let pki: TestPki;
const runs: ScriptedRun[] = [];

/** To be called once by each file of tests. @returns the infrastructure that the server's certificate comes from */
export function useScriptedServers(): () => TestPki {
  beforeAll(async () => {
    pki = await createTestPki();
  });
  afterEach(() => {
    for (const run of runs.splice(0)) run.close();
  });
  afterAll(() => pki?.remove());
  return () => pki;
}

/** One test for each: the error names the alert, and the alert goes to the server. */
export function itAnswers(faults: readonly Fault[]): void {
  it.each(faults)('%s: %s', async (_name, alert, script) => {
    const run = await play(script);
    const error = await failureOf(clientTo(run.port));
    expect(error).toMatchObject({ code: `ERR_TLS_${alert.toUpperCase()}`, alert });
    expect(await run.alerts()).toEqual([alert]);
  });
}

export async function play(script: Script): Promise<ScriptedRun> {
  const run = await playScript(pki.server, async (server) => script(server));
  runs.push(run);
  return run;
}

/** A ServerHello out of the ordinary. */
export const hello =
  (changes: (server: ScriptedTlsServer) => Parameters<ScriptedTlsServer['hello']>[0]): Script =>
  async (server) => {
    await server.readClientHello();
    server.say(server.hello(changes(server)));
  };

/** Everything proper up to the handshake keys, then the rest. */
export const protectedFlight =
  (rest: Script): Script =>
  async (server) => {
    await server.readClientHello();
    server.say(server.hello());
    server.protect();
    await rest(server);
  };

export const afterExtensions = (rest: Script): Script =>
  protectedFlight((server) => {
    server.say(server.encryptedExtensions());
    return rest(server);
  });

export const afterCertificate = (rest: Script): Script =>
  afterExtensions((server) => {
    server.say(server.certificate());
    return rest(server);
  });

export const afterHandshake =
  (rest: Script): Script =>
  async (server) => {
    await server.properHandshake();
    await rest(server);
  };

export const retry = (server: ScriptedTlsServer, ...extensions: readonly Buffer[]) =>
  server.hello({ random: helloRetryRandom, extensions: [supportedVersion, ...extensions] });

export const keyShare = (group: number, ...exchange: readonly Buffer[]) =>
  extension(extensionTypes.key_share, uint(2, group), ...exchange.map((octets) => vector(2, octets)));

export const secp384r1 = 0x0018;
export const x25519 = 0x001d;

export const plaintextRecord = (type: number, content: Buffer, length = content.length) =>
  Buffer.concat([Buffer.from([type, 3, 3]), uint(2, length), content]);
