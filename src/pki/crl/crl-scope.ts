/** Whether a CRL speaks of a certificate at all (RFC 5280 6.3.3 (b) to (e)), and whether a delta CRL belongs to a complete one. */
import type { Certificate } from '../certificate/certificate.ts';
import { type DistinguishedName, relativeNameKey } from '../names/distinguished-name.ts';
import { type GeneralName, generalNameKey } from '../names/general-name.ts';
import type { CertificateRevocationList } from './crl.ts';
import type { DistributionPoint, DistributionPointName } from './distribution-point.ts';

/** ReasonFlags 1 to 8; bit 0 is unused. */
export const allReasons: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8]);

/**
 * RFC 5280 6.3.3, last paragraph: after those it names, a certificate has one more point, with the issuer's name, for all
 * reasons.
 */
export function distributionPointsOf(certificate: Certificate): readonly DistributionPoint[] {
  return [...certificate.crlDistributionPoints, implicitPoint(certificate.issuer)];
}

function implicitPoint(issuer: DistinguishedName): DistributionPoint {
  return { name: { kind: 'fullName', names: [{ kind: 'directoryName', name: issuer }] } };
}

/** Why the CRL does not speak of the certificate under this distribution point; undefined when it does. */
export function scopeMismatch(
  crl: CertificateRevocationList,
  certificate: Certificate,
  point: DistributionPoint,
): string | undefined {
  const scope = crl.issuingDistributionPoint;
  if (point.crlIssuers) {
    if (!point.crlIssuers.some(({ key }) => key === crl.issuer.key)) return 'another CRL issuer is named';
    if (!scope?.indirectCrl) return 'it is not an indirect CRL';
  } else if (crl.issuer.key !== certificate.issuer.key) {
    return 'its issuer is not the issuer of the certificate';
  }
  if (!scope) return undefined;
  if (scope.name && !namesIntersect(scope.name, crl.issuer, point, certificate))
    return 'it is for another distribution point';
  const isCa = certificate.basicConstraints?.ca === true;
  if (scope.onlyContainsUserCerts && isCa) return 'it is for end entities only';
  if (scope.onlyContainsCaCerts && !isCa) return 'it is for CAs only';
  if (scope.onlyContainsAttributeCerts) return 'it is for attribute certificates only';
  return undefined;
}

/** RFC 5280 6.3.3 (d): the reasons for which this CRL under this point can tell. */
export function coveredReasons(crl: CertificateRevocationList, point: DistributionPoint): ReadonlySet<number> {
  const ofCrl = crl.issuingDistributionPoint?.onlySomeReasons ?? allReasons;
  const ofPoint = point.reasons ?? allReasons;
  return new Set([...allReasons].filter((reason) => ofCrl.has(reason) && ofPoint.has(reason)));
}

/** RFC 5280 5.2.4 and 6.3.3 (c): same issuer, scope and signing key, and a base no newer than the complete CRL. */
export function deltaBelongsTo(delta: CertificateRevocationList, complete: CertificateRevocationList): boolean {
  if (delta.deltaBase === undefined || delta.crlNumber === undefined || complete.crlNumber === undefined) return false;
  return (
    delta.issuer.key === complete.issuer.key &&
    sameOctets(delta.issuingDistributionPoint?.der, complete.issuingDistributionPoint?.der) &&
    sameOctets(delta.authorityKeyIdentifier, complete.authorityKeyIdentifier) &&
    complete.crlNumber >= delta.deltaBase &&
    complete.crlNumber < delta.crlNumber
  );
}

function sameOctets(left: Buffer | undefined, right: Buffer | undefined): boolean {
  return left && right ? left.equals(right) : left === right;
}

/** RFC 5280 6.3.3 (b)(2)(i): a point without a name is compared by its CRL issuers. */
function namesIntersect(
  scopeName: DistributionPointName,
  crlIssuer: DistinguishedName,
  point: DistributionPoint,
  certificate: Certificate,
): boolean {
  const pointBase = point.crlIssuers?.[0] ?? certificate.issuer;
  const pointKeys = point.name
    ? nameKeys(point.name, pointBase)
    : (point.crlIssuers ?? []).map((name) => generalNameKey({ kind: 'directoryName', name }));
  return nameKeys(scopeName, crlIssuer).some((key) => pointKeys.includes(key));
}

function nameKeys(name: DistributionPointName, base: DistinguishedName): readonly string[] {
  if (name.kind === 'fullName') return name.names.map(comparable);
  return [`directoryName ${relativeNameKey(base, name.rdn)}`];
}

/** The key of a name; URLs without what makes no difference (RFC 3986 6.2.2.1, 6.2.3): case of scheme and host, the default port. */
function comparable(name: GeneralName): string {
  const [, scheme, userinfo = '', host, port, rest] =
    (name.kind === 'uniformResourceIdentifier' && urlParts.exec(name.value)) || [];
  if (scheme === undefined || host === undefined) return generalNameKey(name);
  const isDefaultPort = port === '' || Number(port) === defaultPorts[scheme.toLowerCase()];
  const authority = `${userinfo}${host.toLowerCase()}${port === undefined || isDefaultPort ? '' : `:${port}`}`;
  return `uniformResourceIdentifier ${scheme.toLowerCase()}://${authority}${rest || '/'}`;
}

const urlParts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@]*@)?(\[[^\]/]*\]|[^/?#:@]*)(?::(\d*))?((?:[/?#].*)?)$/i;
const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, ldap: 389, ldaps: 636, ftp: 21 };
