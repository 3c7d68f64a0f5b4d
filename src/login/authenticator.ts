/** What the FTP front end knows of logging in: one request, one verdict. It holds no logic, so that `ftp` needs nothing else. */
import type { AccessRights } from '../authorization/access-rights.ts';
import type { AuthenticationMethod } from '../authorization/authentication-method.ts';
import type { Home } from '../authorization/home-directory.ts';
import type { NamedSubject } from '../authorization/rules/subject-names.ts';
import type { Denial } from '../denial.ts';
import type { RecordedCertificate } from '../operations/audit.ts';

export interface TlsFacts {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  /** IANA name of the cipher suite. */
  readonly cipher: string;
}

export interface LoginRequest {
  /** DER, end entity first, as the peer sent them in its full handshake on this control connection; empty: none. */
  readonly peerCertificates: readonly Buffer[];
  /** The argument of USER, bounded and decoded, not trusted. */
  readonly claimedName: string;
  /** The argument of PASS; absent until the client was asked for one. Never logged. */
  readonly password?: string | undefined;
  readonly remoteAddress: string;
  /** `false`: remoteAddress is that of a caller who did not tell the client’s. Default `true`. */
  readonly isClientAddress?: boolean;
  /** Of the proxy that announced the client; for the record. */
  readonly proxyAddress?: string | undefined;
  readonly connectionId: string;
  /** Where the connection came in; for the record. */
  readonly binding?: string;
  /** The service that asks for a client of its own; absent when the peer is connected to cardgate. */
  readonly caller?: string;
  readonly tls: TlsFacts;
  /** SHA-256 of the consent banner that the client was told before; for the record. */
  readonly consentSha256?: string | undefined;
}

/** An account that may work on files, where and how far. */
export interface Login extends Home {
  readonly accountName: string;
  readonly directory: string;
  /** What stays the same when the account is renamed or moved; absent where the directory does not tell it. */
  readonly accountId?: string | undefined;
  readonly accessRights: AccessRights;
  /** Nested ones included; absent where nothing asked for them. */
  readonly groups?: NamedSubject['groups'];
  /** SHA-256 of the end entity certificate, lower-case hexadecimal; absent when the login came without one. */
  readonly certificateSha256?: string;
  readonly authenticationMethod: AuthenticationMethod;
  /** When the first certificate of the path expires: the login ends then at the latest. Absent with certificateSha256. */
  readonly validUntil?: Date | undefined;
}

/** A login that was granted. */
export interface AuthenticatedLogin extends Login {
  /**
   * Decides the login once more, by what is known now of certificate, mapping, account, rights and home. Never rejects.
   * @returns undefined while that cannot be decided, as when no directory answers: the session goes on as it is
   */
  readonly recheck: () => Promise<Standing | undefined>;
}

/** What has become of a login that was granted. */
export type Standing =
  /** For the account and the home of before; the rights may be others, fewer or more. */
  | ({ readonly outcome: 'confirmed' } & Pick<AuthenticatedLogin, 'accessRights' | 'validUntil'>)
  | { readonly outcome: 'withdrawn'; readonly denial: Denial };

/** What was found out about the client before its login was decided, for the log of the site. */
export interface LoginFacts {
  readonly certificate?: RecordedCertificate | undefined;
  /** Status of the certificate. */
  readonly revocation?: string | undefined;
  /** Distinguished name of the account that the certificate or the name led to. */
  readonly account?: string | undefined;
}

/** @typeParam Granted what a login that is granted is handed on as */
export type Verdict<Granted extends Login = AuthenticatedLogin> =
  | { readonly outcome: 'granted'; readonly login: Granted; readonly reference: string; readonly facts?: LoginFacts }
  /** The site wants a password besides, or instead of, the certificate: answer 331 and come back with it. */
  | { readonly outcome: 'password-required' }
  | { readonly outcome: 'denied'; readonly denial: Denial; readonly reference: string; readonly facts?: LoginFacts }
  /** Cannot be decided now: 421, and the client may try again later. */
  | {
      readonly outcome: 'unavailable';
      readonly denial: Denial;
      readonly reference: string;
      readonly facts?: LoginFacts;
    };

/**
 * What the front end has against a login that everything else grants: asked before the record is written, which says what was decided
 * in the end. Never rejects.
 */
export type LastObjection = (login: Login, facts: Pick<LoginFacts, 'certificate'>) => Promise<Denial | undefined>;

export interface Authenticator {
  /** Never rejects: a fault inside becomes `unavailable` with code `internal-fault`. Writes exactly one audit record per verdict but `password-required`. */
  authenticate(request: LoginRequest, objection?: LastObjection): Promise<Verdict>;
}
