/** Settings with the defaults of their schemas, and what a test changes in them: tests wait less than administrators may. */
import { z } from 'zod';
import type { Clock } from '../../src/clock.ts';
import { createFailureThrottle, denyByFailure, type FailureThrottle } from '../../src/login/failure-throttle.ts';
import { type BindingSettings, bindingSettings } from '../../src/mapping/strength.ts';
import type { Decoded } from '../../src/settings/decoded.ts';

/** Settings without their units, some of them. */
export type Plain<T> = T extends number
  ? number
  : T extends readonly unknown[]
    ? T
    : T extends object
      ? { readonly [Key in keyof T]?: Plain<T[Key]> }
      : T;

export function bindingOf(binding: BindingSettings['binding']): BindingSettings {
  return z.strictObject(bindingSettings).parse({ binding });
}

export function throttleOf(clock: Clock, changes: Plain<Decoded<typeof denyByFailure>> = {}): FailureThrottle {
  return createFailureThrottle({ ...denyByFailure.parse({}), ...changes } as Decoded<typeof denyByFailure>, clock);
}
