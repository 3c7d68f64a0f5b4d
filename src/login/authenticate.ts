/**
 * One login to its verdict: by certificate (validate, map), by password (find, bind) or by both; then the account is checked and
 * authorized. Each stage hands the next a proof of what it did, and every verdict leaves exactly one audit record.
 */
import type { AccessRights } from '../authorization/access-rights.ts';
import { type Denial, type DenialCode, denial } from '../denial.ts';
import { accountDenial } from '../directory/account-state.ts';
import type { Directory, DirectoryAccount, Group } from '../directory/directory.ts';
import type { StepRecorder } from '../explanation.ts';
import type { MappingService } from '../mapping/mapping-service.ts';
import type { CertificateValidator } from '../pki/certificate-validator.ts';
import type { ValidatedCertificate } from '../pki/validated-certificate.ts';
import type { AuthenticatedLogin } from './authenticator.ts';
import { evenly } from './even-delay.ts';
import type { Admission } from './failure-throttle.ts';
import {
  type AttemptParts,
  authenticatorBy,
  type Decision,
  type ExplainedRequest,
  type ExplainingAuthenticator,
  type Finder,
  type PriorLogin,
} from './login-attempt.ts';
import { accountFacts, certificateFacts, validationFacts } from './login-record.ts';
import { findAccountByName, type PasswordLoginOptions, passwordDenial, throttled } from './password-login.ts';

export type Authorization =
  | { readonly outcome: 'authorized'; readonly homeDirectory: string; readonly accessRights: AccessRights }
  | { readonly outcome: 'denied'; readonly denial: Denial };

/**
 * What a person must show. `certificateOrPassword`: a certificate decides alone wherever one is shown, and a password only where
 * none is; a certificate that is refused is not saved by a password.
 */
export type AuthenticationMode = 'certificate' | 'certificateAndPassword' | 'certificateOrPassword';

export interface AuthenticatorOptions extends AttemptParts {
  /** Which ways to log in the site allows; with none of them everybody is refused. `basic`, by password, is off by default. */
  readonly methods: { readonly clientCertificate: boolean; readonly basic?: boolean };
  /** Default `certificate`. */
  readonly authentication?: AuthenticationMode;
  /** Needed where passwords are. */
  readonly passwords?: PasswordLoginOptions;
  /** Admits only accounts that the directory marks SMARTCARD_REQUIRED. Default false. */
  readonly requireSmartcardRequired?: boolean;
  readonly validator: CertificateValidator;
  readonly mapping: MappingService;
  /** Access rights and home of an account that is mapped and may log in. */
  readonly authorize: (
    account: DirectoryAccount,
    groups: readonly Group[],
    steps: StepRecorder,
  ) => Promise<Authorization>;
}

const usualFailureDelay = 1000;

/** @throws TypeError when the mode needs a method that is not enabled */
export function createAuthenticator(options: AuthenticatorOptions): ExplainingAuthenticator {
  const { methods, authentication, passwords } = options;
  if (authentication === 'certificateAndPassword' && !(methods.clientCertificate && methods.basic)) {
    throw new TypeError('authentication by certificate and password needs both methods enabled');
  }
  if (methods.basic && authentication !== undefined && authentication !== 'certificate' && !passwords) {
    throw new TypeError('authentication by password needs to know where passwords are checked');
  }
  const authenticator = authenticatorBy(
    (request, steps, found, prior) => decide(options, request, steps, found, prior),
    options,
  );
  if (!passwords) return authenticator;
  return {
    ...authenticator,
    authenticate: (request) =>
      evenly(
        passwords.failureDelay ?? usualFailureDelay,
        () => authenticator.authenticate(request),
        ({ outcome }) => outcome === 'denied' && request.password !== undefined,
      ),
  };
}

