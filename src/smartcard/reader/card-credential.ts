/** A key on a card as the credential of a TLS client. The card must be logged in; only signatures leave it. */
import { X509Certificate } from 'node:crypto';
import type { ClientCredential } from '../tls13/client-credential.ts';
import { CardFault } from './card-fault.ts';
import type { CardSession } from './card-session.ts';
import { signingMechanisms } from './signing-mechanism.ts';

export interface CardCredentialOptions {
  readonly session: CardSession;
  /** CKA_ID of certificate and key. */
  readonly id: Buffer;
  /** DER, the certificate of the key first. */
  readonly certificateChain: readonly Buffer[];
  /** How long a signature may take; a card that wants to be touched waits for about 15 seconds. */
  readonly signatureTimeoutMilliseconds: number;
}

/**
 * @throws CardFault `key-missing`, `tls13-impossible`, `signature-mechanism-missing`, or as the card answers; Error without a
 *   certificate or with one that OpenSSL cannot read
 */
export function cardCredential(options: CardCredentialOptions): ClientCredential {
  const { session, id, certificateChain, signatureTimeoutMilliseconds } = options;
  const [endEntity] = certificateChain;
  if (endEntity === undefined) throw new Error('a credential needs a certificate');
  const { library } = session;
  const mechanisms = signingMechanisms(library, new X509Certificate(endEntity).publicKey, session.mechanisms());
  const key = session.privateKey(id);
  if (key === undefined) throw new CardFault('key-missing');
  let last: Promise<unknown> = Promise.resolve();
  return {
    certificateChain,
    signatureSchemes: mechanisms.map(({ scheme }) => scheme),
    sign: (scheme, content) => {
      const mechanism = mechanisms.find((candidate) => candidate.scheme === scheme);
      if (mechanism === undefined) throw new Error(`the card does not sign ${scheme}`);
      // A second operation on a session that is signing fails (CKR_OPERATION_ACTIVE), so each waits for the one before.
      const signature = last.then(() =>
        withinTime(session.sign(key, mechanism, content), signatureTimeoutMilliseconds),
      );
      last = signature.catch(() => undefined);
      return signature;
    },
  };
}

/** The call in the module cannot be stopped; only the waiting for it ends. */
async function withinTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CardFault('card-silent', `${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
