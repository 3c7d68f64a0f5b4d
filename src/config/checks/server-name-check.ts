/** Whether clients will take a server’s certificate: by its names, its purpose and the chain that is sent with it. */
import { X509Certificate } from 'node:crypto';
import { hostNamesOf } from '../../ftp/tls/tls-settings.ts';
import { parseCertificate } from '../../pki/certificate/certificate.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';

const serverAuth = '1.3.6.1.5.5.7.3.1';
const anyPurpose = '2.5.29.37.0';
/** Object identifiers in DER: sha1WithRSAEncryption, ecdsa-with-SHA1. */
const weakSignatures = ['06092a864886f70d010105', '06072a8648ce3d0401'].map((hex) => Buffer.from(hex, 'hex'));
const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** @param pem the server’s certificate, then its intermediates */
export function checkServerCertificate(source: YamlSource, setting: SettingPath, pem: string, now: Date): void {
  const chain = certificatesOf(pem);
  const [own] = chain;
  if (!own) return;
  if (!/(?:^|, )(?:DNS|IP Address):/.test(own.subjectAltName ?? '')) {
    source.warning(
      setting,
      'has no subject alternative name with a DNS name or an address: today’s clients refuse it',
      'Have it issued with the name that clients connect to as DNS name (RFC 9525).',
    );
  }
  chain.forEach((certificate, index) => {
    // Nothing rests on the signature of a certificate that signed itself.
    if (!isSignedWithWeakDigest(certificate) || certificate.checkIssued(certificate)) return;
    const which = index === 0 ? 'is' : `certificate ${index + 1} of the file is`;
    source.warning(setting, `${which} signed with SHA-1: today’s clients refuse it`, 'Have it issued with SHA-256.');
  });
  // Node calls the extended key usages so.
  const purposes = own.keyUsage as readonly string[] | undefined;
  if (purposes && !purposes.some((purpose) => purpose === serverAuth || purpose === anyPurpose)) {
    source.warning(
      setting,
      'may not be used by servers: its extended key usage lacks serverAuth',
      'Have it issued for servers.',
    );
  }
  chain.slice(1).forEach((certificate, index) => {
    if (!chain[index]?.checkIssued(certificate)) {
      source.warning(
        setting,
        `certificate ${index + 2} of the file did not issue the one before it`,
        'Write the server’s certificate first, then its issuer’s, and so on upwards.',
      );
    }
    if (now > certificate.validToDate) {
      source.warning(
        setting,
        `certificate ${index + 2} of the file expired at ${certificate.validToDate.toISOString()}`,
        'Add the renewed certificate of the CA instead.',
      );
    }
  });
}

/**
 * Of certificates with the same names and the same kind of key OpenSSL shows one, and of those that are chosen by name Node shows one.
 * @param setting `ssl` of the site
 * @param servers that of the site itself first
 */
export function checkServerTwins(
  source: YamlSource,
  setting: SettingPath,
  servers: readonly { readonly certificate: string }[],
): void {
  const leaves = servers.map(({ certificate }) => certificatesOf(certificate)[0]);
  const [first] = leaves;
  const kinds = new Set([first?.publicKey.asymmetricKeyType]);
  const others = new Set<string>();
  for (const [index, leaf] of leaves.entries()) {
    if (!leaf || !first || index === 0) continue;
    // All curves of NIST are one kind to OpenSSL.
    const kind = leaf.publicKey.asymmetricKeyType;
    const [names, isOfFirst] = [hostNamesOf(leaf), hostNamesOf(leaf) === hostNamesOf(first)];
    if (isOfFirst ? kinds.has(kind) : others.has(names)) {
      source.fault(
        [...setting, 'furtherCertificates', index - 1, 'serverCertificate'],
        isOfFirst
          ? `is the second certificate with a key of kind ${kind} for the names of the site’s own: clients are shown one of them`
          : 'is the second further certificate for the same names: clients are shown one of them',
        'Remove one of them. Another kind of key is possible for the names of the site’s own serverCertificate.',
      );
    }
    if (isOfFirst) kinds.add(kind);
    else others.add(names);
  }
}

/**
 * Clients that come to a site by the name of a host see its certificate.
 * @param setting `bindings` of the site
 * @param servers that of the site itself first
 */
export function checkHostNames(
  source: YamlSource,
  setting: SettingPath,
  bindings: readonly { readonly hostName?: string | undefined }[],
  servers: readonly { readonly certificate: string }[],
): void {
  const leaves = servers.flatMap(({ certificate }) => certificatesOf(certificate).slice(0, 1));
  for (const [index, { hostName }] of bindings.entries()) {
    if (hostName === undefined || leaves.some((leaf) => leaf.checkHost(hostName, { subject: 'never' }))) continue;
    source.warning(
      [...setting, index, 'hostName'],
      `no certificate of the site is for ${hostName}: clients refuse it`,
      'Have the name among those of serverCertificate, or add a certificate to ssl.furtherCertificates.',
    );
  }
}

function isSignedWithWeakDigest({ raw }: X509Certificate): boolean {
  try {
    const { signatureAlgorithm } = parseCertificate(raw);
    return weakSignatures.some((identifier) => signatureAlgorithm.includes(identifier));
  } catch {
    return false;
  }
}

function certificatesOf(pem: string): readonly X509Certificate[] {
  try {
    return [...pem.matchAll(block)].map(([text]) => new X509Certificate(text));
  } catch {
    return [];
  }
}
