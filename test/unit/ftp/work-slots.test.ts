/** Work that must not run all at once. */
import { describe, expect, it } from 'vitest';
import { WorkSlots } from '../../../src/ftp/data/work-slots.ts';

describe('work slots', () => {
  it('run so much at a time, in the order in which it came, and go on behind a failure', async () => {
    const slots = new WorkSlots(2);
    const begun: number[] = [];
    const works = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
    const results = works.map(({ promise }, index) =>
      slots
        .run(async () => {
          begun.push(index);
          await promise;
          return index;
        })
        .catch((error: Error) => error.message),
    );
    await new Promise(setImmediate);
    expect(begun).toEqual([0, 1]);
    works[1]!.reject(new Error('broken'));
    await new Promise(setImmediate);
    expect(begun).toEqual([0, 1, 2]);
    for (const { resolve } of works) resolve();
    expect(await Promise.all(results)).toEqual([0, 'broken', 2, 3, 4]);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    expect(await slots.run(async () => 'free again')).toBe('free again');
  });
});
