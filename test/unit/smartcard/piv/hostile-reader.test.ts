/** Whatever a reader sends, the card answers, gives no key away, and goes on. The seed is fixed, so a failure comes back. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { echoKey, select, softwareCard } from './software-card.ts';

const octet = fc.integer({ min: 0, max: 0xff });
const anything = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

/** Commands that are nearly right get further than noise. */
const nearly = fc
  .record({
    cla: fc.constantFrom(0x00, 0x10, 0x0c, 0x80),
    ins: fc.constantFrom(0xa4, 0xcb, 0x20, 0x24, 0x2c, 0x87, 0xc0, 0xfd, 0xf8, 0xf7, 0x47),
    p1: fc.oneof(fc.constantFrom(0x00, 0x04, 0x07, 0x11, 0x14, 0x3f, 0xff), octet),
    p2: fc.oneof(fc.constantFrom(0x00, 0x80, 0x81, 0x9a, 0x9c, 0x9d, 0x82, 0xff), octet),
    data: fc.oneof(
      fc.uint8Array({ maxLength: 255 }),
      fc.uint8Array({ maxLength: 40 }).map((value) => Uint8Array.of(0x7c, value.length, ...value)),
      fc
        .uint8Array({ maxLength: 32 })
        .map((value) => Uint8Array.of(0x7c, value.length + 4, 0x82, 0, 0x81, value.length, ...value)),
    ),
    tail: fc.uint8Array({ maxLength: 2 }),
  })
  .map(({ cla, ins, p1, p2, data, tail }) =>
    Buffer.concat([
      Buffer.of(cla, ins, p1, p2),
      data.length > 0 ? Buffer.of(data.length) : Buffer.alloc(0),
      data,
      tail,
    ]),
  );

it('no sequence of commands breaks the card or has a key work without its PIN', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(anything, nearly), { maxLength: 40 }), async (commands) => {
      const { card, send, events } = softwareCard({
        154: echoKey('P-256'),
        156: echoKey('P-384'),
        130: echoKey('RSA-2048'),
      });
      await send(select);
      for (const command of commands) {
        const answer = await card.process(command);
        expect(answer.length).toBeGreaterThanOrEqual(2);
        expect(answer.length).toBeLessThanOrEqual(258);
      }
      expect(events.filter(({ kind }) => kind === 'signature-asked' || kind === 'pin-right')).toEqual([]);
      expect(await send(select)).toMatch(/9000$/);
    }),
    { seed: 80073, numRuns: 600 },
  );
});
