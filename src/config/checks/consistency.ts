/** Rules between settings that no single setting can show: references, contradictions, weak choices. */
import { isolationModes } from '../../authorization/user-isolation.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import type { DirectorySettings } from '../directory-schema.ts';
import type { Settings } from '../schema.ts';
import type { SiteSettings } from '../site-schema.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';
import { addressWarnings } from './address-check.ts';
import { authenticationFaults, authenticationWarnings } from './authentication-check.ts';
import { isDistinguishedName } from './authorization-check.ts';
import { checkBindings } from './binding-check.ts';
import { checkDescriptors } from './descriptor-check.ts';
import { filteringWarnings } from './filtering-check.ts';
import { type ConsistencyRule, siteWarnings } from './site-warnings.ts';

export function checkConsistency(source: YamlSource, settings: Settings): void {
  checkUnique(source, 'directories', settings.directories);
  checkUnique(source, 'sites', settings.sites);
  checkBindings(source, settings);
  checkDescriptors(source, settings);
  if (settings.audit.whenUnwritable === 'continue') {
    const message = 'people log in without a record while the audit file cannot be written';
    source.warning(['audit', 'whenUnwritable'], message, 'Use refuseLogins.');
  }
  for (const rule of addressWarnings(settings.ipSecurity, ['ipSecurity'])) tell(source, 'warning', [], rule);
  settings.directories.forEach((directory, index) => {
    for (const rule of directoryRules(directory)) tell(source, 'fault', ['directories', index], rule);
  });
  settings.sites.forEach((site, index) => {
    const faults = [...authenticationFaults(site), ...siteRules(site, settings)];
    for (const rule of faults) tell(source, 'fault', ['sites', index], rule);
    for (const rule of warningsOf(site)) tell(source, 'warning', ['sites', index], rule);
  });
}

function tell(
  source: YamlSource,
  severity: 'fault' | 'warning',
  place: SettingPath,
  { applies, path, message, remedy, causes }: ConsistencyRule,
): void {
  if (!applies) return;
  source[severity](
    [...place, ...path],
    message,
    remedy,
    causes?.map((cause) => [...place, ...cause]),
  );
}

const passivePorts = ['lowDataChannelPort', 'highDataChannelPort'].map((name) => ['firewallSupport', name]);

function warningsOf(site: SiteSettings): readonly ConsistencyRule[] {
  return [
    ...siteWarnings(site),
    ...authenticationWarnings(site),
    ...filteringWarnings(site),
    ...addressWarnings(site.ipSecurity, ['ipSecurity']),
  ];
}

function directoryRules(directory: DirectorySettings): readonly ConsistencyRule[] {
  if (directory.type === 'file') return [];
  const { servers, discovery, bindDn, bindPasswordFile, clientCertificate, clientCertificateKey } = directory;
  return [
    {
      applies: (servers === undefined) === (discovery === undefined),
      path: ['servers'],
      causes: [['type'], ['servers'], ['discovery']],
      message: servers ? 'servers and discovery exclude each other' : 'neither servers nor discovery is given',
      remedy: 'List the servers, or say how they are found in the DNS.',
    },
    {
      applies: (bindDn === undefined) !== (bindPasswordFile === undefined),
      path: ['bindDn'],
      causes: [['type'], ['bindDn'], ['bindPasswordFile']],
      message: 'bindDn and bindPasswordFile belong together',
      remedy: 'Give both, or neither and a clientCertificate.',
    },
    {
      applies: (clientCertificate === undefined) !== (clientCertificateKey === undefined),
      path: ['clientCertificate'],
      causes: [['type'], ['clientCertificate'], ['clientCertificateKey']],
      message: 'clientCertificate and clientCertificateKey belong together',
      remedy: 'Give both or neither.',
    },
    ...[
      { path: ['searchBase'], name: directory.searchBase },
      ...(directory.type === 'ldap' && directory.groups
        ? [{ path: ['groups', 'searchBase'], name: directory.groups.searchBase }]
        : []),
      // Active Directory also takes user principal names and DOMAIN\\name.
      ...(directory.type === 'ldap' && bindDn !== undefined ? [{ path: ['bindDn'], name: bindDn }] : []),
    ].map(({ path, name }) => ({
      applies: !isDistinguishedName(name),
      path,
      message: `${name} is not a distinguished name`,
      remedy: 'Write it as the directory shows it, such as OU=People,DC=corp,DC=example.',
    })),
    {
      applies: bindDn === undefined && clientCertificate === undefined,
      path: [],
      causes: [['type'], ['bindDn'], ['clientCertificate']],
      message: 'the gateway has nothing to bind with',
      remedy: 'Give bindDn and bindPasswordFile, or clientCertificate and its key.',
    },
  ];
}

