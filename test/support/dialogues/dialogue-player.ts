/**
 * Plays a dialogue against a server and says where the server does otherwise. After a reply that was not expected it goes on in step: a
 * final reply in place of a preliminary one ends the exchange, and behind a preliminary one the final one is read, too.
 */
import { chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeOctets } from '../../../src/storage/octet-text.ts';
import { type ClientReply, ControlClient, type TlsIdentity } from '../control-client.ts';
import type { Dialogue, DialogueCase, Expected, ExpectedReply, Step } from './dialogue.ts';
import { DialogueData } from './dialogue-data.ts';
import { fits, octetsOf } from './dialogue-text.ts';

export interface PlayedServer {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Of the user. */
  readonly certificate: Required<Pick<TlsIdentity, 'cert' | 'key'>>;
  /** Host path of the user’s files. */
  readonly home: string;
  /** That the files are to belong to; absent: to the process of the test. */
  readonly userId?: number;
}

/** What a server did otherwise. */
export interface Finding {
  readonly expected: Expected;
  /** As a difference has it. */
  readonly found: string;
  /** For people. */
  readonly details: string;
}

/** Milliseconds for which an answer is awaited; a safety net. */
const patience = 20_000;
/** The same where the dialogue lists that the server does otherwise, which may be that it says nothing. */
const shortPatience = 3_000;
/** Sessions of TLS 1.2 are resumed as often as the client likes. */
const withoutCertificate: TlsIdentity = { maxVersion: 'TLSv1.2' };

/** @returns findings by case */
export async function play(
  dialogue: Dialogue,
  server: PlayedServer,
): Promise<ReadonlyMap<DialogueCase, readonly Finding[]>> {
  await empty(server.home);
  const player = new Player(server);
  try {
    const findings = new Map<DialogueCase, readonly Finding[]>();
    for (const one of dialogue.cases) findings.set(one, await player.play(one));
    return findings;
  } finally {
    player.end();
  }
}

/** By octets: names need not be text. */
async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder, { encoding: 'buffer' })) {
    await rm(Buffer.concat([Buffer.from(`${folder}/`), name]), { recursive: true });
  }
}

class Player {
  readonly #server: PlayedServer;
  readonly #data = new DialogueData();
  /** Absent when the server has ended the connection, too: what follows waits for the next one. */
  #client: ControlClient | undefined;
  #identity = withoutCertificate;
  /** A reply that has not come yet. */
  #awaited: Promise<ClientReply | 'closed'> | undefined;
  /** Whether the transfer at hand sends octets to the server. */
  #isUpload = false;
  /** Whether a final reply came in place of a preliminary one, so that the rest of the exchange does not come. */
  #isOver = false;
  #findings: Finding[] = [];

  constructor(server: PlayedServer) {
    this.#server = server;
  }

  async play({ steps }: DialogueCase): Promise<readonly Finding[]> {
    this.#findings = [];
    for (const step of steps) await this.#take(step);
    return this.#findings;
  }

  end(): void {
    this.#client?.destroy();
    this.#client = undefined;
    this.#awaited = undefined;
    this.#isOver = false;
    this.#data.leave();
  }

