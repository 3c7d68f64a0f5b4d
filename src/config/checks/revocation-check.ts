/** Whether a site can find out at all who is revoked: from files, or from hosts that may be asked. Judged by settings and CA certificates alone. */
import { accessLocations } from '../../pki/certificate/authority-information-access.ts';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import { parseCrl } from '../../pki/crl/crl.ts';
import { oids } from '../../pki/encoding/oids.ts';
import { formatRfc4514 } from '../../pki/names/distinguished-name.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import type { MaterialReader } from '../material.ts';
import type { SiteSettings } from '../site-schema.ts';
import type { SiteTrust } from './trust-check.ts';

/** @param setting of sslClientCertificates */
export function checkRevocation(
  { source, settingOf }: Pick<MaterialReader, 'source' | 'settingOf'>,
  setting: SettingPath,
  settings: SiteSettings['sslClientCertificates'],
  trust: SiteTrust,
): void {
  const { validationFlags, revocationRetrievalHosts, revocation } = settings;
  if (validationFlags.includes('NoRevocationCheck')) return;
  const hosts = new Set(revocationRetrievalHosts);
  const takesCrls = revocation.methods.includes('crl');
  const hasFiles = takesCrls && settings.crlFiles.length > 0;
  if (!hasFiles && hosts.size === 0) {
    const message = 'no source of revocation is named: every login will be refused';
    source.warning(
      setting,
      message,
      'Name crlFiles, or in revocationRetrievalHosts the hosts of the CRLs and OCSP responders.',
    );
    return;
  }
  revocation.ocsp.responders.forEach((url, index) => {
    const host = hostIn(url);
    if (host === undefined || hosts.has(host)) return;
    const path = [...setting, 'revocation', 'ocsp', 'responders', index];
    source.warning(
      path,
      `${host} is not in revocationRetrievalHosts, so that it is never asked`,
      `Add ${host} to revocationRetrievalHosts.`,
    );
  });
  const issuersOfCrls = new Set(takesCrls ? trust.crls.map(({ der, file }) => parseCrl(der, file).issuer.key) : []);
  const names = {
    hosts,
    issuersOfCrls,
    anyResponder: revocation.ocsp.responders.some((url) => hosts.has(hostIn(url) ?? '')),
  };
  const anchors = new Set(trust.trustAnchors.map(({ sha256 }) => sha256));
  for (const certificate of trust.intermediates) {
    if (anchors.has(certificate.sha256) || revocation.certificates === 'endCertificate') continue;
    const offered = offeredHosts(certificate, revocation);
    if (issuersOfCrls.has(certificate.issuer.key) || isReachable(offered, names, revocation.methods)) continue;
    const hint = offered.length > 0 ? `, or ${offered.join(', ')} to revocationRetrievalHosts` : '';
    source.warning(
      settingOf(certificate),
      `no source says whether ${formatRfc4514(certificate.subject)} is revoked: all below it are refused`,
      `Add a CRL of ${formatRfc4514(certificate.issuer)} to crlFiles${hint}.`,
    );
  }
  if (hosts.size > 0) return;
  for (const certificate of trust.intermediates) {
    if (issuersOfCrls.has(certificate.subject.key) || certificate.basicConstraints?.ca !== true) continue;
    if (trust.intermediates.some((other) => other !== certificate && other.issuer.key === certificate.subject.key))
      continue;
    source.warning(
      settingOf(certificate),
      `no CRL of ${formatRfc4514(certificate.subject)} is given: every certificate it issued is refused`,
      `Add its CRL to crlFiles, or the host it is at to revocationRetrievalHosts.`,
    );
  }
}

interface Reachable {
  readonly hosts: ReadonlySet<string>;
  readonly anyResponder: boolean;
}

function isReachable(
  offered: readonly string[],
  { hosts, anyResponder }: Reachable,
  methods: readonly string[],
): boolean {
  return offered.some((host) => hosts.has(host)) || (methods.includes('ocsp') && anyResponder);
}

/** Hosts a certificate names for its own status, of the methods and schemes that are in use. */
function offeredHosts(
  certificate: Certificate,
  { methods, schemes }: SiteSettings['sslClientCertificates']['revocation'],
): readonly string[] {
  const points = certificate.crlDistributionPoints.flatMap(({ name }) =>
    name?.kind === 'fullName'
      ? name.names.flatMap((one) => (one.kind === 'uniformResourceIdentifier' ? [one.value] : []))
      : [],
  );
  const urls = [
    ...(methods.includes('crl') ? points : []),
    ...(methods.includes('ocsp') ? accessLocations(certificate, oids.ocspAccess) : []),
  ];
  const taken = urls.filter((url) => schemes.some((scheme) => url.toLowerCase().startsWith(`${scheme}:`)));
  return [...new Set(taken.flatMap((url) => hostIn(url) ?? []))];
}

/** As revocationRetrievalHosts spells hosts: an IPv6 address without brackets. */
function hostIn(url: string): string | undefined {
  const hostname = URL.parse(url)?.hostname.toLowerCase();
  return hostname?.replace(/^\[|\]$/g, '') || undefined;
}
