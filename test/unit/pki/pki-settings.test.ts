/** What the settings of validation, revocation and retrieval may be, and what they are when a configuration does not name them. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { algorithms } from '../../../src/pki/certificate/algorithms.ts';
import { ocsp } from '../../../src/pki/ocsp/ocsp-settings.ts';
import { pathSettings } from '../../../src/pki/path/path-settings.ts';
import {
  retrieval,
  retrievalLimits,
  retrievalPolicyOf,
  retrievalSettings,
} from '../../../src/pki/retrieval/retrieval-settings.ts';
import { revocationSettings } from '../../../src/pki/revocation/revocation-settings.ts';
import { octets } from '../../../src/settings/units.ts';

const schemas = {
  algorithms,
  ocsp,
  path: z.strictObject(pathSettings).prefault({}),
  revocation: revocationSettings.shape.revocation,
  validation: z.strictObject({
    validationFlags: revocationSettings.shape.validationFlags,
    revocationFreshnessTime: revocationSettings.shape.revocationFreshnessTime,
  }),
  retrieval,
  site: z.strictObject(retrievalSettings).prefault({}),
};
type Section = keyof typeof schemas;
const mebibyte = 1024 * 1024;
const times = (count: number, value: string) => Array.from({ length: count }, () => value);
const read = (section: Section, name: string, value: unknown) => schemas[section].safeParse({ [name]: value });

it('sections without settings have safe defaults', () => {
  expect(algorithms.parse({})).toEqual({
    digests: ['sha256', 'sha384', 'sha512'],
    keyTypes: ['rsa', 'ec', 'ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'],
    minimumRsaBits: 2048,
  });
  const responders = { responders: [], responderCertificates: [], nonce: 'off', maximumAge: 7 * 86_400 };
  const questions = { certIdHash: 'sha1', httpMethod: 'getWhenShort' };
  expect(ocsp.parse(undefined)).toEqual({ ...responders, ...questions });
  expect(schemas.validation.parse({})).toEqual({ validationFlags: [], revocationFreshnessTime: 0 });
  expect(schemas.revocation.parse(undefined)).toEqual({
    methods: ['ocsp', 'crl'],
    certificates: 'chain',
    unknownStatus: 'deny',
    gracePeriod: 0,
    totalRetrievalTimeout: 20_000,
    schemes: ['http'],
    privateAddresses: [],
    ocsp: ocsp.parse({}),
  });
  expect(schemas.path.parse({})).toEqual({
    requiredExtendedKeyUsage: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.4.1.311.20.2.2'],
    acceptedPolicies: [],
    forbiddenPolicies: [],
    acceptedIssuers: [],
    inhibitPolicyMapping: false,
    inhibitAnyPolicy: false,
  });
  expect(retrieval.parse(undefined)).toEqual({
    maximumCacheMegabytes: 512 * mebibyte,
    maximumMemoryMegabytes: 1024 * mebibyte,
    maximumCrlMegabytes: 256 * mebibyte,
    refreshInterval: 3_600_000,
    certificateAuthorities: [],
    fileDirectories: [],
  });
  expect(schemas.site.parse({})).toEqual({ revocationUrlRetrievalTimeout: 15_000, revocationRetrievalHosts: [] });
  const proxy = { url: 'http://proxy.example:3128' };
  expect(retrieval.parse({ proxy }).proxy).toEqual({ ...proxy, except: [] });
});

describe('a setting takes each of its words, and no other', () => {
  it.each<[Section, string, readonly string[], 'list' | 'word']>([
    ['algorithms', 'digests', ['sha1', 'sha256', 'sha384', 'sha512'], 'list'],
    [
      'algorithms',
      'keyTypes',
      [
        'rsa',
        'ec',
        'ed25519',
        'ed448',
        'ml-dsa-44',
        'ml-dsa-65',
        'ml-dsa-87',
        'brainpoolP256r1',
        'brainpoolP384r1',
        'brainpoolP512r1',
      ],
      'list',
    ],
    ['ocsp', 'nonce', ['off', 'send', 'require'], 'word'],
    ['ocsp', 'certIdHash', ['sha1', 'sha256'], 'word'],
    ['ocsp', 'httpMethod', ['getWhenShort', 'post'], 'word'],
    ['revocation', 'methods', ['ocsp', 'crl'], 'list'],
    ['revocation', 'certificates', ['chain', 'endCertificate'], 'word'],
    ['revocation', 'unknownStatus', ['deny', 'allowWithinGrace'], 'word'],
    ['revocation', 'schemes', ['http', 'https', 'ldap', 'file'], 'list'],
    [
      'validation',
      'validationFlags',
      ['NoRevocationCheck', 'CertChainRevocationCheckCacheOnly', 'CertChainCacheOnlyUrlRetrieval', 'CertNoUsageCheck'],
      'list',
    ],
  ])('%s.%s', (section, name, words, form) => {
    const value = (word: string) => (form === 'list' ? [word] : word);
    for (const word of words) expect(read(section, name, value(word)).data).toMatchObject({ [name]: value(word) });
    for (const word of ['', 'other', words[0]?.toUpperCase() ?? ''])
      expect(read(section, name, value(word)).success).toBe(false);
  });
});

describe('a setting is bounded', () => {
  const oid = '1.2.3';
  const fingerprint = 'AB:'.repeat(31).concat('cd');
  it.each<[Section, string, accepted: readonly unknown[], refused: readonly unknown[]]>([
    ['algorithms', 'digests', [['sha512']], [[]]],
    ['algorithms', 'keyTypes', [['rsa']], [[]]],
    ['algorithms', 'minimumRsaBits', [1024, 16_384], [1023, 16_385, 2048.5]],
    [
      'ocsp',
      'responders',
      [[], times(10, 'http://a/'), ['https://a/']],
      [times(11, 'http://a/'), ['ftp://a/'], ['httpx://a/'], ['xhttp://a/'], ['a']],
    ],
    ['ocsp', 'responderCertificates', [[], times(20, 'a.pem')], [times(21, 'a.pem'), ['']]],
    ['ocsp', 'maximumAge', ['0s', '24d'], ['25d', '1', '-1s']],
    ['revocation', 'methods', [['crl'], ['ocsp'], ['crl', 'ocsp']], [[], ['crl', 'ocsp', 'crl']]],
    ['revocation', 'gracePeriod', ['0s', '24d'], ['25d', 1]],
    ['revocation', 'totalRetrievalTimeout', ['100ms', '2m'], ['99ms', '121s']],
    [
      'revocation',
      'privateAddresses',
      [[], times(100, 'a'), ['a'.repeat(253)]],
      [times(101, 'a'), [''], ['a'.repeat(254)]],
    ],
    ['validation', 'revocationFreshnessTime', ['0s', '24d'], ['25d', '1']],
    [
      'path',
      'requiredExtendedKeyUsage',
      [[], times(20, 'none'), [oid]],
      [times(21, 'none'), ['serverAuth'], ['3.1'], ['1'], ['1.2.']],
    ],
    ['path', 'acceptedPolicies', [[], times(100, oid)], [times(101, oid), ['x']]],
    ['path', 'forbiddenPolicies', [[], times(100, oid)], [times(101, oid), ['x']]],
    [
      'path',
      'acceptedPolicies',
      [[`0.${'1'.repeat(39)}`], [`2${'.1'.repeat(30)}`]],
      [[`0.${'1'.repeat(40)}`], [`2${'.1'.repeat(31)}`], [`x${oid}`], [`${oid}x`]],
    ],
    ['path', 'acceptedIssuers', [[], times(100, fingerprint)], [times(101, fingerprint), ['ab']]],
    ['retrieval', 'cacheDirectory', ['a'], ['']],
    ['retrieval', 'maximumCacheMegabytes', [1, 100_000], [0, 100_001]],
    ['retrieval', 'maximumMemoryMegabytes', [1, 100_000], [0, 100_001]],
    ['retrieval', 'maximumCrlMegabytes', [1, 2_000], [0, 2_001]],
    ['retrieval', 'refreshInterval', ['1m', '7d'], ['59s', '8d']],
    ['retrieval', 'certificateAuthorities', [times(100, 'a')], [times(101, 'a'), ['']]],
    ['retrieval', 'fileDirectories', [times(20, '/a')], [times(21, '/a'), ['']]],
    [
      'retrieval',
      'proxy',
      [
        { url: 'http://p:1', except: times(100, 'a') },
        { url: 'http://p', except: ['a'.repeat(253)] },
      ],
      [
        { url: 'https://p' },
        { url: 'xhttp://p' },
        { url: 'p' },
        {},
        { url: 'http://p', except: times(101, 'a') },
        { url: 'http://p', except: [''] },
        { url: 'http://p', except: ['a'.repeat(254)] },
      ],
    ],
    ['site', 'revocationUrlRetrievalTimeout', ['100ms', '1m'], ['99ms', '61s']],
    [
      'site',
      'revocationRetrievalHosts',
      [[], times(100, 'a'), ['a'.repeat(253)], ['a.b-c_d'], ['192.0.2.1'], ['2001:DB8::1']],
      [
        times(101, 'a'),
        [''],
        ['a'.repeat(254)],
        ['a.'],
        ['a b'],
        [' a'],
        ['a/'],
        ['a?'],
        ['a#'],
        ['u@a'],
        ['a:80'],
        ['192.0.2.1:80'],
        ['::::'],
        ['fe80::1%eth0'],
        ['*.a'],
        ['[::1]'],
        ['http://a'],
      ],
    ],
  ])('%s.%s', (section, name, accepted, refused) => {
    for (const value of accepted) expect([value, read(section, name, value).success]).toEqual([value, true]);
    for (const value of refused) expect([value, read(section, name, value).success]).toEqual([value, false]);
  });
});

describe('a setting is decoded', () => {
  it.each<[Section, string, unknown, unknown]>([
    [
      'path',
      'requiredExtendedKeyUsage',
      ['pkinitClientAuth', 'clientAuth', '1.2.3', 'none'],
      ['1.3.6.1.5.2.3.4', '1.3.6.1.5.5.7.3.2', '1.2.3', 'none'],
    ],
    ['path', 'acceptedIssuers', ['AB:'.repeat(31).concat('cd')], ['ab'.repeat(31).concat('cd')]],
    ['revocation', 'privateAddresses', ['Host.Example'], ['host.example']],
    ['ocsp', 'maximumAge', '2h', 7200],
    ['retrieval', 'maximumCrlMegabytes', 3, 3 * mebibyte],
    ['retrieval', 'proxy', { url: 'http://p', except: ['.EXAMPLE'] }, { url: 'http://p', except: ['.example'] }],
    [
      'site',
      'revocationRetrievalHosts',
      ['PKI.Example', '2001:DB8:0:0::1', '192.0.2.1'],
      ['pki.example', '2001:db8::1', '192.0.2.1'],
    ],
  ])('%s.%s', (section, name, value, decoded) => {
    expect(read(section, name, value).data).toMatchObject({ [name]: decoded });
  });

  it('and says what a host name or a proxy must be', () => {
    const messageOf = (section: Section, name: string, value: unknown) =>
      read(section, name, value).error?.issues[0]?.message;
    expect(messageOf('site', 'revocationRetrievalHosts', ['http://a'])).toBe('must be a host name or address alone');
    expect(messageOf('retrieval', 'proxy', { url: 'p' })).toMatch(/^must be the URL of an HTTP proxy/);
    expect(messageOf('path', 'acceptedPolicies', ['x'])).toBe('must be a dotted object identifier');
  });
});

describe('what a site allows to be retrieved', () => {
  const settingsOf = (hosts: readonly string[]) => ({
    ...schemas.site.parse({ revocationRetrievalHosts: hosts, revocationUrlRetrievalTimeout: '3s' }),
    revocation: z.strictObject(retrievalLimits).parse({ schemes: ['https'], privateAddresses: ['10.0.0.0/8'] }),
  });
  it('is nothing without hosts, and otherwise what its settings say', () => {
    expect(retrievalPolicyOf(settingsOf([]), octets(7))).toBeUndefined();
    expect(retrievalPolicyOf(settingsOf(['pki.example']), octets(7))).toEqual({
      allowedHosts: ['pki.example'],
      allowPrivateAddresses: ['10.0.0.0/8'],
      schemes: ['https'],
      maximumSize: 7,
      timeout: 3_000,
    });
  });
});
