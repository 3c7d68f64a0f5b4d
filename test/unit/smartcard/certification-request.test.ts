import { describe, expect, it } from 'vitest';
import {
  createCertificationRequest,
  verifyCertificationRequest,
} from '../../../src/smartcard/authority/certification-request.ts';
import { keyTypes } from '../../../src/smartcard/authority/key-type.ts';
import { encodeName } from '../../../src/smartcard/authority/name-encoding.ts';
import { softwareSigner } from '../../../src/smartcard/authority/signer.ts';
import { generateSoftwareKey, subjectPublicKeyInfo } from '../../../src/smartcard/authority/software-key.ts';

describe.each(keyTypes)('a certification request with a %s key', (keyType) => {
  it('yields its name and key when that key signed it', async () => {
    const publicKey = await generateSoftwareKey(keyType);
    const subject = encodeName('ada');
    const der = await createCertificationRequest({ subject, publicKey, signer: softwareSigner(publicKey) });
    const verified = await verifyCertificationRequest(der);
    expect(verified.subject).toEqual(subject);
    expect(verified.publicKey).toEqual(subjectPublicKeyInfo(publicKey));
  });

  it('is refused when another key signed it: no certificate for a key that the card does not hold', async () => {
    const [publicKey, another] = [await generateSoftwareKey(keyType), await generateSoftwareKey(keyType)];
    const request = { subject: encodeName('ada'), publicKey, signer: softwareSigner(another) };
    await expect(verifyCertificationRequest(await createCertificationRequest(request))).rejects.toThrow('not signed');
  });
});
