/** How long octets wait for their rate, and whose rate it is. */
import { describe, expect, it } from 'vitest';
import { bandwidth, rateLimitsOf } from '../../../../src/ftp/bandwidth/bandwidth.ts';
import { limitOf, RateLimit } from '../../../../src/ftp/bandwidth/rate-limit.ts';

function limitAt(octetsPerSecond: number) {
  let now = 0;
  const limit = new RateLimit(octetsPerSecond, () => now);
  return {
    limit,
    pass: (time: number) => {
      now += time;
    },
  };
}

describe('a rate', () => {
  it('lets a tenth of a second of it pass at once, and makes the rest wait for its time', () => {
    const { limit } = limitAt(1_000_000);
    expect(limit.delayOf(100_000)).toBe(0);
    expect(limit.delayOf(50_000)).toBe(50);
    expect(limit.delayOf(50_000)).toBe(100);
  });

  it('is not saved up while nothing moves', () => {
    const { limit, pass } = limitAt(1_000_000);
    pass(3_600_000);
    expect(limit.delayOf(200_000)).toBe(100);
  });

  it('is kept over many steps', () => {
    const { limit, pass } = limitAt(200_000);
    let waited = 0;
    for (let octets = 0; octets < 2_000_000; octets += limit.step) {
      const delay = limit.delayOf(limit.step);
      waited += delay;
      pass(delay);
    }
    expect(waited).toBeGreaterThan(9_800);
    expect(waited).toBeLessThanOrEqual(10_000);
  });

  it.each([
    [1, 1_024],
    [100_000, 5_000],
    [1_000_000_000, 65_536],
  ])('of %i octets a second is taken in steps of %i', (rate, step) => {
    expect(new RateLimit(rate).step).toBe(step);
  });
});

describe('the limits of a login', () => {
  const settings = bandwidth.parse({
    bytesPerSecond: 1_000,
    bytesPerSecondPerAccount: 500,
    rules: [
      { roles: ['Partners'], bytesPerSecond: 100, sharedBy: 'rule' },
      { users: ['ada'], bytesPerSecond: 50 },
      { users: '*', bytesPerSecond: 400 },
    ],
  });
  const login = (accountName: string, ...groups: readonly string[]) => ({
    accountName,
    directory: 'corp',
    groups: groups.map((name) => ({ name })),
  });
  const of = (...who: Parameters<typeof login>) => rateLimitsOf(settings, login(...who));

  it('are none, and ask nothing, where the section sets none', () => {
    expect(rateLimitsOf(bandwidth.parse({}), login('ada'))).toEqual([]);
    expect(limitOf([])).toBeUndefined();
  });

  it('are those of the site, of the account and of every rule that concerns it', () => {
    expect(of('ada', 'partners')).toHaveLength(5);
    expect(of('bob')).toHaveLength(3);
  });

  it('are shared by the site and by the rules that say so, and else an account’s own', () => {
    const [ada, adaAgain, bob] = [of('ada', 'Partners'), of('ada', 'Partners'), of('bob', 'Partners')];
    expect(ada.every((limit, index) => limit === adaAgain[index])).toBe(true);
    const shared = ada.filter((limit) => bob.includes(limit));
    expect(shared).toEqual([ada[0], ada[2]]);
  });

  it('are told apart by directory', () => {
    const other = rateLimitsOf(settings, { ...login('bob'), directory: 'lab' });
    expect(of('bob').filter((limit) => other.includes(limit))).toHaveLength(1);
  });
});
