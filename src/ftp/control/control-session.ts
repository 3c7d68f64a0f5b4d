/** The one holder of a control connection’s session: only a verdict that grants a login makes it an authenticated one. */
import type { AuthenticatedLogin, Verdict } from '../../login/authenticator.ts';
import type { Storage } from '../../storage/storage.ts';
import type { ControlTls, Session, Watch } from './session.ts';

export type GrantedVerdict = Extract<Verdict, { readonly outcome: 'granted' }>;

export class ControlSession {
  #now: Session = { state: 'plain' };

  get now(): Session {
    return this.#now;
  }

  /** Back to the state before AUTH, or before USER where TLS stays: the caller says `secured` then. */
  reset(): void {
    this.#now = { state: 'plain' };
  }

  secured(tls: ControlTls): void {
    this.#now = { state: 'secured', tls };
  }

  /** @param watch of this very login */
  logIn({ login }: GrantedVerdict, storage: Storage, watch: Watch): void {
    const tls = this.#now.state === 'secured' ? { tls: this.#now.tls } : {};
    this.#now = { state: 'authenticated', ...tls, login, storage, watch };
  }

  /** A recheck confirmed the login, with the rights of now. */
  renew(login: AuthenticatedLogin): void {
    if (this.#now.state === 'authenticated') this.#now = { ...this.#now, login };
  }
}
