/** Decides one login by the policy of its site, from what the client showed to what the account may do, and where. */
import type { Directory } from '../directory/directory.ts';
import { assumeMethod, checkMethod, checkPassword, checkState, type Proven } from './account-proof.ts';
import {
  type Authorized,
  authorizeAccount,
  findHome,
  type Grouped,
  type Housed,
  homeOf,
  readGroups,
} from './account-rights.ts';
import { isAnonymousName } from './anonymous-login.ts';
import type { Login } from './authenticator.ts';
import { identify, identifyAs } from './identification.ts';
import { circumstancesOf } from './login-circumstances.ts';
import type { LoginPolicy, Occasion } from './login-policy.ts';
import { begun, next, type Progress } from './login-progress.ts';
import type { ExplainedRequest } from './login-request.ts';

/** Never rejects. A login that it grants has the proof of every stage. */
export type Decide = (request: ExplainedRequest, occasion: Occasion) => Promise<Progress<Login>>;

/**
 * Hands the proof of each stage to the next: identify, state of the account, method, password, groups, authorization, home.
 * @returns the first outcome that is no proof, or a login
 */
export async function decideLogin(
  policy: LoginPolicy,
  request: ExplainedRequest,
  occasion: Occasion,
): Promise<Progress<Login>> {
  const identified = await identify(policy, request, occasion);
  const admitted = await next(identified, (proof) => checkState(policy, proof, occasion));
  const demanded = await next(admitted, (proof) => checkMethod(policy, proof, request, occasion));
  const proven = await next(demanded, (proof) => checkPassword(policy, proof, request, occasion));
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
  const { claimedName = '' } = request;
  const identified =
    policy.anonymous && isAnonymousName(claimedName)
      ? await identify(policy, { ...request, peerCertificates: [] }, occasion)
      : await next(begun, () => identifyAs(claimedName, directories, occasion));
  const admitted = await next(identified, (proof) => checkState(policy, proof, occasion));
  const proven = await next(admitted, (proof) => assumeMethod(policy, proof, request, occasion));
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

function loginOf({
  account,
  groups,
  certificate,
  method,
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
    authenticationMethod: method,
    ...(certificate && {
      certificateSha256: certificate.certificate.sha256,
      validUntil: new Date(Math.min(...certificate.path.map(({ notAfter }) => notAfter.getTime()))),
    }),
  };
}
