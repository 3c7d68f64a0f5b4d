/** Everything a login needs, made from one configuration: directories, validators, rules and rights of every site. */

import { RuleSet } from '../authorization/rules/rule-set.ts';
import { type Clock, systemClock, systemTimer, type Timer } from '../clock.ts';
import type { Configuration, LoadedSite } from '../config/load.ts';
import type { Directory } from '../directory/directory.ts';
import { anonymousAccount } from '../login/anonymous-login.ts';
import { type Decide, decideForAccount, decideLogin } from '../login/decision.ts';
import { createFailureThrottle, type FailureThrottle } from '../login/failure-throttle.ts';
import type { LoginGenerations, Logins } from '../login/login-generations.ts';
import type { AuthorizationPolicy, Homes, LoginPolicy } from '../login/login-policy.ts';
import { asksForPasswords, siteMethods } from '../login/method-rules.ts';
import { SiteLogin } from '../login/site-login.ts';
import { createAccountResolver } from '../mapping/resolve.ts';
import { type AuditTrail, trailOfSite } from '../operations/audit.ts';
import { createAuditTrail } from '../operations/audit-trail.ts';
import { tellShortagesTo } from '../operations/descriptor-shortage.ts';
import { alarmOnStandardError, createLogger, type Logger } from '../operations/log.ts';
import { createCertificateValidator } from '../pki/path/certificate-validator.ts';
import { milliseconds } from '../settings/units.ts';
import type { FileOperations } from '../storage/file-operations.ts';
import { openDirectory } from './directories.ts';
import { createSharedEvidence, type SharedEvidence } from './evidence.ts';
import { remoteDecision } from './remote-mapping.ts';
import { homesOf } from './site-homes.ts';
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
  readonly throttles?: FailureThrottles;
}

/**
 * Every site's login by one configuration.
 * @param homesAt where the accounts of a site have their files; default: in those of the site
 */
export function createLogins(
  configuration: Configuration,
  parts: LoginParts,
  homesAt: (site: LoadedSite) => Homes | undefined = (site) =>
    homesOf(site, parts.fileOperations?.get(site.settings.name)),
): Logins {
  const evidence = parts.evidence ?? createSharedEvidence(configuration, parts);
  const throttles = parts.throttles ?? createThrottles(configuration, parts.clock);
  const directories = new Map(
    configuration.directories.map((loaded) => [loaded.settings.name, openDirectory(loaded, parts.logger)]),
  );
  const shared = { ...parts, evidence, throttles, directories };
  const sites = configuration.sites.map((site) =>
    openSite(site, shared, authorizationOf(site, homesAt(site), parts.clock)),
  );
  return {
    sites: new Map(sites.map(({ name, login }) => [name, login])),
    close: async () => {
      for (const { close } of sites) close?.();
      await Promise.all([...directories.values()].map((directory) => directory.close()));
      if (!parts.evidence) await evidence.stop();
    },
  };
}

/** The rules are made ready once for a configuration: there may be many. */
function authorizationOf(
  { settings: { authorization, authorizationOrder } }: LoadedSite,
  homes: Homes | undefined,
  clock: Clock,
): AuthorizationPolicy {
  return { rules: new RuleSet(authorization, authorizationOrder, clock), ...(homes && { homes }) };
}

/** What every login of one process shares: opened once, and kept over reloads. The caller closes it. */
export function openSharedParts(configuration: Configuration) {
  const clock = systemClock;
  const logger = createLogger({
    level: configuration.settings.log.level,
    file: configuration.logFile,
  });
  const endShortages = tellShortagesTo(logger);
  const audit = createAuditTrail({
    file: configuration.auditFile,
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
    throttles: createThrottles(configuration, clock),
    /** After log rotation. */
    reopen: () => {
      void audit.reopen();
      void logger.reopen();
    },
    /** Resolves with the reason when log or audit trail can never be written again. */
    lost: Promise.race([audit.gone, logger.gone]),
    /** The logins first: they may have something to say. */
    close: async (logins: LoginGenerations) => {
      await Promise.all([logins.close(), evidence.stop()]);
      endShortages();
      await audit.close();
      await logger.close();
    },
  };
}

/** What counts wrong passwords of a site, by its name: one for all that have none of their own. */
type FailureThrottles = (site: string) => FailureThrottle;

function createThrottles({ settings, sites }: Configuration, clock: Clock): FailureThrottles {
  const shared = createFailureThrottle(settings.denyByFailure, clock);
  const own = new Map(
    sites.flatMap(({ settings: { name, denyByFailure } }) =>
      denyByFailure ? [[name, createFailureThrottle(denyByFailure, clock)] as const] : [],
    ),
  );
  return (site) => own.get(site) ?? shared;
}

interface SharedParts extends LoginParts {
  readonly evidence: SharedEvidence;
  readonly throttles: FailureThrottles;
  /** All of the configuration, by name. */
  readonly directories: ReadonlyMap<string, Directory>;
}

interface OpenSite {
  readonly name: string;
  readonly login: SiteLogin;
  /** Absent where the site holds nothing of its own that is to be closed. */
  readonly close?: () => void;
}

function openSite(site: LoadedSite, parts: SharedParts, authorization: AuthorizationPolicy): OpenSite {
  const { name } = site.settings;
  const logger = parts.logger.with({ site: name });
  const own = { audit: trailOfSite(parts.audit, name), logger, timer: parts.timer };
  if (site.remoteMapping) {
    const { decide, close } = remoteDecision(site, site.remoteMapping, authorization, { clock: parts.clock, logger });
    return { name, login: new SiteLogin(decide, own), close };
  }
  const policy = loginPolicy(site, { ...parts, logger }, authorization);
  const directories = directoriesOf(site, parts);
  const decide: Decide = (request, occasion) =>
    occasion.purpose === 'explain' && occasion.byName
      ? decideForAccount(policy, directories, request, occasion)
      : decideLogin(policy, request, occasion);
  const login = new SiteLogin(decide, {
    ...own,
    ...(policy.passwords && { failureDelay }),
  });
  return { name, login };
}

/** Longer than a directory usually takes to refuse a password. */
const failureDelay = milliseconds(1000);

function loginPolicy(site: LoadedSite, parts: SharedParts, authorization: AuthorizationPolicy): LoginPolicy {
  const { settings, rules } = site;
  const { clock, logger, throttles, evidence } = parts;
  const { clientCertAuthentication, anonymousAuthentication, requireSmartcardRequired } = settings.authentication;
  const directories = directoriesOf(site, parts);
  const methods = siteMethods(settings.authentication);
  return {
    ...authorization,
    clock,
    requireSmartcardRequired,
    methods,
    ...(clientCertAuthentication.enabled && {
      certificates: {
        validator: createCertificateValidator(validatorOptions(site, evidence, clock, logger)),
        mapping: createAccountResolver({ rules, settings: settings.mapping, directories, logger }),
      },
    }),
    ...(asksForPasswords(methods) && { passwords: { directories, throttle: throttles(settings.name) } }),
    ...(anonymousAuthentication.enabled && { anonymous: anonymousAccount(anonymousAuthentication.userName) }),
  };
}

function directoriesOf({ settings }: LoadedSite, { directories }: SharedParts): readonly Directory[] {
  return settings.directories.flatMap((name) => directories.get(name) ?? []);
}
