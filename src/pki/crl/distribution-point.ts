/** Distribution points of CRLs (RFC 5280 4.2.1.13 and 5.2.5): where a CRL is, for which reasons, and who signs it. */
import { contextConstructed, contextPrimitive, DerReader, type DerValue, readSequence, tags } from '../encoding/der.ts';
import { decodeNamedBits } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { attributesOf, type DistinguishedName, type RelativeDistinguishedName } from '../names/distinguished-name.ts';
import { type GeneralName, generalNamesOf, readableNamesOf } from '../names/general-name.ts';

export type DistributionPointName =
  | { readonly kind: 'fullName'; readonly names: readonly GeneralName[] }
  | { readonly kind: 'nameRelativeToCRLIssuer'; readonly rdn: RelativeDistinguishedName };

export interface DistributionPoint {
  readonly name?: DistributionPointName | undefined;
  /** Bits of ReasonFlags; absent: all reasons. */
  readonly reasons?: ReadonlySet<number> | undefined;
  /** The directory names among cRLIssuer; absent: the certificate issuer. */
  readonly crlIssuers?: readonly DistinguishedName[] | undefined;
}

const maximumPoints = 64;

/** @param der a CRLDistributionPoints SEQUENCE. @throws MalformedError */
export function parseDistributionPoints(der: Buffer): readonly DistributionPoint[] {
  const points = readSequence(der, 'distribution points').rest(maximumPoints);
  if (points.length === 0) throw new MalformedError('distribution points are empty');
  return points.map(distributionPointOf);
}

/** Likewise those that can be read: one point less is one place less to find a CRL at, and no CRL is for it. @throws MalformedError */
export function readableDistributionPoints(der: Buffer): readonly DistributionPoint[] {
  return readSequence(der, 'distribution points')
    .rest(maximumPoints)
    .flatMap((point) => {
      try {
        return [distributionPointOf(point)];
      } catch (error) {
        if (error instanceof MalformedError) return [];
        throw error;
      }
    });
}

function distributionPointOf(point: DerValue): DistributionPoint {
  if (point.tag !== tags.sequence) throw new MalformedError('distribution point is not a SEQUENCE');
  const reader = new DerReader(point.content, 'distribution point');
  const name = reader.optional(contextConstructed(0));
  const reasons = reader.optional(contextPrimitive(1));
  const issuers = reader.optional(contextConstructed(2));
  reader.end();
  if (!name && !issuers) throw new MalformedError('distribution point has neither a name nor a CRL issuer');
  return {
    name: name && distributionPointNameOf(name.content),
    reasons: reasons && decodeNamedBits(reasons.content, 'reasons of a distribution point'),
    crlIssuers: issuers && directoryNames(generalNamesOf(issuers.content, 'cRLIssuer')),
  };
}

/** @param content of the explicit [0] around the CHOICE. @throws MalformedError */
export function distributionPointNameOf(content: Buffer): DistributionPointName {
  const reader = new DerReader(content, 'distribution point name');
  const value = reader.next();
  reader.end();
  if (value.tag === contextConstructed(0)) return { kind: 'fullName', names: namesOf(value.content) };
  if (value.tag === contextConstructed(1)) return { kind: 'nameRelativeToCRLIssuer', rdn: attributesOf(value.content) };
  throw new MalformedError('distribution point name is of an unknown kind');
}

/** A name that cannot be read is left out: it is one source less, and no CRL is for a point because of it. */
function namesOf(content: Buffer): readonly GeneralName[] {
  return readableNamesOf(content, 'fullName of a distribution point').filter(({ kind }) => kind !== 'unreadable');
}

function directoryNames(names: readonly GeneralName[]): readonly DistinguishedName[] {
  const found = names.filter((name) => name.kind === 'directoryName').map(({ name }) => name);
  if (found.length === 0) throw new MalformedError('cRLIssuer holds no directory name');
  return found;
}
