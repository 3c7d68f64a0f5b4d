/** A DNS server on loopback that answers SRV and A questions from a table, for directories that are found in the DNS. */
import { createSocket } from 'node:dgram';
import type { ServiceRecord } from '../../src/directory/connection/service-resolver.ts';

export interface DirectoryDns {
  /** `address:port`. */
  readonly server: string;
  /** Questions received, as `SRV name` or `A name`. */
  readonly questions: readonly string[];
  /** Names in lower case. */
  readonly services: Map<string, readonly ServiceRecord[]>;
  readonly addresses: Map<string, string>;
  close(): Promise<void>;
}

const types: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA', 33: 'SRV' };
const headerOctets = 12;

export async function startDirectoryDns(): Promise<DirectoryDns> {
  const socket = createSocket('udp4');
  const questions: string[] = [];
  const services = new Map<string, readonly ServiceRecord[]>();
  const addresses = new Map<string, string>();
  socket.on('message', (query, peer) => {
    const { name, type, end } = questionOf(query);
    questions.push(`${type} ${name}`);
    const answers =
      type === 'SRV'
        ? (services.get(name) ?? []).map(serviceData)
        : [addresses.get(name)].flatMap((address) =>
            address !== undefined && type === 'A' ? [Buffer.from(address.split('.').map(Number))] : [],
          );
    const known = services.has(name) || addresses.has(name);
    const header = Buffer.from(query.subarray(0, headerOctets));
    // response, recursion available; NXDOMAIN for names that the zone lacks
    header.writeUInt16BE(known ? 0x8580 : 0x8583, 2);
    header.writeUInt16BE(answers.length, 6);
    header.writeUInt32BE(0, 8);
    const records = answers.map((data) => record(query.subarray(end - 4, end), data));
    socket.send(Buffer.concat([header, query.subarray(headerOctets, end), ...records]), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    server: `127.0.0.1:${socket.address().port}`,
    questions,
    services,
    addresses,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function questionOf(query: Buffer): { readonly name: string; readonly type: string; readonly end: number } {
  const labels: string[] = [];
  let offset = headerOctets;
  for (let length = query.readUInt8(offset); length > 0; length = query.readUInt8(offset)) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + length).toLowerCase());
    offset += 1 + length;
  }
  return { name: labels.join('.'), type: types[query.readUInt16BE(offset + 1)] ?? '?', end: offset + 5 };
}

/** @param typeAndClass as in the question; the name is a pointer to it, and the answer holds for 0 seconds */
function record(typeAndClass: Buffer, data: Buffer): Buffer {
  const fixed = Buffer.alloc(6);
  fixed.writeUInt16BE(data.length, 4);
  return Buffer.concat([Buffer.from([0xc0, headerOctets]), typeAndClass, fixed, data]);
}

function serviceData({ priority, weight, port, target }: ServiceRecord): Buffer {
  const numbers = Buffer.alloc(6);
  for (const [index, value] of [priority, weight, port].entries()) numbers.writeUInt16BE(value, 2 * index);
  const labels = target.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([numbers, ...labels, Buffer.from([0])]);
}
