/** How many wrong passwords may come for one account and from one address. */
import { describe, expect, it } from 'vitest';
import { createFailureThrottle } from '../../../src/login/failure-throttle.ts';

function throttleAt(time = { now: 0 }) {
  const clock = { now: () => new Date(time.now) };
  return {
    time,
    throttle: createFailureThrottle({ clock, maxFailure: 3, maxFailurePerAddress: 5, entryExpiration: 1000 }),
  };
}
const times = (count: number, act: () => unknown) => Array.from({ length: count }, act).filter(Boolean).length;

describe('wrong passwords', () => {
  it('of one account are limited, others are not concerned', () => {
    const { throttle } = throttleAt();
    expect(times(10, () => throttle.admitAccount('ada'))).toBe(3);
    expect(throttle.admitAccount('bob')).toBeDefined();
  });

  it('under way count, so that many at once are no way around', () => {
    const { throttle } = throttleAt();
    const admissions = Array.from({ length: 10 }, () => throttle.admitAccount('ada'));
    for (const admission of admissions) admission?.undecided();
    expect(throttle.admitAccount('ada')).toBeDefined();
  });

  it('are forgotten some time after the last, and refused tries do not prolong that', () => {
    const { throttle, time } = throttleAt();
    times(3, () => throttle.admitAccount('ada'));
    time.now = 999;
    expect(throttle.admitAccount('ada')).toBeUndefined();
    time.now = 1000;
    expect(throttle.admitAccount('ada')).toBeDefined();
  });

  it('of an account are forgotten by a right one, those of its address are not', () => {
    const { throttle } = throttleAt();
    times(2, () => throttle.admitAccount('ada'));
    throttle.admitAccount('ada')?.succeeded();
    expect(times(10, () => throttle.admitAccount('ada'))).toBe(3);
    times(4, () => throttle.admitAddress('127.0.0.1'));
    throttle.admitAddress('127.0.0.1')?.succeeded();
    expect(times(10, () => throttle.admitAddress('127.0.0.1'))).toBe(1);
  });

  it.each([
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
    ['::1', '::2', true],
    ['fe80::1%eth0', 'fe80::2', true],
    ['::ffff:127.0.0.1', '127.0.0.1', true],
    ['::ffff:127.0.0.1', '::ffff:127.0.0.2', false],
    ['127.0.0.1', '127.0.0.2', false],
    ['2001:0db8:0000:0001::1', '2001:db8:0:1::1', true],
  ])('of %s and %s are counted together: %s', (one, other, together) => {
    const { throttle } = throttleAt();
    times(5, () => throttle.admitAddress(one));
    expect(throttle.admitAddress(other) === undefined).toBe(together);
  });

  it('of more accounts than can be remembered push out the oldest only', () => {
    const { throttle } = throttleAt();
    times(3, () => throttle.admitAccount('first'));
    times(3, () => throttle.admitAccount('second'));
    for (let index = 0; index < 19_999; index += 1) throttle.admitAccount(`account ${index}`);
    expect(throttle.admitAccount('second')).toBeUndefined();
    expect(throttle.admitAccount('first')).toBeDefined();
  });
});
