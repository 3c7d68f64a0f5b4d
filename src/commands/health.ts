/**
 * `cardgate health`: asks every port of a running gateway for its greeting, and every directory for a connection; for container health
 * checks. It reads no secret, and it takes leave as a client does, so that no refusal is recorded.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { readSettings, type SettingsOnly } from '../config/settings-only.ts';
import { ConfigurationError, formatFault } from '../config/yaml/fault.ts';
import { errorMessage } from '../error-message.ts';
import { localHeader } from '../ftp/proxy/binary-header.ts';
import { isTrustedProxy, type ProxyProtocol } from '../ftp/proxy/proxy-settings.ts';
import { plainAddress } from '../operations/network.ts';
import { connectTls } from '../operations/tls-client.ts';
import { groupProblem, serverGroups } from './check/directory-servers.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

const timeoutMilliseconds = 3_000;

interface Server {
  readonly host: string;
  readonly port: number;
  /** Of the site that is meant, where several share the port. */
  readonly hostName?: string | undefined;
}

interface HealthFinding {
  readonly subject: string;
  readonly problem: string | undefined;
}

export async function health(file: string, terminal: Terminal): Promise<ExitCode> {
  let read: SettingsOnly;
  try {
    read = readSettings(file);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const fault of error.faults) terminal.writeError(`${formatFault(fault)}\n`);
    return exitCode.usage;
  }
  const findings = await Promise.all([...bindings(read), ...directories(read), ...services(read)]);
  for (const { subject, problem } of findings) terminal.write(`${subject}: ${problem ?? 'answers'}\n`);
  return findings.every(({ problem }) => problem === undefined) ? exitCode.done : exitCode.refused;
}

function bindings({ settings }: SettingsOnly): readonly Promise<HealthFinding>[] {
  return settings.sites.flatMap((site) =>
    site.bindings.map(async ({ address, port, tls, hostName }) => ({
      subject: `${site.name} ${address} port ${port}`,
      problem: await greetingProblem(
        { host: reachable(address), port, hostName },
        tls === 'implicit',
        site.proxyProtocol,
      ),
    })),
  );
}

/** Those that a site asks: without one of them no login can be decided. */
function directories({ settings, resolve }: SettingsOnly): readonly Promise<HealthFinding>[] {
  const used = new Set(settings.sites.flatMap((site) => site.directories));
  return settings.directories.flatMap((directory) => {
    if (directory.type === 'file' || !used.has(directory.name)) return [];
    return serverGroups(directory).map(async (group) => ({
      subject: ['directory', directory.name, group.name].filter(Boolean).join(' '),
      problem: await withAuthorities(directory.certificateAuthorities.map(resolve), (authorities) =>
        groupProblem(group, directory, authorities),
      ),
    }));
  });
}

async function withAuthorities(
  files: readonly string[],
  ask: (authorities: readonly string[]) => Promise<string | undefined>,
): Promise<string | undefined> {
  try {
    return await ask(files.map((name) => readFileSync(name, 'utf8')));
  } catch (error) {
    return errorMessage(error);
  }
}

/** Remote mapping services: one that takes connections is enough. */
function services({ settings, resolve }: SettingsOnly): readonly Promise<HealthFinding>[] {
  return settings.sites.flatMap(({ name, mapping }) => {
    const { service } = mapping;
    if (!service) return [];
    const asked = async () => {
      const problems = await Promise.all(
        service.endpoints.map((endpoint) => {
          if ('socket' in endpoint) return connectionProblem(connect({ path: resolve(endpoint.socket) }));
          const { hostname, port } = new URL(endpoint.url);
          return connectionProblem(connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 443 }));
        }),
      );
      const isUp = problems.some((problem) => problem === undefined);
      return { subject: `${name} mapping service`, problem: isUp ? undefined : problems.join('; ') };
    };
    return [asked()];
  });
}

/** The unspecified addresses are for listening; a client asks loopback. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

function connectionProblem(socket: Socket): Promise<string | undefined> {
  return conversation(socket, (finish) => socket.once('connect', () => finish()));
}

/** The certificate is the clients’ matter; here it only matters that the server answers. */
async function greetingProblem(
  { hostName, ...server }: Server,
  implicit: boolean,
  proxyProtocol: ProxyProtocol,
): Promise<string | undefined> {
  let raw: Socket;
  try {
    raw = await announced(server, proxyProtocol);
  } catch (error) {
    return errorMessage(error);
  }
  const socket = implicit
    ? connectTls({ socket: raw, rejectUnauthorized: false, ...(hostName !== undefined && { servername: hostName }) })
    : raw;
  return conversation(socket, (finish) => {
    let text = '';
    let isGreeted = false;
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (isGreeted) {
        if (/^221 .*\r\n/m.test(text)) finish();
        return;
      }
      if (!/^\d{3} .*\r\n/m.test(text)) return;
      isGreeted = text.startsWith('220');
      if (isGreeted) socket.write('QUIT\r\n');
      else finish(`no 220 greeting but ${text.split('\r\n')[0]}`);
    });
    socket.once('end', () => {
      if (isGreeted) finish();
    });
  });
}

/** TLS overtakes what is written to a socket before it is connected. @throws when nothing answers */
async function announced(server: Server, proxyProtocol: ProxyProtocol): Promise<Socket> {
  const socket = connect({ ...server, timeout: timeoutMilliseconds });
  socket.once('timeout', () => socket.destroy(new Error('no answer')));
  await once(socket, 'connect');
  socket.setTimeout(0);
  if (isTrustedProxy(proxyProtocol, plainAddress(socket.localAddress ?? ''))) socket.write(localHeader);
  return socket;
}

/** @returns what is wrong, or undefined; the socket is gone then */
function conversation(
  socket: Socket,
  begin: (finish: (problem?: string) => void) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const finish = (problem?: string) => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(timeoutMilliseconds, () => finish('no answer'));
    socket.once('error', (error) => finish(errorMessage(error)));
    begin(finish);
    socket.once('close', () => finish('closed the connection'));
  });
}
