/** Several sites on one address and port, each with a certificate of its own name, for the tests of one file. */
import { afterEach } from 'vitest';
import { Listeners } from '../../src/ftp/listening/listeners.ts';
import { UploadsInProgress } from '../../src/ftp/uploads-in-progress.ts';
import type { AuditRecord } from '../../src/operations/audit.ts';
import { silentLogger } from '../../src/operations/log.ts';
import type { SiteLog } from '../../src/operations/site-log/site-log.ts';
import { createCertificateAuthority } from '../../src/smartcard/authority/certificate-authority.ts';
import { ControlClient, type TlsIdentity } from './control-client.ts';
import { freePorts } from './free-ports.ts';
import { type ProtocolSite, type SiteChanges, startSite, type TestIdentities } from './protocol-site.ts';
import { recordingTrail } from './recording-trail.ts';

export interface SharedSite extends ProtocolSite {
  /** Lines of its log: the command and its argument, or the channel. */
  readonly lines: readonly string[];
}

export interface SharedSites {
  /** By name. */
  readonly site: Readonly<Record<string, SharedSite>>;
  /** Of what no site has. */
  readonly common: readonly AuditRecord[];
  connect(localAddress?: string): Promise<ControlClient>;
  /** Logged in by certificate. @param hostName by SNI */
  loggedIn(hostName: string | undefined, tls?: TlsIdentity): Promise<ControlClient>;
}

export interface SharedChanges extends Omit<SiteChanges, 'bindings' | 'listeners' | 'name'> {
  readonly hostName?: string;
}

const day = 86_400_000;

/** @returns makes sites by their names, in this order; those without a hostName are the default */
export async function sharedSites(identities: TestIdentities) {
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
  const authority = await createCertificateAuthority({ subject: 'Server CA', keyType: 'P-256', validity });
  const certified = async (name: string) => {
    const { pem, chainPem, privateKeyPem } = await authority.issueServerCertificate({ dnsNames: [name], ...validity });
    return { certificate: `${pem}${chainPem}`, privateKey: privateKeyPem };
  };
  const started: ProtocolSite[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((site) => site.close()));
  });
  return async (
    wanted: Readonly<Record<string, SharedChanges>>,
    tls: 'explicit' | 'implicit' = 'explicit',
  ): Promise<SharedSites> => {
    const port = await freePorts(1);
    const common: AuditRecord[] = [];
    const listeners = new Listeners({
      audit: recordingTrail((record) => void common.push(record)),
      logger: silentLogger,
    });
    const uploads = new UploadsInProgress();
    const site: Record<string, SharedSite> = {};
    for (const [name, { hostName, ...changes }] of Object.entries(wanted)) {
      const lines: string[] = [];
      const siteLog = {
        isOn: true,
        command: ({ method, argument }: { method: string; argument?: string }) =>
          void lines.push([method, argument].filter((word) => word !== undefined).join(' ')),
        channel: ({ method }: { method: string }) => void lines.push(method),
      } as unknown as SiteLog;
      const running = await startSite(identities, {
        ownIdentity: await certified(hostName ?? 'default.example'),
        siteLog,
        uploads,
        ...changes,
        name,
        listeners,
        bindings: [{ address: '127.0.0.1', port, tls, ...(hostName !== undefined && { hostName }) }],
      });
      started.push(running);
      site[name] = { ...running, lines };
    }
    const connect = async (localAddress?: string) => {
      const client = await ControlClient.connect(port, localAddress);
      if (tls === 'explicit') await client.reply();
      return client;
    };
    return {
      site,
      common,
      connect,
      loggedIn: async (hostName, identity = {}) => {
        const client = await connect();
        const named = { ...identities.ada, ...(hostName !== undefined && { servername: hostName }), ...identity };
        if (tls === 'explicit') await client.secure(named);
        else {
          await client.startTls(named);
          await client.reply();
        }
        await client.logIn('ada');
        return client;
      },
    };
  };
}
