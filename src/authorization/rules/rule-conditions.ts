/**
 * What a rule demands besides the person: certificate, authentication, network, time. All that it names must hold. What is not
 * known about a login gives nothing: a rule that allows is then left out, and one that denies is applied.
 */
import { z } from 'zod';
import { isAddress, networksOf } from '../../operations/network.ts';
import { dottedIdentifier, keyPurpose } from '../../pki/path/path-settings.ts';
import type { Decoded } from '../../settings/decoded.ts';
import { network } from '../../settings/networks.ts';
import { fingerprint } from '../../settings/values.ts';
import { type AuthenticationMethod, authenticationMethods } from '../authentication-method.ts';
import { comparedName } from './subject-names.ts';
import { weekTime, weekTimes } from './week-times.ts';

const distinguishedName = z.string().min(3).max(1024).regex(/=/, {
  error: 'must be a distinguished name as records show it, such as CN=PIV CA 1,O=Example, or a SHA-256 fingerprint',
});

export const ruleConditions = {
  authentication: z
    .array(z.enum(authenticationMethods))
    .min(1)
    .max(4)
    .optional()
    .describe('Only logins that are proved in one of these ways'),
  extendedKeyUsage: z
    .array(keyPurpose)
    .min(1)
    .max(20)
    .optional()
    .describe('Only certificates that name one of these extended key usages'),
  policies: z
    .array(dottedIdentifier)
    .min(1)
    .max(100)
    .optional()
    .describe('Only certificates whose path is valid for one of these certificate policies (RFC 5280 6.1.6)'),
  issuers: z
    .array(z.union([fingerprint, distinguishedName]))
    .min(1)
    .max(100)
    .optional()
    .describe('Only certificates of these CAs, each by the SHA-256 of its certificate or by its distinguished name'),
  networks: z.array(network).min(1).max(1_000).optional().describe('Only clients of these networks and addresses'),
  times: z.array(weekTime).min(1).max(20).optional().describe('Only at these hours of the week'),
};

export type RuleConditions = Decoded<typeof ruleConditions>;
export type ConditionName = keyof typeof ruleConditions;

// The keys of the fragment are the names; Object.keys forgets that.
export const conditionNames = Object.keys(ruleConditions) as ConditionName[];

/** What conditions look at. */
export interface LoginCircumstances {
  /** Undefined: not known, as for who asks what a person may do. */
  readonly method: AuthenticationMethod | undefined;
  /** In its one spelling; what is no address is not known. */
  readonly remoteAddress: string;
  /** `none`: the login has no certificate. */
  readonly certificate: CertificateCircumstances | 'none' | 'unknown';
}

export interface CertificateCircumstances {
  /** Dotted object identifiers; undefined: not known. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** For which the path is valid. */
  readonly policies: 'any-policy' | readonly string[];
  readonly issuer: {
    /** RFC 4514. */
    readonly name: string;
    /** Lower-case hexadecimal. */
    readonly sha256: string;
  };
}

type Fulfilment = 'yes' | 'no' | 'unknown';

type Judge = (circumstances: LoginCircumstances) => Fulfilment;

/** Conditions of one rule, made ready. */
export interface ReadyConditions {
  /** Those that stay as they are while a session runs. */
  readonly steady: readonly { readonly name: ConditionName; readonly holds: Judge }[];
  /** Absent: at any time. */
  readonly isTime: ((now: Date) => boolean) | undefined;
}

/** @returns undefined where the rule has no condition */
export function readyConditions(rule: RuleConditions): ReadyConditions | undefined {
  const steady = Object.entries(judges).flatMap(([name, judgeOf]) => {
    const holds = judgeOf(rule);
    // The keys of the table are names of conditions; Object.entries forgets that.
    return holds ? [{ name: name as ConditionName, holds }] : [];
  });
  const isTime = rule.times && weekTimes(rule.times);
  return steady.length > 0 || isTime ? { steady, isTime } : undefined;
}

const judges: Readonly<Record<Exclude<ConditionName, 'times'>, (rule: RuleConditions) => Judge | undefined>> = {
  authentication: ({ authentication: methods }) =>
    methods && (({ method }) => (method === undefined ? 'unknown' : held(methods.includes(method)))),
  extendedKeyUsage: ({ extendedKeyUsage: purposes }) =>
    purposes &&
    ofCertificate(({ extendedKeyUsage: named }) => {
      if (!named) return 'unknown';
      return held(purposes.some((one) => (one === 'none' ? named.length === 0 : named.includes(one))));
    }),
  policies: ({ policies }) =>
    policies &&
    ofCertificate(({ policies: valid }) =>
      // Any policy holds then, and none of them was named by a CA.
      valid === 'any-policy' ? 'unknown' : held(policies.some((policy) => valid.includes(policy))),
    ),
  issuers: ({ issuers }) => {
    if (!issuers) return undefined;
    const known = new Set(issuers.map(comparedName));
    return ofCertificate(({ issuer }) => held(known.has(issuer.sha256) || known.has(comparedName(issuer.name))));
  },
  networks: ({ networks }) => {
    if (!networks) return undefined;
    const listed = networksOf(networks);
    return ({ remoteAddress }) => (isAddress(remoteAddress) ? held(listed.has(remoteAddress)) : 'unknown');
  },
};

function ofCertificate(judge: (certificate: CertificateCircumstances) => Fulfilment): Judge {
  return ({ certificate }) => {
    if (certificate === 'none') return 'no';
    return certificate === 'unknown' ? 'unknown' : judge(certificate);
  };
}

function held(holds: boolean): Fulfilment {
  return holds ? 'yes' : 'no';
}
