/** Logins of one site, put together from what a test says of it. */
import type { AuthorizationRule } from '../../src/authorization/authorization-rules.ts';
import type { Clock } from '../../src/clock.ts';
import type { StepRecorder } from '../../src/explanation/steps.ts';
import { decideLogin } from '../../src/login/decision.ts';
import { LoginGenerations, type Logins } from '../../src/login/login-generations.ts';
import type { AuthorizationPolicy, CertificateLogin, Homes, LoginPolicy } from '../../src/login/login-policy.ts';
import type { ExplainedRequest } from '../../src/login/login-request.ts';
import type { PasswordLoginOptions } from '../../src/login/password-login.ts';
import { SiteLogin, type SiteLoginParts } from '../../src/login/site-login.ts';
import type { AuditTrail } from '../../src/operations/audit.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { decideRemotely, type RemoteLoginPolicy } from '../../src/service/remote-authenticator.ts';
import { ruleSet } from './authorize.ts';

/** What a test may say of the site; each mode takes of it what it needs. */
export interface LoginSetup extends CertificateLogin, SiteLoginParts {
  readonly mode: LoginPolicy['mode'];
  readonly passwords: PasswordLoginOptions;
  readonly rules: AuthorizationPolicy['rules'];
  readonly homes: Homes;
  readonly requireSmartcardRequired: boolean;
  readonly clock: Clock;
}

export const allowAll: AuthorizationRule = {
  accessType: 'Allow',
  users: '*',
  permissions: ['Read', 'Write'],
  path: '/',
};

export const everybodyMayAll = ruleSet([allowAll]);

export function homesAt(homeDirectory: () => string): Homes {
  const find = async () => ({ outcome: 'found', homeDirectory: homeDirectory() }) as const;
  return { find, foresee: find };
}

function policyOf({ mode, validator, mapping, passwords, ...setup }: LoginSetup): LoginPolicy {
  const { rules, homes, requireSmartcardRequired, clock } = setup;
  const common = { rules, homes, requireSmartcardRequired, clock };
  const certificates = { validator, mapping };
  switch (mode) {
    case 'disabled':
      return { ...common, mode };
    case 'certificate':
      return { ...common, mode, certificates };
    case 'password':
      return { ...common, mode, passwords };
    case 'certificateAndPassword':
    case 'certificateOrPassword':
      return { ...common, mode, certificates, passwords };
  }
}

export function siteLoginOf(setup: LoginSetup): SiteLogin {
  const policy = policyOf(setup);
  return new SiteLogin((asked, occasion) => decideLogin(policy, asked, occasion), setup);
}

/** One site whose login is `login`. */
export function loginsOf(login: SiteLogin): Logins {
  return { sites: new Map([['site', login]]), close: async () => undefined };
}

export function authenticatorOf(login: SiteLogin) {
  const resolve = (asked: ExplainedRequest, steps: StepRecorder) => login.resolve(asked, { purpose: 'login', steps });
  return {
    ...new LoginGenerations(loginsOf(login)).authenticator('site'),
    resolve,
    explain: async (asked: ExplainedRequest, steps: StepRecorder) =>
      (await login.resolve(asked, { purpose: 'explain', steps })).verdict,
  };
}

/** The login of a site that asks a mapping service. */
export function remoteLogin(policy: RemoteLoginPolicy, audit: AuditTrail) {
  const parts = { audit, logger: silentLogger, timer: () => performance.now() };
  return authenticatorOf(new SiteLogin((request, occasion) => decideRemotely(policy, request, occasion), parts));
}
