/** What one site demands of a login, and by what it decides: what no rule of it admits, it does not have. */
import type { AuthenticationMethod } from '../authorization/authentication-method.ts';
import type { HomeOutcome } from '../authorization/home-directory.ts';
import type { RuleSet } from '../authorization/rules/rule-set.ts';
import type { HomeOwner } from '../authorization/user-isolation.ts';
import type { Clock } from '../clock.ts';
import type { DirectoryAccount } from '../directory/directory.ts';
import type { StepRecorder } from '../explanation/steps.ts';
import type { AccountResolver } from '../mapping/account-resolver.ts';
import type { CertificateValidator } from '../pki/path/certificate-validator.ts';
import type { SiteMethods } from './method-rules.ts';
import type { PasswordLoginOptions } from './password-login.ts';

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

export interface LoginPolicy extends AuthorizationPolicy {
  /** Admits only accounts that the directory marks SMARTCARD_REQUIRED. */
  readonly requireSmartcardRequired: boolean;
  readonly clock: Clock;
  readonly methods: SiteMethods;
  /** Absent where certificates log no client in: those that clients show are not looked at. */
  readonly certificates?: CertificateLogin | undefined;
  /** Absent where no password is ever asked for. */
  readonly passwords?: PasswordLoginOptions | undefined;
  /** Of clients that log in without an account; absent where none does. */
  readonly anonymous?: DirectoryAccount | undefined;
}

/** Why a login is decided. */
export type Occasion = { readonly steps: StepRecorder } & (
  | { readonly purpose: 'login' }
  /** Nothing is made, changed or let in. `byName`: the claimed name stands for a certificate that leads to its account. */
  | { readonly purpose: 'explain'; readonly byName?: boolean }
  /** The login runs. A password that was right then is not kept, and not asked for again. */
  | { readonly purpose: 'recheck'; readonly method: AuthenticationMethod }
);

/** Whether the login was granted by a password that was right, beside a certificate or not. */
export function passwordWasProven(occasion: Occasion): boolean {
  return occasion.purpose === 'recheck' && provesPassword[occasion.method];
}

const provesPassword: Readonly<Record<AuthenticationMethod, boolean>> = {
  certificate: false,
  certificateAndPassword: true,
  password: true,
  anonymous: false,
};
