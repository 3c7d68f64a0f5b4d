/** A card below a bridge of 58 certificates with one name and key: found, and at what cost. */

import { describe, expect, it, vi } from 'vitest';
import { unrecorded } from '../../src/explanation/steps.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { defaultAlgorithmPolicy } from '../../src/pki/certificate/algorithms.ts';
import { readCertificateBlocks, readCertificates, readCrls } from '../../src/pki/encoding/pem.ts';
import { Budget } from '../../src/pki/path/budget.ts';
import { createCertificateValidator } from '../../src/pki/path/certificate-validator.ts';
import { pathSettingsOf, revocationBy } from '../support/validation-settings.ts';
import { readVector, skipReason } from './vectors.ts';

describe.skipIf(skipReason)('a bridged PKI', () => {
  const files = () => ({
    card: readCertificateBlocks(readVector('icam-mesh/card.pem')),
    authorities: readCertificates(readVector('icam-mesh/cas.pem')),
    trustAnchors: readCertificates(readVector('icam-mesh/root.pem')),
    crls: readCrls(readVector('icam-mesh/crls.pem')).map((der, index) => ({ file: `${index}.crl`, der })),
  });

  it.each([
    ['as they come', <T>(list: readonly T[]) => list],
    ['in reverse', <T>(list: readonly T[]) => list.toReversed()],
  ])('its card is valid within a small part of the budget, with certificates and CRLs %s', async (_order, ordered) => {
    const { card, authorities, trustAnchors, crls } = files();
    const spend = vi.spyOn(Budget.prototype, 'spend');
    const validator = createCertificateValidator({
      trustAnchors,
      intermediates: ordered(authorities),
      crls: ordered(crls),
      settings: pathSettingsOf({ requiredExtendedKeyUsage: [], acceptedPolicies: [] }),
      algorithms: defaultAlgorithmPolicy,
      revocation: revocationBy({ mode: 'check', freshness: 0 }),
      clock: { now: () => new Date('2022-06-01T00:00:00Z') },
      logger: silentLogger,
    });
    const result = await validator.validate(card, unrecorded);
    const signatures = spend.mock.calls.filter(([work]) => work === 'signatures');
    spend.mockRestore();
    expect(result).toMatchObject({ outcome: 'valid' });
    expect(signatures.length).toBeLessThan(20);
  });
});
