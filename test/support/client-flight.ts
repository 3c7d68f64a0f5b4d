/** The first octets of Node's own TLS client, without a connection. */
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';

export async function firstFlight(options: ConnectionOptions): Promise<Buffer> {
  const flight = Promise.withResolvers<Buffer>();
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, callback) => {
      flight.resolve(chunk);
      callback();
    },
  });
  const client = connect({ socket: wire, ...options });
  client.on('error', () => undefined);
  const octets = await flight.promise;
  client.destroy();
  return octets;
}
