/**
 * The logins of all sites over reloads: the newest configuration decides every login and every recheck, and a former one is
 * closed when it has decided its last.
 */
import type {
  AuthenticatedLogin,
  Authenticator,
  LastObjection,
  Login,
  LoginRequest,
  Verdict,
} from './authenticator.ts';
import type { Occasion } from './login-policy.ts';
import { grantedLogin } from './login-recheck.ts';
import { type ExplainedRequest, type StandingRequest, standingRequest } from './login-request.ts';
import type { Resolution, SiteLogin } from './site-login.ts';

/** What one configuration makes of its sites. */
export interface Logins {
  /** By name of the site. */
  readonly sites: ReadonlyMap<string, SiteLogin>;
  /** Closes directories and connections. */
  close(): Promise<void>;
}

export class LoginGenerations {
  #current: { readonly logins: Logins; inFlight: number; retired: boolean };

  constructor(first: Logins) {
    this.#current = { logins: first, inFlight: 0, retired: false };
  }

  /** From now on `logins` decides; the former is closed when its last login is decided. */
  async replace(logins: Logins): Promise<void> {
    const former = this.#current;
    this.#current = { logins, inFlight: 0, retired: false };
    former.retired = true;
    if (former.inFlight === 0) await former.logins.close();
  }

  /** What the FTP front end of one site asks. */
  authenticator(site: string): Authenticator {
    return { authenticate: (request, objection) => this.authenticate(site, request, objection) };
  }

  /**
   * @returns a granted login carries its recheck, which the newest generation then decides
   * @throws Error for a site that the newest configuration lacks
   */
  async authenticate(site: string, request: LoginRequest, objection?: LastObjection): Promise<Verdict> {
    const verdict = await this.#byNewest(site, (login) => login.authenticate(request, objection));
    if (verdict.outcome !== 'granted') return verdict;
    const recheck = this.#recheck(site, standingRequest(request), verdict.login);
    return { ...verdict, login: { ...verdict.login, recheck } };
  }

  /** As `authenticate`, for the mapping service and for explanations: without a session and its recheck. */
  resolve(site: string, request: ExplainedRequest, occasion: Occasion): Promise<Resolution> {
    return this.#byNewest(site, (login) => login.resolve(request, occasion));
  }

  close(): Promise<void> {
    return this.#current.logins.close();
  }

  /** By the newest configuration too: the one that let the session in may have closed its directories. Apart from `authenticate`,
   * whose request, and the password in it, a closure there keeps alive. */
  #recheck(site: string, request: StandingRequest, login: Login): AuthenticatedLogin['recheck'] {
    const granted = grantedLogin(login);
    return () => this.#byNewest(site, (current) => current.recheck(request, granted));
  }

  /** Work by the newest login of the site, whose directories stay open until it is done. */
  async #byNewest<T>(site: string, work: (login: SiteLogin) => Promise<T>): Promise<T> {
    const generation = this.#current;
    const login = generation.logins.sites.get(site);
    if (!login) throw new Error(`site ${site} is not in the configuration any more`);
    generation.inFlight += 1;
    try {
      return await work(login);
    } finally {
      generation.inFlight -= 1;
      if (generation.retired && generation.inFlight === 0) await generation.logins.close();
    }
  }
}
