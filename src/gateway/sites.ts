/** Puts a site together: from loaded settings to the options each module declares for itself. The only place that knows both sides. */
import type { LoadedSite } from '../config/load.ts';
import type { FtpServerOptions } from '../ftp/server-options.ts';
import { encodeCertificatePem } from '../pki/encoding/pem.ts';

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
