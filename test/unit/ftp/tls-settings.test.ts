/** The TLS settings of a site. */
import { describe, expect, it } from 'vitest';
import { clientCertificatePolicy, ssl } from '../../../src/ftp/tls/tls-settings.ts';

const files = { serverCertificate: '/etc/cardgate/server.pem', serverCertificateKey: '/etc/cardgate/server.key' };

describe('the TLS settings', () => {
  it('protect everything by themselves, under TLS 1.2 and 1.3', () => {
    const strict = {
      ...files,
      controlChannelPolicy: 'SslRequire',
      dataChannelPolicy: 'SslRequire',
      furtherCertificates: [],
      ocspStapling: false,
      minimumVersion: 'TLSv1.2',
      maximumVersion: 'TLSv1.3',
    };
    expect(ssl.parse(files)).toEqual(strict);
    expect(ssl.parse(strict)).toEqual(strict);
    expect(clientCertificatePolicy.parse(undefined)).toBe('CertRequire');
  });

  it.each([
    { controlChannelPolicy: 'SslAllow' },
    { controlChannelPolicy: 'SslRequireCredentialsOnly' },
    { dataChannelPolicy: 'SslAllow' },
    { dataChannelPolicy: 'SslDeny' },
    { minimumVersion: 'TLSv1.3' },
    { maximumVersion: 'TLSv1.2' },
    { signatureAlgorithms: 'RSA+SHA256:rsa_pkcs1_sha384:ed25519' },
  ])('may be %o', (change) => {
    expect(ssl.parse({ ...files, ...change })).toMatchObject(change);
  });

  it.each([
    { controlChannelPolicy: 'SslDeny' },
    { dataChannelPolicy: 'SslRequireCredentialsOnly' },
    { minimumVersion: 'TLSv1.1' },
    { maximumVersion: 'TLSv1.4' },
    { signatureAlgorithms: '' },
    { signatureAlgorithms: 'RSA SHA256' },
    { signatureAlgorithms: 'RSA+SHA256;' },
    { signatureAlgorithms: 'a'.repeat(501) },
    { ciphers: 'ALL' },
  ])('may not be %o', (change) => {
    expect(ssl.safeParse({ ...files, ...change }).success).toBe(false);
  });

  it.each(['CertIgnore', 'CertAllow', 'CertRequire'])('ask for a client certificate as %s says', (policy) => {
    expect(clientCertificatePolicy.parse(policy)).toBe(policy);
    expect(clientCertificatePolicy.safeParse(`${policy}d`).success).toBe(false);
  });
});
