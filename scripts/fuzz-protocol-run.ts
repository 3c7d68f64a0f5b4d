/**
 * Mutated first octets of connections and command lines through what reads them before any login: PROXY headers, arguments of PORT and EPRT,
 * lines, ClientHellos. Whatever comes must be read or refused, within bounds; anything thrown stops the run.
 */
import { isIP } from 'node:net';
import { isSayable, parseCommand } from '../src/ftp/command.ts';
import { LineReader } from '../src/ftp/control/line-reader.ts';
import {
  isSameProtocol,
  judgeTarget,
  type ParsedTarget,
  parseExtendedPort,
  parsePort,
} from '../src/ftp/data-ports/active-target.ts';
import { readProxyHeader } from '../src/ftp/proxy/proxy-header.ts';
import { ClientHelloReader } from '../src/ftp/tls/client-hello.ts';
import { octets } from '../src/settings/units.ts';
import { firstFlight } from '../test/support/client-flight.ts';
import { cpuMilliseconds } from '../test/support/cpu-time.ts';
import { binaryHeader, lineHeader } from '../test/support/proxy-headers.ts';
import { randomNumbers } from './chain-generator.ts';

export const fuzzedParsers = ['proxy-header', 'port-argument', 'command-lines', 'client-hello'] as const;
export type FuzzedParser = (typeof fuzzedParsers)[number];

export interface ProtocolFuzzResult {
  /** Inputs that the parser took. */
  readonly taken: number;
  /** Milliseconds of processor time. */
  readonly slowestMs: number;
  /** Heap after the last collection less that after the first tenth; 0 without --expose-gc. */
  readonly heapGrowthOctets: number;
}

/** Milliseconds of processor time that no input may take, even the second time, when the first was a pause of the collector. */
export const maximumProtocolInputMs = 20;
const maximumLine = octets(4096);
const longestProxyHeader = 16 + 16_384;
/** The largest message, a record behind it, and the octets of both headers. */
const longestHello = 65_536 + 2 * (16_384 + 256 + 5);

type Random = () => number;
/** @returns whether it was taken @throws when it was not read rightly */
type Parser = (input: Buffer, random: Random) => boolean;

/** @throws Error that names seed, number and octets of an input that was not answered rightly */
export async function fuzzProtocol(parser: FuzzedParser, seed: number, count: number): Promise<ProtocolFuzzResult> {
  const random = randomNumbers(seed);
  const seeds = await seedsOf[parser]();
  const parse = parsers[parser];
  let taken = 0;
  let slowestMs = 0;
  let firstHeap = 0;
  for (let number = 0; number < count; number += 1) {
    const input = mutate(seeds[Math.floor(random() * seeds.length)] ?? Buffer.alloc(0), random);
    try {
      let elapsed = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < 5 && elapsed > maximumProtocolInputMs; attempt += 1) {
        const start = cpuMilliseconds();
        const isTaken = parse(input, random);
        elapsed = Math.min(elapsed, cpuMilliseconds() - start);
        if (isTaken && attempt === 0) taken += 1;
      }
      slowestMs = Math.max(slowestMs, elapsed);
      if (elapsed > maximumProtocolInputMs) throw new Error(`it took ${elapsed.toFixed(1)} ms`);
    } catch (error) {
      throw new Error(`${parser}, seed ${seed}, input ${number}: ${input.toString('hex')}`, { cause: error });
    }
    if (number + 1 === Math.ceil(count / 10)) {
      globalThis.gc?.();
      firstHeap = process.memoryUsage().heapUsed;
    }
  }
  globalThis.gc?.();
  return { taken, slowestMs, heapGrowthOctets: globalThis.gc ? process.memoryUsage().heapUsed - firstHeap : 0 };
}

