/** The reader here is a socket that the test writes to, since the real one never sends in pieces, out of turn or too much. */
import { on, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertIntoVpcd, type VpcdConnection } from '../../../../src/smartcard/reader/vpcd-connection.ts';

let server: Server;
let reader: Socket;
let connection: VpcdConnection;
let work: (apdu: Buffer) => Promise<Buffer>;
const seen: string[] = [];

const card = {
  answerToReset: Buffer.from('3b00', 'hex'),
  reset: () => void seen.push('reset'),
  process: (apdu: Buffer) => {
    seen.push(apdu.toString('hex'));
    return work(apdu);
  },
};

beforeEach(async () => {
  seen.length = 0;
  work = async (apdu) => apdu;
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  connection = await insertIntoVpcd(card, (server.address() as AddressInfo).port);
  [reader] = await accepted;
  reader.on('error', () => undefined);
});

afterEach(async () => {
  connection.pull();
  reader.destroy();
  server.close();
  await connection.closed;
});

/** Waits for so many octets; more are an error. */
async function received(octets: number): Promise<string> {
  const parts: Buffer[] = [];
  for await (const [part] of on(reader, 'data') as AsyncIterable<[Buffer]>) {
    parts.push(part);
    if (Buffer.concat(parts).length >= octets) break;
  }
  return Buffer.concat(parts).toString('hex');
}

const send = (hex: string) => reader.write(Buffer.from(hex, 'hex'));

describe('a card in a virtual reader', () => {
  it('tells its answer to reset when asked', async () => {
    send('000104');
    expect(await received(4)).toBe('00023b00');
  });

  it.each([
    ['off', '000100'],
    ['on', '000101'],
    ['reset', '000102'],
  ])('forgets everything when it is turned %s, and answers nothing', async (_rule, message) => {
    send(message);
    send('000104');
    expect(await received(4)).toBe('00023b00');
    expect(seen).toEqual(['reset', 'reset']);
  });

  it('answers commands that come in pieces, and several in one', async () => {
    send('00');
    send('0400');
    send('a404');
    send('0000040011223300');
    expect(await received(12)).toBe('000400a40400000400112233');
    send('04445566');
    send('77');
    expect(await received(6)).toBe('000444556677');
  });

  it('works on one command after the other', async () => {
    const order: string[] = [];
    work = async (apdu) => {
      order.push('begins');
      await new Promise((resolve) => setImmediate(resolve));
      order.push('ends');
      return apdu;
    };
    send('000400000001000400000002');
    await received(12);
    expect(order).toEqual(['begins', 'ends', 'begins', 'ends']);
  });

  it('overlooks empty messages and unknown controls', async () => {
    send('0000000109000104');
    expect(await received(4)).toBe('00023b00');
  });
});

describe('a card that is pulled', () => {
  it('answers neither the command it works on nor the next one, and forgets everything', async () => {
    let finish = () => {};
    work = (apdu) =>
      new Promise((resolve) => {
        finish = () => resolve(apdu);
      });
    const octets: Buffer[] = [];
    reader.on('data', (bytes: Buffer) => octets.push(bytes));
    send('000400000001000400000002');
    await expect.poll(() => seen).toContain('00000001');
    connection.pull();
    await once(reader, 'close');
    await expect.poll(() => connection.pulled.aborted).toBe(true);
    finish();
    await connection.closed;
    expect(octets).toEqual([]);
    expect(seen).toEqual(['reset', '00000001', 'reset']);
  });

  it('is out as soon as the reader is gone', async () => {
    reader.destroy();
    await connection.closed;
    expect(connection.pulled.aborted).toBe(true);
  });
});

it('cannot be put into a reader that is not there', async () => {
  const unused = createServer();
  unused.listen(0, '127.0.0.1');
  await once(unused, 'listening');
  const { port } = unused.address() as AddressInfo;
  unused.close();
  await once(unused, 'close');
  await expect(insertIntoVpcd(card, port)).rejects.toThrow('ECONNREFUSED');
});
