/**
 * The header of the PROXY protocol, version 1 or 2 (proxy-protocol.txt of HAProxy, section 2), from the first octets of a connection. It
 * believes nothing by itself: who may announce a client, others decide.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { plainAddress } from '../../operations/network.ts';
import { readBinaryHeader, signature } from './binary-header.ts';
import { type HeaderReading, incomplete, malformed, type ProxyHeader } from './header-reading.ts';

/** Of version 1, with the line end. */
const longestLine = 107;
const lineStart = Buffer.from('PROXY ');
const lineEnd = '\r\n';

/** @param octets all that came so far */
export function readProxyHeader(octets: Buffer): HeaderReading {
  if (startsLike(octets, signature)) return octets.length < signature.length ? incomplete : readBinaryHeader(octets);
  if (startsLike(octets, lineStart)) return octets.length < lineStart.length ? incomplete : readLine(octets);
  return malformed('no PROXY header');
}

/** As far as there are octets. */
function startsLike(octets: Buffer, start: Buffer): boolean {
  const length = Math.min(octets.length, start.length);
  return octets.subarray(0, length).equals(start.subarray(0, length));
}

function readLine(octets: Buffer): HeaderReading {
  const text = octets.toString('latin1', 0, longestLine);
  const end = text.indexOf(lineEnd);
  if (end < 0) return octets.length < longestLine ? incomplete : malformed(`no line end within ${longestLine} octets`);
  const header = decodeLine(text.slice(lineStart.length, end));
  if (!header) return malformed('a line that cannot be read');
  return { outcome: 'header', header, octets: end + lineEnd.length };
}

/** @param line without its beginning and end */
function decodeLine(line: string): ProxyHeader | undefined {
  const [protocol, source = '', destination = '', ...rest] = line.split(' ');
  // Whatever stands behind it means nothing.
  if (protocol === 'UNKNOWN') return { kind: 'unknown' };
  const isOfProtocol = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isIPv6 : () => false;
  const [sourcePort = '', destinationPort = '', ...more] = rest;
  const areValid =
    [source, destination].every((address) => isOfProtocol(address) && !address.includes('%')) &&
    [sourcePort, destinationPort].every(isPort);
  if (!areValid || more.length > 0) return undefined;
  return { kind: 'client', source: plainAddress(source), destination: plainAddress(destination) };
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/u.test(text) && Number(text) <= 65_535;
}
