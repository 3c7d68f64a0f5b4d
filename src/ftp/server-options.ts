/** What a site's FTP front end is made of: its settings, its TLS identity, and what it asks for everything else. It reads no configuration. */
import type { AccessRights } from '../authorization/access-rights.ts';
import type { Clock, Timer } from '../clock.ts';
import type { SiteHooks } from '../hooks/site-hooks.ts';
import type { AuthenticatedLogin, Authenticator } from '../login/authenticator.ts';
import type { AuditTrail } from '../operations/audit.ts';
import type { Logger } from '../operations/log.ts';
import type { SiteLog } from '../operations/site-log/site-log.ts';
import type { Storage } from '../storage/storage.ts';
import type { IpSecurity } from './admission/ip-security.ts';
import type { ReverseNameCache } from './admission/reverse-names.ts';
import type { ExternalNames } from './data-ports/external-names.ts';
import type { FtpSettings } from './server-settings.ts';
import type { CertificateStatuses } from './tls/certificate-statuses.ts';
import type { TlsIdentity } from './tls/tls-settings.ts';
import type { UploadsInProgress } from './uploads-in-progress.ts';

/** What a reload gives anew. */
export interface RenewableOptions {
  /** As they were decoded. */
  readonly site: FtpSettings;
  readonly identity: TlsIdentity;
  /** Of the whole server: it must admit an address before that of the site is asked. */
  readonly serverIpSecurity?: IpSecurity;
}

export interface FtpServerOptions extends RenewableOptions {
  readonly authenticator: Authenticator;
  /**
   * Opens the home of an account; a rejection refuses the login.
   * @param rights what the account may do now; they may change while it is logged in
   * @param site the settings that the connection began with
   */
  readonly openStorage: (login: AuthenticatedLogin, rights: () => AccessRights, site: FtpSettings) => Promise<Storage>;
  readonly uploads: UploadsInProgress;
  /** Names of the addresses of clients. */
  readonly reverseNames: Pick<ReverseNameCache, 'namesOf'>;
  /** Addresses of the names that PASV tells. */
  readonly externalNames: ExternalNames;
  /** Of the server’s own certificates. */
  readonly statuses?: CertificateStatuses;
  readonly audit: AuditTrail;
  /** Asked before things happen; absent where the site has none. */
  readonly hooks?: SiteHooks | undefined;
  /** Of its commands; absent where the site has none. */
  readonly siteLog?: SiteLog | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timer: Timer;
}