  async #take(step: Step): Promise<void> {
    if (step.kind === 'file' || step.kind === 'directory') await this.#make(step);
    else if (step.kind === 'connect' || step.kind === 'log in') {
      this.end();
      this.#client = await ControlClient.connect(this.#server.port);
      const showsCertificate = step.kind === 'connect' && step.withCertificate;
      this.#identity = showsCertificate ? { ...withoutCertificate, ...this.#server.certificate } : withoutCertificate;
      if (step.kind === 'log in') await this.#logIn(this.#client);
    } else if (step.kind === 'send') await this.#send(step.lines);
    else if (this.#isOver) this.#isOver = !(step.kind === 'reply' && !isPreliminary(step));
    else if (this.#client) await this.#exchange(this.#client, step);
  }

  async #exchange(
    client: ControlClient,
    step: Expected | { kind: 'close data' } | { kind: 'send data'; octets: string },
  ) {
    switch (step.kind) {
      case 'reply':
        return await this.#expectReply(client, step);
      case 'closed':
        if ((await orNothing(client.gone(), this.#patienceWith(step))) === 'nothing')
          this.#find(step, 'nothing', 'the connection is still open');
        return;
      case 'data': {
        const content = decodeOctets(await within(this.#data.receive(), 'end of the data connection'));
        if (!fitsData(step.patterns, content)) this.#find(step, 'data', JSON.stringify(content));
        return;
      }
      case 'send data':
        return await within(this.#data.send(octetsOf(step.octets)), 'data connection');
      case 'close data':
        return await within(this.#data.close(), 'data connection');
    }
  }

  async #send(lines: readonly string[]): Promise<void> {
    this.#isOver = false;
    const transfer = lines.find((line) => /^(?:RETR|LIST|NLST|MLSD|STOR|STOU|APPE)\b/u.test(line));
    if (transfer !== undefined) this.#isUpload = /^(?:STOR|STOU|APPE)/u.test(transfer);
    const octets: Buffer[] = [];
    for (const line of lines) octets.push(octetsOf(await this.#filled(line)), Buffer.from('\r\n'));
    this.#client?.write(Buffer.concat(octets));
  }

  async #filled(line: string): Promise<string> {
    const { user, password } = this.#server;
    if (line === '{PORT}') return await this.#data.listen('PORT', this.#resuming());
    if (line === '{EPRT}') return await this.#data.listen('EPRT', this.#resuming());
    return line.replaceAll('{user}', user).replaceAll('{password}', password);
  }

  async #expectReply(client: ControlClient, expected: ExpectedReply): Promise<void> {
    const replies: ClientReply[] = [];
    let last: ClientReply | 'closed' | 'nothing';
    do {
      if (replies.length > 0) this.#data.pass(this.#isUpload);
      last = await this.#reply(client, expected);
      if (typeof last === 'object') replies.push(last);
      const [first] = replies;
      if (first && expected.codes.includes(first.code) && fits(expected.text, textOf(first))) return;
    } while (typeof last === 'object' && last.code < 200 && !isPreliminary(expected));
    const codes = replies.map(({ code }) => code);
    this.#isOver = isPreliminary(expected) && last !== 'nothing';
    if (last === 'closed') this.end();
    const words = typeof last === 'object' ? [] : [last];
    this.#find(expected, [...codes, ...words].join(' '), [...replies.map(({ text }) => text), ...words].join('; '));
  }

  /** A client that waits in vain reads what comes on the data connection, and waits again. */
  async #reply(client: ControlClient, expected: Expected): Promise<ClientReply | 'closed' | 'nothing'> {
    this.#awaited ??= this.#nextReply(client);
    let reply = await orNothing(this.#awaited, this.#patienceWith(expected));
    if (reply === 'nothing' && this.#data.isOpen) {
      this.#data.pass(this.#isUpload);
      reply = await orNothing(this.#awaited, this.#patienceWith(expected));
    }
    if (reply !== 'nothing') this.#awaited = undefined;
    return reply;
  }

  async #nextReply(client: ControlClient): Promise<ClientReply | 'closed'> {
    try {
      const reply = await client.reply();
      if (reply.code === 234) await client.startTls(this.#identity);
      this.#data.connect(reply, this.#resuming());
      return reply;
    } catch {
      return 'closed';
    }
  }

  #patienceWith({ differences }: Expected): number {
    return differences.some(({ server }) => server === this.#server.name) ? shortPatience : patience;
  }

  #resuming(): TlsIdentity {
    const session = this.#client?.session;
    return { ...this.#identity, ...(session && { session }) };
  }

  #find(expected: Expected, found: string, details: string): void {
    this.#findings.push({ expected, found, details });
  }

  async #make(step: Extract<Step, { kind: 'file' | 'directory' }>): Promise<void> {
    const { home, userId } = this.#server;
    const path = join(home, step.path);
    if (step.kind === 'file') await writeFile(path, octetsOf(step.octets));
    else await mkdir(path);
    if (userId !== undefined) await chown(path, userId, userId);
  }

  async #logIn(client: ControlClient): Promise<void> {
    await within(client.reply(), 'greeting');
    await within(client.secure(this.#identity), 'handshake');
    const { user, password } = this.#server;
    for (const line of [`USER ${user}`, `PASS ${password}`, 'PBSZ 0', 'PROT P', 'TYPE I']) {
      const { code, text } = await within(client.command(line), 'reply');
      if (code >= 400) throw new Error(`${line}: ${text}`);
    }
  }
}

const isPreliminary = ({ codes }: ExpectedReply): boolean => codes.every((code) => code < 200);

/** Without the codes. */
function textOf({ lines }: ClientReply): string {
  return lines.map((line, index) => (index === 0 || index === lines.length - 1 ? line.slice(4) : line)).join('\n');
}

function fitsData(patterns: readonly string[], content: string): boolean {
  const [whole = '', ...others] = patterns;
  if (others.length === 0) return fits(whole, content);
  const lines = content.split(/(?<=\n)/u);
  return (
    lines.length === patterns.length &&
    patterns.every((pattern) => lines.some((line) => fits(pattern, line))) &&
    lines.every((line) => patterns.some((pattern) => fits(pattern, line)))
  );
}

/** @param patience milliseconds */
async function orNothing<T>(answer: Promise<T>, patience: number): Promise<T | 'nothing'> {
  const answered = new AbortController();
  const tooLate = delay(patience, 'nothing' as const, { signal: answered.signal }).catch(() => 'nothing' as const);
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    answered.abort();
  }
}

async function within<T>(answer: Promise<T>, what: string): Promise<T> {
  const outcome = await orNothing(answer, patience);
  if (outcome === 'nothing') throw new Error(`no ${what} within ${patience} ms`);
  return outcome as T;
}
