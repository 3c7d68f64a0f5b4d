/** Who may log in by what: contradictions, rules that never decide, and what anonymous logins open. */
import { concernsSubject } from '../../authorization/rules/subject-names.ts';
import { isolationModes } from '../../authorization/user-isolation.ts';
import { isNetworkWithin } from '../../operations/network.ts';
import type { SiteSettings } from '../site-schema.ts';
import type { ConsistencyRule } from './site-warnings.ts';

type MethodRule = SiteSettings['authentication']['rules'][number];

/** Whether any client of the site sends PASS. */
export function takesPass({ authentication: { anonymousAuthentication, mode, replyToUser, rules } }: SiteSettings) {
  return (
    mode !== 'certificate' ||
    replyToUser === 'passwordNeeded' ||
    anonymousAuthentication.enabled ||
    rules.some(({ methods }) => methods.includes('password') || methods.includes('certificateAndPassword'))
  );
}

export function authenticationFaults(site: SiteSettings): readonly ConsistencyRule[] {
  const { clientCertAuthentication, mode, rules } = site.authentication;
  const { clientCertificatePolicy } = site.sslClientCertificates;
  const hasService = site.mapping.service !== undefined;
  return [
    {
      applies: clientCertAuthentication.enabled && clientCertificatePolicy === 'CertIgnore',
      path: ['sslClientCertificates', 'clientCertificatePolicy'],
      message: 'CertIgnore asks for no certificate, and clientCertAuthentication needs one',
      remedy: 'Use CertAllow or CertRequire, or disable clientCertAuthentication.',
    },
    {
      applies: mode === 'certificateAndPassword' && !clientCertAuthentication.enabled,
      path: ['authentication', 'mode'],
      message: 'certificateAndPassword needs clientCertAuthentication',
      remedy: 'Enable clientCertAuthentication, or use another mode.',
    },
    {
      applies: hasService && mode !== 'certificate',
      path: ['authentication', 'mode'],
      message: 'passwords are not checked by a remote mapping service',
      remedy: 'Use mode certificate, or rules and directories of the site’s own.',
    },
    {
      applies: hasService && rules.length > 0,
      path: ['authentication', 'rules'],
      message: 'a remote mapping service takes certificates only, from every account and network',
      remedy: 'Remove the rules, or use mapping rules and directories of the site’s own.',
    },
    ...rules.flatMap((rule, index) => methodFaults(site, rule, ['authentication', 'rules', index])),
    ...anonymousFaults(site),
  ];
}

function methodFaults(site: SiteSettings, rule: MethodRule, path: ConsistencyRule['path']): readonly ConsistencyRule[] {
  const { clientCertAuthentication, anonymousAuthentication } = site.authentication;
  const isRequired = site.sslClientCertificates.clientCertificatePolicy === 'CertRequire';
  return rule.methods.flatMap((method, position) => {
    const at = [...path, 'methods', position];
    const needsCertificate = method === 'certificate' || method === 'certificateAndPassword';
    return [
      {
        applies: needsCertificate && !clientCertAuthentication.enabled,
        path: at,
        message: `${method} needs clientCertAuthentication`,
        remedy: 'Enable clientCertAuthentication, or remove the method.',
      },
      {
        applies: !needsCertificate && isRequired,
        path: at,
        message: `${method} lets clients in without a certificate, and clientCertificatePolicy is CertRequire`,
        remedy: 'Use CertAllow, or remove the method.',
      },
      {
        applies: method === 'anonymous' && !anonymousAuthentication.enabled,
        path: at,
        message: 'anonymous needs anonymousAuthentication, which is not enabled',
        remedy: 'Remove the method; enable anonymousAuthentication only where clients without an account shall log in.',
      },
      {
        applies: method === 'anonymous' && (rule.users !== undefined || rule.roles !== undefined),
        path: at,
        message: 'anonymous clients have no account, and a rule with users or roles is not for them',
        remedy: 'Write a rule with networks, or with methods alone.',
      },
      {
        applies: rule.methods.indexOf(method) < position,
        path: at,
        message: `${method} is given twice`,
        remedy: 'Give each method once.',
      },
    ];
  });
}

/** A setting that lets in clients without any proof must not stand beside one that says otherwise. */
function anonymousFaults(site: SiteSettings): readonly ConsistencyRule[] {
  const { anonymousAuthentication, requireSmartcardRequired } = site.authentication;
  const { mode, layout, template = '' } = site.userIsolation;
  const lacking = /\{(?:directory|domain|id)\}/u.exec(template)?.[0];
  const namesDirectory = site.directories.some(
    (name) => name.toLowerCase() === anonymousAuthentication.userName.toLowerCase(),
  );
  const faults = [
    {
      applies: site.sslClientCertificates.clientCertificatePolicy === 'CertRequire',
      path: ['enabled'],
      message: 'anonymous clients have no certificate, and clientCertificatePolicy is CertRequire',
      remedy: 'Use CertAllow, or disable anonymousAuthentication.',
    },
    {
      applies: requireSmartcardRequired,
      path: ['enabled'],
      message: 'requireSmartcardRequired admits only accounts that need a smart card, and anonymous clients have none',
      remedy: 'Remove one of them.',
    },
    {
      applies: site.mapping.service !== undefined,
      path: ['enabled'],
      message: 'a remote mapping service takes certificates only',
      remedy: 'Disable anonymousAuthentication, or use mapping rules and directories of the site’s own.',
    },
    {
      applies: mode === 'DirectoryAttribute',
      path: ['enabled'],
      message: 'anonymous clients have no directory that could say where their home is',
      remedy: 'Use another userIsolation.mode, or disable anonymousAuthentication.',
    },
    {
      applies: mode === 'Template' && lacking !== undefined,
      path: ['enabled'],
      message: `anonymous clients have no ${lacking}, and userIsolation.template needs it`,
      remedy: 'Use {accountName} alone, or disable anonymousAuthentication.',
    },
    {
      applies:
        namesDirectory &&
        layout === 'account' &&
        site.directories.length > 1 &&
        isolationModes[mode].followsLayout &&
        !isolationModes[mode].sharesRoot,
      path: ['userName'],
      message: `${anonymousAuthentication.userName} is also the name of a directory, whose accounts have their homes there`,
      remedy: 'Choose another name.',
    },
  ];
  return faults.map(({ applies, path, ...fault }) => ({
    ...fault,
    applies: applies && anonymousAuthentication.enabled,
    path: ['authentication', 'anonymousAuthentication', ...path],
  }));
}

