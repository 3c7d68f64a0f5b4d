/** What conditions of rules see of the address of a client, however a caller of the mapping service spells it. */
import { describe, expect, it } from 'vitest';
import { circumstancesOf } from '../../../src/login/login-circumstances.ts';
import { rightsOf } from '../../support/authorize.ts';
import { request } from './certificate-login.ts';

const ada = { accountName: 'ada', groups: [] };
const rule = { accessType: 'Allow', users: '*', permissions: ['Read'], path: '/' } as const;

describe('a rule that denies a network', () => {
  it.each([
    ['192.0.2.7', {}, false],
    ['::ffff:192.0.2.7', {}, false],
    ['::FFFF:C000:207', {}, false],
    ['2001:DB8:0:0::7', {}, false],
    ['198.51.100.7', {}, true],
    ['2001:db9::7', {}, true],
    ['198.51.100.7', { isClientAddress: false }, false],
    ['nowhere', {}, false],
  ])('sees a client at %s %o: let in %s', (remoteAddress, more, isLetIn) => {
    const circumstances = circumstancesOf({ method: 'password' }, { ...request, remoteAddress, ...more });
    const networks = ['192.0.2.0/24', '2001:db8::/32'];
    const rights = rightsOf([rule, { ...rule, accessType: 'Deny', networks }], ada, { circumstances });
    expect(rights.allows('Read', '/')).toBe(isLetIn);
  });
});
