/** Puts a site together: from loaded settings to the options each module declares for itself. The only place that knows both sides. */
import { type AuthorizationOutcome, authorize } from '../authorization/authorization-rules.ts';
import {
  findHomeDirectory,
  foreseeHomeDirectory,
  type HomeOutcome,
  type UserIsolation,
} from '../authorization/home-directory.ts';
import type { LoadedSite } from '../config/load.ts';
import { denial } from '../denial.ts';
import type { DirectoryAccount, Group } from '../directory/directory.ts';
import { errorMessage } from '../error-message.ts';
import type { StepRecorder } from '../explanation.ts';
import type { FtpServerOptions } from '../ftp/server-options.ts';
import type { Authorization } from '../login/authenticate.ts';
import { encodeCertificatePem } from '../pki/pem.ts';
import type { FileOperations } from '../storage/file-operations.ts';
import { defined } from './defined.ts';

/** IIS’s rule: port 990 is implicit unless the binding says otherwise. */
const implicitPort = 990;

export function isImplicit(port: number, tls: 'explicit' | 'implicit' | undefined): boolean {
  return (tls ?? (port === implicitPort ? 'implicit' : 'explicit')) === 'implicit';
}

export type SiteServerOptions = Omit<
  FtpServerOptions,
  'authenticator' | 'openStorage' | 'audit' | 'logger' | 'clock' | 'timer'
>;

export function serverOptions({ settings, server, trustAnchors }: LoadedSite): SiteServerOptions {
  const { ssl, connections, firewallSupport, messages, sslClientCertificates, fileHandling } = settings;
  const { lowDataChannelPort: low, highDataChannelPort: high, externalIp4Address } = firewallSupport;
  return {
    bindings: settings.bindings.map(({ address, port, tls }) => ({
      address,
      port,
      tls: isImplicit(port, tls) ? 'implicit' : 'explicit',
    })),
    tls: {
      certificateChain: server.certificate,
      privateKey: server.privateKey,
      caNames: trustAnchors.map(({ der }) => encodeCertificatePem(der)),
      minimumVersion: ssl.minimumVersion,
      maximumVersion: ssl.maximumVersion,
      ...(ssl.signatureAlgorithms && { signatureAlgorithms: ssl.signatureAlgorithms }),
    },
    clientCertificatePolicy: sslClientCertificates.clientCertificatePolicy,
    controlChannelPolicy: ssl.controlChannelPolicy,
    dataChannelPolicy: ssl.dataChannelPolicy,
    dataChannelBinding: settings.dataChannelSecurity.dataChannelBinding,
    truncatedUploads: fileHandling.uploadWithoutCloseNotify,
    allowReplaceOnRename: fileHandling.allowReplaceOnRename,
    timeouts: {
      controlChannel: connections.controlChannelTimeout,
      dataChannel: connections.dataChannelTimeout,
      unauthenticated: connections.unauthenticatedTimeout,
      handshake: connections.handshakeTimeout,
      uploadEnd: fileHandling.uploadEndDelay,
      loginRecheck: connections.loginRecheckInterval,
    },
    limits: {
      maxConnections: connections.maxConnections,
      maxConnectionsPerAddress: connections.maxConnectionsPerAddress,
      maxLoginFailures: connections.maxLoginFailures,
      maxCommandLine: settings.commandFiltering.maxCommandLine,
      minBytesPerSecond: connections.minBytesPerSecond,
    },
    passive: {
      ...(low > 0 && { ports: { low, high } }),
      ...(externalIp4Address && { externalAddress: externalIp4Address }),
    },
    messages: {
      banner: messages.bannerMessage,
      greeting: messages.greetingMessage,
      exit: messages.exitMessage,
    },
  };
}

/** What rights and home depend on, besides groups. */
type HomeOwner = Pick<DirectoryAccount, 'accountName' | 'directory' | 'homeDirectory'>;

