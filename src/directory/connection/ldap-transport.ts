/** Opens a protected connection to a directory server: ldaps, or ldap upgraded by StartTLS. It never hands out a clear one. */
import net, { type LookupFunction } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connectTls } from '../../operations/tls-client.ts';
import { negotiateStartTls } from './start-tls.ts';

export interface LdapServer {
  /** As configured, for records. */
  readonly url: string;
  readonly security: 'ldaps' | 'startTls';
  readonly host: string;
  readonly port: number;
}

export interface TransportMaterial {
  /** PEM of the CAs of the servers' certificates; nothing else is trusted. */
  readonly certificateAuthorities: readonly string[];
  /** The gateway's own certificate, shown to servers that ask for one in the TLS handshake; PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly privateKey: string } | undefined;
}

export interface TransportOptions extends TransportMaterial {
  /** Finds the addresses of servers; that of the operating system when absent. */
  readonly lookup?: LookupFunction | undefined;
}

/** @throws TypeError when the URL is not `ldaps://host[:port]` or `ldap://host[:port]` */
export function parseServer(url: string): LdapServer {
  const [, scheme, authority = ''] = /^(ldaps?):\/\/([^/\s@?#]+)\/?$/i.exec(url) ?? [];
  if (scheme === undefined) throw new TypeError(`${url} is not ldaps://host[:port] or ldap://host[:port]`);
  const { hostname, port } = new URL(`ldap://${authority}`);
  const security = scheme.toLowerCase() === 'ldaps' ? 'ldaps' : 'startTls';
  const host = hostname.replace(/^\[|\]$/g, '');
  return { url, security, host, port: Number(port) || (security === 'ldaps' ? 636 : 389) };
}

/**
 * @param timeout milliseconds for TCP, StartTLS and the TLS handshake together
 * @throws Error with the reason; no socket is left behind
 */
export async function openTransport(
  server: LdapServer,
  { certificateAuthorities, clientCertificate, lookup }: TransportOptions,
  timeout: number,
): Promise<TLSSocket> {
  const { host, port, security } = server;
  const addresses = lookup && { lookup };
  // the name to check is the configured one: of an IP address the certificate must hold that address
  const tlsOptions: ConnectionOptions = {
    host,
    ...(net.isIP(host) === 0 && { servername: host }),
    ca: [...certificateAuthorities],
    ...(clientCertificate && { cert: clientCertificate.certificate, key: clientCertificate.privateKey }),
    minVersion: 'TLSv1.2',
    // explicit, so that no environment variable can switch the check off
    rejectUnauthorized: true,
  };
  const opened: net.Socket[] = [];
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no protected connection within ${timeout} ms`)), timeout);
  });
  const open = async () => {
    if (security === 'ldaps') return secured(keep(opened, connectTls({ ...tlsOptions, ...addresses, port })));
    const clear = keep(opened, net.connect({ host, port, ...addresses }));
    await onceConnected(clear, 'connect');
    await negotiateStartTls(clear);
    return secured(keep(opened, connectTls({ ...tlsOptions, socket: clear })));
  };
  try {
    const socket = await Promise.race([open(), deadline]);
    socket.setKeepAlive(true, 30_000);
    socket.setNoDelay(true);
    return socket;
  } catch (error) {
    for (const socket of opened) socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Remembers the socket for clean-up; the code that awaits it reports its errors; without such code they must not be thrown. */
function keep<S extends net.Socket>(opened: net.Socket[], socket: S): S {
  socket.on('error', () => undefined);
  opened.push(socket);
  return socket;
}

async function secured(socket: TLSSocket): Promise<TLSSocket> {
  await onceConnected(socket, 'secureConnect');
  return socket;
}

function onceConnected(socket: net.Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('the server closed the connection'));
    socket.once('error', reject);
    socket.once('close', onClose);
    socket.once(event, () => {
      socket.off('error', reject).off('close', onClose);
      resolve();
    });
  });
}
