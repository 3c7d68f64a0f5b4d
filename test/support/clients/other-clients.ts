/** FTPS clients in other languages, each driven by a small program of its own: Perl, Ruby, PHP, Java, .NET (mono), Erlang; the npm package ftp, wget and rclone. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClientResult, type ClientSession, type ClientStep, urlHost } from './client-session.ts';
import { runClient } from './run-client.ts';

export interface OtherClient {
  /** What must be there for it to run. */
  readonly needs: { readonly programs: readonly string[]; readonly file?: string };
  readonly run: (session: ClientSession) => Promise<ClientResult>;
}

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const json = ({ timeoutMs: _, ...session }: ClientSession) => JSON.stringify(session);

/** What a folder of its own is for: a key store, a program that was compiled. */
async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-client-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns the file, PKCS #12 with the password `changeit`; undefined where the session has no certificate */
function keyStore({ identity }: ClientSession, folder: string): string | undefined {
  if (identity.kind !== 'files') return undefined;
  const store = join(folder, 'person.p12');
  const { certificateFile, keyFile } = identity;
  // The newest that mono reads.
  const forms = ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'];
  const files = ['-in', certificateFile, '-inkey', keyFile, '-out', store, ...forms];
  const { status, stderr } = spawnSync('openssl', ['pkcs12', '-export', ...files, '-passout', 'pass:changeit']);
  if (status !== 0) throw new Error(`openssl pkcs12: ${stderr}`);
  return store;
}

