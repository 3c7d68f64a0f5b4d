/** Whose login it is: the stages that lead from what a client shows or claims to exactly one account. */
import { type DenialCode, denial } from '../denial.ts';
import type { Directory, DirectoryAccount } from '../directory/directory.ts';
import type { ValidatedCertificate } from '../pki/path/validated-certificate.ts';
import { anonymousDirectory, isAnonymousName } from './anonymous-login.ts';
import type { Admission } from './failure-throttle.ts';
import { type CertificateLogin, type LoginPolicy, type Occasion, passwordWasProven } from './login-policy.ts';
import { begun, next, type Progress, type StageResult } from './login-progress.ts';
import { accountFacts, recordedCertificate, validationFacts } from './login-record.ts';
import { clientAddress, type ExplainedRequest } from './login-request.ts';
import { possibleRules, type SiteMethods } from './method-rules.ts';
import { findAccountByName, type PasswordLoginOptions, passwordDirectories, throttled } from './password-login.ts';

/** One account, and what led to it. */
export interface Identified {
  readonly account: DirectoryAccount;
  readonly directory: Directory;
  /** Absent where a name led to it. */
  readonly certificate?: ValidatedCertificate;
  /** Of the address a password comes from, where no certificate was shown; a card holder does not answer for the neighbours. */
  readonly address?: Admission | undefined;
}

/**
 * By what the client shows. Wherever certificates log in, one that is shown decides alone: it is saved by no password, and makes no anonymous
 * login. Without one, the name leads to an account whose password is then the proof, or to none.
 */
export function identify(
  policy: LoginPolicy,
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<Progress<Identified>> {
  const { certificates, passwords, anonymous, methods } = policy;
  const { peerCertificates, claimedName, caller } = request;
  if (certificates && peerCertificates.length > 0) return identifyByCertificate(certificates, request, occasion);
  // A service that asks for a client of its own asks whose a certificate is.
  if (anonymous && caller === undefined && isAnonymousName(claimedName))
    return next(begun, () => identifyAnonymous(anonymous, methods, request, occasion));
  const possible = possibleRules(methods, { remoteAddress: clientAddress(request), subject: 'unknown' });
  if (passwords && possible.some((rule) => rule.methods.includes('password')))
    return next(begun, () => findAccount(passwords, request, occasion));
  return next(begun, () => withoutMethod(policy, request));
}

/** @returns why a client without a certificate cannot log in, whatever name it gives */
function withoutMethod({ certificates, passwords }: LoginPolicy, { password }: ExplainedRequest): StageResult<never> {
  if (!certificates) return stageDenial('authentication-disabled', 'No method is enabled that this login could use.');
  return password === undefined || passwords
    ? stageDenial('certificate-missing', 'The TLS handshake ended without a client certificate.')
    : stageDenial('password-not-accepted', 'A password was sent, and no certificate.');
}

async function identifyByCertificate(
  { validator, mapping }: CertificateLogin,
  { peerCertificates, claimedName }: ExplainedRequest,
  { steps }: Occasion,
): Promise<Progress<Identified>> {
  const validated = await next(begun, async (): Promise<StageResult<ValidatedCertificate>> => {
    const validation = await validator.validate(peerCertificates, steps);
    if (validation.outcome === 'valid') {
      return { outcome: 'passed', proof: validation.certificate, findings: validationFacts(validation.certificate) };
    }
    const findings = validation.certificate ? { certificate: recordedCertificate(validation.certificate) } : {};
    return { outcome: 'denied', denial: validation.denial, findings };
  });
  return next(validated, async (certificate): Promise<StageResult<Identified>> => {
    const result = await mapping.resolve(certificate, claimedName, steps);
    if (result.outcome === 'denied') return result;
    const { account, directory, rule, reason } = result;
    const findings = { rule, mappingReason: reason, account: accountFacts(account), mapped: { account } };
    return { outcome: 'passed', proof: { account, directory, certificate }, findings };
  });
}

/** Asks for a password as every server does (RFC 1635), and takes any. */
function identifyAnonymous(
  account: DirectoryAccount,
  methods: SiteMethods,
  request: ExplainedRequest,
  { purpose, steps }: Occasion,
): StageResult<Identified> {
  const possible = possibleRules(methods, { remoteAddress: clientAddress(request), subject: 'anonymous' });
  const closed = possible.find((rule) => !rule.methods.includes('anonymous'));
  const { setting, methods: admits } = closed ?? possible[0] ?? { setting: 'authentication', methods: [] };
  const facts = { rule: setting, methods: admits, account: account.accountName };
  steps.record({ stage: 'account', check: 'anonymous login', verdict: closed ? 'failed' : 'passed', facts });
  if (closed) {
    const detail = `${setting} admits ${admits.join(', ') || 'no method'}, and the client asked for an anonymous login.`;
    return { outcome: 'denied', denial: denial('anonymous-not-admitted', detail, facts) };
  }
  if (purpose === 'login' && request.password === undefined) return { outcome: 'password-required' };
  const findings = { mappingReason: 'anonymous', account: accountFacts(account), mapped: { account } };
  return { outcome: 'passed', proof: { account, directory: anonymousDirectory }, findings };
}

async function findAccount(
  passwords: PasswordLoginOptions,
  { claimedName, password, remoteAddress }: ExplainedRequest,
  occasion: Occasion,
): Promise<StageResult<Identified>> {
  const isProven = passwordWasProven(occasion);
  if (!isProven && password === undefined) return { outcome: 'password-required' };
  const address = isProven ? undefined : passwords.throttle.admitAddress(remoteAddress);
  if (!isProven && !address) return { outcome: 'denied', denial: throttled('address') };
  try {
    const identified = await identifyAs(claimedName ?? '', passwordDirectories(passwords), occasion);
    return identified.outcome === 'passed' ? { ...identified, proof: { ...identified.proof, address } } : identified;
  } catch (error) {
    address?.undecided();
    throw error;
  }
}

/** The one account of this name. @throws DirectoryUnavailableError | DirectoryAnswerError */
export async function identifyAs(
  name: string,
  directories: readonly Directory[],
  { steps }: Occasion,
): Promise<StageResult<Identified>> {
  const found = await findAccountByName(directories, name, steps);
  if (found.outcome === 'denied') return found;
  const { account, directory } = found;
  const findings = { mappingReason: 'login-name', account: accountFacts(account), mapped: { account } };
  return { outcome: 'passed', proof: { account, directory }, findings };
}

export function stageDenial(code: DenialCode, detail: string): StageResult<never> {
  return { outcome: 'denied', denial: denial(code, detail) };
}
