/** Logins of one site, put together from what a test says of it. */

import type { AuthenticationMethod } from '../../src/authorization/authentication-method.ts';
import type { AuthorizationRule } from '../../src/authorization/authorization-rules.ts';
import type { Clock } from '../../src/clock.ts';
import type { DirectoryAccount } from '../../src/directory/directory.ts';
import type { StepRecorder } from '../../src/explanation/steps.ts';
import type { AuthenticationSettings } from '../../src/login/authentication-settings.ts';
import { decideLogin } from '../../src/login/decision.ts';
import { LoginGenerations, type Logins } from '../../src/login/login-generations.ts';
import type { AuthorizationPolicy, CertificateLogin, Homes, LoginPolicy } from '../../src/login/login-policy.ts';
import type { ExplainedRequest } from '../../src/login/login-request.ts';
import { asksForPasswords, type SiteMethods } from '../../src/login/method-rules.ts';
import type { PasswordLoginOptions } from '../../src/login/password-login.ts';
import { SiteLogin, type SiteLoginParts } from '../../src/login/site-login.ts';
import type { AuditTrail } from '../../src/operations/audit.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { decideRemotely, type RemoteLoginPolicy } from '../../src/service/remote-authenticator.ts';
import { ruleSet } from './authorize.ts';

/** What a test may say of the site; each mode takes of it what it needs. */
export interface LoginSetup extends CertificateLogin, SiteLoginParts {
  readonly mode: LoginMode;
  /** Default: none. */
  readonly methodRules?: SiteMethods['rules'];
  /** Default: no client logs in without an account. */
  readonly anonymous?: DirectoryAccount;
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

/** How a site without rules of its own logs people in. */
export type LoginMode = AuthenticationSettings['mode'] | 'password' | 'disabled';

const methodsOf: Readonly<Record<LoginMode, readonly AuthenticationMethod[]>> = {
  disabled: [],
  certificate: ['certificate'],
  certificateAndPassword: ['certificateAndPassword'],
  certificateOrPassword: ['certificate', 'password'],
  password: ['password'],
};

function policyOf({
  mode,
  validator,
  mapping,
  passwords,
  methodRules = [],
  anonymous,
  ...setup
}: LoginSetup): LoginPolicy {
  const { rules, homes, requireSmartcardRequired, clock } = setup;
  const otherwise = [...methodsOf[mode], ...(anonymous ? (['anonymous'] as const) : [])];
  const methods = { rules: methodRules, otherwise };
  return {
    ...{ rules, homes, requireSmartcardRequired, clock, methods },
    ...(mode !== 'disabled' && mode !== 'password' && { certificates: { validator, mapping } }),
    ...(asksForPasswords(methods) && { passwords }),
    ...(anonymous && { anonymous }),
  };
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
