/** What one site retrieved answers for another only where that may ask there itself. */
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/operations/log.ts';
import { EvidenceStore } from '../../../../src/pki/retrieval/evidence-store.ts';
import type { RetrievalPolicy } from '../../../../src/pki/retrieval/retriever.ts';
import { SiteEvidence } from '../../../../src/pki/retrieval/site-evidence.ts';
import { milliseconds, octets } from '../../../../src/settings/units.ts';

const policy: RetrievalPolicy = {
  allowedHosts: ['private.example'],
  allowPrivateAddresses: [],
  schemes: ['http', 'ldap'],
  maximumSize: octets(1_000),
  timeout: milliseconds(1_000),
};
const now = new Date('2026-07-01T12:00:00Z');

describe.each(['crl', 'ocsp', 'certificates'] as const)('evidence of kind %s', (kind) => {
  it.each([
    ['the same host', {}, true],
    ['another host alone', { allowedHosts: ['public.example'] }, false],
    ['another scheme alone', { schemes: ['ldap'] as const }, false],
  ])('that one site retrieved answers for a site that may ask %s: %s', async (_whom, changes, answers) => {
    const store = new EvidenceStore({ memory: octets(1_000_000), clock: { now: () => now }, logger: silentLogger });
    const asking = new SiteEvidence(store, policy);
    const request = { kind, url: 'http://private.example/a' };
    const evidence = asking.offer(request, { bytes: Buffer.from('evidence') });
    asking.confirm(evidence, { thisUpdate: now });
    asking.offer(request, { bytes: Buffer.from('candidate') });
    const other = new SiteEvidence(store, { ...policy, ...changes });
    for (const held of [await other.held(request), await other.reread(request)]) {
      expect(held.confirmed?.bytes.toString()).toBe(answers ? 'evidence' : undefined);
      expect(held.candidate?.bytes.toString()).toBe(answers ? 'candidate' : undefined);
      expect(held.askedAt).toEqual(answers ? now : undefined);
    }
    expect((await asking.held(request)).confirmed?.bytes.toString()).toBe('evidence');
  });
});
