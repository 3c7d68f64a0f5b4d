/** A certificate in a header: every proxy’s encoding, exactly one header, and nothing that is only nearly one. */
import { describe, expect, it } from 'vitest';
import { certificatesOfHeader } from '../../../src/service/certificate-header.ts';
import { RefusedRequest } from '../../../src/service/refused-request.ts';
import type { MappingServiceSettings } from '../../../src/service/service-settings.ts';
import { cpuMilliseconds } from '../../support/cpu-time.ts';
import { janeDoe } from '../../support/jane-doe.ts';

const base64 = janeDoe.toString('base64');
const pem = `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
const escaped = encodeURIComponent(pem);
const other = Buffer.concat([janeDoe.subarray(0, -1), Buffer.from([0])]);
const otherPem = encodeURIComponent(
  `-----BEGIN CERTIFICATE-----\n${other.toString('base64')}\n-----END CERTIFICATE-----\n`,
);

type Encoding = MappingServiceSettings['certificateEncoding'];

const read = (encoding: Encoding, ...values: string[]) =>
  certificatesOfHeader(
    { 'x-client-certificate': values },
    { certificateHeader: 'x-client-certificate', certificateEncoding: encoding },
  );

describe('a certificate header is read', () => {
  it.each<[string, Encoding, string, number]>([
    ['as nginx escapes it', 'pem', escaped, 1],
    ['as Apache writes it, with blanks for line ends', 'pem', pem.trim().replaceAll('\n', ' '), 1],
    ['with the chain', 'pem', escaped + escaped, 2],
    ['as HAProxy writes it', 'base64', base64, 1],
    ['by RFC 9440', 'structured', `:${base64}:`, 1],
    [
      'as Envoy writes it',
      'xfcc',
      `By=spiffe://x;Hash=ab;Cert="${escaped}";Subject="CN=a,\\"b\\";c";URI=spiffe://y`,
      1,
    ],
    ['as Envoy writes it with the chain', 'xfcc', `Hash=ab;Cert="${escaped}";Chain="${escaped}${escaped}"`, 2],
  ])('%s', (_rule, encoding, value, count) => {
    const certificates = read(encoding, value);
    expect(certificates).toHaveLength(count);
    expect(certificates.every((certificate) => certificate.equals(janeDoe))).toBe(true);
  });

  it.each<[string, Encoding, readonly string[]]>([
    ['when it is absent', 'pem', []],
    ['when it is empty', 'pem', ['']],
    ['when it is blank', 'base64', ['  ']],
    ['when Envoy had none', 'xfcc', ['By=spiffe://x;Hash=ab']],
  ])('as none %s', (_rule, encoding, values) => {
    expect(read(encoding, ...values)).toEqual([]);
  });

  it('under the configured name only', () => {
    const header = { certificateHeader: 'x-client-certificate', certificateEncoding: 'pem' } as const;
    const others = { 'client-cert': [escaped], 'x-forwarded-client-cert': [escaped], 'x-ssl-client-cert': [escaped] };
    expect(certificatesOfHeader(others, header)).toEqual([]);
  });
});

describe('a certificate header is refused', () => {
  it.each<[string, Encoding, readonly string[]]>([
    ['when it is there twice', 'pem', [escaped, escaped]],
    ['when two were joined by a proxy', 'base64', [`${base64}, ${base64}`]],
    ['with text before the block', 'pem', [`x ${escaped}`]],
    ['with text between blocks', 'pem', [`${escaped}x${escaped}`]],
    ['with another block', 'pem', [encodeURIComponent(pem.replaceAll('CERTIFICATE', 'PRIVATE KEY'))]],
    ['with a broken block', 'pem', [escaped.slice(0, -20)]],
    ['with a percent sign that escapes nothing', 'pem', [`${escaped}%zz`]],
    ['with octets that are not UTF-8', 'pem', ['%ff']],
    ['in base 64 with a blank', 'base64', [`${base64.slice(0, 8)} ${base64.slice(8)}`]],
    ['in base 64 of the URL kind', 'base64', ['_-_-']],
    ['by RFC 9440 without colons', 'structured', [base64]],
    ['by RFC 9440 with parameters', 'structured', [`:${base64}:;a=1`]],
    ['with two elements of Envoy’s', 'xfcc', [`Cert="${escaped}",Cert="${otherPem}"`]],
    ['with two certificates in one element', 'xfcc', [`Cert="${escaped}";Cert="${otherPem}"`]],
    ['when Envoy’s chain begins with another certificate', 'xfcc', [`Cert="${escaped}";Chain="${otherPem}"`]],
    ['when Envoy’s element is not closed', 'xfcc', [`Cert="${escaped}`]],
    ['with 21 certificates', 'pem', [escaped.repeat(21)]],
  ])('%s', (_rule, encoding, values) => {
    expect(() => read(encoding, ...values)).toThrow(RefusedRequest);
  });

  it('in time that grows with its length only', () => {
    const begin = cpuMilliseconds();
    for (const value of [
      '-----BEGIN CERTIFICATE-----'.repeat(2000),
      `a=${'\\"'.repeat(20_000)}`,
      'a=b;'.repeat(10_000),
    ])
      for (const encoding of ['pem', 'xfcc'] as const) expect(() => read(encoding, value)).toThrow(RefusedRequest);
    expect(cpuMilliseconds() - begin).toBeLessThan(1000);
  });
});
