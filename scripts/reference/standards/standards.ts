/** What each standard asks of a server, one table for each: docs/reference/standards.md prints it, and a test holds it to commands and tests. */
import { hashDraft, otherDrafts, rangeDraft, withoutStandard } from './drafts.ts';
import { rfc2389, rfc2428, rfc2640, rfc3659, rfc7151 } from './extensions.ts';
import type { Standard } from './requirement.ts';
import { rfc959 } from './rfc-959.ts';
import { rfc1123 } from './rfc-1123.ts';
import { rfc2577 } from './rfc-2577.ts';
import { rfc2228, rfc4217 } from './security.ts';

export const standards: readonly Standard[] = [
  rfc959,
  rfc1123,
  rfc2228,
  rfc2389,
  rfc2428,
  rfc2577,
  rfc2640,
  rfc3659,
  rfc4217,
  rfc7151,
  hashDraft,
  rangeDraft,
  otherDrafts,
  withoutStandard,
];
