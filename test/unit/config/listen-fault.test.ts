/** Why a socket cannot listen is said at the setting that names its address. */
import { describe, expect, it } from 'vitest';
import type { Configuration } from '../../../src/config/load.ts';
import { failedBinding, listenerFault, listenFault } from '../../../src/gateway/listen-fault.ts';

const configuration = {
  settings: {
    sites: [
      {
        bindings: [
          { address: '0.0.0.0', port: 21 },
          { address: '::', port: 990 },
        ],
      },
    ],
    mappingService: { listeners: [{ socket: '/run/cardgate/mapping.sock' }, { address: '127.0.0.1', port: 8443 }] },
  },
  locate: () => ({ file: 'cardgate.yaml', line: 7, column: 9 }),
} as unknown as Configuration;

const errorOf = (code: string, address: string, port: number) =>
  Object.assign(new Error(code), { code, address, port });

describe('a socket that cannot listen', () => {
  it.each([
    ['EACCES', '0.0.0.0', 21, 'may not use ports below 1024', 'CAP_NET_BIND_SERVICE'],
    ['EACCES', '0.0.0.0', 2121, 'permission denied', 'SELinux'],
    ['EADDRINUSE', '::', 990, 'another process', 'ss -ltnp'],
    ['EADDRNOTAVAIL', '203.0.113.7', 21, 'no address 203.0.113.7', 'ip address'],
    ['EAFNOSUPPORT', '::', 21, 'no such network protocol', 'other IP version'],
    ['EMFILE', '::', 21, 'EMFILE', 'another address'],
  ])('%s on %s port %i', (code, address, port, message, remedy) => {
    const fault = listenFault(configuration, ['sites', 0, 'bindings'], errorOf(code, address, port));
    expect(fault).toMatchObject({
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
      position: { file: 'cardgate.yaml', line: 7 },
    });
  });

  it('is the binding with that address and port', () => {
    expect(failedBinding(configuration, 0, errorOf('EACCES', '::', 990))).toEqual(['sites', 0, 'bindings', 1]);
    expect(failedBinding(configuration, 0, errorOf('EACCES', '::', 991))).toEqual(['sites', 0, 'bindings']);
  });

  it.each([
    ['EADDRINUSE', 'socket', 'another process', 'ss -lxp src /run/cardgate/mapping.sock'],
    ['EEXIST', 'socket', 'not a socket', 'Name another path'],
    ['EACCES', 'socket', 'may not make files', 'Give /run/cardgate to the user'],
    ['ENOENT', 'socket', 'folder is missing', 'Create /run/cardgate'],
    ['EPERM', 'group', 'may not give the socket to its group', 'usermod -a -G'],
    ['EIO', 'socket', 'EIO', 'Name another path'],
  ])('of the mapping service: %s at its %s', (code, field, message, remedy) => {
    expect(listenerFault(configuration, 0, Object.assign(new Error(code), { code }))).toMatchObject({
      setting: `mappingService.listeners[0].${field}`,
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
    });
  });

  it('of the mapping service over TLS is told like that of a site', () => {
    expect(listenerFault(configuration, 1, errorOf('EADDRINUSE', '127.0.0.1', 8443))).toMatchObject({
      setting: 'mappingService.listeners[1]',
      message: expect.stringContaining('127.0.0.1 port 8443: another process'),
    });
  });
});
