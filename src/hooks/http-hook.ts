/** A hook that is a service over HTTP: a POST with the event, over connections that are kept. */
import type { Clock } from '../clock.ts';
import { type ClientMaterial, ServiceConnection, type ServiceEndpoint } from '../service/service-connection.ts';
import { milliseconds } from '../settings/units.ts';
import type { HookTransport } from './program-hook.ts';

const connectTimeout = milliseconds(5000);

export interface HttpHookOptions {
  readonly endpoint: ServiceEndpoint;
  /** Needed for a URL. */
  readonly material?: ClientMaterial | undefined;
  readonly maximumConcurrent: number;
  /** Of the validity of the service’s certificate. */
  readonly clock: Clock;
}

export class HttpHook implements HookTransport {
  readonly name: string;
  readonly #connection: ServiceConnection;
  readonly #path: string;

  /** Connects to nothing yet. @throws TypeError when the URL cannot be used */
  constructor({ endpoint, material, maximumConcurrent, clock }: HttpHookOptions) {
    const limits = { connectTimeout, maximumConnections: maximumConcurrent, clock };
    this.#connection = new ServiceConnection(endpoint, material, limits);
    this.name = this.#connection.name;
    const url = 'url' in endpoint ? URL.parse(endpoint.url) : null;
    this.#path = url ? `${url.pathname}${url.search}` : '/';
  }

  async ask(event: string, signal: AbortSignal): Promise<unknown> {
    const { status, body } = await this.#connection.postUntil(this.#path, event, signal);
    if (status !== 200) throw new Error(`status ${status}`);
    return body;
  }

  close(): void {
    this.#connection.close();
  }
}