const parsers: Readonly<Record<FuzzedParser, Parser>> = {
  'proxy-header': (input) => {
    const reading = readProxyHeader(input);
    if (reading.outcome === 'incomplete')
      insist(input.length < longestProxyHeader, 'it waits for more than a header has');
    if (reading.outcome !== 'header') return false;
    const { header, octets: length } = reading;
    insist(length > 0 && length <= input.length, 'it is longer than its octets');
    insist(readProxyHeader(input.subarray(0, length - 1)).outcome === 'incomplete', 'less of it counts, too');
    if (header.kind === 'client') insist(isIP(header.source) > 0 && isIP(header.destination) > 0, 'no address');
    return true;
  },
  'port-argument': (input) => {
    const text = input.toString('latin1');
    return [parsePort(text), parseExtendedPort(text)].map(isTarget).some(Boolean);
  },
  'command-lines': (input, random) => {
    const reader = new LineReader(maximumLine);
    let lines = 0;
    for (const chunk of cut(input, random)) {
      reader.push(chunk);
      for (let line = reader.next(); line; line = reader.next()) {
        lines += 1;
        if (line.kind !== 'line') continue;
        insist(line.text.length <= maximumLine && !/[\n\0]/u.test(line.text), 'no line');
        const command = parseCommand(line.text);
        if (isSayable(command)) insist(command.verb === command.verb.toUpperCase(), 'a verb in lower case');
      }
    }
    insist(lines <= input.length + 1, 'more lines than octets');
    return lines > 0;
  },
  'client-hello': (input, random) => {
    const reader = new ClientHelloReader();
    for (const chunk of cut(input, random)) {
      const read = reader.add(chunk);
      if (read === 'incomplete') continue;
      if (read === 'unreadable') return false;
      insist(
        read.sessionId.length <= 510 && read.pskKeyNames.every((name) => name.length === 32),
        'a name of another length',
      );
      return true;
    }
    insist(input.length < longestHello, 'it waits for more than a ClientHello has');
    return false;
  },
};

function isTarget(parsed: ParsedTarget): boolean {
  if (parsed.outcome !== 'target') return false;
  const { address, port } = parsed.target;
  insist(isIP(address) > 0 && port >= 0 && port <= 65_535, 'no address and port');
  const refusal = judgeTarget(parsed.target, '192.0.2.1');
  insist(refusal !== undefined || (address === '192.0.2.1' && port >= 1024), 'a target that is not the client');
  return isSameProtocol(address, '192.0.2.1');
}

function insist(isRight: boolean, fault: string): void {
  if (!isRight) throw new Error(fault);
}

const seedsOf: Readonly<Record<FuzzedParser, () => Promise<readonly Buffer[]>>> = {
  'proxy-header': async () => [
    lineHeader('192.0.2.1'),
    lineHeader('2001:db8::1', '2001:db8::2'),
    Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\nAUTH TLS\r\n'),
    binaryHeader(),
    binaryHeader({ checksum: 'right' }),
    binaryHeader({ source: '2001:db8::1', values: [[5, Buffer.alloc(40, 1)]], checksum: 'right' }),
    binaryHeader({ family: 0x31, block: Buffer.alloc(216), values: [[4, Buffer.alloc(9)]] }),
    binaryHeader({ command: 0x20, family: 0, block: Buffer.alloc(0) }),
    binaryHeader({ values: [[0x20, Buffer.alloc(3000, 7)]] }),
  ],
  'port-argument': async () =>
    [
      '192,0,2,1,195,80',
      '127,0,0,1,4,1',
      '|1|192.0.2.1|50000|',
      '|2|2001:db8::1|50000|',
      '|2|fe80::1%eth0|1025|',
      '!1!1.2.3.4!1!',
    ].map((text) => Buffer.from(text)),
  'command-lines': async () => [
    Buffer.from('USER ada\r\nPASS secret\r\nTYPE I\r\nRETR a file\r\n'),
    Buffer.from('STOR n\u00e4me \u{1f4c4}\r\nLIST -la *\nRNFR a\r\nRNTO b\r\n'),
    Buffer.from('STOR a\r\0b\r\nDELE a\r\0b\r\0\r\n'),
    Buffer.from('fff4fff241424f520d0a', 'hex'),
    Buffer.from('fffa1801fff0fffb01fffd03fffe0555534552206164610d0a', 'hex'),
    Buffer.concat([Buffer.from('RETR '), Buffer.alloc(4090, 'x'), Buffer.from('\r\n')]),
    Buffer.concat([Buffer.from('RETR '), Buffer.alloc(9000, 'x'), Buffer.from('\r\nNOOP\r\n')]),
  ],
  'client-hello': async () => [
    await firstFlight({ servername: 'ftp.example' }),
    await firstFlight({ maxVersion: 'TLSv1.2' }),
    await firstFlight({ minVersion: 'TLSv1.3', ALPNProtocols: ['ftp'] }),
    resumingHello(),
  ],
};

