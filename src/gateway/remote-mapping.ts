/** A site that asks remote mapping services: its settings become the options of the remote authenticator. */

import type { Clock } from '../clock.ts';
import type { LoadedSite } from '../config/load.ts';
import type { LoadedRemoteMapping } from '../config/service-material.ts';
import type { Decide } from '../login/decision.ts';
import type { AuthorizationPolicy } from '../login/login-policy.ts';
import type { Logger } from '../operations/log.ts';
import { decideRemotely } from '../service/remote-authenticator.ts';
import { RemoteService } from '../service/remote-service.ts';
import { milliseconds } from '../settings/units.ts';

/** Of more requests the service refuses most anyway: it bounds its decisions itself. */
const maximumRequests = 1000;
const maximumConnections = 64;
const connectTimeout = milliseconds(1000);
const retryDelay = milliseconds(10_000);

export interface RemoteDecision {
  readonly decide: Decide;
  close(): void;
}

export function remoteDecision(
  { settings: { authentication } }: LoadedSite,
  { settings, endpoints, identity, certificateAuthorities }: LoadedRemoteMapping,
  authorization: AuthorizationPolicy,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): RemoteDecision {
  const material = identity && {
    certificateChain: identity.certificate,
    privateKey: identity.privateKey,
    certificateAuthorities,
  };
  const service = new RemoteService({
    endpoints,
    material,
    settings,
    connectTimeout,
    retryDelay,
    maximumRequests,
    maximumConnections,
    clock,
    logger,
    timer: () => performance.now(),
  });
  const policy = {
    ...authorization,
    clientCertificate: authentication.clientCertAuthentication.enabled,
    service,
    site: settings.site,
    explains: true,
  };
  return { decide: decideRemotely.bind(undefined, policy), close: () => service.close() };
}
