/** Choices of a site that are allowed and weak, each with what an attacker gains by it. */
import { isAbsolute } from 'node:path';
import { variablesIn } from '../../ftp/messages.ts';
import type { SiteSettings } from '../site-schema.ts';

export interface ConsistencyRule {
  readonly applies: boolean;
  readonly path: readonly (string | number)[];
  /** The settings that it compares, where it is told of another than these, or of what holds them. */
  readonly causes?: readonly (readonly (string | number)[])[];
  readonly message: string;
  readonly remedy: string;
}

export function siteWarnings(site: SiteSettings): readonly ConsistencyRule[] {
  const { validationFlags, requiredExtendedKeyUsage, revocation, algorithms } = site.sslClientCertificates;
  return [
    ...site.userIsolation.replacePrefixes.map(({ to }, index) => ({
      applies: !`${to}/`.startsWith(`${site.physicalPath.replace(/\/$/, '')}/`) && isAbsolute(site.physicalPath),
      path: ['userIsolation', 'replacePrefixes', index, 'to'],
      message: `${to} lies outside physicalPath ${site.physicalPath}: homes there are refused`,
      remedy: 'Choose a physicalPath that all homes lie below.',
    })),
    {
      applies: site.mapping.binding !== 'full',
      path: ['mapping', 'binding'],
      message:
        'accounts found by a name only are let in: a person who gets a certificate with another person’s name logs in as that person',
      remedy: 'Use full, and map by SID, issuer and serial, or the exact certificate.',
    },
    {
      applies: validationFlags.includes('NoRevocationCheck'),
      path: ['sslClientCertificates', 'validationFlags'],
      message: 'NoRevocationCheck lets revoked cards log in',
      remedy: 'Remove the flag and give crlFiles or revocationRetrievalHosts.',
    },
    {
      applies: revocation.unknownStatus === 'allowWithinGrace',
      path: ['sslClientCertificates', 'revocation', 'unknownStatus'],
      message:
        'an attacker who keeps revocation evidence from arriving keeps a revoked card alive for the grace period',
      remedy: 'Use deny, or keep gracePeriod short.',
    },
    {
      applies: revocation.certificates === 'endCertificate',
      path: ['sslClientCertificates', 'revocation', 'certificates'],
      message: 'CAs that were revoked go on issuing certificates that log in',
      remedy: 'Use chain.',
    },
    {
      applies: algorithms.digests.includes('sha1') || algorithms.minimumRsaBits < 2048,
      path: ['sslClientCertificates', 'algorithms'],
      causes: ['digests', 'minimumRsaBits'].map((name) => ['sslClientCertificates', 'algorithms', name]),
      message: 'signatures and keys that can be forged are accepted',
      remedy: 'Leave algorithms out, and have old certificates issued anew.',
    },
    {
      applies: validationFlags.includes('CertNoUsageCheck') || requiredExtendedKeyUsage.length === 0,
      path: ['sslClientCertificates'],
      causes: ['validationFlags', 'requiredExtendedKeyUsage'].map((name) => ['sslClientCertificates', name]),
      message: 'certificates for any purpose may log in, e-mail certificates too',
      remedy: 'Remove CertNoUsageCheck and require smartCardLogon or clientAuth.',
    },
    {
      applies: site.messages.suppressDefaultBanner && site.messages.bannerMessage !== undefined,
      path: ['messages', 'suppressDefaultBanner'],
      message: 'suppressDefaultBanner has no effect: bannerMessage takes the place of the default banner',
      remedy: 'Remove one of them.',
    },
    ...(['maxClientsMessage', 'bannerMessage'] as const).map((name) => ({
      applies:
        site.messages.expandVariables && /%(?:bytes(?:sent|received)|username)%/iu.test(site.messages[name] ?? ''),
      path: ['messages', name],
      message: `${name} is said before a login, when there is neither a user nor a byte to tell of`,
      remedy: 'Use such variables in greetingMessage and exitMessage.',
    })),
    {
      applies:
        site.directoryBrowse.showFlags.includes('LongDate') && site.directoryBrowse.showFlags.includes('StyleUnix'),
      path: ['directoryBrowse', 'showFlags'],
      message: 'LongDate has no effect with StyleUnix, whose years have four digits already',
      remedy: 'Remove one of them.',
    },
    ...variableWarnings(site),
    ...bandwidthWarnings(site),
    {
      applies: site.connections.maxSessionsPerAccount > site.connections.maxConnections,
      path: ['connections', 'maxSessionsPerAccount'],
      message: 'maxSessionsPerAccount has no effect: it is above maxConnections',
      remedy: 'Use 0 for no limit, or a number below maxConnections.',
    },
    {
      applies: site.dataChannelSecurity.dataChannelBindingWithoutCertificate === 'address',
      path: ['dataChannelSecurity', 'dataChannelBindingWithoutCertificate'],
      message: 'another client behind the same address can take the data connection of a client without a certificate',
      remedy: 'Use session where every client resumes its TLS session.',
    },
    {
      applies: site.ssl.controlChannelPolicy !== 'SslRequire' || site.ssl.dataChannelPolicy === 'SslAllow',
      path: ['ssl'],
      causes: ['controlChannelPolicy', 'dataChannelPolicy'].map((name) => ['ssl', name]),
      message: 'clients may use the control or the data channel without TLS',
      remedy: 'Use SslRequire for both.',
    },
  ];
}

