/** Networks as settings have them: an address alone, or the first address of the network and the number of its leading bits. */
import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { Networks, plainAddress } from '../operations/network.ts';

/** Decoded to `address/bits`. */
export const network = z
  .string()
  .max(64)
  .transform((text, context) => {
    const decoded = decodeNetwork(text);
    if (typeof decoded === 'string') return decoded;
    const { fault, remedy } = decoded;
    context.addIssue({ code: 'custom', message: fault, params: { remedy } });
    return z.NEVER;
  });

/** The same of IPv4 alone. */
export const ip4Network = network.refine((decoded) => isIPv4(decoded.split('/')[0] ?? ''), {
  error: 'must be an IPv4 network: EPSV tells clients of IPv6 no address',
});

interface NetworkFault {
  readonly fault: string;
  /** Undefined where the fault says what is allowed. */
  readonly remedy?: string;
}

function decodeNetwork(text: string): string | NetworkFault {
  const [literal = '', bits, ...more] = text.split('/');
  const isKnown = isIPv4(literal) || (isIPv6(literal) && !literal.includes('%'));
  if (!isKnown || more.length > 0) return { fault: 'must be an address, or a network such as 10.0.0.0/8' };
  const address = plainAddress(literal);
  const length = isIPv4(address) ? 32 : 128;
  if (isIPv4(address) !== isIPv4(literal) && bits !== undefined)
    return { fault: `must be written as IPv4: ${address}` };
  if (bits === undefined) return `${address}/${length}`;
  if (!/^\d{1,3}$/u.test(bits) || Number(bits) > length)
    return {
      fault: `must have a length from 0 to ${length} behind the /`,
      remedy: `Write ${address} for this one address, or the first address of a network and its length.`,
    };
  const before = addressBefore(address);
  // The one before the first address of a network is outside of it; an address in the midst of one is a mistake.
  const isFirst = before === undefined || Number(bits) === length || !new Networks([`${address}/${bits}`]).has(before);
  return isFirst
    ? `${address}/${Number(bits)}`
    : { fault: 'must begin with the first address of the network', remedy: beginning(address, Number(bits)) };
}

function beginning(address: string, bits: number): string {
  const kept = octetsOf(address).map((octet, index) => {
    const width = Math.min(8, Math.max(0, bits - 8 * index));
    return octet & (0xff << (8 - width)) & 0xff;
  });
  return `Did you mean ${addressOf(kept)}/${bits}? For this one address write ${address}.`;
}

/** The address one lower; undefined: it is the lowest of all. */
function addressBefore(address: string): string | undefined {
  const octets = octetsOf(address);
  const last = octets.findLastIndex((octet) => octet > 0);
  if (last < 0) return undefined;
  const lower = octets.map((octet, index) => (index < last ? octet : index === last ? octet - 1 : 255));
  return addressOf(lower);
}

function addressOf(octets: readonly number[]): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from(
    { length: 8 },
    (_, group) => ((octets[2 * group] ?? 0) << 8) | (octets[2 * group + 1] ?? 0),
  );
  return plainAddress(groups.map((group) => group.toString(16)).join(':'));
}

function octetsOf(address: string): readonly number[] {
  if (isIPv4(address)) return address.split('.').map(Number);
  const [head = '', tail = ''] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const groups = address.includes('::')
    ? [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail]
    : [...head];
  return groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
}
