/**
 * Reads the one attribute that an LDAP URL of a certificate names (RFC 4516, RFC 5280 4.2.1.13): base scope, anonymous bind, within
 * bounds of time and octets. In clear, for whatever it reads is signed by a CA; so nothing else may ever be read this way.
 */

import net from 'node:net';
import { Client, PresenceFilter } from 'ldapts';
import { errorMessage } from '../error-message.ts';
import type { Milliseconds, Octets } from '../settings/units.ts';
import { LdapMessageStream } from './connection/ldap-message-stream.ts';
import { LdapEntry } from './ldap-entry.ts';

export interface LdapUrlLimits {
  /** The address of the host to connect to; the name is not looked up. */
  readonly address: string;
  readonly maximumSize: Octets;
  /** For everything together. */
  readonly timeout: Milliseconds;
}

interface LdapUrl {
  readonly port: number;
  readonly distinguishedName: string;
  readonly attribute: string;
}

/** What signed octets are kept in (RFC 4523), and nothing that has to be kept secret or unchanged. */
const readableAttributes: ReadonlySet<string> = new Set([
  'certificaterevocationlist',
  'authorityrevocationlist',
  'deltarevocationlist',
  'cacertificate',
  'crosscertificatepair',
]);
const defaultPort = 389;

/**
 * The one value of the attribute.
 * @throws Error with the reason
 */
export async function readLdapUrl(url: string, limits: LdapUrlLimits): Promise<Buffer> {
  const { port, distinguishedName, attribute } = parseLdapUrl(url);
  const { address, maximumSize, timeout } = limits;
  const socket = net.connect({ host: address, port });
  const stream = new LdapMessageStream(socket, maximumSize);
  const timer = setTimeout(() => stream.fail('no complete answer in time'), timeout);
  let isOpened = false;
  const createConnection = () => {
    if (isOpened) throw new Error('the connection was lost');
    isOpened = true;
    // the client uses nothing of a Socket but what a Duplex has, and the two fields that the stream adds
    return stream as unknown as net.Socket;
  };
  const client = new Client({ url: 'ldap://checked.invalid', createConnection });
  try {
    const { searchEntries } = await client.search(distinguishedName, {
      scope: 'base',
      filter: new PresenceFilter({ attribute: 'objectClass' }),
      attributes: [attribute, `${attribute};binary`],
      explicitBufferAttributes: [attribute, `${attribute};binary`],
      sizeLimit: 1,
      timeLimit: Math.ceil(timeout / 1000),
      derefAliases: 'never',
    });
    const [entry] = searchEntries;
    const [value, ...more] = (entry ? new LdapEntry(entry).octets(attribute) : []).filter(({ length }) => length > 0);
    if (!value) throw new Error(`the entry holds no ${attribute}`);
    if (more.length > 0) throw new Error(`the entry holds more than one ${attribute}`);
    return value;
  } catch (cause) {
    const reason = stream.failure ?? errorMessage(cause);
    throw new Error(reason, { cause });
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

/** @throws Error when it is not `ldap://host[:port]/dn?attribute[?base[?filter]]` with an attribute that may be read */
function parseLdapUrl(url: string): LdapUrl {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== 'ldap:' || parsed.hostname === '') throw new Error('it is not an ldap: URL with a host');
  const [attributes = '', scope = '', , extensions = ''] = parsed.search.slice(1).split('?');
  // RFC 4516 2: an extension that is critical and not understood forbids the use of the URL.
  if (extensions.split(',').some((entry) => entry.startsWith('!'))) throw new Error('it has a critical extension');
  if (scope !== '' && scope.toLowerCase() !== 'base') throw new Error('it asks for more than one entry');
  const attribute = decode(attributes).replace(/;binary$/i, '');
  if (!readableAttributes.has(attribute.toLowerCase())) throw new Error('it names no attribute for signed octets');
  const distinguishedName = decode(parsed.pathname.slice(1));
  if (distinguishedName === '') throw new Error('it names no entry');
  return { port: Number(parsed.port) || defaultPort, distinguishedName, attribute };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('its percent-encoding is broken');
  }
}
