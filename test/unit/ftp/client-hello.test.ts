/** What is read of a ClientHello before TLS begins, from real ones and from damaged ones. */
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ClientHelloReader, peekClientHello, type ReceivedClientHello } from '../../../src/ftp/tls/client-hello.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { firstFlight } from '../../support/client-flight.ts';

function extensionOf(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(type);
  header.writeUInt16BE(value.length, 2);
  return Buffer.concat([header, value]);
}

function vector(lengthOctets: number, value: Buffer): Buffer {
  const length = Buffer.alloc(lengthOctets);
  length.writeUIntBE(value.length, 0, lengthOctets);
  return Buffer.concat([length, value]);
}

interface Written {
  readonly version?: number;
  readonly sessionId?: Buffer;
  readonly extensions?: readonly Buffer[];
}

function message({ version = 0x0303, sessionId = Buffer.alloc(0), extensions }: Written): Buffer {
  const legacy = Buffer.alloc(2);
  legacy.writeUInt16BE(version);
  const body = Buffer.concat([
    legacy,
    Buffer.alloc(32, 7),
    vector(1, sessionId),
    vector(2, Buffer.from('1301', 'hex')),
    vector(1, Buffer.of(0)),
    ...(extensions ? [vector(2, Buffer.concat(extensions))] : []),
  ]);
  return Buffer.concat([Buffer.of(1), vector(3, body)]);
}

/** Cut into records of so many octets. */
function records(octets: Buffer, size = 16_384): Buffer {
  const cut: Buffer[] = [];
  for (let at = 0; at < octets.length; at += size) {
    cut.push(Buffer.from('160301', 'hex'), vector(2, octets.subarray(at, at + size)));
  }
  return Buffer.concat(cut);
}

function read(octets: Buffer, step = octets.length): ReceivedClientHello | 'incomplete' | 'unreadable' {
  const reader = new ClientHelloReader();
  for (let at = 0; at < octets.length; at += step) {
    const outcome = reader.add(octets.subarray(at, at + step));
    if (outcome !== 'incomplete') return outcome;
  }
  return 'incomplete';
}

const ticket = Buffer.concat([Buffer.alloc(16, 0xab), Buffer.alloc(100, 1)]);
const name = 'ab'.repeat(16);
const psk = (tickets: readonly Buffer[]) =>
  vector(2, Buffer.concat(tickets.map((one) => Buffer.concat([vector(2, one), Buffer.alloc(4, 0x55)]))));

