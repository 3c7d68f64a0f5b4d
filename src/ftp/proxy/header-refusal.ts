/** The record of a connection that a trusted proxy opened and did not announce rightly. There is no control connection yet. */
import { type Denial, denial } from '../../denial.ts';
import type { AuditTrail } from '../../operations/audit.ts';
import { createReference } from '../../operations/reference.ts';

/** @param reason what came instead of a header, without an article: `no PROXY header`, `none within 5000 ms` */
export function headerRefused(proxyAddress: string, reason: string): Denial {
  const detail = `A connection of the trusted address ${proxyAddress} did not begin with a PROXY header that counts: ${reason}.`;
  return denial('proxy-header-refused', detail, { proxyAddress, reason });
}

export function recordHeaderRefusal(
  { audit }: { readonly audit: AuditTrail },
  binding: string,
  proxyAddress: string,
  reason: string,
): void {
  audit.write({
    event: 'refusal',
    binding,
    connectionId: createReference(),
    remoteAddress: proxyAddress,
    reference: createReference(),
    denial: headerRefused(proxyAddress, reason),
  });
}
