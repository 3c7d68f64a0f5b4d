/**
 * Why our answer and that of `openssl verify` may differ. Whatever differs and is not explained by these tables fails the
 * comparison.
 */
interface Observed {
  readonly ours: string;
  readonly theirs: string;
  readonly features: readonly string[];
}

/** Why we refuse what OpenSSL accepts. */
interface OurRefusal {
  readonly reason: string;
  /** Beginning of our code and detail. */
  readonly ours: readonly string[];
  /** One of these must be unusual about the chain; a word stands for all features that end with it. */
  readonly features: readonly string[];
  /** Unusual as well, where one thing alone is not enough. */
  readonly and?: string;
}

const ourRefusals: readonly OurRefusal[] = [
  {
    reason:
      'the end entity names no purpose, or any: neither says that it was issued for logging in (OpenSSL takes both)',
    ours: ['extended-key-usage-missing'],
    features: ['end entity: no purposes', 'end entity: any purpose'],
  },
  {
    reason: 'an extension twice makes a certificate malformed (RFC 5280 4.2); OpenSSL looks at the first',
    ours: ['certificate-malformed', 'path-not-found'],
    features: ['extension twice'],
  },
  {
    reason: 'mapping anyPolicy is forbidden (RFC 5280 6.1.4 (a)); OpenSSL reads no mappings beside absent policies',
    ours: ['certificate-policy-not-acceptable: It maps anyPolicy'],
    features: ['policy mapping'],
  },
  {
    reason:
      'a mapping does not revive an anyPolicy that was inhibited from the start (RFC 5280 6.1.3 (d)(2)); OpenSSL maps it',
    ours: ['certificate-policy-not-acceptable: No acceptable'],
    features: ['policy mapping'],
    and: 'initial inhibit of anyPolicy',
  },
];

/** Why we accept although OpenSSL has this error; all of its errors must be explained. */
interface TheirError {
  readonly reason: string;
  readonly theirs: readonly string[];
  readonly features: readonly string[];
}

const theirErrors: readonly TheirError[] = [
  {
    reason:
      'keyUsage is checked where there is one (RFC 5280 6.1.4 (n)); that CAs must have one is a rule for issuing (-x509_strict)',
    theirs: ['CA cert does not include key usage', 'Path length given without key usage keyCertSign'],
    features: ['no key usage'],
  },
  {
    reason:
      'that basicConstraints of a CA is critical is a rule for issuing (RFC 5280 4.2.1.9, -x509_strict); it counts all the same',
    theirs: ['Basic Constraints of CA cert not marked critical'],
    features: ['basic constraints not critical', 'end entity: is a CA'],
  },
  {
    reason: 'a trust anchor without basicConstraints is one because the site says so (RFC 5280 6.1.1 (d))',
    theirs: [
      'invalid CA certificate',
      'Key usage keyCertSign invalid for non-CA',
      'Path length invalid for non-CA',
      'unsuitable certificate purpose',
    ],
    features: ['root: no basic constraints'],
  },
  {
    reason:
      'authorityKeyIdentifier helps to find issuers and proves nothing (RFC 5280 4.2.1.1, RFC 4158 3.5.12); the signature verifies',
    theirs: ['unable to get', 'unable to verify'],
    features: ['wrong authority key identifier'],
  },
  {
    reason: 'anyExtendedKeyUsage in a CA limits nothing below (RFC 5280 4.2.1.12); OpenSSL wants clientAuth by name',
    theirs: ['unsuitable certificate purpose'],
    features: ['root: any purpose', 'intermediate: any purpose'],
  },
  {
    reason:
      'a policy mapped out of anyPolicy comes down through anyPolicy in the CAs below (RFC 5280 6.1.4 (b)(1), 6.1.3 (d)(2)); OpenSSL loses it',
    theirs: ['no explicit policy'],
    features: ['policy mapping out of anyPolicy'],
  },
];

const begins = (text: string, beginnings: readonly string[]) => beginnings.some((each) => text.startsWith(each));
const has = ({ features }: Observed, wanted: readonly string[]) =>
  features.some((feature) => wanted.some((each) => feature.endsWith(each)));

/** Undefined when it is not explained yet. */
export function explanationOf(observed: Observed): string | undefined {
  if (observed.ours !== 'accepted')
    return ourRefusals.find(
      ({ ours, features, and }) =>
        begins(observed.ours, ours) && has(observed, features) && (and === undefined || has(observed, [and])),
    )?.reason;
  const reasons = observed.theirs
    .split('; ')
    .map(
      (error) => theirErrors.find(({ theirs, features }) => begins(error, theirs) && has(observed, features))?.reason,
    );
  return reasons.includes(undefined) ? undefined : [...new Set(reasons)].join('; and ');
}
