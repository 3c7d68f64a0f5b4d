/**
 * What the responder of a certificate's issuer says of it, to be passed on as it came: the server's own certificate, whose clients judge
 * the answer themselves. It is checked here all the same, so that no client is told nonsense.
 */
import type { Clock } from '../../clock.ts';
import { milliseconds, octets, seconds } from '../../settings/units.ts';
import { defaultAlgorithmPolicy } from '../certificate/algorithms.ts';
import { SignatureVerifier } from '../certificate/signature.ts';
import { Budget, BudgetExceededError } from '../path/budget.ts';
import { IssuerPool } from '../path/issuer-pool.ts';
import { SignatureChecks } from '../path/signature-checks.ts';
import { readOcspResponse } from '../retrieval/evidence-content.ts';
import { hostOf } from '../retrieval/retrieval-target.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { checkOcspResponse, type OcspContext, type OcspStatus } from './ocsp-check.ts';
import { responderOf } from './ocsp-requests.ts';
import { type OwnCertificate, ownStatusSchemes, statusRequests } from './own-certificate.ts';

export type OwnStatus =
  | {
      readonly status: 'good' | 'revoked';
      /** DER of the OCSPResponse. */
      readonly response: Buffer;
      /** URL. */
      readonly responder: string;
      /** Its nextUpdate. */
      readonly validUntil: Date;
    }
  /** One clause for each responder that was asked. */
  | { readonly status: 'unknown'; readonly problems: readonly string[] };

export interface OwnStatusTools {
  readonly retriever: Retriever;
  readonly clock: Clock;
}

/** Larger ones than any: a client takes the whole in its handshake. */
const maximumSize = octets(16_384);
const timeout = milliseconds(15_000);
/** As clients are found to allow. */
const clockSkew = seconds(60);
/** What a site accepts from its clients is another matter. */
const verifier = new SignatureVerifier(defaultAlgorithmPolicy);

/** Asks the responders that the certificate names, in turn, until one tells. @param waiting ends the waiting */
export async function retrieveOwnStatus(
  own: OwnCertificate,
  tools: OwnStatusTools,
  waiting: AbortSignal,
): Promise<OwnStatus> {
  const problems: string[] = [];
  for (const request of statusRequests(own, problems)) {
    const host = hostOf(new URL(request.url));
    // The administrator named this host with the certificate; the responder of a company's own CA has a private address.
    const policy = {
      allowedHosts: [host],
      allowPrivateAddresses: [host],
      schemes: ownStatusSchemes,
      maximumSize,
      timeout,
    };
    const retrieved = await tools.retriever.retrieve(request, policy, waiting);
    if (retrieved.outcome === 'failed') {
      problems.push(retrieved.problem);
      continue;
    }
    const responder = responderOf(request);
    const response = readOcspResponse(retrieved.bytes, responder);
    const status = await judge(response, own, tools);
    const problem = problemOf(status, responder);
    if (problem !== undefined) problems.push(problem);
    else if (status.status !== 'unknown' && typeof response !== 'string')
      return { status: status.status, response: response.der, responder, validUntil: status.evidence.validUntil };
  }
  return { status: 'unknown', problems };
}

async function judge(
  response: Parameters<typeof checkOcspResponse>[0] | string,
  own: OwnCertificate,
  { clock }: OwnStatusTools,
): Promise<OcspStatus> {
  if (typeof response === 'string') return { status: 'unknown', problems: [response] };
  const context: OcspContext = {
    pool: new IssuerPool([], [own.issuer]),
    signatures: new SignatureChecks(verifier, new Budget(clock)),
    time: clock.now(),
    limits: { clockSkew, maximumAge: seconds(0) },
    freshness: seconds(0),
    grace: seconds(0),
    // Whether its delegate may be believed is for the client to find out.
    delegateProblem: async () => undefined,
    isDelegateRevoked: async () => false,
  };
  try {
    return await checkOcspResponse(response, own, context);
  } catch (error) {
    if (!(error instanceof BudgetExceededError)) throw error;
    return { status: 'unknown', problems: [`${response.source}: ${error.message}`] };
  }
}

/** Why clients cannot use it; undefined when they can. */
function problemOf(status: OcspStatus, responder: string): string | undefined {
  if (status.status === 'unknown') return status.problems.join('; ') || `${responder}: it tells nothing`;
  const fault = status.status === 'revoked' ? (status.outOfDate ?? status.notUnderstood) : undefined;
  return fault && `${responder}: ${fault}`;
}
