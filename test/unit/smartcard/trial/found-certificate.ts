/** Certificates as an inventory of cards holds them, without a card: the issuing authority is real, the module only a name. */
import { createRequire } from 'node:module';
import type * as Pkcs11 from 'pkcs11js';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import type { CardSlot } from '../../../../src/smartcard/reader/slots.ts';
import type { FoundCertificate } from '../../../../src/smartcard/trial/card-inventory.ts';

export const library: typeof Pkcs11 = createRequire(import.meta.url)('pkcs11js');

const allMechanisms = [library.CKM_RSA_PKCS, library.CKM_RSA_PKCS_PSS, library.CKM_ECDSA];

export interface FoundOptions {
  readonly id?: string;
  readonly label?: string;
  /** Label of the token. */
  readonly card?: string;
  readonly model?: string;
  readonly key?: FoundCertificate['stored']['key'];
  readonly mechanisms?: readonly number[];
}

export function found(der: Buffer, options: FoundOptions = {}): FoundCertificate {
  const { id = '01', label = 'logon', card = 'ada', model = '', key = 'private', mechanisms = allMechanisms } = options;
  const slot = {
    module: { library },
    description: 'reader 0',
    content: { kind: 'card', token: { label: card, model } },
  } as unknown as CardSlot;
  const stored = { id: Buffer.from(id, 'hex'), label, der, key };
  return { slot, stored, mechanisms, certificate: parseCertificate(der) };
}
