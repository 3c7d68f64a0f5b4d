/** What an administrator who sits at the server itself reads in the reply to a refusal (IIS: allowLocalDetailedErrors). */
import { type DenialCode, denialEntry } from '../../denial.ts';
import type { Reply } from '../reply.ts';
import type { Control } from './control.ts';

const loopback = /^(?:127\.|::1$)/u;

/** A client that a proxy announces is where the proxy says, and a proxy that speaks for itself is no administrator. */
export function withLocalDetails(control: Control, { code }: { readonly code: DenialCode }, answer: Reply): Reply {
  const isLocal = loopback.test(control.remoteAddress) && control.proxyAddress === undefined;
  if (!isLocal || !control.options.site.messages.allowLocalDetailedErrors) return answer;
  const { meaning, remedy } = denialEntry(code);
  return { ...answer, lines: [`${code}: ${meaning}`, `Remedy: ${remedy}`, ...answer.lines] };
}
