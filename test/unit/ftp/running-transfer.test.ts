/** One transfer of a control connection: it is known while it runs, and ends before those go on that gave it up. */
import { describe, expect, it } from 'vitest';
import { RunningTransfer } from '../../../src/ftp/data/running-transfer.ts';

describe('a transfer', () => {
  it('runs until its work is over, and hands its outcome on', async () => {
    const transfer = new RunningTransfer();
    expect(transfer.isRunning).toBe(false);
    const work = Promise.withResolvers<string>();
    const running = transfer.run(() => work.promise);
    expect(transfer.isRunning).toBe(true);
    work.resolve('done');
    expect(await running).toBe('done');
    expect(transfer.isRunning).toBe(false);
  });

  it('is over when its work fails, and hands the failure on', async () => {
    const transfer = new RunningTransfer();
    const running = transfer.run(() => Promise.reject(new Error('disk')));
    await expect(running).rejects.toThrow('disk');
    expect(transfer.isRunning).toBe(false);
    expect(await transfer.giveUpAndWait()).toBe(false);
  });

  it('is told by its signal that it is given up', async () => {
    const transfer = new RunningTransfer();
    const running = transfer.run(async (signal) => {
      expect(signal.aborted).toBe(false);
      transfer.giveUp();
      return signal.aborted;
    });
    expect(await running).toBe(true);
    expect(await transfer.run(async (signal) => signal.aborted)).toBe(false);
  });

  it.each(['ends well', 'fails'])('is waited for by what gave it up, when it %s', async (how) => {
    const transfer = new RunningTransfer();
    const order: string[] = [];
    const running = transfer
      .run(async (signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await new Promise(setImmediate);
        order.push('over');
        if (how === 'fails') throw new Error('given up');
      })
      .catch(() => undefined);
    const wasRunning = await transfer.giveUpAndWait();
    order.push('waited');
    expect([wasRunning, transfer.isRunning, ...order]).toEqual([true, false, 'over', 'waited']);
    await running;
  });

  it('that does not run needs no giving up', async () => {
    const transfer = new RunningTransfer();
    transfer.giveUp();
    expect(await transfer.giveUpAndWait()).toBe(false);
  });
});
