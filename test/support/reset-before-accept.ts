/** Connects to a port and resets the connection while the thread that listens there stands still, so that it accepts a dead one. */
import { Worker } from 'node:worker_threads';

const script = `
  const { connect } = require('node:net');
  const { workerData: { port, address, done } } = require('node:worker_threads');
  const socket = connect({ port, host: '127.0.0.1', localAddress: address });
  const finish = () => { Atomics.store(done, 0, 1); Atomics.notify(done, 0); };
  socket.once('connect', () => { socket.once('close', finish); socket.resetAndDestroy(); });
  socket.once('error', finish);
`;

export function resetBeforeAccept(port: number, address = '127.0.0.1'): void {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(script, { eval: true, workerData: { port, address, done } });
  worker.unref();
  if (Atomics.wait(done, 0, 0, 10_000) === 'timed-out') throw new Error('the connection was not made');
}
