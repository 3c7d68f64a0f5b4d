/** A mapping service in this process over a real configuration on disk, and ways to ask it over its Unix socket or its TLS port. */
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { systemClock, systemTimer } from '../../../src/clock.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { createLogins } from '../../../src/gateway/logins.ts';
import { noHomes } from '../../../src/gateway/mapping-service.ts';
import type { AuditRecord, LoginAttempt } from '../../../src/operations/audit.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import {
  createMappingServer,
  type MappingServer,
  type MappingServerOptions,
} from '../../../src/service/mapping-server.ts';
import { mappingService } from '../../../src/service/service-settings.ts';
import type { Person } from '../../support/pki.ts';
import { recordingTrail } from '../../support/recording-trail.ts';

export interface Reply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

export interface TlsMaterial {
  readonly cert?: string;
  readonly key?: string;
  readonly ca: string;
}

export interface ServiceWorld {
  /** `unix:` and a path, or a URL. */
  readonly address: string;
  readonly records: readonly LoginAttempt[];
  ask(question: Question, tls?: TlsMaterial): Promise<Reply>;
  close(): Promise<void>;
  renew: MappingServer['renew'];
}

const settingsBesideListeners = mappingService.omit({ listeners: true });

export type ServiceSettings = Partial<Pick<MappingServerOptions, 'listener' | 'logger' | 'clock'>> &
  z.input<typeof settingsBesideListeners>;

export const temporarySocket = () => join(tmpdir(), `cg-${randomUUID().slice(0, 8)}.sock`);

export async function startService(configurationFile: string, given: ServiceSettings = {}): Promise<ServiceWorld> {
  const {
    listener = { socket: temporarySocket(), mode: 0o660 },
    logger = silentLogger,
    clock = systemClock,
    ...settings
  } = given;
  const records: LoginAttempt[] = [];
  const audit = recordingTrail((record: AuditRecord) => void (record.event === 'login' && records.push(record)));
  const configuration = loadConfiguration(configurationFile, systemClock);
  const logins = createLogins(
    configuration,
    { audit, logger: silentLogger, clock: systemClock, timer: systemTimer },
    noHomes,
  );
  const server = createMappingServer({
    sites: configuration.sites.map(({ settings: { name } }) => name),
    resolve: (site, request, steps) => logins.sites.get(site)!.resolve(request, { purpose: 'login', steps }),
    listener,
    settings: settingsBesideListeners.parse({ explainCallers: ['unix'], ...settings }),
    logger,
    clock,
    timer: systemTimer,
  });
  const address = await server.listen();
  return {
    address,
    records,
    ask: (question, tls) => askAt(address, question, tls),
    renew: server.renew,
    close: async () => {
      await server.close(0);
      await logins.close();
    },
  };
}

export function askAt(address: string, { method = 'GET', path, headers = {}, body }: Question, tls?: TlsMaterial) {
  return new Promise<Reply>((resolve, reject) => {
    const options = { method, path, headers, agent: false as const };
    const request = address.startsWith('unix:')
      ? httpRequest({ ...options, socketPath: address.slice(5) })
      : httpsRequest({ ...options, ...tls, host: '127.0.0.1', port: new URL(address).port });
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
      response.once('error', reject);
    });
    request.end(body);
  });
}

export const json = (body: unknown, path = '/v1/resolve'): Question => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

export const certificatesOf = ({ der }: Person, ...more: readonly Buffer[]) =>
  [der, ...more].map((one) => one.toString('base64'));
