/** PROXY headers as a balancer makes them, and as none does. */
import { isIPv4 } from 'node:net';
import { crc32c } from '../../src/ftp/proxy/crc32c.ts';

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

export interface BinaryHeader {
  /** Version and command. Default: 0x21, PROXY. */
  readonly command?: number;
  /** Family and transport. Default: of the addresses, TCP. */
  readonly family?: number;
  readonly source?: string;
  readonly destination?: string;
  /** Instead of the block of the addresses. */
  readonly block?: Buffer;
  /** Type and value. */
  readonly values?: readonly (readonly [number, Buffer])[];
  readonly checksum?: 'right' | 'wrong';
  /** Instead of the true length of the rest. */
  readonly length?: number;
}

export function lineHeader(source: string, destination = '127.0.0.1'): Buffer {
  return Buffer.from(`PROXY TCP${isIPv4(source) ? 4 : 6} ${source} ${destination} 40000 21\r\n`);
}

export function binaryHeader(header: BinaryHeader = {}): Buffer {
  const { source = '192.0.2.1', destination = isIPv4(source) ? '198.51.100.1' : '2001:db8::2' } = header;
  const ports = Buffer.from('9c400015', 'hex');
  const block = header.block ?? Buffer.concat([addressOctets(source), addressOctets(destination), ports]);
  const values = (header.values ?? []).map(([type, value]) => valueOctets(type, value));
  const checksum = header.checksum === undefined ? [] : [valueOctets(3, Buffer.alloc(4))];
  const rest = Buffer.concat([block, ...values, ...checksum]);
  const fixed = Buffer.concat([signature, Buffer.alloc(4)]);
  fixed[12] = header.command ?? 0x21;
  fixed[13] = header.family ?? (isIPv4(source) ? 0x11 : 0x21);
  fixed.writeUInt16BE(header.length ?? rest.length, 14);
  const whole = Buffer.concat([fixed, rest]);
  if (header.checksum !== undefined) {
    const sum = crc32c(whole);
    whole.writeUInt32BE(header.checksum === 'right' ? sum : (sum ^ 1) >>> 0, whole.length - 4);
  }
  return whole;
}

function valueOctets(type: number, value: Buffer): Buffer {
  const start = Buffer.alloc(3);
  start[0] = type;
  start.writeUInt16BE(value.length, 1);
  return Buffer.concat([start, value]);
}

function addressOctets(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) => text.split(':').filter(Boolean);
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0');
  const all = [...groups(head), ...zeros, ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
