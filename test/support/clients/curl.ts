/** curl: with a card through the OpenSSL engine of libp11, or with a key in a file. Options go in on standard input, so no PIN is seen. */
import {
  type ClientIdentity,
  type ClientResult,
  type ClientSession,
  type ClientStep,
  urlHost,
} from './client-session.ts';
import { runClient } from './run-client.ts';

type CurlOption = string | readonly [string, string];

function identityOptions(identity: ClientIdentity): readonly CurlOption[] {
  switch (identity.kind) {
    case 'none':
      return [];
    case 'files':
      return [
        ['cert', identity.certificateFile],
        ['key', identity.keyFile],
      ];
    case 'card':
      return [
        ['engine', 'pkcs11'],
        ['cert-type', 'ENG'],
        ['cert', `${identity.card.uri};type=cert`],
        ['key-type', 'ENG'],
        ['key', `${identity.card.uri};type=private?pin-value=${encodeURIComponent(identity.pin)}`],
      ];
  }
}

function stepOptions(step: ClientStep, base: string): readonly CurlOption[] {
  const url = (path: string) => `${base}/${path.replace(/^\//, '').split('/').map(encodeURIComponent).join('/')}`;
  switch (step.do) {
    case 'list':
      return [['url', url(step.path.endsWith('/') ? step.path : `${step.path}/`)]];
    case 'upload':
      return [['url', url(step.remote)], ['upload-file', step.local], ...(step.isText ? ['use-ascii'] : [])];
    case 'download':
      return [['url', url(step.remote)], ['output', step.local], ...(step.isText ? ['use-ascii'] : [])];
  }
}

const quoted = (value: string) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
const write = (option: CurlOption) => (typeof option === 'string' ? option : `${option[0]} = ${quoted(option[1])}`);

function environment(identity: ClientIdentity): Readonly<Record<string, string>> {
  if (identity.kind !== 'card') return {};
  const { module, softHsmConfiguration, environment: more } = identity.card;
  const softHsm = softHsmConfiguration === undefined ? {} : { SOFTHSM2_CONF: softHsmConfiguration };
  return { PKCS11_MODULE_PATH: module, ...softHsm, ...more };
}

/** @param extra options by their long names, for every step, for example `verbose` or `['quote', 'NOOP']`. */
export function curl(session: ClientSession, extra: readonly CurlOption[] = []): Promise<ClientResult> {
  const { identity, tls, user, password = '', rootFile } = session;
  const base = `${session.implicit ? 'ftps' : 'ftp'}://${urlHost(session)}:${session.port}`;
  const common: readonly CurlOption[] = [
    'silent',
    'show-error',
    'fail-early',
    session.clearData ? 'ftp-ssl-control' : 'ssl-reqd',
    ...(tls === '1.2'
      ? (['tlsv1.2', ['tls-max', '1.2']] as const)
      : ([session.offersOlderTls ? 'tlsv1.2' : 'tlsv1.3'] as const)),
    ['cacert', rootFile],
    ['user', `${user}:${password}`],
    ...identityOptions(identity),
    ...(session.active ? ([['ftp-port', '-']] as const) : []),
    ...extra,
  ];
  const blocks = session.steps.map((step) => [...common, ...stepOptions(step, base)].map(write).join('\n'));
  return runClient('curl', ['--disable', '--config', '-'], {
    input: `${blocks.join('\nnext\n')}\n`,
    env: { ...environment(identity), ...session.env },
    ...(session.timeoutMs === undefined ? {} : { timeoutMs: session.timeoutMs }),
  });
}
