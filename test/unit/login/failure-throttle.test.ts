/** How many wrong passwords may come for one account and from one address. */

import { describe, expect, it } from 'vitest';
import { throttleOf } from '../../support/settings.ts';

function throttleAt(time = { now: 0 }) {
  const clock = { now: () => new Date(time.now) };
  return {
    time,
    throttle: throttleOf(clock, {
      maxFailure: 3,
      maxFailurePerAccount: 7,
      maxFailurePerAddress: 5,
      entryExpiration: 1000,
    }),
  };
}
const guess = (account: string, remoteAddress = '192.0.2.1', hasCertificate = false) => ({
  account,
  remoteAddress,
  hasCertificate,
});
const times = (count: number, act: () => unknown) => Array.from({ length: count }, act).filter(Boolean).length;

describe('wrong passwords', () => {
  it('of one account are limited, others are not concerned', () => {
    const { throttle } = throttleAt();
    expect(times(10, () => throttle.admitAccount(guess('ada')))).toBe(3);
    expect(throttle.admitAccount(guess('bob'))).toBeDefined();
  });

  it('under way count, so that many at once are no way around', () => {
    const { throttle } = throttleAt();
    const admissions = Array.from({ length: 10 }, () => throttle.admitAccount(guess('ada')));
    for (const admission of admissions) admission?.undecided();
    expect(throttle.admitAccount(guess('ada'))).toBeDefined();
  });

  it('are forgotten some time after the last, and refused tries do not prolong that', () => {
    const { throttle, time } = throttleAt();
    times(3, () => throttle.admitAccount(guess('ada')));
    time.now = 999;
    expect(throttle.admitAccount(guess('ada'))).toBeUndefined();
    time.now = 1000;
    expect(throttle.admitAccount(guess('ada'))).toBeDefined();
  });

  it('of an account are forgotten by a right one, those of its address are not', () => {
    const { throttle } = throttleAt();
    times(2, () => throttle.admitAccount(guess('ada')));
    throttle.admitAccount(guess('ada'))?.succeeded();
    expect(times(10, () => throttle.admitAccount(guess('ada')))).toBe(3);
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
    times(3, () => throttle.admitAccount(guess('first')));
    times(3, () => throttle.admitAccount(guess('second')));
    for (let index = 0; index < 19_999; index += 1) throttle.admitAccount(guess(`account ${index}`));
    expect(throttle.admitAccount(guess('second'))).toBeUndefined();
    expect(throttle.admitAccount(guess('first'))).toBeDefined();
  });
});

describe('what is known of an account', () => {
  it('is of the newest failures, whenever its first was', () => {
    const { throttle } = throttleAt();
    const others = (from: number, to: number) => {
      for (let index = from; index < to; index += 1) throttle.admitAccount(guess(`account ${index}`));
    };
    times(2, () => throttle.admitAccount(guess('ada')));
    others(0, 10_000);
    throttle.admitAccount(guess('ada'));
    others(10_000, 29_990);
    expect(throttle.admitAccount(guess('ada'))).toBeUndefined();
  });

  it('bears that a password ends without an answer after another was right', () => {
    const { throttle } = throttleAt();
    const [right, unanswered] = [throttle.admitAccount(guess('ada')), throttle.admitAccount(guess('ada'))];
    right?.succeeded();
    unanswered?.undecided();
    expect(times(10, () => throttle.admitAccount(guess('ada')))).toBe(3);
  });

  it('are its sources, each once however often it logs in there', () => {
    const { throttle } = throttleAt();
    throttle.admitAccount(guess('ada', '192.0.2.1'))?.succeeded();
    times(5, () => throttle.admitAccount(guess('ada', '192.0.2.2'))?.succeeded());
    for (let index = 0; index < 50; index += 1) throttle.admitAccount(guess('ada', `198.51.100.${index}`));
    expect(throttle.admitAccount(guess('ada', '192.0.2.1'))).toBeDefined();
  });
});

describe('strangers', () => {
  it('are forgiven for the whole account, not at their sources, by a right password', () => {
    const { throttle } = throttleAt();
    times(3, () => throttle.admitAccount(guess('ada', '198.51.100.1')));
    times(3, () => throttle.admitAccount(guess('ada', '198.51.100.2')));
    throttle.admitAccount(guess('ada', '192.0.2.1'))?.succeeded();
    expect(times(10, () => throttle.admitAccount(guess('ada', '198.51.100.3')))).toBe(3);
    expect(throttle.admitAccount(guess('ada', '198.51.100.1'))).toBeUndefined();
  });

  it('who use up one source leave the others open', () => {
    const { throttle } = throttleAt();
    expect(times(10, () => throttle.admitAccount(guess('ada', '198.51.100.1')))).toBe(3);
    expect(throttle.admitAccount(guess('ada', '192.0.2.1'))).toBeDefined();
  });

  it('with many sources try no more than the bound of the account, and it opens after the time', () => {
    const { throttle, time } = throttleAt();
    const tried = (from: number) =>
      Array.from({ length: 50 }, (_, index) => throttle.admitAccount(guess('ada', `198.51.${from}.${index}`))).filter(
        Boolean,
      ).length;
    expect(tried(1)).toBe(7);
    time.now = 999;
    expect(tried(2)).toBe(0);
    time.now = 1000;
    expect(tried(3)).toBe(7);
  });

  it('with many sources do not close one from which the account logged in before', () => {
    const { throttle } = throttleAt();
    throttle.admitAccount(guess('ada', '2001:db8::7'))?.succeeded();
    for (let index = 0; index < 50; index += 1) throttle.admitAccount(guess('ada', `198.51.100.${index}`));
    expect(throttle.admitAccount(guess('ada', '198.51.101.1'))).toBeUndefined();
    expect(times(10, () => throttle.admitAccount(guess('ada', '2001:db8::1234')))).toBe(3);
  });

  it('without the certificate do not count against those who show it, and the other way round', () => {
    const { throttle } = throttleAt();
    for (let index = 0; index < 50; index += 1) throttle.admitAccount(guess('ada', `198.51.100.${index}`));
    expect(times(10, () => throttle.admitAccount(guess('ada', '198.51.100.1', true)))).toBe(3);
    expect(times(10, () => throttle.admitAccount(guess('ada', '198.51.100.2', true)))).toBe(3);
    for (let index = 0; index < 50; index += 1) throttle.admitAccount(guess('bob', `198.51.100.${index}`, true));
    expect(throttle.admitAccount(guess('bob', '198.51.100.1'))).toBeDefined();
  });

  it('are not forgiven at their source by a right password from another', () => {
    const { throttle } = throttleAt();
    times(3, () => throttle.admitAccount(guess('ada', '198.51.100.1')));
    throttle.admitAccount(guess('ada', '192.0.2.1'))?.succeeded();
    expect(throttle.admitAccount(guess('ada', '198.51.100.1'))).toBeUndefined();
  });

  it('of an account’s known sources only the newest four stay known', () => {
    const { throttle } = throttleAt();
    for (let index = 1; index <= 5; index += 1) throttle.admitAccount(guess('ada', `192.0.2.${index}`))?.succeeded();
    for (let index = 0; index < 50; index += 1) throttle.admitAccount(guess('ada', `198.51.100.${index}`));
    const open = [1, 2, 3, 4, 5].filter((index) => throttle.admitAccount(guess('ada', `192.0.2.${index}`)));
    expect(open).toEqual([2, 3, 4, 5]);
  });
});