/** `name=value` lines, an empty one, then the steps with tabs. */
function lines(session: ClientSession, store: string | undefined): string {
  const { host = 'localhost', port, user, password = 'none', rootFile, tls, active, implicit } = session;
  const settings = Object.entries({
    ...{ host, urlHost: urlHost(session), port, user, password, rootFile, tls, keyStore: store },
    ...(active && { active: 'yes' }),
    ...(implicit && { implicit: 'yes' }),
  }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const step = (one: ClientStep) =>
    one.do === 'list' ? ['list', one.path].join('\t') : [one.do, one.remote, one.local].join('\t');
  return [...settings, '', ...session.steps.map(step), ''].join('\n');
}

const commonsNet = '/usr/share/java/commons-net.jar';

function java(session: ClientSession): Promise<ClientResult> {
  return inFolder((folder) =>
    runClient('java', ['-cp', commonsNet, program('CommonsNetClient.java')], {
      input: lines(session, keyStore(session, folder)),
    }),
  );
}

function mono(session: ClientSession): Promise<ClientResult> {
  return inFolder(async (folder) => {
    const compiled = join(folder, 'client.exe');
    const { status, stdout, stderr } = spawnSync('mcs', [`-out:${compiled}`, program('ftp-web-request.cs')]);
    if (status !== 0) throw new Error(`mcs: ${stdout}${stderr}`);
    return runClient('mono', [compiled], { input: lines(session, keyStore(session, folder)), env: { HOME: folder } });
  });
}

function erlang(session: ClientSession): Promise<ClientResult> {
  const { host = 'localhost', identity, tls, user, password = 'none', port, rootFile } = session;
  const text = (value: string) => JSON.stringify(value);
  const steps = session.steps.map((step) =>
    step.do === 'list'
      ? `{list, ${text(step.path)}}`
      : `{${step.do}, ${text(step.remote.replace(/^\//, ''))}, ${text(step.local)}}`,
  );
  const options = [
    `{cacertfile, ${text(rootFile)}}`,
    '{verify, verify_peer}',
    ...(identity.kind === 'files'
      ? [`{certfile, ${text(identity.certificateFile)}}`, `{keyfile, ${text(identity.keyFile)}}`]
      : []),
  ];
  const family = isIPv6(host) ? 'inet6' : 'inet';
  const term = `#{host => ${text(host)}, family => ${family}, port => ${port}, user => ${text(user)}, password => ${text(password)}, tls => 'tlsv${tls}',
    options => [${options.join()}], steps => [${steps.join()}]}.`;
  return inFolder((folder) =>
    runClient('escript', [program('erlang-client.escript')], { input: term, env: { HOME: folder } }),
  );
}

/** Downloads only. */
async function wget(session: ClientSession): Promise<ClientResult> {
  const { identity, tls, user, password = 'none', port, rootFile, implicit } = session;
  const files =
    identity.kind === 'files' ? [`--certificate=${identity.certificateFile}`, `--private-key=${identity.keyFile}`] : [];
  const common = [
    '--no-config',
    '--no-verbose',
    '--tries=1',
    '--timeout=15',
    `--ca-certificate=${rootFile}`,
    `--secure-protocol=TLSv1_${tls.slice(2)}`,
    ...(implicit ? ['--ftps-implicit'] : []),
    ...files,
    `--ftp-user=${user}`,
    `--ftp-password=${password}`,
  ];
  let result: ClientResult = { exitCode: 0, stdout: '', stderr: '', timedOut: false };
  for (const step of session.steps) {
    if (step.do !== 'download') throw new TypeError('wget only downloads');
    result = await runClient('wget', [
      ...common,
      `--output-document=${step.local}`,
      `ftps://${urlHost(session)}:${port}/${step.remote}`,
    ]);
    if (result.exitCode !== 0) break;
  }
  return result;
}

/** It shows no certificate of its own. */
async function rclone(session: ClientSession): Promise<ClientResult> {
  const { user, password = 'none', port } = session;
  const obscured = spawnSync('rclone', ['obscure', '-'], { input: password }).stdout.toString().trim();
  const remote = (path: string) => `site:${path.replace(/^\//, '')}`;
  const commandOf = (step: ClientStep) => {
    if (step.do === 'list') return ['lsl', remote(step.path)];
    return step.do === 'upload'
      ? ['copyto', step.local, remote(step.remote)]
      : ['copyto', remote(step.remote), step.local];
  };
  let all: ClientResult = { exitCode: 0, stdout: '', stderr: '', timedOut: false };
  for (const step of session.steps) {
    const result = await runClient(
      'rclone',
      ['--config', '/dev/null', '--retries', '1', '--low-level-retries', '1', ...commandOf(step)],
      {
        env: {
          RCLONE_CONFIG_SITE_TYPE: 'ftp',
          RCLONE_CONFIG_SITE_HOST: urlHost(session),
          RCLONE_CONFIG_SITE_PORT: String(port),
          RCLONE_CONFIG_SITE_USER: user,
          RCLONE_CONFIG_SITE_PASS: obscured,
          RCLONE_CONFIG_SITE_EXPLICIT_TLS: 'true',
          // Its trust store is that of the machine.
          RCLONE_CONFIG_SITE_NO_CHECK_CERTIFICATE: 'true',
        },
      },
    );
    all = { ...result, stdout: all.stdout + result.stdout, stderr: all.stderr + result.stderr };
    if (result.exitCode !== 0) break;
  }
  return all;
}

export const otherClients = {
  perl: {
    needs: { programs: ['perl'], file: '/usr/share/perl5/IO/Socket/SSL.pm' },
    run: (session) => runClient('perl', [program('perl-client.pl')], { input: json(session) }),
  },
  ruby: {
    needs: { programs: ['ruby'] },
    run: (session) => runClient('ruby', [program('ruby-client.rb')], { input: json(session) }),
  },
  php: {
    needs: { programs: ['php'] },
    run: (session) => runClient('php', [program('php-client.php')], { input: json(session) }),
  },
  java: { needs: { programs: ['javac'], file: commonsNet }, run: java },
  mono: { needs: { programs: ['mcs', 'mono'] }, run: mono },
  erlang: { needs: { programs: ['escript'] }, run: erlang },
  npmFtp: {
    needs: { programs: ['node'] },
    run: (session) => runClient(process.execPath, [program('npm-ftp-client.cjs')], { input: json(session) }),
  },
  wget: { needs: { programs: ['wget'] }, run: wget },
  rclone: { needs: { programs: ['rclone'] }, run: rclone },
} as const satisfies Readonly<Record<string, OtherClient>>;

/** Why a client cannot run on this machine; undefined where it can. */
export function missingOf({ needs: { programs, file } }: Pick<OtherClient, 'needs'>): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(':');
  const missing = programs.find((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return missing ?? (file !== undefined && !existsSync(file) ? file : undefined);
}
