/** The `bindingInformation` of an ftp binding: `address:port:host`, read from its end, for an IPv6 address holds colons. */
import { isIPv4, isIPv6 } from 'node:net';

export interface BindingInformation {
  /** `*` for all addresses of the machine; IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  /** Empty where the binding is for every name. */
  readonly host: string;
}

const pattern = /^(.*):([^:\]]*):([^:\]]*)$/s;

/** @returns what is wrong with it, as a sentence goes on */
export function readBindingInformation(text: string): BindingInformation | string {
  const [, address, portText, host] = pattern.exec(text) ?? [];
  if (address === undefined || portText === undefined || host === undefined) {
    return /^.*:\d+$/.test(text)
      ? 'has no host name, which may be empty, behind a second colon'
      : 'is not address:port:host';
  }
  const port = /^[1-9]\d{0,4}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65_535) return 'has a port that is no number from 1 to 65535';
  const plain = address === '' || address === '*' ? '*' : plainIp(address);
  if (plain === undefined) return 'has an address that is neither *, nor IPv4, nor [IPv6]';
  if (!/^[\w.*-]*$/u.test(host)) return 'has a host name with characters that no host name has';
  return { address: plain, port, host: host.toLowerCase() };
}

function plainIp(address: string): string | undefined {
  if (isIPv4(address)) return address;
  const [, inner = ''] = /^\[([^\]%]*)\]$/.exec(address) ?? [];
  return isIPv6(inner) ? inner.toLowerCase() : undefined;
}
