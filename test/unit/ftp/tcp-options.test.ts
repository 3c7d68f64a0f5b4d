/** What the connections of clients ask of TCP. */
import type { Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { prepareTcp } from '../../../src/ftp/data/tcp-options.ts';

it('a connection sends small records at once, and a quiet one probes its peer after a minute', () => {
  const socket = { setNoDelay: vi.fn(), setKeepAlive: vi.fn() };
  prepareTcp(socket as unknown as Socket);
  expect(socket.setNoDelay).toHaveBeenCalledWith(true);
  expect(socket.setKeepAlive).toHaveBeenCalledWith(true, 60_000);
});
