/** One running FTP front end for protocol tests: real TLS, real files, an authenticator that knows people by their certificate. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccessRights } from '../../src/authorization/access-rights.ts';
import type { AuthorizationRule } from '../../src/authorization/authorization-rules.ts';
import { requestFilterOf } from '../../src/authorization/request-filter.ts';
import type { VirtualDirectory } from '../../src/authorization/virtual-directories.ts';
import { systemClock, systemTimer } from '../../src/clock.ts';
import { denial } from '../../src/denial.ts';
import { ExternalNames, lookUpBySystem } from '../../src/ftp/data-ports/external-names.ts';
import type { Listeners } from '../../src/ftp/listening/listeners.ts';
import { createFtpServer, type FtpServer } from '../../src/ftp/server.ts';
import type { FtpServerOptions } from '../../src/ftp/server-options.ts';
import type { Binding } from '../../src/ftp/server-settings.ts';
import { UploadsInProgress } from '../../src/ftp/uploads-in-progress.ts';
import { newModes } from '../../src/gateway/site-storage.ts';
import type { Authenticator, LoginRequest, Verdict } from '../../src/login/authenticator.ts';
import type { AuditRecord } from '../../src/operations/audit.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { createReference } from '../../src/operations/reference.ts';
import { milliseconds } from '../../src/settings/units.ts';
import { createCertificateAuthority } from '../../src/smartcard/authority/certificate-authority.ts';
import { extendedKeyUsages } from '../../src/smartcard/authority/certificate-extensions.ts';
import { generateSoftwareKey } from '../../src/smartcard/authority/software-key.ts';
import { HomeLocation } from '../../src/storage/home-location.ts';
import { openLocalStorage } from '../../src/storage/local-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { openTreeStorage } from '../../src/storage/tree/tree-storage.ts';
import { VirtualTree } from '../../src/storage/tree/virtual-tree.ts';
import { authorize } from './authorize.ts';
import { ControlClient, type TlsIdentity } from './control-client.ts';
import { type FtpSettingChanges, ftpSettings } from './ftp-settings.ts';
import { recordingTrail } from './recording-trail.ts';

export interface TestIdentities {
  readonly server: { readonly certificate: string; readonly privateKey: string };
  readonly caPem: string;
  /** Her certificate logs her in. */
  readonly ada: { readonly cert: string; readonly key: string };
  /** Another person’s valid certificate. */
  readonly bob: { readonly cert: string; readonly key: string };
}

const day = 86_400_000;

