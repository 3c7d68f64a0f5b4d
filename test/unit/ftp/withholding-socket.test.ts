/** What the withholding socket lets pass, seen over a real TCP connection and with records cut anywhere. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WithholdingSocket } from '../../../src/ftp/tls/withholding-socket.ts';

const record = (type: number, length: number) =>
  Buffer.concat([Buffer.from([type, 3, 3, 0, length]), Buffer.alloc(length)]);
const handshake = record(22, 40);
const changeCipherSpec = record(20, 1);
const finished = record(23, 30);

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function pair(): Promise<{ client: Socket; transport: WithholdingSocket; received: () => string }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  client.setNoDelay(true);
  const [raw] = (await once(server, 'connection')) as [Socket];
  server.close();
  sockets.push(client, raw);
  let text = '';
  client.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { client, transport: new WithholdingSocket(raw, 1024), received: () => text };
}

/** Reads from the transport, as the TLS layer above it does, until this many octets have come. */
async function readOctets(transport: WithholdingSocket, count: number): Promise<void> {
  let left = count;
  while (left > 0) {
    const chunk = transport.read() as Buffer | null;
    if (chunk === null) await once(transport, 'readable');
    else left -= chunk.length;
  }
}

describe('WithholdingSocket', () => {
  for (const piece of [1, 3, 1000]) {
    it(`keeps back what is written after the client’s second flight, pieces of ${piece}`, async () => {
      const { client, transport, received } = await pair();
      const send = async (bytes: Buffer) => {
        for (let start = 0; start < bytes.length; start += piece) client.write(bytes.subarray(start, start + piece));
        await readOctets(transport, bytes.length);
      };
      await send(handshake);
      transport.write('server hello ');
      await send(Buffer.concat([changeCipherSpec, finished]));
      await new Promise((resolve) => transport.write('tickets ', resolve));
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(received()).toBe('server hello ');
      transport.release();
      transport.write('data');
      transport.end();
      await once(client, 'end');
      expect(received()).toBe('server hello tickets data');
    });
  }

  it('keeps nothing back once it was released', async () => {
    const { client, transport, received } = await pair();
    transport.release();
    transport.write('a');
    client.write(finished);
    await readOctets(transport, finished.length);
    transport.end('b');
    await once(client, 'end');
    expect(received()).toBe('ab');
  });

  it('lets a writer wait that writes without end', async () => {
    const { client, transport } = await pair();
    transport.write('hello');
    client.write(finished);
    await readOctets(transport, finished.length);
    let done = 0;
    for (let count = 0; count < 10; count += 1) transport.write(Buffer.alloc(100 * 1024), () => (done += 1));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(done).toBeLessThan(4);
    client.resume();
    transport.release();
    transport.end();
    await once(client, 'end');
    expect(done).toBe(10);
  });

  it('tells a broken connection from an ended one', async () => {
    const { client, transport } = await pair();
    transport.on('error', () => undefined);
    transport.resume();
    const closed = new Promise((resolve) => transport.once('close', resolve));
    client.resetAndDestroy();
    await closed;
    expect(transport.wasReset).toBe(true);
  });
});
