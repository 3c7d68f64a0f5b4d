/** Decides one login by the policy of its site, from what the client showed to what the account may do, and where. */
import type { Directory } from '../directory/directory.ts';
import { checkPassword, checkState, type Proven } from './account-proof.ts';
import {
  type Authorized,
  authorizeAccount,
  findHome,
  type Grouped,
  type Housed,
  homeOf,
  readGroups,
} from './account-rights.ts';
import type { Login } from './authenticator.ts';
import { identifyAs, identifyByCertificate, identifyByName } from './identification.ts';
import { circumstancesOf } from './login-circumstances.ts';
import type { CertificatePolicy, LoginPolicy, Occasion } from './login-policy.ts';
import { begun, next, type Progress } from './login-progress.ts';
import type { ExplainedRequest } from './login-request.ts';

/** Never rejects. A login that it grants has the proof of every stage. */
export type Decide = (request: ExplainedRequest, occasion: Occasion) => Promise<Progress<Login>>;

/**
 * Hands the proof of each stage to the next: identify, state of the account, password, groups, authorization, home.
 * @returns the first outcome that is no proof, or a login
 */
export async function decideLogin(
  policy: LoginPolicy,
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<Progress<Login>> {
  const identified = await (takesCertificate(policy, request)
    ? identifyByCertificate(policy, request, occasion)
    : identifyByName(policy, request, occasion));
  const admitted = await next(identified, (proof) => checkState(policy, proof, occasion));
  const proven = await next(admitted, (proof) => checkPassword(policy, proof, request, occasion));
  return loginFor(policy, proven, request, occasion);
}

/**
 * What an account may do, however it is shown to be this one: state, groups, authorization, home.
 * @param directories that are asked for the claimed name
 */
export async function decideForAccount(
  policy: LoginPolicy,
  directories: readonly Directory[],
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<Progress<Login>> {
  const identified = await next(begun, () => identifyAs(request.claimedName ?? '', directories, occasion));
  const admitted = await next(identified, (proof) => checkState(policy, proof, occasion));
  const proven = await next(admitted, (proof) => ({ outcome: 'passed', proof: { ...proof, passwordProven: false } }));
  return loginFor(policy, proven, request, occasion);
}

/** The stages behind the proof of the account: groups, authorization, home. */
async function loginFor(
  policy: LoginPolicy,
  proven: Progress<Proven>,
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<Progress<Login>> {
  const grouped = await next(proven, (proof) => readGroups(proof, occasion));
  const authorized = await next(grouped, (proof) =>
    authorizeAccount(policy, proof, circumstancesOf(proof, request), occasion),
  );
  const housed = await next(authorized, (proof) => findHome(policy, proof, occasion));
  return next(housed, (proof) => ({ outcome: 'passed', proof: loginOf(proof) }));
}

/** Wherever a certificate is shown it decides alone; a password counts only where none is, and the site takes one instead. */
function takesCertificate(policy: LoginPolicy, { peerCertificates }: ExplainedRequest): policy is CertificatePolicy {
  return 'certificates' in policy && !(policy.mode === 'certificateOrPassword' && peerCertificates.length === 0);
}

function loginOf({
  account,
  groups,
  certificate,
  passwordProven,
  accessRights,
  ...housed
}: Proven & Grouped & Authorized & Housed) {
  return {
    accountName: account.accountName,
    directory: account.directory,
    accountId: account.id,
    ...homeOf(housed),
    accessRights,
    groups,
    passwordProven,
    ...(certificate && {
      certificateSha256: certificate.certificate.sha256,
      validUntil: new Date(Math.min(...certificate.path.map(({ notAfter }) => notAfter.getTime()))),
    }),
  };
}