function siteRules(site: SiteSettings, settings: Settings): readonly ConsistencyRule[] {
  const { validationFlags, revocation, acceptedPolicies, requireExplicitPolicy } = site.sslClientCertificates;
  const certificateLogin = site.authentication.clientCertAuthentication.enabled;
  const { lowDataChannelPort: low, highDataChannelPort: high } = site.firewallSupport;
  const used = settings.directories.filter(({ name }) => site.directories.includes(name));
  // A Deny rule for a name that never matches lets every member of that group in.
  const onlySids =
    used.length > 0 && used.every((entry) => entry.type === 'activeDirectory' && !entry.resolveGroupNames);
  const known = new Set(settings.directories.map(({ name }) => name));
  return [
    {
      applies: (site.mapping.rules === undefined) === (site.mapping.service === undefined),
      path: ['mapping'],
      causes: ['rules', 'service'].map((name) => ['mapping', name]),
      message: site.mapping.service ? 'rules and service exclude each other' : 'neither rules nor service is given',
      remedy: 'Name a file with rules, or the remote mapping services.',
    },
    {
      applies: (site.directories.length === 0) !== (site.mapping.service !== undefined),
      path: ['directories'],
      message: site.mapping.service ? 'a remote mapping service has its own directories' : 'no directory is named',
      remedy: 'Name the directories of the accounts, or none with mapping.service.',
    },
    {
      applies: (site.userIsolation.mode === 'Template') !== (site.userIsolation.template !== undefined),
      path: ['userIsolation'],
      causes: ['mode', 'template'].map((name) => ['userIsolation', name]),
      message: 'mode Template and template belong together',
      remedy: 'Give both or neither.',
    },
    ...unknownPlaceholders(site).map((name) => ({
      applies: true,
      path: ['userIsolation', 'template'],
      message: `{${name}} stands for nothing`,
      remedy: placeholderRemedy(name),
    })),
    {
      applies: site.userIsolation.layout === 'iis' && !isolationModes[site.userIsolation.mode].followsLayout,
      path: ['userIsolation', 'layout'],
      message: `mode ${site.userIsolation.mode} does not look at layout`,
      remedy: 'Remove layout, or use StartInUsersDirectory, IsolateRootDirectoryOnly or IsolateAllDirectories.',
    },
    {
      applies:
        site.userIsolation.template !== undefined &&
        unknownPlaceholders(site).length === 0 &&
        !/\{(accountName|id)\}/.test(site.userIsolation.template),
      path: ['userIsolation', 'template'],
      message: 'gives several accounts one home',
      remedy: 'Put {accountName} or {id} into it.',
    },
    {
      applies: site.ssl.minimumVersion > site.ssl.maximumVersion,
      path: ['ssl', 'minimumVersion'],
      message: `${site.ssl.minimumVersion} is newer than maximumVersion ${site.ssl.maximumVersion}`,
      remedy: 'Set minimumVersion to maximumVersion or older.',
    },
    {
      applies: (low === 0) !== (high === 0),
      path: ['firewallSupport'],
      causes: passivePorts,
      message: `${low === 0 ? 'highDataChannelPort' : 'lowDataChannelPort'} is given without the other end of the range`,
      remedy: 'Set both ports, or neither.',
    },
    {
      applies: high !== 0 && low > high,
      path: ['firewallSupport'],
      causes: passivePorts,
      message: `lowDataChannelPort ${low} is above highDataChannelPort ${high}`,
      remedy: 'Exchange the two.',
    },
    {
      applies: certificateLogin && site.ssl.dataChannelPolicy === 'SslDeny',
      path: ['ssl', 'dataChannelPolicy'],
      message: 'SslDeny leaves data connections without any proof of who is at the other end',
      remedy: 'Use SslRequire, or SslAllow; login by certificate needs protected data connections.',
    },
    {
      applies:
        validationFlags.includes('NoRevocationCheck') && validationFlags.includes('CertChainRevocationCheckCacheOnly'),
      path: ['sslClientCertificates', 'validationFlags'],
      message: 'NoRevocationCheck and CertChainRevocationCheckCacheOnly contradict each other',
      remedy: 'Keep one of them.',
    },
    {
      applies: acceptedPolicies.length > 0 && requireExplicitPolicy === false,
      path: ['sslClientCertificates', 'requireExplicitPolicy'],
      message: 'false lets certificates without any policy pass acceptedPolicies',
      remedy: 'Leave requireExplicitPolicy out, or acceptedPolicies.',
    },
    {
      applies: revocation.unknownStatus === 'allowWithinGrace' && revocation.gracePeriod === 0,
      path: ['sslClientCertificates', 'revocation', 'gracePeriod'],
      message: 'allowWithinGrace without a grace period allows nothing',
      remedy: 'Set gracePeriod, such as 12h, or unknownStatus to deny.',
    },
    {
      applies: new Set(revocation.methods).size !== revocation.methods.length,
      path: ['sslClientCertificates', 'revocation', 'methods'],
      message: 'names a method twice',
      remedy: 'Give each method once.',
    },
    ...site.directories.map((name, index) => ({
      applies: !known.has(name),
      path: ['directories', index],
      message: `there is no directory named ${name}`,
      remedy: `Use one of: ${[...known].join(', ')}.`,
    })),
    ...site.directories.map((name, index) => ({
      applies: site.directories.indexOf(name) < index,
      path: ['directories', index],
      causes: [site.directories.indexOf(name), index].map((place) => ['directories', place]),
      message: `${name} is listed twice`,
      remedy: 'Keep one of the two.',
    })),
    {
      applies: used.some(
        (entry) => entry.type === 'activeDirectory' && entry.lookupCacheTime > site.connections.loginRecheckInterval,
      ),
      path: ['connections', 'loginRecheckInterval'],
      message: 'is shorter than lookupCacheTime of a directory of the site',
      remedy: 'Shorten lookupCacheTime: a recheck must not be answered out of it.',
    },
    ...[
      ...site.authorization.map(({ roles }, index) => ({ roles, path: ['authorization', index] })),
      ...site.authentication.rules.map(({ roles }, index) => ({ roles, path: ['authentication', 'rules', index] })),
    ].flatMap(({ roles = [], path }) =>
      roles.map((role, position) => ({
        applies: onlySids && !/^S-1-/.test(role),
        path: [...path, 'roles', position],
        message: `${role} is not a SID, and Active Directory tells the groups of an account by SID only`,
        remedy: 'Set resolveGroupNames in the directory, or give the SID of the group (Get-ADGroup NAME shows it).',
      })),
    ),
    ...site.authorization.map((rule, index) => ({
      applies: rule.users === undefined && rule.roles === undefined,
      path: ['authorization', index],
      causes: ['users', 'roles'].map((name) => ['authorization', index, name]),
      message: 'names neither users nor roles',
      remedy: "Add users: '*', a list of users, or roles.",
    })),
  ];
}

const placeholders = ['accountName', 'directory', 'domain', 'id'];

function placeholderRemedy(name: string): string {
  const near = nearest(name, placeholders);
  return near ? `Did you mean {${near}}?` : `Use ${placeholders.map((known) => `{${known}}`).join(', ')}.`;
}

function unknownPlaceholders({ userIsolation: { template = '' } }: SiteSettings): readonly string[] {
  const found = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);
  return [...new Set(found)].filter((name) => !placeholders.includes(name));
}

function checkUnique(
  source: YamlSource,
  list: 'directories' | 'sites',
  entries: readonly { readonly name: string }[],
): void {
  entries.forEach(({ name }, index) => {
    const first = entries.findIndex((entry) => entry.name === name);
    if (first !== index) source.fault([list, index, 'name'], `${name} is used twice`, 'Give each a name of its own.');
  });
}
