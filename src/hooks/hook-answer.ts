/** What a hook answers: `{"allow": true}`, or `{"allow": false, "reason": "for the operator"}`; anything else is no answer. */
import { z } from 'zod';

const hookAnswerSchema = z.union([
  z.strictObject({ allow: z.literal(true), reason: z.string().max(1000).optional() }),
  z.strictObject({ allow: z.literal(false), reason: z.string().max(1000).default('The hook gave no reason.') }),
]);

export type HookAnswer = z.output<typeof hookAnswerSchema>;

/** @throws Error for what is no answer */
export function readHookAnswer(value: unknown): HookAnswer {
  const parsed = hookAnswerSchema.safeParse(value);
  if (!parsed.success) throw new Error('the answer is neither {"allow": true} nor {"allow": false, "reason": …}');
  return parsed.data;
}
