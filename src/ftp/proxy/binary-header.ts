/** Version 2 of the PROXY header (proxy-protocol.txt 2.2). Its length is bounded, and its check sum verified where it has one. */
import { plainAddress } from '../../operations/network.ts';
import { PresentationReader } from '../../presentation-reader.ts';
import { crc32c } from './crc32c.ts';
import { type HeaderReading, incomplete, malformed, type ProxyHeader } from './header-reading.ts';

export const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** Signature, version and command, family and transport, length of the rest. */
const fixedLength = 16;
/** Of the rest: as much as HAProxy itself takes, enough for a certificate among the values. */
const longestRest = 16_384;
const version = 2;
const local = 0;
const proxied = 1;
const stream = 1;
const highestTransport = 2;
/** By address family: octets of one address, and of the block of both with their ports. */
const families: Readonly<Record<number, { readonly address: number; readonly block: number }>> = {
  1: { address: 4, block: 12 },
  2: { address: 16, block: 36 },
  3: { address: 108, block: 216 },
};
const unspecified = 0;
const ofUnixSockets = 3;
const checksumType = 3;

/** What a proxy sends that speaks for itself. */
export const localHeader = Buffer.concat([signature, Buffer.of(version << 4, 0, 0, 0)]);

/** @param octets that begin with the signature */
export function readBinaryHeader(octets: Buffer): HeaderReading {
  if (octets.length < fixedLength) return incomplete;
  const [versionAndCommand = 0, familyAndTransport = 0] = octets.subarray(signature.length);
  const command = versionAndCommand & 15;
  const [family, transport] = [familyAndTransport >> 4, familyAndTransport & 15];
  const rest = octets.readUInt16BE(fixedLength - 2);
  if (versionAndCommand >> 4 !== version) return malformed('an unknown version');
  if (command !== local && command !== proxied) return malformed('an unknown command');
  if (rest > longestRest) return malformed(`longer than ${longestRest} octets`);
  const length = fixedLength + rest;
  if (octets.length < length) return incomplete;
  const read = (header: ProxyHeader): HeaderReading => ({ outcome: 'header', header, octets: length });
  // Of LOCAL nothing else counts, its family included.
  if (command === local) return read({ kind: 'local' });
  const layout = families[family];
  if ((!layout && family !== unspecified) || transport > highestTransport)
    return malformed('an unknown family or transport');
  if (!layout || transport === unspecified) return read({ kind: 'unknown' });
  if (rest < layout.block) return malformed('shorter than its addresses');
  const fault = valuesFault(octets.subarray(0, length), fixedLength + layout.block);
  if (fault !== undefined) return malformed(fault);
  if (family === ofUnixSockets || transport !== stream) return read({ kind: 'unknown' });
  const addresses = octets.subarray(fixedLength);
  return read({
    kind: 'client',
    source: addressText(addresses.subarray(0, layout.address)),
    destination: addressText(addresses.subarray(layout.address, 2 * layout.address)),
  });
}

/** The values behind the addresses: each lies within the header, and the check sum is right. */
function valuesFault(header: Buffer, start: number): string | undefined {
  const values = new PresentationReader(header.subarray(start));
  let checksumAt: number | undefined;
  while (values.remaining > 0) {
    if (values.remaining < 3) return 'a value that is cut off';
    const type = values.uint(1);
    const length = values.uint(2);
    if (length > values.remaining) return 'a value that is cut off';
    if (type === checksumType) {
      if (length !== 4 || checksumAt !== undefined) return 'a check sum that cannot be read';
      checksumAt = header.length - values.remaining;
    }
    values.opaque(length);
  }
  if (checksumAt === undefined) return undefined;
  const zeroed = Buffer.from(header);
  zeroed.writeUInt32BE(0, checksumAt);
  return crc32c(zeroed) === header.readUInt32BE(checksumAt) ? undefined : 'a wrong check sum';
}

function addressText(octets: Buffer): string {
  if (octets.length === 4) return octets.join('.');
  return plainAddress(octets.toString('hex').replace(/.{4}(?=.)/gu, '$&:'));
}
