/** A site that asks remote mapping services: its settings become the options of the remote authenticator. */
import type { LoadedSite } from '../config/load.ts';
import type { LoadedRemoteMapping } from '../config/service-material.ts';
import type { ExplainingAuthenticator } from '../login/login-attempt.ts';
import { createRemoteAuthenticator, type RemoteAuthenticatorOptions } from '../service/remote-authenticator.ts';
import { RemoteService } from '../service/remote-service.ts';

/** More callers than that would wait for nothing: the service itself bounds its decisions. */
const maximumRequests = 1000;
const maximumConnections = 64;
const connectTimeout = 1000;
const retryDelay = 10_000;

export interface RemoteLogins {
  readonly authenticator: ExplainingAuthenticator;
  close(): void;
}

export function remoteLogins(
  { settings }: LoadedSite,
  { endpoints, identity, certificateAuthorities }: LoadedRemoteMapping,
  parts: Omit<RemoteAuthenticatorOptions, 'service' | 'site' | 'explains'>,
): RemoteLogins {
  const { attemptTimeout = 8_000, totalTimeout = 15_000, site } = settings.mapping.service ?? {};
  const material = identity && {
    certificateChain: identity.certificate,
    privateKey: identity.privateKey,
    certificateAuthorities,
  };
  const service = new RemoteService({
    endpoints,
    ...(material && { material }),
    attemptTimeout,
    totalTimeout,
    connectTimeout,
    retryDelay,
    maximumRequests,
    maximumConnections,
    clock: parts.clock,
    logger: parts.logger,
    timer: () => performance.now(),
  });
  return {
    authenticator: createRemoteAuthenticator({
      ...parts,
      service,
      ...(site !== undefined && { site }),
      explains: true,
    }),
    close: () => service.close(),
  };
}
