/** Decides one login by the policy of its site, from what the client showed to what the account may do, and where. */
import { checkPassword, checkState, type Proven } from './account-proof.ts';
import { type Authorized, authorizeAccount, findHome, type Housed, readGroups } from './account-rights.ts';
import type { Login } from './authenticator.ts';
import { findAccount, type Identified, mapCertificate, refused, validateCertificate } from './identification.ts';
import type { CertificatePolicy, LoginPolicy, Occasion } from './login-policy.ts';
import { begun, next, type Progress } from './login-progress.ts';
import type { ExplainedRequest } from './login-request.ts';

/** Never rejects. A login that it grants has the proof of every stage. */
export type Decide = (request: ExplainedRequest, occasion: Occasion) => Promise<Progress<Login>>;

export async function decideLogin(
  policy: LoginPolicy,
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<Progress<Login>> {
  const identified = await identify(policy, request, occasion);
  const admitted = await next(identified, (proof) => checkState(policy, proof, occasion));
  const proven = await next(admitted, (proof) => checkPassword(policy, proof, request, occasion));
  const grouped = await next(proven, (proof) => readGroups(proof, occasion));
  const authorized = await next(grouped, (proof) => authorizeAccount(policy, proof, occasion));
  const housed = await next(authorized, (proof) => findHome(policy, proof, occasion));
  return next(housed, (proof) => ({ outcome: 'passed', proof: loginOf(proof) }));
}

/** A certificate that is refused is not saved by a password. */
function identify(policy: LoginPolicy, request: ExplainedRequest, occasion: Occasion): Promise<Progress<Identified>> {
  switch (policy.mode) {
    case 'disabled':
      return next(begun, () => refused('authentication-disabled', 'No method is enabled that this login could use.'));
    case 'certificate':
    case 'certificateAndPassword':
      return identifyByCertificate(policy, request, occasion);
    case 'certificateOrPassword':
      return request.peerCertificates.length > 0
        ? identifyByCertificate(policy, request, occasion)
        : next(begun, () => findAccount(policy, request, occasion));
    case 'password':
      return next(begun, () => findAccount(policy, request, occasion));
  }
}

async function identifyByCertificate(
  policy: CertificatePolicy,
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<Progress<Identified>> {
  const validated = await next(begun, () => validateCertificate(policy, request, occasion));
  return next(validated, (certificate) => mapCertificate(policy, certificate, request, occasion));
}

function loginOf({ account, certificate, passwordProven, accessRights, homeDirectory }: Proven & Authorized & Housed) {
  return {
    accountName: account.accountName,
    directory: account.directory,
    accountId: account.id,
    homeDirectory,
    accessRights,
    ...(passwordProven && { passwordProven }),
    ...(certificate && {
      certificateSha256: certificate.certificate.sha256,
      validUntil: new Date(Math.min(...certificate.path.map(({ notAfter }) => notAfter.getTime()))),
    }),
  };
}
