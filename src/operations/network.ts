/** Spellings and networks of addresses. */
import { isIPv4, isIPv6 } from 'node:net';

/**
 * The one spelling of an address: RFC 5952 for IPv6, and IPv4 for an IPv4 address mapped into IPv6.
 * @param address what is no IPv6 address is given back as it is
 */
export function plainAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const [literal = '', zone] = address.split('%');
  const plain = new URL(`http://[${literal}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain) ?? [];
  if (high === undefined || low === undefined) return zone === undefined ? plain : `${plain}%${zone}`;
  return [high, low]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 255])
    .join('.');
}

/** An address, or the network address and how many bits behind it are of its hosts. */
interface NetworkNumber extends AddressNumber {
  readonly hostBits: bigint;
}

/** Addresses of some networks. An IPv4 address that is mapped into IPv6 counts as IPv4, and a zone does not count. */
export class Networks {
  readonly #networks: readonly NetworkNumber[];

  /** @param networks `address/bits`, each of them valid */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map(networkNumber);
  }

  /** @param address in its one spelling; what is no address is in no network */
  has(address: string): boolean {
    const asked = askedNumber(address);
    if (!asked) return false;
    return this.#networks.some(
      ({ bits, number, hostBits }) => bits === asked.bits && asked.number >> hostBits === number >> hostBits,
    );
  }
}

function networkNumber(network: string): NetworkNumber {
  const [literal = '', length] = network.split('/');
  const address = addressNumber(literal);
  if (!address) throw new TypeError(`${network} is no network`);
  return { ...address, hostBits: BigInt(address.bits - Number(length)) };
}

let last: { readonly text: string; readonly address: AddressNumber | undefined } | undefined;

/** One address is asked of many lists, one after another. */
function askedNumber(text: string): AddressNumber | undefined {
  if (last?.text !== text) last = { text, address: addressNumber(text) };
  return last.address;
}

/** @param text in its one spelling */
export function isAddress(text: string): boolean {
  return askedNumber(text) !== undefined;
}

/** Whether every address of one network is in the other. Both as `address/bits`. */
export function isNetworkWithin(one: string, other: string): boolean {
  const [[address = '', bits], [, otherBits]] = [one.split('/'), other.split('/')];
  return Number(bits) >= Number(otherBits) && new Networks([other]).has(address);
}

const known = new WeakMap<readonly string[], Networks>();

/** As the constructor; one list of a configuration is read once. */
export function networksOf(list: readonly string[]): Networks {
  const networks = known.get(list) ?? new Networks(list);
  known.set(list, networks);
  return networks;
}

/** An IPv6 network of 64 bits, for a host may choose freely within it; an IPv4 address, mapped into IPv6 or not. */
export function networkOf(address: string): string {
  const text = address.replace(/%.*$/, '').toLowerCase();
  if (!text.includes(':')) return text;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail = ''] = text.split('::');
  const groups = (part: string) => part.split(':').filter((group) => group !== '');
  const missing = text.includes('::') ? 8 - groups(head).length - groups(tail).length : 0;
  const all = [...groups(head), ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...groups(tail)];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

interface AddressNumber {
  readonly bits: 32 | 128;
  readonly number: bigint;
}

/** @param address IPv4 or IPv6, in its one spelling @returns undefined for what is no address */
export function addressNumber(address: string): AddressNumber | undefined {
  const [literal = ''] = address.split('%');
  if (isIPv4(literal)) return { bits: 32, number: numberOf(literal.split('.').map(Number), 8n) };
  if (!isIPv6(literal)) return undefined;
  const [head = [], tail = []] = literal.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const missing = Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  return {
    bits: 128,
    number: numberOf(
      groups.map((group) => Number.parseInt(group, 16)),
      16n,
    ),
  };
}

function numberOf(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((number, part) => (number << width) | BigInt(part), 0n);
}
