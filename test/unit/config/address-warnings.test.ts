/** What check-config warns of in lists of addresses. */
import { describe, expect, it } from 'vitest';
import { addressWarnings } from '../../../src/config/checks/address-check.ts';
import { ipSecurity } from '../../../src/ftp/admission/ip-security.ts';

const warned = (settings: object) =>
  addressWarnings(ipSecurity.parse(settings), ['ipSecurity']).flatMap(({ applies, path, message }) =>
    applies ? [`${path.join('.')}: ${message}`] : [],
  );
const denied = (...addresses: readonly string[]) => ({ entries: addresses.map((ipAddress) => ({ ipAddress })) });
const named = (...domains: readonly (readonly [string, boolean])[]) => ({
  entries: domains.map(([domainName, allowed]) => ({ domainName, allowed })),
});

describe('check-config', () => {
  it.each<[string, object]>([
    ['no list', {}],
    ['a smaller network before a larger one', denied('10.1.0.0/16', '10.0.0.0/8')],
    ['networks of two families', denied('::/0', '10.0.0.0/8')],
    ['a domain that is allowed', { allowUnlisted: false, ...named(['*.example.com', true]) }],
  ])('has nothing against %s', (_what, settings) => {
    expect(warned(settings)).toEqual([]);
  });

  it.each<[string, object, RegExp]>([
    ['no address is allowed', { allowUnlisted: false }, /^ipSecurity\.allowUnlisted: no address is allowed/],
    [
      'an entry is behind one that holds it',
      denied('10.0.0.0/8', '10.1.2.3'),
      /entries\.1: the entry 10\.1\.2\.3\/32 never counts/,
    ],
    ['an entry stands twice', denied('::1', '0:0::1'), /entries\.1: .* never counts/],
    [
      'a host is behind its domain',
      named(['*.example.com', true], ['a.example.com', true]),
      /entries\.1: .* never counts/,
    ],
    ['a name is denied', named(['bad.example.com', false]), /entries\.0: the owner of an address gives it its name/],
  ])('warns where %s', (_what, settings, expected) => {
    expect(warned(settings).join('\n')).toMatch(expected);
  });
});

describe('the schema', () => {
  it.each<[object]>([
    [{}],
    [{ ipAddress: '10.0.0.0/8', domainName: 'example.com' }],
    [{ ipAddress: '10.0.0.1/8' }],
    [{ ipAddress: 'example.com' }],
    [{ domainName: '*' }],
    [{ domainName: 'a.*.example.com' }],
    [{ domainName: 'example.com.' }],
  ])('refuses the entry %j', (entry) => {
    expect(() => ipSecurity.parse({ entries: [entry] })).toThrow();
  });
});
