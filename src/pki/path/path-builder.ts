/**
 * Looks for certification paths from a certificate to a trust anchor: depth first, the likeliest issuer first, backtracking.
 * A path is handed out once its signatures verify; whether it is valid is for others to say, who then ask for the next.
 */
import { type Denial, denial } from '../../denial.ts';
import { type Certificate, isSelfIssued } from '../certificate/certificate.ts';
import { certificateFacts } from '../certificate/certificate-facts.ts';
import { formatRfc4514 } from '../names/distinguished-name.ts';
import { anchorDistances } from './anchor-distance.ts';
import type { Issuer, IssuerPool } from './issuer-pool.ts';
import type { CertificationPath } from './path-validator.ts';
import type { SignatureChecks } from './signature-checks.ts';

interface PathSearch {
  readonly pool: IssuerPool;
  readonly signatures: SignatureChecks;
  readonly time: Date;
  /** Told of every branch that ended without a path. */
  readonly onRefusal: (refusal: Denial) => void;
}

/** The trust anchor not counted. Real hierarchies have two or three. */
const maximumPathCertificates = 10;

/** Microseconds, for the budget. */
const stepCost = 5;

interface UpwardWalk extends PathSearch {
  /** See anchor-distance.ts; made when there is a choice for the first time, which most logins never have. */
  readonly distances: () => ReadonlyMap<string, number>;
}

/** @throws BudgetExceededError */
export function* certificationPaths(endEntity: Certificate, search: PathSearch): Generator<CertificationPath, void> {
  let known: ReadonlyMap<string, number> | undefined;
  const distances = () => (known ??= anchorDistances(endEntity.issuer.key, search.pool, search.signatures.budget));
  yield* extend([endEntity], new Set([identityOf(endEntity)]), { ...search, distances });
}

function* extend(
  path: readonly Certificate[],
  onPath: ReadonlySet<string>,
  search: UpwardWalk,
): Generator<CertificationPath, void> {
  const head = path.at(-1);
  if (!head) return;
  const issuers = search.pool.bySubject(head.issuer.key);
  if (issuers.length === 0) search.onRefusal(noIssuer(head));
  for (const { certificate, isTrustAnchor } of byLikelihood(head, issuers, search)) {
    search.signatures.budget.spend('buildSteps', stepCost);
    // The same name with the same key again only makes a path longer, and for ever (CVE-2024-0567).
    const identity = identityOf(certificate);
    if (onPath.has(identity) || (!isTrustAnchor && path.length >= maximumPathCertificates)) continue;
    const refusal = search.signatures.refusalWhileBuilding(head, certificate);
    if (refusal) search.onRefusal(refusal);
    else if (isTrustAnchor) yield { certificates: path, trustAnchor: certificate };
    else yield* extend([...path, certificate], new Set([...onPath, identity]), search);
  }
}

/** Made once for a certificate: names and keys may be long, and every step asks. */
function identityOf(certificate: Certificate): string {
  const { subject, subjectPublicKeyInfo, derived } = certificate;
  derived.identity ??= `${subject.key}\n${subjectPublicKeyInfo.toString('latin1')}`;
  return derived.identity;
}

/**
 * RFC 4158 3.5: hints only order the candidates, since none of them is proof. Those from which no names lead to a trust anchor come last;
 * of equally good ones the nearest to an anchor first.
 */
function byLikelihood(certificate: Certificate, issuers: readonly Issuer[], walk: UpwardWalk): readonly Issuer[] {
  if (issuers.length < 2) return issuers;
  const distances = walk.distances();
  const scored = issuers.map((issuer) => {
    const above = distances.get(issuer.certificate.issuer.key);
    const distance = issuer.isTrustAnchor ? 0 : above === undefined ? maximumPathCertificates : above + 1;
    const isLost = distance >= maximumPathCertificates;
    return { issuer, distance, score: likelihood(certificate, issuer, walk.time) - (isLost ? 64 : 0) };
  });
  return scored
    .sort((left, right) => right.score - left.score || left.distance - right.distance)
    .map(({ issuer }) => issuer);
}

function likelihood(certificate: Certificate, { certificate: issuer, isTrustAnchor }: Issuer, time: Date): number {
  const { authorityKeyIdentifier } = certificate;
  const { subjectKeyIdentifier, notBefore, notAfter, basicConstraints, keyUsage } = issuer;
  const keyMatch =
    !authorityKeyIdentifier || !subjectKeyIdentifier ? 0 : authorityKeyIdentifier.equals(subjectKeyIdentifier) ? 1 : -1;
  const isCurrent = time >= notBefore && time <= notAfter;
  const mayIssue = basicConstraints?.ca === true && keyUsage?.has('keyCertSign') !== false;
  return (
    16 * keyMatch +
    8 * Number(isTrustAnchor) +
    4 * Number(isCurrent) +
    2 * Number(mayIssue) -
    Number(isSelfIssued(issuer))
  );
}

function noIssuer(certificate: Certificate): Denial {
  const issuer = formatRfc4514(certificate.issuer);
  return denial('path-not-found', `No certificate of the issuer ${issuer} is at hand.`, certificateFacts(certificate));
}
