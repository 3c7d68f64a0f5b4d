/**
 * Several mapping services that know the same: asked in order until one decides. One that failed is asked last for a while, and
 * an answer that is not what the wire schema says, or is about another certificate, is a failure.
 */

import { z } from 'zod';
import { errorMessage } from '../error-message.ts';
import { noticeShortage } from '../operations/descriptor-shortage.ts';
import type { Logger } from '../operations/log.ts';
import type { Decoded } from '../settings/decoded.ts';
import { duration } from '../settings/duration.ts';
import { type Milliseconds, milliseconds } from '../settings/units.ts';
import { file } from '../settings/values.ts';
import { refusedRequests } from './refused-request.ts';
import {
  type ClientMaterial,
  type ConnectionLimits,
  ServiceConnection,
  type ServiceEndpoint,
  type ServiceResponse,
} from './service-connection.ts';
import { type ResolveRequest, type VerdictAnswer, verdictSchema } from './wire.ts';

export const remoteService = z.strictObject({
  endpoints: z
    .array(
      z.union([
        z.strictObject({ socket: file }),
        z.strictObject({
          url: z.url({ protocol: /^https$/, error: 'must be an https URL, such as https://mapping.example' }),
        }),
      ]),
    )
    .min(1)
    .max(20)
    .describe('Mapping services in order of preference: unix socket, or https URL'),
  certificate: file.optional().describe('PEM file: certificate shown to services at a URL'),
  certificateKey: file.optional().describe('PEM file: its private key; not readable by others'),
  certificateAuthorities: z.array(file).max(100).default([]).describe('PEM files: CAs of the services’ certificates'),
  site: z.string().max(64).optional().describe('Site of the service whose rules decide; its first when absent'),
  /** Longer than a service waits for its own directories. */
  attemptTimeout: duration('50ms', '1m').prefault('8s').describe('Time for one service'),
  totalTimeout: duration('50ms', '2m').prefault('15s').describe('Time for all of them together'),
});

export interface RemoteServiceOptions extends ConnectionLimits {
  /** In order of preference; at least one. */
  readonly endpoints: readonly ServiceEndpoint[];
  /** Needed where an endpoint is a URL. */
  readonly material: ClientMaterial | undefined;
  readonly settings: Pick<Decoded<typeof remoteService>, 'attemptTimeout' | 'totalTimeout'>;
  /** For which a service that failed is asked after the others. */
  readonly retryDelay: Milliseconds;
  /** Questions under way or waiting; one more fails at once. */
  readonly maximumRequests: number;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly timer: () => number;
}

export interface RemoteAnswer {
  readonly answer: VerdictAnswer;
  /** The service that gave it. */
  readonly service: string;
}

/** No service gave an answer that can be believed. */
export class RemoteUnavailableError extends Error {
  override readonly name = 'RemoteUnavailableError';
  /** What went wrong with each. */
  readonly failures: readonly string[];
  constructor(message: string, failures: readonly string[]) {
    super(message);
    this.failures = failures;
  }
}

interface Service {
  readonly connection: ServiceConnection;
  /** On the timer; asked last until then. */
  suspectUntil: number;
}

export class RemoteService {
  readonly #options: RemoteServiceOptions;
  readonly #services: readonly Service[];
  #underWay = 0;

  /** Connects to nothing yet. @throws TypeError when there is no endpoint, or one cannot be used */
  constructor(options: RemoteServiceOptions) {
    if (options.endpoints.length === 0) throw new TypeError('a remote mapping service needs an endpoint');
    this.#options = options;
    this.#services = options.endpoints.map((endpoint) => ({
      connection: new ServiceConnection(endpoint, options.material, options),
      suspectUntil: Number.NEGATIVE_INFINITY,
    }));
  }

  /**
   * @param certificateSha256 of the end entity; a grant must be about it
   * @throws RemoteUnavailableError
   */
  async resolve(request: ResolveRequest, certificateSha256: string, explain: boolean): Promise<RemoteAnswer> {
    if (this.#underWay >= this.#options.maximumRequests) {
      throw new RemoteUnavailableError('Too many questions to the mapping service are under way.', []);
    }
    this.#underWay += 1;
    try {
      return await this.#ask(JSON.stringify(request), certificateSha256, explain);
    } finally {
      this.#underWay -= 1;
    }
  }

  close(): void {
    for (const { connection } of this.#services) connection.close();
  }

  async #ask(body: string, certificateSha256: string, explain: boolean): Promise<RemoteAnswer> {
    const { settings, timer, retryDelay, logger } = this.#options;
    const { attemptTimeout, totalTimeout } = settings;
    const deadline = timer() + totalTimeout;
    const failures: string[] = [];
    let undecided: RemoteAnswer | undefined;
    for (const service of this.#inOrder()) {
      const { name } = service.connection;
      const left = deadline - timer();
      if (left <= 0) break;
      try {
        const response = await post(service.connection, body, explain, milliseconds(Math.min(attemptTimeout, left)));
        const answer = believable(response, certificateSha256);
        service.suspectUntil = Number.NEGATIVE_INFINITY;
        if (answer.outcome !== 'unavailable') return { answer, service: name };
        // Its directory may be out of its reach and in that of the next.
        undecided ??= { answer, service: name };
      } catch (error) {
        const reason = errorMessage(error);
        failures.push(`${name}: ${reason}`);
        if (noticeShortage(error, 'mapping service')) continue;
        service.suspectUntil = timer() + retryDelay;
        logger.warn('mapping-service-failed', { service: name, reason });
      }
    }
    if (undecided) return undecided;
    throw new RemoteUnavailableError('No mapping service answered in time with an answer that fits.', failures);
  }

  #inOrder(): readonly Service[] {
    const now = this.#options.timer();
    const [sound, suspect] = [false, true].map((is) => this.#services.filter((one) => one.suspectUntil > now === is));
    return [...(sound ?? []), ...(suspect ?? [])];
  }
}

/** A service that keeps its steps to itself still decides. */
async function post(
  connection: ServiceConnection,
  body: string,
  explain: boolean,
  timeout: Milliseconds,
): Promise<ServiceResponse> {
  const response = explain ? await connection.post('/v1/resolve?explain=1', body, timeout) : undefined;
  if (response && response.status !== refusedRequests['explanation-not-allowed'].status) return response;
  return connection.post('/v1/resolve', body, timeout);
}

/** @throws Error when the response is anything but a verdict on this certificate */
function believable({ status, body }: ServiceResponse, certificateSha256: string): VerdictAnswer {
  if (status !== 200 && status !== 503) throw new Error(`status ${status}`);
  const parsed = verdictSchema.safeParse(body);
  if (!parsed.success) throw new Error(`status ${status} and no verdict`);
  const { data } = parsed;
  if ((status === 503) !== (data.outcome === 'unavailable')) throw new Error(`status ${status} for ${data.outcome}`);
  if (data.outcome === 'granted' && data.certificate.sha256 !== certificateSha256) {
    throw new Error('a verdict on another certificate');
  }
  return data;
}
