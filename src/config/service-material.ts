/** What the mapping service and its callers need besides their settings: identities and certification authorities. */

import type { SettingPath } from '../schema-faults/setting-path.ts';
import type { remoteService } from '../service/remote-service.ts';
import type { Decoded } from '../settings/decoded.ts';
import { checkServerCertificate } from './checks/server-name-check.ts';
import type { MappingServiceSettings } from './mapping-service-schema.ts';
import type { MaterialReader } from './material.ts';
import { readIdentity, type ServerIdentity } from './server-identity.ts';
import { findGid } from './system-group.ts';

/** As the service’s listeners want it: absolute paths, PEM. */
export type LoadedListener =
  | { readonly socket: string; readonly mode: number; readonly gid?: number }
  | {
      readonly address: string;
      readonly port: number;
      readonly identity: ServerIdentity;
      readonly callerAuthorities: readonly string[];
    };

export function loadListeners(
  reader: MaterialReader,
  { listeners }: MappingServiceSettings,
  now: Date,
): readonly LoadedListener[] {
  return listeners.flatMap((listener, index): readonly LoadedListener[] => {
    const setting = ['mappingService', 'listeners', index];
    if ('socket' in listener) {
      const socket = reader.output([...setting, 'socket'], listener.socket, 'socket');
      const gid = listener.group === undefined ? undefined : gidOf(reader, [...setting, 'group'], listener.group);
      return [{ socket, mode: Number.parseInt(listener.mode, 8), ...(gid !== undefined && { gid }) }];
    }
    const { address, port, certificate, certificateKey } = listener;
    const files = {
      certificate: { setting: [...setting, 'certificate'], file: certificate },
      key: { setting: [...setting, 'certificateKey'], file: certificateKey },
    };
    const identity = readIdentity(reader, files, now);
    if (identity) checkServerCertificate(reader.source, [...setting, 'certificate'], identity.certificate, now);
    const callerAuthorities = reader.authorities([...setting, 'callerAuthorities'], listener.callerAuthorities);
    return identity ? [{ address, port, identity, callerAuthorities }] : [];
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
