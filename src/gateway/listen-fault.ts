/** Why a socket cannot listen, as a fault of the setting that names its address: with file, line and remedy. */
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { Configuration } from '../config/load.ts';
import type { ConfigurationFault } from '../config/yaml/fault.ts';
import { errorMessage } from '../error-message.ts';
import type { SettingPath } from '../schema-faults/setting-path.ts';
import { formatSetting } from '../schema-faults/setting-path.ts';

/** Below it Linux lets only a process with the capability listen (net.ipv4.ip_unprivileged_port_start). */
const firstUnprivilegedPort = 1024;

interface ListenError {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
}

/** @param setting of the binding, or of the list whose binding the error names */
export function listenFault(configuration: Configuration, setting: SettingPath, error: unknown): ConfigurationFault {
  const { code = '', address = '', port = 0 } = error as ListenError;
  const where = `${address} port ${port}`;
  const [message, remedy] = saying(code, where, address, port) ?? [
    `cannot listen: ${errorMessage(error)}`,
    'Use another address or port.',
  ];
  return {
    severity: 'fault',
    position: configuration.locate(setting),
    setting: formatSetting(setting),
    message,
    remedy,
  };
}

/** Of a listener of the mapping service: a socket file, or an address and port. */
export function listenerFault(configuration: Configuration, index: number, error: unknown): ConfigurationFault {
  const setting = ['mappingService', 'listeners', index];
  const listener = configuration.settings.mappingService?.listeners[index];
  if (!listener || 'address' in listener) return listenFault(configuration, setting, error);
  const { code = '' } = error as ListenError;
  const field = code === 'EPERM' ? 'group' : 'socket';
  const [reason, remedy] = socketSayings[code] ?? [errorMessage(error), 'Name another path.'];
  return {
    severity: 'fault',
    position: configuration.locate([...setting, field]),
    setting: formatSetting([...setting, field]),
    message: `cannot listen on ${listener.socket}: ${reason}`,
    remedy: remedy.replaceAll('PATH', () => listener.socket).replaceAll('FOLDER', () => dirname(listener.socket)),
  };
}

const socketSayings: Readonly<Record<string, readonly [string, string]>> = {
  EADDRINUSE: ['another process does already', 'Stop it (ss -lxp src PATH names it), or name another path.'],
  EEXIST: ['a file that is not a socket is there', 'Name another path, or remove the file if it is not needed.'],
  EACCES: [
    `user ${userInfo().username} may not make files in its folder`,
    'Give FOLDER to the user the service runs as (systemd: RuntimeDirectory=).',
  ],
  EPERM: [
    `user ${userInfo().username} may not give the socket to its group`,
    'Make the user a member of the group (usermod -a -G), or with systemd give SupplementaryGroups=.',
  ],
  ENOENT: ['its folder is missing', 'Create FOLDER for the user the service runs as (systemd: RuntimeDirectory=).'],
  EROFS: ['its file system is read-only', 'Name a path below /run (systemd: RuntimeDirectory=).'],
};

/** The binding of a site that an error of `listen` speaks of. */
export function failedBinding({ settings }: Configuration, site: number, error: unknown): SettingPath {
  const { address, port } = error as ListenError;
  const index = settings.sites[site]?.bindings.findIndex(
    (binding) => binding.address === address && binding.port === port,
  );
  return ['sites', site, 'bindings', ...(index === undefined || index < 0 ? [] : [index])];
}

function saying(code: string, where: string, address: string, port: number): readonly [string, string] | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return [
        `cannot listen on ${where}: another process does already`,
        `Stop it (ss -ltnp 'sport = :${port}' names it), or use another port.`,
      ];
    case 'EACCES':
      return port < firstUnprivilegedPort
        ? [
            `cannot listen on ${where}: user ${userInfo().username} may not use ports below ${firstUnprivilegedPort}`,
            'Give the service CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE), or use a higher port.',
          ]
        : [
            `cannot listen on ${where}: permission denied`,
            'A security module such as SELinux or AppArmor forbids it: look into its log.',
          ];
    case 'EADDRNOTAVAIL':
      return [
        `cannot listen on ${where}: this machine has no address ${address}`,
        'Use an address that ip address shows, or 0.0.0.0 or :: for all of them.',
      ];
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return [
        `cannot listen on ${where}: this machine has no such network protocol`,
        'Use an address of the other IP version.',
      ];
    default:
      return undefined;
  }
}
