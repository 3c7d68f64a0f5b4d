/** What one site demands of a login, as a union of its modes: what a mode does not need, it does not have. */
import { z } from 'zod';
import type { HomeOutcome } from '../authorization/home-directory.ts';
import type { RuleSet } from '../authorization/rules/rule-set.ts';
import type { HomeOwner } from '../authorization/user-isolation.ts';
import type { Clock } from '../clock.ts';
import type { StepRecorder } from '../explanation/steps.ts';
import type { AccountResolver } from '../mapping/account-resolver.ts';
import type { CertificateValidator } from '../pki/path/certificate-validator.ts';
import { iis } from '../settings/iis-name.ts';
import type { PasswordLoginOptions } from './password-login.ts';

export const authentication = z
  .strictObject({
    clientCertAuthentication: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Log in by client certificate')
          .meta(iis('ftpServer/security/authentication/clientCertAuthentication@enabled')),
      })
      .prefault({}),
    mode: z
      .enum(['certificate', 'certificateAndPassword', 'certificateOrPassword'])
      .default('certificate')
      .describe('Whether the password of the directory account is wanted too, or will do where no certificate is sent'),
    /** As the directory marks them: SMARTCARD_REQUIRED. */
    requireSmartcardRequired: z
      .boolean()
      .default(false)
      .describe('Admit only accounts that cannot log in anywhere without a smart card'),
  })
  .prefault({});

/** From a certificate to an account. */
export interface CertificateLogin {
  readonly validator: CertificateValidator;
  readonly mapping: AccountResolver;
}

/** Rights and home of an account that may log in. */
export interface AuthorizationPolicy {
  readonly rules: Pick<RuleSet, 'authorize'>;
  /** Absent where the files are elsewhere: the account’s own homeDirectory is then handed on as it is. */
  readonly homes?: Homes;
}

export interface Homes {
  /** Never rejects. Makes the home where the settings want it. */
  find(owner: HomeOwner): Promise<HomeOutcome>;
  /** The same decision, and nothing is made. */
  foresee(owner: HomeOwner): Promise<HomeOutcome>;
}

export type LoginPolicy = AuthorizationPolicy & {
  /** Admits only accounts that the directory marks SMARTCARD_REQUIRED. */
  readonly requireSmartcardRequired: boolean;
  readonly clock: Clock;
} & (
    | { readonly mode: 'disabled' }
    | { readonly mode: 'certificate'; readonly certificates: CertificateLogin }
    | {
        readonly mode: 'certificateAndPassword';
        readonly certificates: CertificateLogin;
        readonly passwords: PasswordLoginOptions;
      }
    /** A certificate decides alone wherever one is shown, and a password only where none is. */
    | {
        readonly mode: 'certificateOrPassword';
        readonly certificates: CertificateLogin;
        readonly passwords: PasswordLoginOptions;
      }
    | { readonly mode: 'password'; readonly passwords: PasswordLoginOptions }
  );

export type CertificatePolicy = Extract<LoginPolicy, { readonly certificates: CertificateLogin }>;
export type PasswordPolicy = Extract<LoginPolicy, { readonly passwords: PasswordLoginOptions }>;

/** Why a login is decided. */
export type Occasion = { readonly steps: StepRecorder } & (
  | { readonly purpose: 'login' }
  /** Nothing is made, changed or let in. `byName`: the claimed name stands for a certificate that leads to its account. */
  | { readonly purpose: 'explain'; readonly byName?: boolean }
  /** The login runs. A password that was right then is not kept, and not asked for again. */
  | { readonly purpose: 'recheck'; readonly passwordProven: boolean }
);