async function decide(
  options: AuthenticatorOptions,
  request: ExplainedRequest,
  steps: StepRecorder,
  found: Finder,
  prior: PriorLogin | undefined,
): Promise<Decision> {
  const { methods, authentication = 'certificate', passwords } = options;
  const takesPasswords = methods.basic === true && authentication !== 'certificate' ? passwords : undefined;
  const showsCertificate = methods.clientCertificate && request.peerCertificates.length > 0;
  const byName = takesPasswords !== undefined && authentication === 'certificateOrPassword' && !showsCertificate;
  if (!methods.clientCertificate && !byName) {
    return denied('authentication-disabled', 'No method is enabled that this login could use.');
  }
  // A password that was right is not asked for again; a login that was granted without one has none to show.
  const checksPassword = prior?.passwordProven !== true;
  if (byName && checksPassword && request.password === undefined) return { outcome: 'password-required' };

  const address = byName && checksPassword ? takesPasswords.throttle.admitAddress(request.remoteAddress) : undefined;
  if (byName && checksPassword && !address) return { outcome: 'denied', denial: throttled('address') };
  const identified = byName
    ? await identifyByName(takesPasswords, request, steps, found).catch((error: unknown) => {
        address?.undecided();
        throw error;
      })
    : await identifyByCertificate(options, request, steps, found);
  if (identified.outcome === 'denied') return identified;
  const { account, directory, certificate } = identified;

  const state = checkState(account, options, steps);
  if (state) return { outcome: 'denied', denial: state };

  const needsPassword = byName || authentication === 'certificateAndPassword';
  if (checksPassword && needsPassword) {
    const refusal = await checkPassword(takesPasswords, request, { account, directory }, address, steps);
    if (refusal === 'password-required') return { outcome: refusal };
    if (refusal) return { outcome: 'denied', denial: refusal };
  }

  const groups = await readGroups(directory, account, steps);
  found({}, { account, groups });
  const authorization = await options.authorize(account, groups, steps);
  if (authorization.outcome === 'denied') return authorization;
  const { homeDirectory, accessRights } = authorization;
  found({ account: { ...accountFacts(account), ...(homeDirectory && { homeDirectory }) } });

  const login: Omit<AuthenticatedLogin, 'recheck'> = {
    accountName: account.accountName,
    directory: account.directory,
    accountId: account.id,
    homeDirectory,
    accessRights,
    ...(needsPassword && { passwordProven: true }),
    ...(certificate && {
      certificateSha256: certificate.certificate.sha256,
      validUntil: new Date(Math.min(...certificate.path.map(({ notAfter }) => notAfter.getTime()))),
    }),
  };
  return { outcome: 'granted', login };
}

type Identity =
  | {
      readonly outcome: 'identified';
      readonly account: DirectoryAccount;
      readonly directory: Directory;
      readonly certificate?: ValidatedCertificate;
    }
  | { readonly outcome: 'denied'; readonly denial: Denial };

async function identifyByCertificate(
  { validator, mapping, methods }: AuthenticatorOptions,
  request: ExplainedRequest,
  steps: StepRecorder,
  found: Finder,
): Promise<Identity> {
  if (request.peerCertificates.length === 0) {
    return request.password === undefined || methods.basic
      ? denied('certificate-missing', 'The TLS handshake ended without a client certificate.')
      : denied('password-not-accepted', 'A password was sent, and no certificate.');
  }
  const validation = await validator.validate(request.peerCertificates, steps);
  if (validation.outcome === 'invalid') {
    if (validation.certificate) found({ certificate: certificateFacts(validation.certificate) });
    return { outcome: 'denied', denial: validation.denial };
  }
  const { certificate } = validation;
  found(validationFacts(certificate));
  const result = await mapping.resolve(certificate, request.claimedName, steps);
  if (result.outcome === 'denied') return result;
  const { account, directory, rule, reason } = result;
  found({ rule, mappingReason: reason, account: accountFacts(account) }, { account });
  return { outcome: 'identified', account, directory, certificate };
}

async function identifyByName(
  passwords: PasswordLoginOptions,
  request: ExplainedRequest,
  steps: StepRecorder,
  found: Finder,
): Promise<Identity> {
  const identified = await findAccountByName(passwords, request.claimedName ?? '', steps);
  if (identified.outcome === 'identified') {
    const { account } = identified;
    found({ mappingReason: 'login-name', account: accountFacts(account) }, { account });
  }
  return identified;
}

/** @param address the address's admission; absent where a certificate was accepted, whose holder does not answer for his neighbours */
async function checkPassword(
  passwords: PasswordLoginOptions | undefined,
  { password, remoteAddress }: ExplainedRequest,
  identity: { readonly account: DirectoryAccount; readonly directory: Directory },
  address: Admission | undefined,
  steps: StepRecorder,
): Promise<Denial | 'password-required' | undefined> {
  if (password === undefined || !passwords) return 'password-required';
  const subject = { ...identity, remoteAddress, hasCertificate: address === undefined };
  try {
    const refusal = await passwordDenial(passwords, subject, password, steps);
    if (!refusal) address?.succeeded();
    return refusal;
  } catch (error) {
    address?.undecided();
    throw error;
  }
}

function checkState(
  account: DirectoryAccount,
  { clock, requireSmartcardRequired = false }: AuthenticatorOptions,
  steps: StepRecorder,
): Denial | undefined {
  const refusal = accountDenial(account.state, clock.now(), { requireSmartcardRequired });
  steps.record({
    stage: 'account',
    check: 'account may log in now',
    verdict: refusal ? 'failed' : 'passed',
    facts: refusal ? { ...refusal.facts, reason: refusal.code } : { account: account.accountName },
  });
  return refusal && { ...refusal, facts: { ...refusal.facts, account: account.distinguishedName } };
}

async function readGroups(
  directory: Directory,
  account: DirectoryAccount,
  steps: StepRecorder,
): Promise<readonly Group[]> {
  const groups = await directory.readGroups(account);
  const names = groups.map((group) => group.name ?? group.distinguishedName ?? group.sid ?? '');
  steps.record({ stage: 'account', check: 'groups', verdict: 'noted', facts: { groups: names } });
  return groups;
}

function denied(code: DenialCode, detail: string): { readonly outcome: 'denied'; readonly denial: Denial } {
  return { outcome: 'denied', denial: denial(code, detail) };
}