function variableWarnings({ messages }: SiteSettings): readonly ConsistencyRule[] {
  const worded = ['bannerMessage', 'greetingMessage', 'exitMessage', 'maxClientsMessage'] as const;
  return worded.flatMap((setting) => {
    const found = variablesIn(messages[setting] ?? '');
    const [unknown] = found.filter(({ isKnown }) => !isKnown);
    const [known] = found.filter(({ isKnown }) => isKnown);
    const path = ['messages', setting];
    return [
      {
        applies: messages.expandVariables && unknown !== undefined,
        path,
        message: `%${unknown?.name}% stands for nothing, and clients read it as it is`,
        remedy: 'Use %BytesReceived%, %BytesSent%, %SessionID%, %SiteName% or %UserName%.',
      },
      {
        applies: !messages.expandVariables && known !== undefined,
        path,
        message: `clients read %${known?.name}% as it is: expandVariables is false`,
        remedy: 'Set expandVariables to true, or write the words themselves.',
      },
    ];
  });
}

function bandwidthWarnings({ bandwidth, connections }: SiteSettings): readonly ConsistencyRule[] {
  const { bytesPerSecond, bytesPerSecondPerAccount, rules } = bandwidth;
  const rates = [
    { path: ['bandwidth', 'bytesPerSecond'], rate: bytesPerSecond },
    { path: ['bandwidth', 'bytesPerSecondPerAccount'], rate: bytesPerSecondPerAccount },
    ...rules.map((rule, index) => ({
      path: ['bandwidth', 'rules', index, 'bytesPerSecond'],
      rate: rule.bytesPerSecond,
    })),
  ];
  return [
    ...rates.map(({ path, rate }) => ({
      applies: rate > 0 && rate < connections.minBytesPerSecond,
      path,
      message: `${rate} bytes a second are less than minBytesPerSecond ${connections.minBytesPerSecond}, below which a client is too slow`,
      remedy: 'Use more, or lower minBytesPerSecond.',
    })),
    {
      applies: bytesPerSecond > 0 && bytesPerSecondPerAccount > bytesPerSecond,
      path: ['bandwidth', 'bytesPerSecondPerAccount'],
      message: 'bytesPerSecondPerAccount has no effect: it is above bytesPerSecond of the site',
      remedy: 'Use less than bytesPerSecond, or 0.',
    },
    ...rules.map(({ users = [], roles = [] }, index) => ({
      applies: users.length === 0 && roles.length === 0,
      path: ['bandwidth', 'rules', index],
      causes: ['users', 'roles'].map((name) => ['bandwidth', 'rules', index, name]),
      message: 'the rule names neither users nor roles: it limits no transfer',
      remedy: 'Name users or roles, or remove the rule.',
    })),
  ];
}
