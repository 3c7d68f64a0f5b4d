/** Everything a login needs, made from one configuration: directories, validators, rules and rights of every site. */
import { type Clock, systemClock, systemTimer, type Timer } from '../clock.ts';
import type { Configuration, LoadedSite } from '../config/load.ts';
import type { Directory } from '../directory/directory.ts';
import { createAuthenticator } from '../login/authenticate.ts';
import type { LoginRequest, Verdict } from '../login/authenticator.ts';
import { createFailureThrottle, type FailureThrottle } from '../login/failure-throttle.ts';
import type { ExplainingAuthenticator } from '../login/login-attempt.ts';
import { type Recheck, recheckOf, standingRequest } from '../login/login-recheck.ts';
import type { Binding } from '../mapping/mapping-service.ts';
import { createMappingService } from '../mapping/resolve.ts';
import { type AuditTrail, trailOfSite } from '../operations/audit.ts';
import { createAuditTrail } from '../operations/audit-trail.ts';
import { alarmOnStandardError, createLogger, type Logger } from '../operations/log.ts';
import { createCertificateValidator } from '../pki/certificate-validator.ts';
import type { RemoteAuthenticatorOptions } from '../service/remote-authenticator.ts';
import type { FileOperations } from '../storage/file-operations.ts';
import { openDirectory } from './directories.ts';
import { createSharedEvidence, type SharedEvidence } from './evidence.ts';
import { remoteLogins } from './remote-mapping.ts';
import { authorizer } from './sites.ts';
import { validatorOptions } from './validation.ts';

export interface LoginParts {
  readonly audit: AuditTrail;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timer: Timer;
  /** Shared with other logins; absent: these logins have their own. */
  readonly evidence?: SharedEvidence;
  /** By name of the site; absent: homes are looked for without a deadline. */
  readonly fileOperations?: ReadonlyMap<string, FileOperations>;
  /** Shared likewise, so that guesses survive a reload. */
  readonly throttle?: FailureThrottle;
}

export interface Logins {
  /** By name of the site. */
  readonly authenticators: ReadonlyMap<string, ExplainingAuthenticator>;
  close(): Promise<void>;
}

/** @param authorizerOf who may do what on a site, and where; default: as the site’s settings say, with a home in its files */
export function createLogins(
  configuration: Configuration,
  parts: LoginParts,
  authorizerOf: (site: LoadedSite) => RemoteAuthenticatorOptions['authorize'] = (site) =>
    authorizer(site, parts.fileOperations?.get(site.settings.name)),
): Logins {
  const evidence = parts.evidence ?? createSharedEvidence(configuration, parts);
  const throttle = parts.throttle ?? createThrottle(configuration, parts.clock);
  const directories = new Map(
    configuration.directories.map((loaded) => [loaded.settings.name, openDirectory(loaded, parts.logger)]),
  );
  const sites = new Map(
    configuration.sites.map((site) => [
      site.settings.name,
      siteLogins(site, { ...parts, evidence, throttle, directories, authorize: authorizerOf(site) }),
    ]),
  );
  return {
    authenticators: new Map([...sites].map(([name, { authenticator }]) => [name, authenticator])),
    close: async () => {
      for (const { close } of sites.values()) close?.();
      await Promise.all([...directories.values()].map((directory) => directory.close()));
      if (!parts.evidence) await evidence.stop();
    },
  };
}

/** What every login of one process shares: opened once, and kept over reloads. The caller closes it. */
export function openSharedParts(configuration: Configuration) {
  const clock = systemClock;
  const logger = createLogger({
    level: configuration.settings.log.level,
    ...(configuration.logFile && { file: configuration.logFile }),
  });
  const audit = createAuditTrail({
    ...(configuration.auditFile && { file: configuration.auditFile }),
    whenUnwritable: configuration.settings.audit.whenUnwritable,
    clock,
    onAlarm: (text) => {
      logger.error('audit-alarm', { text });
      // The log may stand on the same disk.
      if (configuration.logFile) alarmOnStandardError(text);
    },
  });
  const evidence = createSharedEvidence(configuration, { clock, logger });
  return {
    audit,
    logger,
    clock,
    timer: systemTimer,
    evidence,
    throttle: createThrottle(configuration, clock),
    /** After log rotation. */
    reopen: () => {
      void audit.reopen();
      void logger.reopen();
    },
    /** Resolves with the reason when log or audit trail can never be written again. */
    lost: Promise.race([audit.gone, logger.gone]),
    /** The logins first: they may have something to say. */
    close: async (logins: SwitchableLogins) => {
      await Promise.all([logins.close(), evidence.stop()]);
      await audit.close();
      await logger.close();
    },
  };
}

