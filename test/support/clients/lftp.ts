/** lftp (GnuTLS) with a key in a file; it cannot use a key in a token, since it insists on a readable key file. */
import { type ClientResult, type ClientSession, type ClientStep, urlHost } from './client-session.ts';
import { runClient } from './run-client.ts';

const quoted = (value: string) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const text = ({ isText = false }) => (isText ? '-a ' : '');

function stepCommand(step: ClientStep): string {
  switch (step.do) {
    case 'list':
      return `ls ${quoted(step.path)}`;
    case 'upload':
      return `put ${text(step)}${quoted(step.local)} -o ${quoted(step.remote)}`;
    case 'download':
      return `get ${text(step)}${quoted(step.remote)} -o ${quoted(step.local)}`;
  }
}

/** @param commands of lftp itself, run behind the steps */
export function lftp(
  session: ClientSession,
  extraSettings: readonly string[] = [],
  commands: readonly string[] = [],
): Promise<ClientResult> {
  const { identity, tls, user, password = 'none' } = session;
  if (identity.kind === 'card') {
    throw new TypeError('lftp cannot use a card');
  }
  const files =
    identity.kind === 'files'
      ? [`set ssl:cert-file ${quoted(identity.certificateFile)}`, `set ssl:key-file ${quoted(identity.keyFile)}`]
      : [];
  const script = [
    'set cmd:fail-exit yes',
    'set cmd:interactive no',
    'set net:max-retries 1',
    'set net:timeout 10',
    'set net:reconnect-interval-base 1',
    'set ftp:ssl-force yes',
    'set ftp:ssl-protect-data yes',
    'set ssl:check-hostname yes',
    `set ssl:ca-file ${quoted(session.rootFile)}`,
    `set ssl:priority NORMAL:-VERS-ALL:+VERS-TLS${tls}${session.offersOlderTls ? ':+VERS-TLS1.2' : ''}`,
    ...files,
    ...(session.active ? ['set ftp:passive-mode no'] : []),
    ...extraSettings,
    `open -u ${quoted(user)},${quoted(password)} -p ${session.port} ${session.implicit ? 'ftps' : 'ftp'}://${urlHost(session)}`,
    ...session.steps.map(stepCommand),
    ...commands,
    'bye',
  ];
  return runClient('lftp', ['--norc'], {
    input: `${script.join('\n')}\n`,
    env: { HOME: '/nonexistent', LFTP_HOME: '/nonexistent', TERM: 'dumb' },
    ...(session.timeoutMs === undefined ? {} : { timeoutMs: session.timeoutMs }),
  });
}
