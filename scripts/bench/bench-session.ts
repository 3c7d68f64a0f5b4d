/** A session held open by the benchmark itself, where curl cannot wait, or takes too long to start. */
import { readFile } from 'node:fs/promises';
import { ControlClient, openData, type TlsIdentity } from '../../test/support/control-client.ts';
import type { BenchPeople, BenchServer } from './bench-server.ts';

/** What a client needs to log in; plain data, for processes of their own. */
export interface SessionTarget {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export function sessionTarget({ person }: BenchPeople, { port, user, password }: BenchServer): SessionTarget {
  return { port, user, password, certificateFile: person.certificateFile, keyFile: person.keyFile };
}

export async function readIdentity(target: SessionTarget): Promise<TlsIdentity> {
  const [cert, key] = await Promise.all([readFile(target.certificateFile), readFile(target.keyFile)]);
  return { cert, key, minVersion: 'TLSv1.3' };
}

async function expectReply(client: ControlClient, line: string, ...codes: readonly number[]): Promise<number> {
  const { code, text } = await client.command(line);
  if (!codes.includes(code)) throw new Error(`${line}: ${text}`);
  return code;
}

/** Connects and logs in. */
export async function openSession({ port, user, password }: SessionTarget, identity: TlsIdentity) {
  const client = await ControlClient.connect(port);
  await client.reply();
  await client.secure(identity);
  // 232: the certificate was enough (RFC 2228).
  if ((await expectReply(client, `USER ${user}`, 230, 232, 331)) === 331) {
    await expectReply(client, `PASS ${password}`, 230);
  }
  return client;
}

/**
 * Downloads a file and throws it away.
 * @param onFirstByte called once the file has begun to come
 */
export async function download(
  client: ControlClient,
  identity: TlsIdentity,
  remote: string,
  onFirstByte: () => void,
): Promise<void> {
  const port = await client.passive();
  client.write(`RETR ${remote}\r\n`);
  const data = await openData(port, { ...identity, ...(client.session ? { session: client.session } : {}) });
  data.once('data', onFirstByte);
  data.resume();
  const begun = await client.reply();
  if (begun.code !== 150 && begun.code !== 125) throw new Error(begun.text);
  const ended = await client.reply();
  if (ended.code !== 226) throw new Error(ended.text);
  data.destroy();
}

/** For data connections. */
export async function protectData(client: ControlClient): Promise<void> {
  for (const line of ['PBSZ 0', 'PROT P', 'TYPE I']) await expectReply(client, line, 200);
}