function createThrottle({ settings }: Configuration, clock: Clock): FailureThrottle {
  return createFailureThrottle({ ...settings.denyByFailure, clock });
}

interface SiteParts extends LoginParts {
  readonly evidence: SharedEvidence;
  readonly throttle: FailureThrottle;
  /** All of the configuration, by name. */
  readonly directories: ReadonlyMap<string, Directory>;
  readonly authorize: RemoteAuthenticatorOptions['authorize'];
}

interface SiteLogins {
  readonly authenticator: ExplainingAuthenticator;
  /** Absent where the site holds nothing of its own that is to be closed. */
  readonly close?: () => void;
}

function siteLogins(site: LoadedSite, parts: SiteParts): SiteLogins {
  const { settings, rules, remoteMapping } = site;
  const { clock, timer, evidence, directories: all, throttle, authorize } = parts;
  const audit = trailOfSite(parts.audit, settings.name);
  const logger = parts.logger.with({ site: settings.name });
  const { clientCertAuthentication, mode, requireSmartcardRequired } = settings.authentication;
  const methods = { clientCertificate: clientCertAuthentication.enabled, basic: mode !== 'certificate' };
  if (remoteMapping) return remoteLogins(site, remoteMapping, { audit, clock, timer, logger, methods, authorize });
  const directories = settings.directories.map((name) => all.get(name)).filter((entry) => entry !== undefined);
  const authenticator = createAuthenticator({
    methods,
    authentication: mode,
    ...(methods.basic && { passwords: { directories, throttle } }),
    requireSmartcardRequired,
    validator: createCertificateValidator(validatorOptions(site, evidence, clock, logger)),
    mapping: createMappingService({ rules, binding: binding(settings.mapping), directories, logger }),
    authorize,
    audit,
    logger,
    clock,
    timer,
  });
  return { authenticator };
}

function binding({ binding: mode, backdating }: LoadedSite['settings']['mapping']): Binding {
  return mode === 'compatibility' ? { mode, backdating } : { mode };
}

/** An authenticator for each site that always asks the newest logins, and lets old ones finish what they began. */
export class SwitchableLogins {
  #current: { readonly logins: Logins; inFlight: number; retired: boolean };

  constructor(logins: Logins) {
    this.#current = { logins, inFlight: 0, retired: false };
  }

  /** From now on `logins` decides; the former is closed when its last login is decided. */
  async replace(logins: Logins): Promise<void> {
    const former = this.#current;
    this.#current = { logins, inFlight: 0, retired: false };
    former.retired = true;
    if (former.inFlight === 0) await former.logins.close();
  }

  /** Sessions are rechecked by the newest logins as well: those that let them in have closed their directories. */
  async authenticate(site: string, request: LoginRequest): Promise<Verdict> {
    const verdict = await this.decide(site, (authenticator) => authenticator.authenticate(request));
    if (verdict.outcome !== 'granted') return verdict;
    const { login } = verdict;
    return {
      ...verdict,
      login: { ...login, recheck: recheckOf(this.#recheck(site), standingRequest(request), login) },
    };
  }

  /** Apart from `authenticate`, whose request a closure there would keep alive. */
  #recheck(site: string): Recheck {
    return (request, granted) => this.decide(site, (authenticator) => authenticator.recheck(request, granted));
  }

  /** One decision by the newest authenticator of the site, whose directories stay open until it is taken. */
  decide<T>(site: string, decision: (authenticator: ExplainingAuthenticator) => Promise<T>): Promise<T> {
    const generation = this.#current;
    const authenticator = generation.logins.authenticators.get(site);
    if (!authenticator) throw new Error(`site ${site} is not in the configuration any more`);
    generation.inFlight += 1;
    return decision(authenticator).finally(async () => {
      generation.inFlight -= 1;
      if (generation.retired && generation.inFlight === 0) await generation.logins.close();
    });
  }

  close(): Promise<void> {
    return this.#current.logins.close();
  }
}
