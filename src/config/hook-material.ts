/** What the hooks of a site need besides their settings: programs that can be run and that no other user can change, sockets, identities, authorities. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { type HookName, hookNames } from '../hooks/hook-event.ts';
import type { HookSettings } from '../hooks/hook-settings.ts';
import type { SettingPath } from '../schema-faults/setting-path.ts';
import type { MaterialReader } from './material.ts';
import { readIdentity, type ServerIdentity } from './server-identity.ts';
import { fileReason } from './yaml/file-reason.ts';

export interface LoadedHook {
  readonly name: HookName;
  readonly settings: HookSettings;
  readonly target:
    | { readonly kind: 'program'; readonly program: readonly string[] }
    | { readonly kind: 'socket'; readonly socket: string }
    | {
        readonly kind: 'url';
        readonly url: string;
        readonly identity: ServerIdentity | undefined;
        readonly certificateAuthorities: readonly string[];
      };
}

export function loadHooks(
  reader: MaterialReader,
  setting: SettingPath,
  hooks: Readonly<Partial<Record<HookName, HookSettings | undefined>>> | undefined,
  now: Date,
): readonly LoadedHook[] {
  return hookNames.flatMap((name) => {
    const settings = hooks?.[name];
    const target = settings && loadTarget(reader, [...setting, name], settings, now);
    return target ? [{ name, settings, target }] : [];
  });
}

function loadTarget(
  reader: MaterialReader,
  setting: SettingPath,
  settings: HookSettings,
  now: Date,
): LoadedHook['target'] | undefined {
  const { program, socket, url } = settings;
  const given = [program, socket, url].filter((one) => one !== undefined).length;
  if (given !== 1) {
    const found = given === 0 ? 'names nothing that can be asked' : 'names several things that are to be asked';
    const causes = ['program', 'socket', 'url'].map((name) => [...setting, name]);
    reader.source.fault(setting, found, 'Give one of program, socket and url.', causes);
    return undefined;
  }
  if (url === undefined) warnOfTls(reader, setting, settings);
  if ((settings.clientCertificate === undefined) !== (settings.clientCertificateKey === undefined)) {
    const message = 'clientCertificate and clientCertificateKey belong together';
    reader.source.fault([...setting, 'clientCertificate'], message, 'Give both or neither.');
  }
  if (program) return loadProgram(reader, [...setting, 'program', 0], program);
  if (socket !== undefined) return { kind: 'socket', socket: reader.resolve(socket) };
  return url === undefined ? undefined : loadUrl(reader, setting, { ...settings, url }, now);
}

/** What a program and a Unix socket have no use for. */
function warnOfTls(reader: MaterialReader, setting: SettingPath, settings: HookSettings): void {
  const given = [
    ...(settings.certificateAuthorities.length > 0 ? ['certificateAuthorities'] : []),
    ...(['clientCertificate', 'clientCertificateKey'] as const).filter((name) => settings[name] !== undefined),
  ];
  for (const name of given) {
    const causes = [
      [...setting, name],
      [...setting, 'url'],
    ];
    reader.source.warning([...setting, name], `${name} is for a url, and the hook has none`, 'Remove it.', causes);
  }
}

function loadUrl(
  reader: MaterialReader,
  setting: SettingPath,
  {
    url,
    clientCertificate,
    clientCertificateKey,
    certificateAuthorities: names,
  }: HookSettings & { readonly url: string },
  now: Date,
): LoadedHook['target'] {
  if (names.length === 0) {
    const remedy = 'Name the CA that issued the certificate of the URL; those of the system do not count.';
    reader.source.fault([...setting, 'certificateAuthorities'], 'names no CA for the certificate of the URL', remedy);
  }
  const identity =
    clientCertificate !== undefined && clientCertificateKey !== undefined
      ? readIdentity(
          reader,
          {
            certificate: { setting: [...setting, 'clientCertificate'], file: clientCertificate },
            key: { setting: [...setting, 'clientCertificateKey'], file: clientCertificateKey },
          },
          now,
        )
      : undefined;
  const certificateAuthorities = reader.authorities([...setting, 'certificateAuthorities'], names);
  return { kind: 'url', url, identity, certificateAuthorities };
}

const othersMayWrite = 0o022;

/** A user who may change the program, or a folder above it, decides what the service runs. */
function loadProgram(
  reader: MaterialReader,
  setting: SettingPath,
  program: readonly string[],
): LoadedHook['target'] | undefined {
  const [path = ''] = program;
  const problem = programProblem(path);
  if (problem) reader.source.fault(setting, ...problem);
  return problem ? undefined : { kind: 'program', program };
}

function programProblem(path: string): readonly [message: string, remedy: string] | undefined {
  if (!isAbsolute(path)) return [`${path} is not an absolute path`, 'Write the whole path; nothing is searched for.'];
  try {
    if (!statSync(path).isFile()) return [`${path} is not a file`, 'Name a program.'];
    accessSync(path, constants.X_OK);
    for (let place = path; ; place = dirname(place)) {
      const { mode } = statSync(place);
      // In a folder with the sticky bit, as /tmp, no user replaces what another owns.
      const isSticky = place !== path && (mode & 0o1000) !== 0;
      if ((mode & othersMayWrite) !== 0 && !isSticky)
        return [
          `${place} can be written by others than its owner, who then decide what the service runs`,
          `chmod go-w ${place}`,
        ];
      if (place === dirname(place)) return undefined;
    }
  } catch (error) {
    return [
      `cannot run ${path}: ${fileReason(error)}`,
      'Correct the path, or make the file executable for the service.',
    ];
  }
}
