/**
 * One HTTP request to the mapping service, from its path to its answer. It decides nothing itself: it bounds and decodes what
 * the caller sent, asks the login path of the site, and words the verdict.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { recordingSteps, type StepRecorder, unrecorded } from '../explanation/steps.ts';
import type { ExplainedRequest } from '../login/login-request.ts';
import type { Resolution } from '../login/site-login.ts';
import type { Logger } from '../operations/log.ts';
import { type Headers, verdictAnswer, verdictHeaders } from './answers.ts';
import type { Caller, Callers } from './caller.ts';
import type { TrustedAuthorities } from './caller-path.ts';
import { certificatesOfHeader } from './certificate-header.ts';
import { Decisions } from './decisions.ts';
import { openApiDocument } from './openapi.ts';
import { RefusedRequest, refusedRequests } from './refused-request.ts';
import { type ReceivedRequest, readResolveRequest } from './request-certificates.ts';
import { parseQuery, parseRequestTarget, type Query } from './request-target.ts';
import { type Operation, routesAt } from './routes.ts';
import type { MappingServiceSettings } from './service-settings.ts';
import { addressPattern, type HealthAnswer, type RefusedAnswer } from './wire.ts';

export interface MappingHandlerOptions {
  /** Names of the sites whose rules decide; the first where a caller names none. */
  readonly sites: readonly string[];
  readonly resolve: (site: string, request: ExplainedRequest, steps: StepRecorder) => Promise<Resolution>;
  readonly settings: Omit<MappingServiceSettings, 'listeners'>;
  /** Names the listener, for records. */
  readonly binding: string;
  readonly logger: Logger;
  /** Of the validity of callers’ certificates. */
  readonly clock: Clock;
  /** Monotonic milliseconds, for the timing of explanations. */
  readonly timer: () => number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body?: object;
  /** The connection ends with the answer. */
  readonly isLast?: boolean;
}

type Answering = (request: IncomingMessage, caller: Caller, query: Query) => Promise<HttpAnswer>;

/**
 * Its answers never reject.
 * @param trusted the authorities of callers over TLS, as they are at the time of a request
 */
export function createMappingHandler(
  options: MappingHandlerOptions,
  callers: Callers,
  trusted: () => TrustedAuthorities,
): (request: IncomingMessage) => Promise<HttpAnswer> {
  const { logger, sites, settings } = options;
  const decisions = new Decisions(settings);
  const description = openApiDocument(settings.certificateHeader);
  const health: HealthAnswer = { status: 'ok', sites: [...sites] };
  const operations: Readonly<Record<Operation, Answering>> = {
    resolve: (...request) => resolve(options, decisions, ...request),
    authorize: (...request) => decisions.take(() => authorize(options, ...request)),
    health: async () => ({ status: 200, headers: {}, body: health }),
    describe: async () => ({ status: 200, headers: {}, body: description }),
  };

  return async (request) => {
    const { remoteAddress = 'unix' } = request.socket;
    try {
      const judgement = callers.judge(request.socket, options.clock.now(), trusted());
      if (judgement.outcome === 'refused') {
        logger.warn('caller-refused', { caller: judgement.caller.name, reason: judgement.reason, remoteAddress });
        return { ...refusal(new RefusedRequest('caller-refused')), isLast: true };
      }
      // RFC 9112 3.2; Node keeps the first and drops the others
      if ((request.headersDistinct['host'] ?? []).length > 1) throw new RefusedRequest('request-invalid');
      const { path, query } = parseRequestTarget(request.url ?? '');
      const known = routesAt(path);
      if (!known) throw new RefusedRequest('path-unknown');
      const route = known.find(({ method }) => method === request.method);
      if (!route) throw new RefusedRequest('method-not-allowed');
      return await operations[route.operation](request, judgement.caller, parseQuery(query));
    } catch (error) {
      const refused = error instanceof RefusedRequest ? error : new RefusedRequest('internal-fault');
      if (refused === error) logger.warn('request-refused', { code: refused.code, remoteAddress });
      else logger.error('request-fault', { error, remoteAddress });
      return refusal(refused);
    }
  };
}

async function resolve(
  options: MappingHandlerOptions,
  decisions: Decisions,
  request: IncomingMessage,
  caller: Caller,
  query: Query,
): Promise<HttpAnswer> {
  if (query.explain && !options.settings.explainCallers.includes(caller.name)) {
    throw new RefusedRequest('explanation-not-allowed');
  }
  // Bodies that come slowly must not take the places of decisions; connections and the time for a request bound them.
  const asked = await readResolveRequest(request);
  const site = siteName(options, asked.site, query.site);
  const login = loginRequest(options, caller, onlyOne(asked.user, query.user), asked);
  const steps = query.explain ? recordingSteps(options.timer) : undefined;
  const resolution = await decisions.take(() => options.resolve(site, login, steps ?? unrecorded));
  const status = resolution.verdict.outcome === 'unavailable' ? 503 : 200;
  return { status, headers: {}, body: verdictAnswer(resolution, steps?.steps) };
}

async function authorize(
  options: MappingHandlerOptions,
  request: IncomingMessage,
  caller: Caller,
  query: Query,
): Promise<HttpAnswer> {
  const certificates = certificatesOfHeader(request.headersDistinct, options.settings);
  const { addressHeader } = options.settings;
  const address = addressHeader && request.headersDistinct[addressHeader]?.join();
  const resolution = await options.resolve(
    siteName(options, query.site),
    loginRequest(options, caller, query.user, {
      certificates,
      ...(address && addressPattern.test(address) && { remoteAddress: address }),
    }),
    unrecorded,
  );
  return { status: authorizeStatus(resolution), headers: verdictHeaders(resolution) };
}

/** nginx, Traefik and Envoy let through on 2xx, pass on 401 and 403, and take everything else for a failure. */
function authorizeStatus({ verdict }: Resolution): number {
  switch (verdict.outcome) {
    case 'granted':
      return 200;
    case 'unavailable':
      return 503;
    case 'denied':
      return verdict.denial.code === 'certificate-missing' ? 401 : 403;
  }
}

function loginRequest(
  { binding }: MappingHandlerOptions,
  caller: Caller,
  claimedName: string | undefined,
  asked: Pick<ReceivedRequest, 'certificates' | 'remoteAddress' | 'tls'>,
): ExplainedRequest {
  return {
    peerCertificates: asked.certificates,
    claimedName,
    remoteAddress: asked.remoteAddress ?? caller.address,
    isClientAddress: asked.remoteAddress !== undefined,
    connectionId: caller.connectionId,
    binding,
    caller: caller.name,
    tls: asked.tls ?? caller.tls,
  };
}

function siteName({ sites }: MappingHandlerOptions, ...named: readonly (string | undefined)[]): string {
  const site = onlyOne(...named) ?? sites[0];
  if (site === undefined || !sites.includes(site)) throw new RefusedRequest('site-unknown');
  return site;
}

/** What is said in two places may be understood in two ways, so it is refused. */
function onlyOne(...values: readonly (string | undefined)[]): string | undefined {
  const given = values.filter((value) => value !== undefined);
  if (given.length > 1) throw new RefusedRequest('request-invalid');
  return given[0];
}

function refusal({ code }: RefusedRequest): HttpAnswer {
  const { status, message } = refusedRequests[code];
  const body: RefusedAnswer = { error: code, message };
  return { status, headers: status === 503 ? { 'retry-after': '1' } : {}, body };
}