describe('a ReceivedClientHello of a real client', () => {
  it.each([
    [{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, [0x0303]],
    [{ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }, [0x0304]],
    [{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }, [0x0304, 0x0303]],
  ] as const)('tells the versions it offers: %o', async (options, versions) => {
    const flight = await firstFlight(options);
    expect(read(flight)).toMatchObject({ versions, ticketKeyName: undefined, pskKeyNames: [] });
    expect(read(flight, 1)).toEqual(read(flight));
    expect(read(flight.subarray(0, -1))).toBe('incomplete');
  });
});

describe('what a ReceivedClientHello says of sessions', () => {
  it.each<[string, Written, Partial<ReceivedClientHello>]>([
    [
      'nothing without extensions',
      {},
      { versions: [0x0303], sessionId: '', ticketKeyName: undefined, pskKeyNames: [] },
    ],
    ['the version of old clients', { version: 0x0301 }, { versions: [0x0301] }],
    ['a session id', { sessionId: Buffer.alloc(32, 5) }, { sessionId: '05'.repeat(32) }],
    ['the key name of a TLS 1.2 ticket', { extensions: [extensionOf(35, ticket)] }, { ticketKeyName: name }],
    [
      'no key name of an empty ticket, which asks for one',
      { extensions: [extensionOf(35, Buffer.alloc(0))] },
      { ticketKeyName: undefined },
    ],
    [
      'the key names of TLS 1.3 tickets',
      { extensions: [extensionOf(41, psk([ticket, Buffer.alloc(16, 0xcd)]))] },
      { pskKeyNames: [name, 'cd'.repeat(16)] },
    ],
    [
      'no key name of an identity that is no ticket',
      { extensions: [extensionOf(41, psk([Buffer.from('short'), ticket]))] },
      { pskKeyNames: [name] },
    ],
    [
      'the name of the host, as it was sent',
      { extensions: [extensionOf(0, vector(2, Buffer.concat([Buffer.of(0), vector(2, Buffer.from('A.example'))])))] },
      { serverName: 'A.example' },
    ],
    [
      'no name of another kind than that of a host',
      { extensions: [extensionOf(0, vector(2, Buffer.concat([Buffer.of(1), vector(2, Buffer.from('A.example'))])))] },
      { serverName: undefined },
    ],
    [
      'extensions it does not know',
      { extensions: [extensionOf(0xfafa, Buffer.alloc(9)), extensionOf(35, ticket)] },
      { ticketKeyName: name },
    ],
  ])('is read: %s', (_rule, written, expected) => {
    const octets = records(message(written));
    expect(read(octets)).toMatchObject(expected);
    expect(read(octets, 3)).toEqual(read(octets));
  });

  it('is read from records of any size', () => {
    const octets = message({ extensions: [extensionOf(35, ticket)] });
    for (const size of [1, 2, 3, 4, 5, 50, 16_384])
      expect(read(records(octets, size)), `${size}`).toMatchObject({ ticketKeyName: name });
  });
});

describe('what is no ClientHello', () => {
  const valid = message({ extensions: [extensionOf(35, ticket)] });
  const lengthWrong = Buffer.from(valid);
  lengthWrong.writeUInt8(200, 4 + 34);
  it.each([
    ['a line of text', Buffer.from('USER ada\r\n')],
    ['a record of another type', Buffer.concat([Buffer.of(23), records(valid).subarray(1)])],
    ['an empty record before it', Buffer.concat([Buffer.from('1603010000', 'hex'), records(valid)])],
    [
      'a record of another type behind its first',
      Buffer.concat([records(valid, 50).subarray(0, 55), Buffer.of(21), records(valid, 50).subarray(56)]),
    ],
    ['an empty record', Buffer.from('1603010000', 'hex')],
    ['a record longer than any', Buffer.from('160301ffff', 'hex')],
    ['another handshake message', records(Buffer.concat([Buffer.of(2), valid.subarray(1)]))],
    ['a message longer than any', records(Buffer.from('01010001', 'hex'))],
    ['a length that leads beyond the message', records(lengthWrong)],
    [
      'an extension longer than all of them',
      records(message({ extensions: [extensionOf(35, ticket).subarray(0, 60)] })),
    ],
    [
      'a name of a version that is cut',
      records(message({ extensions: [extensionOf(43, vector(1, Buffer.of(3, 4, 3)))] })),
    ],
  ])('is unreadable: %s', (_rule, octets) => {
    expect(read(octets)).toBe('unreadable');
  });

  it('begins at one octet more than the longest: 16,640 in a record, 65,536 in a message', () => {
    const filled = (octets: number) => {
      const without = message({ extensions: [extensionOf(9, Buffer.alloc(0))] }).length;
      return message({ extensions: [extensionOf(9, Buffer.alloc(octets - without))] });
    };
    expect(read(records(filled(16_640), 16_640))).toMatchObject({ versions: [0x0303] });
    expect(read(records(filled(16_641), 16_641))).toBe('unreadable');
    const header = (octets: number) =>
      records(Buffer.from([1, ...vector(3, Buffer.alloc(octets - 4)).subarray(0, 99)]));
    expect(read(header(65_536))).toBe('incomplete');
    expect(read(header(65_537))).toBe('unreadable');
  });

  it('never throws and never reads on for ever, whatever is damaged', () => {
    let random = 20_261_128;
    const next = (below: number) => {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      return (random >>> 8) % below;
    };
    const outcomes = { incomplete: 0, unreadable: 0, hello: 0 };
    for (let turn = 0; turn < 2_000; turn += 1) {
      const octets = records(valid, 1 + next(400));
      for (let change = next(4); change >= 0; change -= 1) octets[next(octets.length)] = next(256);
      const outcome = read(octets, 1 + next(octets.length));
      outcomes[typeof outcome === 'string' ? outcome : 'hello'] += 1;
    }
    expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(8);
  });
});

describe('peekClientHello', () => {
  let server: Server | undefined;
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server?.close();
  });

  async function connected(): Promise<{ client: Socket; raw: Socket }> {
    const accepted = Promise.withResolvers<Socket>();
    server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accepted.resolve).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connectTcp((server.address() as { port: number }).port, '127.0.0.1');
    const raw = await accepted.promise;
    sockets.push(client, raw);
    return { client, raw };
  }

  it('puts back what it read, whole and once', async () => {
    const { client, raw } = await connected();
    const octets = Buffer.concat([records(message({})), Buffer.from('behind')]);
    client.end(octets);
    expect(await peekClientHello(raw, milliseconds(5000))).toMatchObject({ versions: [0x0303] });
    expect(Buffer.concat(await raw.toArray()).equals(octets)).toBe(true);
  });

  it.each([
    ['nothing comes in time', Buffer.alloc(0), 'none'],
    ['half of it comes in time', records(message({})).subarray(0, 20), 'none'],
    ['text comes', Buffer.from('no ReceivedClientHello\r\n'), 'unreadable'],
  ])('answers when %s', async (_rule, octets, outcome) => {
    const { client, raw } = await connected();
    client.write(octets);
    expect(await peekClientHello(raw, milliseconds(outcome === 'none' ? 50 : 5000))).toBe(outcome);
  });

  it('leaves the connection paused, without a listener or timer of its own', async () => {
    const { client, raw } = await connected();
    const listeners = () => ['data', 'end', 'close'].map((event) => raw.listenerCount(event));
    const before = listeners();
    const clear = vi.spyOn(globalThis, 'clearTimeout');
    const set = vi.spyOn(globalThis, 'setTimeout');
    const peeked = peekClientHello(raw, milliseconds(300_000));
    const timer = set.mock.results.at(-1)?.value;
    client.write(records(message({})));
    await peeked;
    expect(listeners()).toEqual(before);
    expect(raw.isPaused()).toBe(true);
    expect(clear).toHaveBeenCalledWith(timer);
    vi.restoreAllMocks();
  });

  it('answers at once when the client ends or resets', async () => {
    for (const how of ['end', 'resetAndDestroy'] as const) {
      const { client, raw } = await connected();
      raw.on('error', () => undefined);
      client[how]();
      expect(await peekClientHello(raw, milliseconds(300_000)), how).toBe('none');
    }
  });
});
