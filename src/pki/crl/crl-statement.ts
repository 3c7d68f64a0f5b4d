/**
 * What each authentic CRL at hand says of one certificate, and what they say together: a revocation stays whatever else is at hand,
 * a hold loses to a newer CRL of the same authority, and good is only what current CRLs say for every reason.
 */
import type { CertificateRevocationList } from './crl.ts';
import type { RevokedEntry } from './crl-entries.ts';
import { mayBeLifted } from './crl-reason.ts';
import { deltaBelongsTo } from './crl-scope.ts';

export interface CrlStatement {
  readonly crl: CertificateRevocationList;
  /** Key of the signer and scope: a newer CRL takes the place of an older one of the same authority only. */
  readonly authority: string;
  /** When this was so. */
  readonly asOf: Date;
  /** Absent: the certificate is not listed. */
  readonly entry?: RevokedEntry | undefined;
  /** Why the CRL is no proof that a certificate is good now; absent: it is current. */
  readonly outOfDate?: string | undefined;
  /** What in the CRL cannot be understood, so that only what it lists counts (see CertificateRevocationList). */
  readonly notUnderstood?: string | undefined;
}

export type Listing = CrlStatement & { readonly entry: RevokedEntry };

/** What the CRLs of one distribution point come to, when none of them revokes for ever. */
export interface Outcome {
  /** The newest hold that no newer CRL of its authority has lifted. */
  readonly hold?: Listing | undefined;
  /** Current CRLs that do not list the certificate, the newest first. */
  readonly good: readonly CrlStatement[];
}

/** RFC 5280 3.3: what is revoked stays listed until it expires; so any authentic CRL that lists it proves it, however old. */
export function revocationIn(statements: readonly CrlStatement[]): Listing | undefined {
  const final = statements.filter(isListing).filter(({ entry }) => !mayBeLifted(entry.reason));
  return final.find(tellsOfNow) ?? final[0];
}

/** @param newestFirst what `revocationIn` found nothing in */
export function outcomeOf(newestFirst: readonly CrlStatement[]): Outcome {
  const upToDate = broughtUpToDate(newestFirst).toSorted(byTimeAndHold);
  const byAuthority = Map.groupBy(upToDate, ({ authority }) => authority);
  const good: CrlStatement[] = [];
  let hold: Listing | undefined;
  for (const [newest, ...older] of byAuthority.values()) {
    if (!newest) continue;
    if (isListing(newest)) hold = newerHold(hold, newest);
    else good.push(...unlistedIn([newest, ...older]));
  }
  return { hold, good: good.toSorted(byTimeAndHold) };
}

/** Of two holds the newer. */
export function newerHold(known: Listing | undefined, found: Listing | undefined): Listing | undefined {
  return !known || (found && found.asOf > known.asOf) ? found : known;
}

/** Each complete CRL together with the newest current delta CRL that belongs to it (RFC 5280 5.2.4), and what delta CRLs list by themselves. */
function broughtUpToDate(newestFirst: readonly CrlStatement[]): readonly CrlStatement[] {
  const deltas = newestFirst.filter(({ crl }) => crl.deltaBase !== undefined);
  const complete = newestFirst
    .filter(({ crl }) => crl.deltaBase === undefined)
    .map((base): CrlStatement => {
      const delta = deltas.find(
        (statement) =>
          tellsOfNow(statement) && statement.authority === base.authority && deltaBelongsTo(statement.crl, base.crl),
      );
      if (!delta || base.notUnderstood !== undefined) return base;
      const { crl, authority, asOf, entry = base.entry } = delta;
      if (!entry || entry.reason === 'removeFromCRL') return { crl, authority, asOf };
      return { crl: delta.entry ? crl : base.crl, authority, asOf, entry };
    });
  const listing = deltas.filter(({ entry }) => entry && entry.reason !== 'removeFromCRL');
  return [...complete, ...listing];
}

/** Those before the first that lists the certificate: what is older than a hold says nothing of its end. */
function unlistedIn(newestFirst: readonly CrlStatement[]): readonly CrlStatement[] {
  const listed = newestFirst.findIndex(isListing);
  const newer = listed < 0 ? newestFirst : newestFirst.slice(0, listed);
  return newer.filter(tellsOfNow);
}

function byTimeAndHold(left: CrlStatement, right: CrlStatement): number {
  return right.asOf.getTime() - left.asOf.getTime() || Number(isListing(right)) - Number(isListing(left));
}

/** Whether it is current and understood. */
function tellsOfNow({ outOfDate, notUnderstood }: CrlStatement): boolean {
  return (outOfDate ?? notUnderstood) === undefined;
}

function isListing(statement: CrlStatement): statement is Listing {
  return statement.entry !== undefined;
}
