/** Which responders are asked about a certificate, and with which requests. */
import { accessLocations } from '../certificate/authority-information-access.ts';
import type { Subject } from '../crl/crl-subject.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import type { RetrievalPolicy, RetrievalRequest } from '../retrieval/retriever.ts';
import { type CertIdHash, certIdOf, encodeOcspRequest, ocspGetUrl } from './ocsp-request.ts';

export interface OcspRequestOptions {
  /** URLs asked about certificates that name no responder themselves. Default: none. */
  readonly responders: readonly string[];
  /**
   * `require`: an answer without the nonce of the request is not believed, and one that was kept counts only if its nonce was right.
   * `send`: a nonce goes out, and must be right if it comes back. `off`, the default: none; answers may be replayed until they end.
   */
  readonly nonce: 'require' | 'send' | 'off';
  /** The hash function that names the issuer in requests. Default sha1, which every responder knows; it protects nothing. */
  readonly certIdHash: Extract<CertIdHash, 'sha1' | 'sha256'>;
  /** `getWhenShort`, the default: GET as far as RFC 5019 allows, never with a nonce. `post`: always POST. */
  readonly httpMethod: 'getWhenShort' | 'post';
}

const maximumResponders = 4;

export class OcspRequests {
  readonly #options: OcspRequestOptions;
  readonly #mayBeNone: boolean;
  readonly #schemes: RetrievalPolicy['schemes'];

  /**
   * @param mayBeNone whether answers come from elsewhere too, so that the lack of a responder to ask is no problem
   * @param schemes those of URLs that may be asked
   */
  constructor(options: OcspRequestOptions, mayBeNone: boolean, schemes: RetrievalPolicy['schemes']) {
    this.#options = options;
    this.#mayBeNone = mayBeNone;
    this.#schemes = schemes;
  }

  /** One request for each responder, without nonce, which also names its answer in the store. @param problems why there is none */
  about(subject: Subject, problems: string[]): readonly RetrievalRequest[] {
    const urls = this.#urlsFor(subject);
    if (urls.length === 0) {
      if (!this.#mayBeNone) problems.push('no OCSP responder is named that may be asked');
      return [];
    }
    try {
      const body = this.body(subject);
      return urls.map((url) => this.#requestTo(url, body));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      problems.push(error.message);
      return [];
    }
  }

  /** DER of the OCSPRequest. @throws MalformedError when the issuer's key cannot be read */
  body({ certificate, issuer }: Subject, nonce?: Buffer): Buffer {
    return encodeOcspRequest(certIdOf(certificate, issuer, this.#options.certIdHash), nonce);
  }

  #requestTo(url: string, body: Buffer): RetrievalRequest {
    const { nonce, httpMethod } = this.#options;
    const getUrl = nonce === 'off' && httpMethod === 'getWhenShort' ? ocspGetUrl(url, body) : undefined;
    return getUrl ? { kind: 'ocsp', url: getUrl } : { kind: 'ocsp', url, body };
  }

  #urlsFor({ certificate }: Subject): readonly string[] {
    const named = accessLocations(certificate, oids.ocspAccess);
    const schemes = this.#schemes.filter((scheme) => scheme === 'http' || scheme === 'https');
    const mayAsk = (url: string) => schemes.some((scheme) => url.toLowerCase().startsWith(`${scheme}://`));
    return (named.length > 0 ? named : this.#options.responders).filter(mayAsk).slice(0, maximumResponders);
  }
}

/** @returns what tells requests apart: the URL and the body in Base64 */
export function keyOf({ url, body }: RetrievalRequest): string {
  return `${url} ${body?.toString('base64')}`;
}

/** The URL of the responder alone; that of a request by GET has the request as its last segment. */
export function responderOf({ url, body }: Pick<RetrievalRequest, 'url' | 'body'>): string {
  return body ? url : url.slice(0, url.lastIndexOf('/') + 1);
}
