/** From the mappingService settings to the options of the service. */
import type { Configuration } from '../config/load.ts';
import type { MappingServerOptions } from '../service/mapping-server.ts';

type OwnOptions = 'sites' | 'resolve' | 'logger' | 'clock' | 'timer' | 'listener';

/** Everything about the service that a configuration says. */
export interface MappingServiceOptions extends Omit<MappingServerOptions, OwnOptions> {
  /** At least one. */
  readonly listeners: readonly MappingServerOptions['listener'][];
}

/** @returns undefined when the configuration has no mappingService */
export function mappingServiceOptions({ settings, listeners }: Configuration): MappingServiceOptions | undefined {
  const { mappingService } = settings;
  if (!mappingService) return undefined;
  const { certificateHeader, certificateEncoding, addressHeader, explainCallers } = mappingService;
  const { maximumConnections, maximumDecisions, decisionTimeout } = mappingService;
  return {
    listeners: listeners.map((listener) => {
      if ('socket' in listener) return listener;
      const { identity, ...others } = listener;
      return { ...others, certificateChain: identity.certificate, privateKey: identity.privateKey };
    }),
    certificateHeader: { name: certificateHeader, encoding: certificateEncoding },
    ...(addressHeader !== undefined && { addressHeader }),
    explainCallers,
    maximumConnections,
    limits: { maximumDecisions, decisionTimeout },
  };
}
