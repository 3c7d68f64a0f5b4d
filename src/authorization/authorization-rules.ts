/**
 * The site’s authorization rules, as IIS FTP has them: Allow or Deny, for users or groups, Read or Write, below a virtual
 * path; and what IIS has not: only for certain certificates, ways of authentication, networks and times. What no rule allows
 * is denied. Where several concern the same, a rule that denies wins, or the first one, as the site says.
 */
import { z } from 'zod';
import type { Decoded } from '../settings/decoded.ts';
import { iis } from '../settings/iis-name.ts';
import { ruleConditions } from './rules/rule-conditions.ts';

const authorizationRule = z.strictObject({
  accessType: z
    .enum(['Allow', 'Deny'])
    .default('Allow')
    .describe('What the rule does with what it names')
    .meta(iis('system.ftpServer/security/authorization/add@accessType')),
  /** Without regard to case. */
  users: z
    .union([z.literal('*'), z.literal('?'), z.array(z.string().min(1).max(256)).max(10_000)])
    .optional()
    .describe(
      'Account names, * for every account that is logged in, or ? for anonymous clients; Deny for * denies those, too',
    )
    .meta(iis('system.ftpServer/security/authorization/add@users')),
  /** Without regard to case. A name is only as unique as the directory makes it. */
  roles: z
    .array(z.string().min(1).max(1024))
    .max(1_000)
    .optional()
    .describe('Groups, by SID, distinguished name or name')
    .meta(iis('system.ftpServer/security/authorization/add@roles')),
  /** `Write` does not include `Read`. */
  permissions: z
    .array(z.enum(['Read', 'Write']))
    .min(1)
    .describe('What the rule allows or denies')
    .meta(iis('system.ftpServer/security/authorization/add@permissions')),
  /** A virtual path, with or without a slash at its end. */
  path: z
    .string()
    .max(4096)
    .regex(/^\/(?!(?:.*\/)?\.\.?(?:\/|$))/, { error: 'must be a path that begins with / and has no . or .. in it' })
    .default('/')
    .describe('The directory the rule is for, and all below it')
    .meta(iis('location@path')),
  ...ruleConditions,
});

export const authorization = z
  .array(authorizationRule)
  .min(1)
  .max(10_000)
  .describe('Which accounts may read and write; no other account is let in');

export const authorizationOrder = z
  .enum(['denyWins', 'firstMatch'])
  .default('denyWins')
  .describe('Which rule decides where several concern the same: one that denies, or the first of the list');

export type AuthorizationRule = Decoded<typeof authorizationRule>;
export type AuthorizationOrder = z.output<typeof authorizationOrder>;