/** One that offers a ticket of TLS 1.2 and two sessions of TLS 1.3. */
function resumingHello(): Buffer {
  const vector = (width: number, value: Buffer) => {
    const length = Buffer.alloc(width);
    length.writeUIntBE(value.length, 0, width);
    return Buffer.concat([length, value]);
  };
  const extension = (type: number, value: Buffer) =>
    Buffer.concat([Buffer.of(type >> 8, type & 255), vector(2, value)]);
  const identity = Buffer.concat([vector(2, Buffer.alloc(120, 9)), Buffer.alloc(4)]);
  const extensions = [
    extension(43, vector(1, Buffer.from('03040303', 'hex'))),
    extension(35, Buffer.alloc(180, 8)),
    extension(41, Buffer.concat([vector(2, Buffer.concat([identity, identity])), vector(2, Buffer.alloc(66, 32))])),
  ];
  const body = Buffer.concat([
    Buffer.from('0303', 'hex'),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32, 6)),
    vector(2, Buffer.from('13011302', 'hex')),
    vector(1, Buffer.of(0)),
    vector(2, Buffer.concat(extensions)),
  ]);
  const message = Buffer.concat([Buffer.of(1), vector(3, body)]);
  return Buffer.concat([Buffer.from('160301', 'hex'), vector(2, message)]);
}

/** Some octets changed, taken out, doubled or put in, or the end cut off; sometimes nothing. */
function mutate(seed: Buffer, random: Random): Buffer {
  let input = Buffer.from(seed);
  for (let turn = Math.floor(random() * 5); turn > 0; turn -= 1) {
    const at = Math.floor(random() * (input.length + 1));
    const length = Math.floor(random() ** 4 * 64) + 1;
    const rest = input.subarray(at);
    const before = input.subarray(0, at);
    const choice = Math.floor(random() * 6);
    if (choice === 0) input = Buffer.concat([before, rest.subarray(length)]);
    else if (choice === 1) input = Buffer.concat([before, rest.subarray(0, length), rest]);
    else if (choice === 2) input = Buffer.concat([before, telling(random, length), rest]);
    else if (choice === 3 && random() < 0.3) input = Buffer.from(before);
    else if (at < input.length)
      input[at] = choice === 4 ? Math.floor(random() * 256) : (input[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  }
  return input;
}

/** Octets that mean something in one of the grammars, or any. */
function telling(random: Random, length: number): Buffer {
  const signs = ['\r\n', '\0', '\xff', ' ', '|', ',', '%', '::', '65536', 'PROXY ', '\x16\x03\x01', '\x03\x00\x04'];
  if (random() < 0.7) return Buffer.from(signs[Math.floor(random() * signs.length)] ?? '', 'latin1');
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

/** As the network cuts it: whole mostly, or into pieces. */
function cut(input: Buffer, random: Random): readonly Buffer[] {
  if (random() < 0.5) return [input];
  const pieces: Buffer[] = [];
  for (let at = 0; at < input.length; ) {
    const next = at + 1 + Math.floor(random() ** 3 * input.length);
    pieces.push(input.subarray(at, next));
    at = next;
  }
  return pieces;
}