export function authenticationWarnings(site: SiteSettings): readonly ConsistencyRule[] {
  const { clientCertAuthentication, anonymousAuthentication, mode, rules } = site.authentication;
  const hasMethod =
    clientCertAuthentication.enabled ||
    anonymousAuthentication.enabled ||
    mode !== 'certificate' ||
    rules.some(({ methods }) => methods.length > 0);
  return [
    {
      applies: !hasMethod,
      path: ['authentication', 'clientCertAuthentication'],
      causes: [
        ['authentication', 'clientCertAuthentication', 'enabled'],
        ['authentication', 'mode'],
      ],
      message: 'no authentication method is enabled: every login is refused',
      remedy: 'Set enabled to true.',
    },
    {
      applies: mode === 'certificateOrPassword' && site.sslClientCertificates.clientCertificatePolicy === 'CertRequire',
      path: ['sslClientCertificates', 'clientCertificatePolicy'],
      message: 'CertRequire says that a client must have a certificate, and certificateOrPassword lets in without one',
      remedy: 'Use CertAllow.',
    },
    ...rules.map((rule, index) => {
      const before = rules.findIndex((other, place) => place < index && isForAllOf(other, rule));
      return {
        applies: before >= 0,
        path: ['authentication', 'rules', index],
        message: `never decides: authentication.rules[${before}] is for all its clients, and stands before it`,
        remedy: 'Move it up, or remove it.',
      };
    }),
    ...anonymousWarnings(site),
  ];
}

/** Whether each client that `rule` is for is one that `other` is for. */
function isForAllOf(other: MethodRule, rule: MethodRule): boolean {
  const isForAll = other.users === undefined && other.roles === undefined;
  return (isForAll || namesAllOf(other, rule)) && coversNetworks(other, rule);
}

function namesAllOf({ users: allUsers = [], roles: allRoles = [] }: MethodRule, { users, roles }: MethodRule): boolean {
  if (users === undefined && roles === undefined) return false;
  const isUser = (user: string) => concernsSubject({ accountName: user, groups: [] })({ users: allUsers });
  const isRole = (name: string) => concernsSubject({ accountName: '', groups: [{ name }] })({ roles: allRoles });
  return (users ?? []).every(isUser) && (roles ?? []).every(isRole);
}

function coversNetworks({ networks: all }: MethodRule, { networks }: MethodRule): boolean {
  if (all === undefined) return true;
  return (networks ?? ['0.0.0.0/0', '::/0']).every((network) => all.some((wide) => isNetworkWithin(network, wide)));
}

/** Says what is open to clients that prove nothing. */
function anonymousWarnings({ authentication, authorization }: SiteSettings): readonly ConsistencyRule[] {
  const { enabled } = authentication.anonymousAuthentication;
  const path = ['authentication', 'anonymousAuthentication', 'enabled'];
  const rules = authorization.map((rule, index) => ({ ...rule, index })).filter(({ users }) => users === '?');
  const open = rules.filter(({ accessType }) => accessType === 'Allow');
  const places = open.slice(0, 5).map((rule) => `${rule.permissions.join(' and ')} below ${rule.path}`);
  const more = open.length > places.length ? `, and ${open.length - places.length} more rules` : '';
  return [
    {
      applies: enabled && open.length === 0,
      path,
      message: 'no authorization rule allows anonymous clients anything: each of their logins is refused',
      remedy: "Add a rule with users: '?', or disable anonymousAuthentication; users: '*' is for accounts.",
    },
    {
      applies: enabled && open.length > 0,
      path,
      message: `every client that reaches the site may log in without an account: ${places.join('; ')}${more}`,
      remedy: 'Disable anonymousAuthentication if that is not meant, or name networks in authentication.rules.',
    },
    ...open
      .filter(({ permissions }) => permissions.includes('Write'))
      .map((rule) => ({
        applies: enabled,
        path: ['authorization', rule.index, 'permissions'],
        message: `anonymous clients may write below ${rule.path}: any stranger can fill the disk, or leave files for others`,
        remedy: 'Allow Read alone, or Write alone in a directory of its own.',
      })),
    ...rules.map(({ index }) => ({
      applies: !enabled,
      path: ['authorization', index, 'users'],
      message: '? is for anonymous clients, and anonymousAuthentication is not enabled: the rule concerns no client',
      remedy: 'Remove the rule, or enable anonymousAuthentication.',
    })),
  ];
}