/** @param host the name of the server */
export async function createIdentities(host = 'localhost'): Promise<TestIdentities> {
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
  const authority = await createCertificateAuthority({ subject: 'Test CA', keyType: 'P-256', validity });
  const person = async (name: string) => {
    const privateKey = await generateSoftwareKey('P-256');
    const purposes = [extendedKeyUsages.clientAuth];
    const issued = await authority.issue({
      subject: name,
      publicKey: privateKey,
      ...validity,
      extendedKeyUsage: purposes,
    });
    return { cert: issued.pem, key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
  };
  const server = await authority.issueServerCertificate({ dnsNames: [host], ...validity });
  return {
    server: { certificate: `${server.pem}${server.chainPem}`, privateKey: server.privateKeyPem },
    caPem: authority.certificatePem,
    ada: await person('ada'),
    bob: await person('bob'),
  };
}

export interface ProtocolSite {
  readonly server: FtpServer;
  readonly port: number;
  readonly implicitPort: number;
  readonly home: string;
  readonly identities: TestIdentities;
  readonly requests: LoginRequest[];
  readonly audit: AuditRecord[];
  /** Waits until an audit record satisfies the condition. */
  record(condition: (record: AuditRecord) => boolean): Promise<AuditRecord>;
  connect(localAddress?: string): Promise<ControlClient>;
  /** A control connection on which Ada is logged in by her certificate, with PROT P and TYPE I. */
  loggedIn(tls?: TlsIdentity): Promise<ControlClient>;
  close(): Promise<void>;
}

export interface SiteChanges extends FtpSettingChanges, Partial<Omit<FtpServerOptions, 'site' | 'identity'>> {
  /** Of the site; Ada may read and write everywhere unless they deny it. */
  readonly rules?: readonly AuthorizationRule[];
  readonly wrapStorage?: (storage: Storage) => Storage;
  /** Laid over the home; their physical paths exist and belong to the test. */
  readonly virtualDirectories?: readonly VirtualDirectory[];
  /** Beside the certificate of `localhost`. */
  readonly furtherIdentities?: FtpServerOptions['identity']['furtherIdentities'];
  /** `test` without one. */
  readonly name?: string;
  /** Those of another site, to share its address and port. */
  readonly listeners?: Listeners;
  /** In place of the certificate of `localhost`. */
  readonly ownIdentity?: TestIdentities['server'];
  /** In place of those of the CA of the clients. */
  readonly caNames?: readonly string[];
  /** As if there were hardly room for records any more. */
  readonly transferObstacle?: string;
}

const bindings: readonly Binding[] = [
  { address: '127.0.0.1', port: 0, tls: 'explicit' },
  { address: '127.0.0.1', port: 0, tls: 'implicit' },
];

const messages = { bannerMessage: 'Ready.', greetingMessage: 'Welcome.' };

export async function startSite(identities: TestIdentities, changes: SiteChanges = {}): Promise<ProtocolSite> {
  const home = await mkdtemp(join(tmpdir(), 'cardgate-protocol-'));
  const requests: LoginRequest[] = [];
  const audit: AuditRecord[] = [];
  const watchers = new Set<() => void>();
  const {
    rules = [],
    wrapStorage = (storage: Storage) => storage,
    furtherIdentities = [],
    transferObstacle,
    virtualDirectories = [],
    name = 'test',
    listeners,
    ownIdentity = identities.server,
    caNames = [identities.caPem],
    ...options
  } = changes;
  const tree = new VirtualTree(new HomeLocation(home), virtualDirectories);
  const serverOptions: FtpServerOptions = {
    site: { ...ftpSettings({ bindings, messages, ...changes }), name },
    identity: { ...ownIdentity, furtherIdentities, caNames },
    authenticator: certificateAuthenticator(identities, requests, rightsUnder(rules), changes),
    openStorage: async (_login, rights, { fileHandling, directoryBrowse, requestFiltering }) => {
      const filter = requestFilterOf(requestFiltering);
      return wrapStorage(
        await openTreeStorage({
          tree,
          open: ({ path, at }) =>
            openLocalStorage({ homeDirectory: path, part: { tree, at }, rights, filter, ...newModes(fileHandling) }),
          showsVirtualDirectories: directoryBrowse.showVirtualDirectories,
          filter,
        }),
      );
    },
    logger: silentLogger,
    clock: systemClock,
    timer: systemTimer,
    uploads: new UploadsInProgress(),
    reverseNames: { namesOf: async () => ({ outcome: 'unknown', reason: 'no test looks names up' }) },
    externalNames: new ExternalNames({ lookUp: lookUpBySystem, timer: systemTimer, logger: silentLogger }),
    ...options,
    audit: {
      ...recordingTrail((record) => {
        audit.push(record);
        for (const watch of watchers) watch();
      }),
      transferObstacle,
    },
  };
  const server = createFtpServer(serverOptions, listeners);
  const [explicit, implicit] = await server.listen().catch(async (error: unknown) => {
    await rm(home, { recursive: true, force: true });
    throw error;
  });
  const connect = async (localAddress?: string) => {
    const client = await ControlClient.connect(explicit!.port, localAddress);
    await client.reply();
    return client;
  };
  return {
    server,
    port: explicit!.port,
    implicitPort: implicit?.port ?? 0,
    home,
    identities,
    requests,
    audit,
    record: (condition) =>
      new Promise((resolve) => {
        const watch = () => {
          const found = audit.find(condition);
          if (!found) return;
          watchers.delete(watch);
          resolve(found);
        };
        watchers.add(watch);
        watch();
      }),
    connect,
    loggedIn: async (tls = {}) => {
      const client = await connect();
      await client.secure({ ...identities.ada, ...tls });
      await client.logIn('ada');
      return client;
    },
    close: async () => {
      await server.close(milliseconds(0));
      await rm(home, { recursive: true, force: true });
    },
  };
}

function rightsUnder(rules: readonly AuthorizationRule[]): AccessRights {
  const everything: AuthorizationRule = { accessType: 'Allow', users: '*', permissions: ['Read', 'Write'], path: '/' };
  const outcome = authorize([everything, ...rules], { accountName: 'ada', groups: [] });
  if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
  return outcome.accessRights;
}

/** Ada by her certificate, or by the password `secret` where no certificate is required; `both` needs the two; all others are refused. */
function certificateAuthenticator(
  identities: TestIdentities,
  requests: LoginRequest[],
  accessRights: AccessRights,
  { sslClientCertificates: { clientCertificatePolicy = 'CertRequire' } = {} }: SiteChanges,
): Authenticator {
  const adaDer = derOf(identities.ada.cert);
  return {
    authenticate: async (request, objection): Promise<Verdict> => {
      requests.push(request);
      const reference = createReference();
      const certificate = request.peerCertificates[0];
      const isAda = certificate?.equals(adaDer) ?? false;
      const mayHavePassword = !certificate && clientCertificatePolicy !== 'CertRequire';
      const isAsked = mayHavePassword || (request.claimedName === 'both' && isAda);
      if (isAsked && request.password === undefined) {
        return { outcome: 'password-required' };
      }
      if (request.claimedName === 'down') {
        return { outcome: 'unavailable', denial: denial('directory-unavailable', 'No answer.'), reference };
      }
      if (!isAda && request.password !== 'secret') {
        const code = certificate ? 'mapping-none' : 'certificate-missing';
        return { outcome: 'denied', denial: denial(code, 'Not Ada.'), reference };
      }
      const certificateSha256 = certificate ? createHash('sha256').update(certificate).digest('hex') : '';
      const login = {
        accountName: request.claimedName,
        directory: 'test',
        homeDirectory: '/',
        accessRights,
        authenticationMethod: certificate ? ('certificate' as const) : ('password' as const),
        certificateSha256,
        validUntil: new Date(Date.now() + 3_600_000),
        recheck: async () => undefined,
      };
      const refusal = await objection?.(login, {});
      if (refusal) return { outcome: 'denied', denial: refusal, reference };
      return { outcome: 'granted', login, reference };
    },
  };
}

export function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/gu, ''), 'base64');
}
