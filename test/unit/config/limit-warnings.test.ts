/** What check-config warns of in limits, messages and listings that have no effect. */
import { describe, expect, it } from 'vitest';
import { siteWarnings } from '../../../src/config/checks/site-warnings.ts';
import { siteSchema } from '../../../src/config/site-schema.ts';

const warned = (changes: object) =>
  siteWarnings(
    siteSchema.parse({
      name: 'files',
      bindings: [{ port: 2121 }],
      physicalPath: '/srv/ftp',
      ssl: { serverCertificate: 'server.pem', serverCertificateKey: 'server.key' },
      sslClientCertificates: { trustAnchors: ['root.pem'] },
      mapping: { rules: 'rules.yaml' },
      authorization: [{ users: '*', permissions: ['Read'] }],
      ...changes,
    }),
  ).flatMap(({ applies, path, message }) => (applies ? [`${path.join('.')}: ${message}`] : []));

const users = '*';

describe('check-config', () => {
  it.each<[string, object]>([
    [
      'limits that hold one another',
      {
        bandwidth: {
          bytesPerSecond: 10_000,
          bytesPerSecondPerAccount: 5_000,
          rules: [{ users, bytesPerSecond: 1_000 }],
        },
      },
    ],
    [
      'variables where they have values',
      { messages: { expandVariables: true, bannerMessage: '%SiteName%', exitMessage: '%BytesSent%' } },
    ],
    ['lines of MS-DOS with long dates', { directoryBrowse: { showFlags: ['LongDate'] } }],
    ['a bound on the sessions of an account', { connections: { maxSessionsPerAccount: 5 } }],
  ])('has nothing against %s', (_what, changes) => {
    expect(warned(changes)).toEqual(warned({}));
  });

  it.each<[string, object, RegExp]>([
    [
      'a rate is slower than clients may be',
      { bandwidth: { bytesPerSecond: 100 } },
      /bandwidth\.bytesPerSecond: 100 bytes a second are less than/,
    ],
    [
      'the rate of a rule is',
      { bandwidth: { rules: [{ users, bytesPerSecond: 1 }] } },
      /rules\.0\.bytesPerSecond: 1 bytes/,
    ],
    [
      'an account has more than the site',
      { bandwidth: { bytesPerSecond: 1_000, bytesPerSecondPerAccount: 2_000 } },
      /bytesPerSecondPerAccount has no effect/,
    ],
    [
      'a rule names no account',
      { bandwidth: { rules: [{ bytesPerSecond: 1_000 }] } },
      /bandwidth\.rules\.0: the rule names neither/,
    ],
    [
      'both banners are named',
      { messages: { suppressDefaultBanner: true, bannerMessage: 'Hi' } },
      /suppressDefaultBanner has no effect/,
    ],
    [
      'the banner has the name of a user',
      { messages: { expandVariables: true, bannerMessage: '%UserName%' } },
      /messages\.bannerMessage: bannerMessage is said before a login/,
    ],
    [
      'an account may have more sessions than there are',
      { connections: { maxConnections: 5, maxSessionsPerAccount: 6 } },
      /maxSessionsPerAccount has no effect/,
    ],
    [
      'UNIX lines are to have long dates',
      { directoryBrowse: { showFlags: ['StyleUnix', 'LongDate'] } },
      /showFlags: LongDate has no effect/,
    ],
  ])('warns where %s', (_what, changes, expected) => {
    expect(warned(changes).join('\n')).toMatch(expected);
  });
});
