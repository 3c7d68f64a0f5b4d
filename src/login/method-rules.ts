/**
 * Which methods a site admits a client by: the first rule that is for the client decides. What is not known yet, or cannot be known, never
 * opens anything: where several rules may be the one, the strictest of them counts.
 */
import type { AuthenticationMethod } from '../authorization/authentication-method.ts';
import { concernsSubject } from '../authorization/rules/subject-names.ts';
import type { Group } from '../directory/directory.ts';
import { isAddress, networksOf } from '../operations/network.ts';
import type { AuthenticationSettings } from './authentication-settings.ts';

type MethodRule = AuthenticationSettings['rules'][number];

/** The methods of one site. */
export interface SiteMethods {
  readonly rules: readonly MethodRule[];
  /** Where no rule is for the client. */
  readonly otherwise: readonly AuthenticationMethod[];
}

/** What is known of a client. */
export interface KnownClient {
  /** In its one spelling; what is no address is not known. */
  readonly remoteAddress: string;
  /** `unknown`: no account is found yet. */
  readonly subject: 'unknown' | 'anonymous' | AskedAccount;
}

interface AskedAccount {
  readonly accountName: string;
  /** Absent: not read yet. */
  readonly groups?: readonly Group[] | undefined;
}

/** A rule that may be the one that decides. */
export interface PossibleRule {
  /** Such as `authentication.rules[2]`. */
  readonly setting: string;
  readonly methods: readonly AuthenticationMethod[];
}

/** What an account must show: it is known by a certificate, or by the name that it claims. */
export interface MethodDemand extends PossibleRule {
  readonly wants: 'nothing' | 'password' | 'another-method';
}

export function siteMethods({
  clientCertAuthentication,
  anonymousAuthentication,
  mode,
  rules,
}: AuthenticationSettings): SiteMethods {
  const ofMode = clientCertAuthentication.enabled ? byMode[mode] : byMode[mode].filter((one) => one === 'password');
  return { rules, otherwise: anonymousAuthentication.enabled ? [...ofMode, 'anonymous'] : ofMode };
}

const byMode: Readonly<Record<AuthenticationSettings['mode'], readonly AuthenticationMethod[]>> = {
  certificate: ['certificate'],
  certificateAndPassword: ['certificateAndPassword'],
  certificateOrPassword: ['certificate', 'password'],
};

/** Whether a password helps any client to log in. */
export function asksForPasswords({ rules, otherwise }: SiteMethods): boolean {
  return [otherwise, ...rules.map(({ methods }) => methods)].some(
    (methods) => methods.includes('password') || methods.includes('certificateAndPassword'),
  );
}

/** @returns one rule, or all that may be the first that is for the client as long as too little is known of it; never none */
export function possibleRules({ rules, otherwise }: SiteMethods, client: KnownClient): readonly PossibleRule[] {
  const possible: PossibleRule[] = [];
  const people = peopleMatcher(client.subject);
  for (const [index, rule] of rules.entries()) {
    const isFor = both(networkMatches(rule, client.remoteAddress), people(rule));
    if (isFor === 'no') continue;
    possible.push({ setting: `authentication.rules[${index}]`, methods: rule.methods });
    if (isFor === 'yes') return possible;
  }
  return [...possible, { setting: 'authentication.mode', methods: otherwise }];
}

/** The strictest of the rules. @param hasCertificate whether the account is known by a certificate that was accepted */
export function methodDemand(rules: readonly PossibleRule[], hasCertificate: boolean): MethodDemand {
  const demands = rules.map((rule) => ({ ...rule, wants: wantedBy(rule, hasCertificate) }));
  const strictest = demands.sort((one, other) => strictness[other.wants] - strictness[one.wants])[0];
  return strictest ?? { setting: 'authentication.rules', methods: [], wants: 'another-method' };
}

const strictness: Readonly<Record<MethodDemand['wants'], number>> = { nothing: 0, password: 1, 'another-method': 2 };

/** A certificate beside a password proves more than either alone, so that both together are admitted wherever one is. */
function wantedBy({ methods }: PossibleRule, hasCertificate: boolean): MethodDemand['wants'] {
  if (!hasCertificate) return methods.includes('password') ? 'password' : 'another-method';
  if (methods.includes('certificate')) return 'nothing';
  return methods.includes('certificateAndPassword') || methods.includes('password') ? 'password' : 'another-method';
}

type Concern = 'yes' | 'no' | 'perhaps';

function both(one: Concern, other: Concern): Concern {
  if (one === 'no' || other === 'no') return 'no';
  return one === 'yes' && other === 'yes' ? 'yes' : 'perhaps';
}

function networkMatches({ networks }: MethodRule, remoteAddress: string): Concern {
  if (networks === undefined) return 'yes';
  if (!isAddress(remoteAddress)) return 'perhaps';
  return networksOf(networks).has(remoteAddress) ? 'yes' : 'no';
}

/** An anonymous client has no account and is in no group: rules that name some are not for it. */
function peopleMatcher(subject: KnownClient['subject']): (rule: MethodRule) => Concern {
  const isNamed = typeof subject === 'object' ? matcherOf(subject) : () => subjectMatch[subject];
  return (rule) => (rule.users === undefined && rule.roles === undefined ? 'yes' : isNamed(rule));
}

const subjectMatch = { unknown: 'perhaps', anonymous: 'no' } as const;

function matcherOf({ accountName, groups }: AskedAccount): (rule: MethodRule) => Concern {
  const isConcerned = concernsSubject({ accountName, groups: groups ?? [] });
  return ({ users = [], roles = [] }) => {
    if (isConcerned({ users, roles })) return 'yes';
    return groups === undefined && roles.length > 0 ? 'perhaps' : 'no';
  };
}
