/** What the mapping service and its callers need besides their settings: identities and certification authorities. */

import type { SettingPath } from '../schema-faults/setting-path.ts';
import type { remoteService } from '../service/remote-service.ts';
import type { MappingServiceSettings, ServiceListener } from '../service/service-settings.ts';
import type { Decoded } from '../settings/decoded.ts';
import { checkServerCertificate } from './checks/server-name-check.ts';
import type { MaterialReader } from './material.ts';
import { readIdentity, type ServerIdentity } from './server-identity.ts';
import { findGid } from './system-group.ts';

export function loadListeners(
  reader: MaterialReader,
  { listeners }: MappingServiceSettings,
  now: Date,
): readonly ServiceListener[] {
  return listeners.flatMap((listener, index): readonly ServiceListener[] => {
    const setting = ['mappingService', 'listeners', index];
    if ('socket' in listener) {
      const socket = reader.output([...setting, 'socket'], listener.socket, 'socket');
      const gid = listener.group === undefined ? undefined : gidOf(reader, [...setting, 'group'], listener.group);
      return [{ socket, mode: Number.parseInt(listener.mode, 8), gid }];
    }
    const { address, port } = listener;
    const files = {
      certificate: { setting: [...setting, 'certificate'], file: listener.certificate },
      key: { setting: [...setting, 'certificateKey'], file: listener.certificateKey },
    };
    const identity = readIdentity(reader, files, now);
    if (identity) checkServerCertificate(reader.source, [...setting, 'certificate'], identity.certificate, now);
    const callerAuthorities = reader.authorities([...setting, 'callerAuthorities'], listener.callerAuthorities);
    if (!identity) return [];
    const { certificate: certificateChain, privateKey } = identity;
    return [{ address, port, certificateChain, privateKey, callerAuthorities }];
  });
}

function gidOf(reader: MaterialReader, setting: SettingPath, group: string | number): number | undefined {
  const gid = typeof group === 'number' ? group : findGid(group);
  if (gid === undefined) {
    const remedy = 'Create the group, correct its name, or give its number.';
    reader.source.fault(setting, `names the group ${group}, which this machine does not have`, remedy);
  }
  return gid;
}

type RemoteMappingSettings = Decoded<typeof remoteService>;

/** How a site asks remote mapping services. */
export interface LoadedRemoteMapping {
  readonly settings: RemoteMappingSettings;
  readonly endpoints: readonly ({ readonly socket: string } | { readonly url: string })[];
  readonly identity: ServerIdentity | undefined;
  readonly certificateAuthorities: readonly string[];
}

export function loadRemoteMapping(
  reader: MaterialReader,
  site: SettingPath,
  service: RemoteMappingSettings,
  now: Date,
): LoadedRemoteMapping {
  const setting = [...site, 'mapping', 'service'];
  const { certificate, certificateKey } = service;
  const identity =
    certificate !== undefined && certificateKey !== undefined
      ? readIdentity(
          reader,
          {
            certificate: { setting: [...setting, 'certificate'], file: certificate },
            key: { setting: [...setting, 'certificateKey'], file: certificateKey },
          },
          now,
        )
      : undefined;
  return {
    settings: service,
    endpoints: service.endpoints.map((endpoint) =>
      'socket' in endpoint ? { socket: reader.resolve(endpoint.socket) } : endpoint,
    ),
    identity,
    certificateAuthorities: reader.authorities([...setting, 'certificateAuthorities'], service.certificateAuthorities),
  };
}
