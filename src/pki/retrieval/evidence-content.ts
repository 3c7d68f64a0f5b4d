/** What the octets of evidence say. It lies beside them, so that they are read once for all sites. */
import { parseCrl } from '../crl/crl.ts';
import { KnownCrl } from '../crl/known-crl.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { readCrls, readOcspResponses } from '../encoding/pem.ts';
import { responderOf } from '../ocsp/ocsp-requests.ts';
import { type OcspResponse, parseOcspResponse } from '../ocsp/ocsp-response.ts';
import type { RetrievalRequest } from './retriever.ts';

export class EvidenceContent {
  readonly #bytes: Buffer;
  readonly #request: Pick<RetrievalRequest, 'url' | 'body'>;
  #crl: KnownCrl | string | undefined;
  #ocspResponse: OcspResponse | string | undefined;

  constructor(bytes: Buffer, request: Pick<RetrievalRequest, 'url' | 'body'>) {
    this.#bytes = bytes;
    this.#request = request;
  }

  /** A string: why the octets are not a CRL. */
  get crl(): KnownCrl | string {
    this.#crl ??= readCrl(this.#bytes, this.#request.url);
    return this.#crl;
  }

  /** A string: why the octets are not an answer. */
  get ocspResponse(): OcspResponse | string {
    this.#ocspResponse ??= readOcspResponse(this.#bytes, responderOf(this.#request));
    return this.#ocspResponse;
  }
}

function readCrl(bytes: Buffer, url: string): KnownCrl | string {
  try {
    const [der] = readCrls(bytes);
    return der ? new KnownCrl(parseCrl(der, url)) : `${url} holds no CRL`;
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return `${url} holds no CRL: ${error.message}`;
  }
}

/** @param source file, or URL of the responder. A string: why the octets are not an answer */
export function readOcspResponse(bytes: Buffer, source: string): OcspResponse | string {
  try {
    const [der = bytes] = readOcspResponses(bytes);
    const response = parseOcspResponse(der, source);
    return typeof response === 'string' ? `${source}: the responder answered ${response}` : response;
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return `${source}: the answer cannot be read: ${error.message}`;
  }
}
