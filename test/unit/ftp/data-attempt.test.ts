/** How long the data connection of a passive port is waited for, and what is left of an attempt that is given up. */
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataAttempt } from '../../../src/ftp/data/data-attempt.ts';
import { milliseconds } from '../../../src/settings/units.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function timed(time: number, attempt = new DataAttempt()) {
  const giveUp = vi.fn();
  attempt.giveUpAfter(milliseconds(time), giveUp);
  return { attempt, giveUp };
}

describe('an attempt', () => {
  it('is given up after its time, once', () => {
    const { giveUp } = timed(30_000);
    vi.advanceTimersByTime(29_999);
    expect(giveUp).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100_000);
    expect(giveUp).toHaveBeenCalledTimes(1);
  });

  it('is given up after the newest time alone', () => {
    const { attempt, giveUp: first } = timed(30_000);
    vi.advanceTimersByTime(20_000);
    const { giveUp: second } = timed(30_000, attempt);
    vi.advanceTimersByTime(29_999);
    expect(second).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(second).toHaveBeenCalledTimes(1);
    expect(first).not.toHaveBeenCalled();
  });

  it('is not given up when it is waited for no more', () => {
    const { attempt, giveUp } = timed(30_000);
    attempt.stopWaiting();
    vi.advanceTimersByTime(100_000);
    expect(giveUp).not.toHaveBeenCalled();
  });
});

describe('an attempt of which a connection broke', () => {
  it('is given up after a second instead', () => {
    const { attempt, giveUp } = timed(30_000);
    attempt.breakSoon();
    vi.advanceTimersByTime(999);
    expect(giveUp).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(giveUp).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(100_000);
    expect(giveUp).toHaveBeenCalledTimes(1);
  });

  it('has a second from its transfer command, too', () => {
    const attempt = new DataAttempt();
    attempt.breakSoon();
    const { giveUp } = timed(30_000, attempt);
    vi.advanceTimersByTime(999);
    expect(giveUp).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(giveUp).toHaveBeenCalledTimes(1);
  });

  it('has no more than the time that was set', () => {
    const attempt = new DataAttempt();
    attempt.breakSoon();
    const { giveUp } = timed(10, attempt);
    vi.advanceTimersByTime(10);
    expect(giveUp).toHaveBeenCalledTimes(1);
  });

  it('is not given up when its connection is there', () => {
    const { attempt, giveUp } = timed(30_000);
    attempt.stopWaiting();
    attempt.breakSoon();
    vi.advanceTimersByTime(100_000);
    expect(giveUp).not.toHaveBeenCalled();
  });
});

describe('an attempt that is discarded', () => {
  it('stops listening, ends its connection, waits for nothing, and answers that none arrived', async () => {
    const { attempt, giveUp } = timed(30_000);
    const close = vi.fn();
    const destroy = vi.fn();
    attempt.listener = { port: 1, close };
    attempt.raw = { destroy } as unknown as Socket;
    attempt.discard('of a test');
    expect([close, destroy].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
    expect(await attempt.arrived.promise).toBeUndefined();
    vi.advanceTimersByTime(100_000);
    expect(giveUp).not.toHaveBeenCalled();
  });

  it('may have neither, and keeps the first reason', () => {
    const attempt = new DataAttempt();
    expect(attempt.givenUpBecause).toBeUndefined();
    attempt.discard('first');
    attempt.discard('second');
    expect(attempt.givenUpBecause).toBe('first');
  });

  it('leaves the one that arrived', async () => {
    const attempt = new DataAttempt();
    const raw = { destroy: () => undefined } as unknown as Socket;
    attempt.arrived.resolve(raw);
    attempt.discard('of a test');
    expect(await attempt.arrived.promise).toBe(raw);
  });
});
