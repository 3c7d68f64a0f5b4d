/** A certificate of the server itself, and whom to ask about its status. */
import { type Subject, subjectAt } from '../crl/crl-subject.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { readCertificates } from '../encoding/pem.ts';
import type { RetrievalRequest } from '../retrieval/retriever.ts';
import { OcspRequests } from './ocsp-requests.ts';

/** Its issuer stands for the trust anchor: what lies above is for clients to judge. */
export type OwnCertificate = Subject;

export const ownStatusSchemes = ['http', 'https'] as const;

const requests = new OcspRequests(
  { responders: [], nonce: 'off', certIdHash: 'sha1', httpMethod: 'getWhenShort' },
  false,
  ownStatusSchemes,
);

/**
 * @param pem the certificate, then that of its issuer; more may follow
 * @returns a string: why its status cannot be asked for
 */
export function readOwnCertificate(pem: string): OwnCertificate | string {
  try {
    const [certificate, issuer] = readCertificates(Buffer.from(pem));
    const own = certificate && issuer && subjectAt({ certificates: [certificate], trustAnchor: issuer }, 0);
    if (!own) return 'the certificate of its issuer does not follow it';
    const problems: string[] = [];
    return statusRequests(own, problems).length > 0 ? own : problems.join('; ');
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}

/** One for each responder that the certificate names by a valid URL. @param problems is told why one is left out */
export function statusRequests(own: OwnCertificate, problems: string[]): readonly RetrievalRequest[] {
  const named = requests.about(own, problems);
  const readable = named.filter(({ url }) => URL.canParse(url));
  if (readable.length < named.length) problems.push('it names a responder by a URL that cannot be read');
  return readable;
}
