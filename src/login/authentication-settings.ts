/** The section `authentication` of a site: by which methods clients log in, and which people and networks have others. */
import { z } from 'zod';
import { authenticationMethods } from '../authorization/authentication-method.ts';
import type { Decoded } from '../settings/decoded.ts';
import { iis } from '../settings/iis-name.ts';
import { network } from '../settings/networks.ts';

/** The rules are a short table: each login folds the names in it. */
const mostRules = 100;
const mostNames = 100;

const methodRule = z.strictObject({
  users: z
    .array(
      z
        .string()
        .max(256)
        .regex(/^(?![*?]$)./, { error: 'must be the name of an account; leave users and roles out for every client' }),
    )
    .min(1)
    .max(mostNames)
    .optional()
    .describe(
      'Accounts the rule is for, by name; without users and roles it is for every client, anonymous ones included',
    ),
  roles: z
    .array(z.string().min(1).max(1024))
    .min(1)
    .max(mostNames)
    .optional()
    .describe('Groups whose members it is for, by SID, distinguished name or name'),
  networks: z
    .array(network)
    .min(1)
    .max(mostNames)
    .optional()
    .describe('Addresses and networks of clients it is for, such as 10.0.0.0/8; without them: all'),
  /** What proves more is admitted, too. */
  methods: z
    .array(z.enum(authenticationMethods))
    .max(authenticationMethods.length)
    .describe(
      'What they may log in by: any one of these will do. With certificate, a certificate is enough where one is shown; an empty list refuses them',
    ),
});

const anonymousAuthentication = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('USER anonymous and USER ftp log in without an account, with any password')
      .meta(iis('ftpServer/security/authentication/anonymousAuthentication@enabled')),
    /** No account of a directory, and no rule for users by name concerns it. */
    userName: z
      .string()
      .regex(/^[A-Za-z0-9_][\w.-]{0,63}$/, { error: 'must be a plain name' })
      .default('anonymous')
      .describe('What anonymous clients are called in records, and their home where layout is account')
      .meta(iis('ftpServer/security/authentication/anonymousAuthentication@userName')),
  })
  .prefault({});

export const authentication = z
  .strictObject({
    clientCertAuthentication: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Log in by client certificate')
          .meta(iis('ftpServer/security/authentication/clientCertAuthentication@enabled')),
      })
      .prefault({}),
    anonymousAuthentication,
    mode: z
      .enum(['certificate', 'certificateAndPassword', 'certificateOrPassword'])
      .default('certificate')
      .describe('Whether the password of the directory account is wanted too, or will do where no certificate is sent'),
    rules: z
      .array(methodRule)
      .max(mostRules)
      .default([])
      .describe(
        'Other methods for some accounts, groups and networks: the first rule that is for a client decides, and mode where none is',
      ),
    replyToUser: z
      .enum(['loggedIn', 'passwordNeeded'])
      .default('loggedIn')
      .describe(
        'loggedIn: USER is answered 230 where a certificate is enough; passwordNeeded: always 331, and where a certificate is enough any PASS logs in, for clients that insist on PASS',
      ),
    /** As the directory marks them: SMARTCARD_REQUIRED. */
    requireSmartcardRequired: z
      .boolean()
      .default(false)
      .describe('Admit only accounts that cannot log in anywhere without a smart card'),
  })
  .prefault({});

export type AuthenticationSettings = Decoded<typeof authentication>;