/** What an account may do under the authorization rules of the site. */
export function rightsOf({ settings }: LoadedSite) {
  const rules = settings.authorization.map(defined);
  return ({ accountName }: HomeOwner, groups: readonly Group[], steps: StepRecorder): AuthorizationOutcome => {
    const rights = authorize(rules, { accountName, groups });
    steps.record({
      stage: 'authorization',
      check: 'authorization rules',
      verdict: rights.outcome === 'denied' ? 'failed' : 'passed',
      facts:
        rights.outcome === 'denied'
          ? rights.denial.facts
          : { read: rights.accessRights.allows('Read', '/'), write: rights.accessRights.allows('Write', '/') },
    });
    return rights;
  };
}

/** What rights and homes are decided by; a remote mapping service tells no more of an account. */
export type AuthorizedAccount = Pick<DirectoryAccount, 'accountName' | 'directory' | 'homeDirectory' | 'dnsDomain'> &
  Partial<Pick<DirectoryAccount, 'id'>>;

/** Rights and home of a mapped account under the rules of the site; a home is made where the settings want it. */
export function authorizer(site: LoadedSite, files?: FileOperations) {
  return authorizerBy(site, files ? (...wanted) => findHomeInTurn(files, wanted) : findHomeDirectory);
}

/** It looks at the root and at the home together. */
const homeThreads = 2;

/** In turn with the other operations of the site; accounts whose homes hang do not keep others from finding theirs. */
async function findHomeInTurn(
  files: FileOperations,
  wanted: Parameters<typeof findHomeDirectory>,
): Promise<HomeOutcome> {
  const [{ root }, { accountName, directory, homeDirectory }] = wanted;
  try {
    const caller = { home: `${root}: home of ${accountName} (${directory})`, overdue: 0 };
    return await files.run(caller, 'find the home', () => findHomeDirectory(...wanted), { weight: homeThreads });
  } catch (error) {
    const facts = { accountName, homeDirectory, root };
    return { outcome: 'denied', denial: denial('home-unavailable', errorMessage(error), facts) };
  }
}

/** The same decision for explanations: no home is made. */
export function foreseeingAuthorizer(site: LoadedSite) {
  return authorizerBy(site, foreseeHomeDirectory);
}

function authorizerBy(site: LoadedSite, findHome: typeof findHomeDirectory) {
  const isolation = userIsolation(site);
  const findRights = rightsOf(site);
  return async (account: AuthorizedAccount, groups: readonly Group[], steps: StepRecorder): Promise<Authorization> => {
    const rights = findRights(account, groups, steps);
    if (rights.outcome === 'denied') return rights;
    const home = await findHome(isolation, {
      ...account,
      ...(account.dnsDomain !== undefined && { domain: account.dnsDomain }),
    });
    steps.record({
      stage: 'authorization',
      check: 'home directory',
      verdict: home.outcome === 'denied' ? 'failed' : 'passed',
      facts:
        home.outcome === 'denied'
          ? home.denial.facts
          : { home: home.homeDirectory, ...(home.wouldBeMade && { wouldBeMade: 'by the first login' }) },
    });
    if (home.outcome === 'denied') return home;
    return { outcome: 'authorized', homeDirectory: home.homeDirectory, accessRights: rights.accessRights };
  };
}

function userIsolation({ settings, physicalPath: root }: LoadedSite): UserIsolation {
  const { mode, createHome, template = '', replacePrefixes } = settings.userIsolation;
  const creation = { createHome: createHome ? 'atLogin' : 'never' } as const;
  switch (mode) {
    case 'None':
      return { root, mode };
    case 'IsolateAllDirectories':
      // Namesakes in two directories must not share a home.
      return { root, mode, layout: settings.directories.length > 1 ? 'directoryAndAccount' : 'account', ...creation };
    case 'Template':
      return { root, mode, template, ...creation };
    case 'DirectoryAttribute':
      return { root, mode, replacePrefixes, ...creation };
  }
}
