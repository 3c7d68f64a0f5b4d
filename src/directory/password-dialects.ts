/**
 * How directories say why a password does not let an account in: Active Directory by a number hidden in its text, OpenLDAP and
 * its kin by the password policy control. What is not understood is a wrong password.
 */
import { type Denial, type DenialCode, denial } from '../denial.ts';
import type { BindAnswer } from './connection/ldap-connection.ts';
import type { PasswordDialect } from './password-check.ts';

type Meaning = readonly [DenialCode, string];

/** Win32 error codes (MS-ERREF 2.2) behind `data` in the text of invalidCredentials, in hexadecimal. */
const activeDirectoryReasons: Readonly<Record<string, Meaning>> = {
  '525': ['password-wrong', 'ERROR_NO_SUCH_USER'],
  '52e': ['password-wrong', 'ERROR_LOGON_FAILURE'],
  '530': ['account-logon-hours', 'ERROR_INVALID_LOGON_HOURS'],
  '531': ['account-workstation-not-allowed', 'ERROR_INVALID_WORKSTATION'],
  '532': ['password-expired', 'ERROR_PASSWORD_EXPIRED'],
  '533': ['account-disabled', 'ERROR_ACCOUNT_DISABLED'],
  '568': ['account-locked', 'ERROR_TOO_MANY_CONTEXT_IDS'],
  '701': ['account-expired', 'ERROR_ACCOUNT_EXPIRED'],
  '773': ['password-change-required', 'ERROR_PASSWORD_MUST_CHANGE'],
  '775': ['account-locked', 'ERROR_ACCOUNT_LOCKED_OUT'],
};

/** draft-behera-ldap-password-policy 6.2. */
const policyReasons: Readonly<Record<number, Meaning>> = {
  0: ['password-expired', 'passwordExpired'],
  1: ['account-locked', 'accountLocked'],
  2: ['password-change-required', 'changeAfterReset'],
};

/** RFC 4511 appendix A.2; 389 Directory Server answers so for accounts that are locked or made inactive. */
const otherCodes: Readonly<Record<number, Meaning>> = {
  19: ['account-locked', 'constraintViolation'],
  53: ['account-disabled', 'unwillingToPerform'],
};

export const activeDirectoryPasswords: PasswordDialect = {
  askPolicy: false,
  denialOf: (answer) => {
    if (answer.resultCode === 0) return undefined;
    const data = /\bdata ([0-9a-f]{1,8})\b/i.exec(answer.message)?.[1]?.toLowerCase();
    return denialFor(answer, data === undefined ? undefined : activeDirectoryReasons[data]);
  },
};

export const ldapPasswords: PasswordDialect = {
  askPolicy: true,
  denialOf: (answer) => {
    // a password that was reset or has expired may still bind, in order to be changed
    const policy = answer.policyError === undefined ? undefined : policyReasons[answer.policyError];
    if (answer.resultCode === 0 && answer.policyError === undefined) return undefined;
    return denialFor(answer, policy ?? otherCodes[answer.resultCode]);
  },
};

function denialFor({ resultCode }: BindAnswer, meaning: Meaning = ['password-wrong', 'not explained']): Denial {
  const [code, reason] = meaning;
  return denial(code, `The directory refuses the password with result code ${resultCode}: ${reason}.`, {
    resultCode,
    reason,
  });
}
