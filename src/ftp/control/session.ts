/** What a session is: its states, from a connection in the clear to a person who is logged in. */
import type { AuthenticatedLogin, Standing, TlsFacts } from '../../login/authenticator.ts';
import type { Storage } from '../../storage/storage.ts';

export interface ControlTls {
  readonly facts: TlsFacts;
  /** DER, end entity first; proven by a full handshake on this control connection, never by a resumed one. */
  readonly peerCertificates: readonly Buffer[];
}

/** No TLS yet. */
interface PlainSession {
  readonly state: 'plain';
}

/** TLS is up, and the client is not logged in. */
interface SecuredSession {
  readonly state: 'secured';
  readonly tls: ControlTls;
}

/** What a recheck came to. `over`: the session ended meanwhile, or another login took its place. */
export type RecheckOutcome = Standing['outcome'] | 'undecided' | 'over';

/** Asks from time to time, and whenever it is told to, what has become of the login. */
export interface Watch {
  /** Decides the login once more. */
  recheck(): Promise<RecheckOutcome>;
}

/** Only a granted verdict of the authenticator makes one, and only a recheck replaces it by one with other rights. */
export interface AuthenticatedSession {
  readonly state: 'authenticated';
  /** Absent where `SslAllow` let the client log in without TLS. */
  readonly tls?: ControlTls;
  readonly login: AuthenticatedLogin;
  readonly storage: Storage;
  readonly watch: Watch;
}

export type Session = PlainSession | SecuredSession | AuthenticatedSession;
