/** A request the service does not decide. Its message is the service’s own words: nothing the caller sent is in it. */

export const refusedRequests = {
  'request-invalid': { status: 400, message: 'The request is not what /openapi.json describes.' },
  'certificates-unreadable': {
    status: 400,
    message: 'The certificates are neither DER nor PEM, or there are too many of them.',
  },
  'header-invalid': {
    status: 400,
    message: 'The certificate header is there more than once or not in the configured encoding.',
  },
  'site-unknown': { status: 400, message: 'There is no such site.' },
  'caller-refused': {
    status: 403,
    message: 'The certificate of the caller is not valid now, or its CA is not trusted any more.',
  },
  'explanation-not-allowed': { status: 403, message: 'This caller may not ask for explanations.' },
  'path-unknown': { status: 404, message: 'There is nothing at this path.' },
  'method-not-allowed': { status: 405, message: 'This path does not know the method.' },
  'body-too-large': { status: 413, message: 'The body is larger than a certificate chain can be.' },
  'media-type-unsupported': {
    status: 415,
    message: 'Send application/pkix-cert, application/x-pem-file or application/json.',
  },
  'internal-fault': { status: 500, message: 'A fault stopped the request; the log of the service has it.' },
  overloaded: { status: 503, message: 'Too many decisions at once; try again in a second.' },
  'decision-timeout': { status: 503, message: 'The decision took too long.' },
} as const;

export type RefusedRequestCode = keyof typeof refusedRequests;

export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest';
  readonly code: RefusedRequestCode;
  constructor(code: RefusedRequestCode) {
    super(refusedRequests[code].message);
    this.code = code;
  }
}
