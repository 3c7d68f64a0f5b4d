/** The mixes of methods that every client is tried with: what a site is told, and what a client shows. A document shows the table. */
import type { AuthenticationMethod } from '../../../src/authorization/authentication-method.ts';
import type { TriedClient } from './client-table.ts';

export interface MethodMix {
  /** As a document tells it. */
  readonly title: string;
  /** Of `authentication`. */
  readonly authentication: Readonly<Record<string, unknown>>;
  /** Default: `CertAllow`. */
  readonly clientCertificatePolicy?: 'CertIgnore';
  /** What logs in; a client is tried with the first that it can show. */
  readonly admits: readonly AuthenticationMethod[];
  /** What does not, likewise; absent: that is not tried. A certificate comes with a wrong password, and a password without a certificate. */
  readonly refuses?: readonly AuthenticationMethod[];
}

/** Members of the group `kiosk` have no certificate. */
export const methodMixes = {
  certificate: {
    title: 'certificate',
    authentication: { mode: 'certificate' },
    admits: ['certificate'],
    refuses: ['password', 'anonymous'],
  },
  both: {
    title: 'certificate and password',
    authentication: { mode: 'certificateAndPassword' },
    admits: ['certificateAndPassword'],
  },
  either: {
    title: 'either',
    authentication: { mode: 'certificateOrPassword' },
    admits: ['certificate', 'password'],
  },
  password: {
    title: 'password',
    authentication: { clientCertAuthentication: { enabled: false }, mode: 'certificateOrPassword' },
    clientCertificatePolicy: 'CertIgnore',
    admits: ['password'],
  },
  anonymous: {
    title: 'anonymous, or certificate',
    authentication: { anonymousAuthentication: { enabled: true } },
    admits: ['anonymous', 'certificate'],
  },
  group: {
    title: 'password for a group, both for others',
    authentication: {
      rules: [{ roles: ['kiosk'], methods: ['password'] }, { methods: ['certificateAndPassword'] }],
    },
    admits: ['certificateAndPassword', 'password'],
    refuses: ['certificate', 'anonymous'],
  },
  network: {
    title: 'password or anonymous from one network, certificate from others',
    authentication: {
      anonymousAuthentication: { enabled: true },
      rules: [{ networks: ['127.0.0.0/8'], methods: ['password', 'anonymous'] }, { methods: ['certificate'] }],
    },
    admits: ['password', 'anonymous'],
  },
  insisting: {
    title: 'certificate, 331 to every USER',
    authentication: { replyToUser: 'passwordNeeded' },
    admits: ['certificate'],
  },
} as const satisfies Readonly<Record<string, MethodMix>>;

/** What a client can show: one that shows no certificate logs in by a password, or anonymously. */
export function canShow({ logins }: Pick<TriedClient, 'logins'>, method: AuthenticationMethod): boolean {
  const hasCertificate = logins.some((login) => login !== 'password');
  return hasCertificate || method === 'password' || method === 'anonymous';
}
