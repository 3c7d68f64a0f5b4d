/** Whose login it is: the stages that lead from a certificate, or from a name for a password, to exactly one account. */
import { type DenialCode, denial } from '../denial.ts';
import type { Directory, DirectoryAccount } from '../directory/directory.ts';
import type { ValidatedCertificate } from '../pki/path/validated-certificate.ts';
import type { Admission } from './failure-throttle.ts';
import type { CertificatePolicy, LoginPolicy, Occasion, PasswordPolicy } from './login-policy.ts';
import { begun, next, type Progress, type StageResult } from './login-progress.ts';
import { accountFacts, recordedCertificate, validationFacts } from './login-record.ts';
import type { ExplainedRequest } from './login-request.ts';
import { findAccountByName, passwordDirectories, throttled } from './password-login.ts';

/** One account, and what led to it. */
export interface Identified {
  readonly account: DirectoryAccount;
  readonly directory: Directory;
  /** Absent where a name led to it. */
  readonly certificate?: ValidatedCertificate;
  /** Of the address a password comes from, where no certificate was shown; a card holder does not answer for the neighbours. */
  readonly address?: Admission | undefined;
}

/** A certificate that is refused is not saved by a password. */
export async function identifyByCertificate(
  { mode, certificates: { validator, mapping } }: CertificatePolicy,
  { peerCertificates, password, claimedName }: ExplainedRequest,
  { steps }: Occasion,
): Promise<Progress<Identified>> {
  const validated = await next(begun, async (): Promise<StageResult<ValidatedCertificate>> => {
    if (peerCertificates.length === 0) {
      return mode === 'certificate' && password !== undefined
        ? stageDenial('password-not-accepted', 'A password was sent, and no certificate.')
        : stageDenial('certificate-missing', 'The TLS handshake ended without a client certificate.');
    }
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

/** By the name that was claimed, whose password is then the proof. */
export function identifyByName(
  policy: LoginPolicy,
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<Progress<Identified>> {
  return next(begun, () =>
    'passwords' in policy
      ? findAccount(policy, request, occasion)
      : stageDenial('authentication-disabled', 'No method is enabled that this login could use.'),
  );
}

async function findAccount(
  { passwords }: PasswordPolicy,
  { claimedName, password, remoteAddress }: ExplainedRequest,
  occasion: Occasion,
): Promise<StageResult<Identified>> {
  const isProven = occasion.purpose === 'recheck' && occasion.passwordProven;
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
