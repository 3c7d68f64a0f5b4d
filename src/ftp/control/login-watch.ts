/**
 * Keeps asking what has become of a login: at the site's interval, when its certificate expires, and when the server wants to
 * know. New rights are in force from the next command on; a command under way ends with the rights it began with. When the login
 * may not go on, the session and its transfer end with 421, and the audit trail says why.
 */
import { type Denial, denial } from '../../denial.ts';
import type { AuthenticatedLogin, Standing } from '../../login/authenticator.ts';
import { reply } from '../reply.ts';
import type { Control } from './control.ts';
import { recordRefusal } from './control-audit.ts';
import type { RecheckOutcome, Watch } from './session.ts';

/** Reason of the session's end in the audit trail; every other withdrawal is `login-withdrawn`. */
const endings: Partial<Record<Denial['code'], string>> = {
  'account-changed': 'account-changed',
  'home-changed': 'home-changed',
};

export class LoginWatch implements Watch {
  readonly #control: Control;
  #login: AuthenticatedLogin;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<RecheckOutcome> | undefined;
  #next: Promise<RecheckOutcome> | undefined;

  /** Begins to watch. @param login that of the control connection's session */
  constructor(control: Control, login: AuthenticatedLogin) {
    this.#control = control;
    this.#login = login;
    this.#schedule();
    void control.closed.then(() => clearTimeout(this.#timer));
  }

  /** Decides the login once more. A recheck under way may rest on what is out of date by now, so another one follows it. */
  recheck(): Promise<RecheckOutcome> {
    if (!this.#underWay) return this.#start();
    this.#next ??= this.#underWay.then(() => {
      this.#next = undefined;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<RecheckOutcome> {
    clearTimeout(this.#timer);
    this.#underWay = this.#check().finally(() => {
      this.#underWay = undefined;
      if (!this.#isOver) this.#schedule();
    });
    return this.#underWay;
  }

  #schedule(): void {
    const { clock, site } = this.#control.options;
    const { loginRecheckInterval } = site.connections;
    const { validUntil } = this.#login;
    // One millisecond past the expiry: at notAfter itself the certificate is still valid (RFC 5280 4.1.2.5).
    const untilExpiry = validUntil ? validUntil.getTime() - clock.now().getTime() + 1 : 0;
    // A login without a certificate, or one that outlived its path, is asked at the interval.
    const delay = untilExpiry > 0 ? Math.min(loginRecheckInterval, untilExpiry) : loginRecheckInterval;
    this.#timer = setTimeout(() => void this.recheck(), delay);
  }

  /** After REIN another login may be in the session's place, and what is found out about this one is nothing to it. */
  get #isOver(): boolean {
    const { isEnding, session } = this.#control;
    return isEnding || session.state !== 'authenticated' || session.login !== this.#login;
  }

  async #check(): Promise<RecheckOutcome> {
    if (this.#isOver) return 'over';
    const standing = await this.#login.recheck().catch((error: unknown) => this.#fault(error));
    if (this.#isOver) return 'over';
    if (standing?.outcome === 'confirmed') this.#renew(standing);
    if (standing?.outcome === 'withdrawn') this.#withdraw(standing.denial);
    return standing?.outcome ?? 'undecided';
  }

  #fault(error: unknown): Standing {
    this.#control.log.error('login-recheck-fault', { error });
    return { outcome: 'withdrawn', denial: denial('internal-fault', 'The recheck of the login ended in a fault.') };
  }

  #renew({ accessRights, validUntil }: Extract<Standing, { outcome: 'confirmed' }>): void {
    const control = this.#control;
    this.#login = { ...this.#login, accessRights, validUntil };
    control.sessionHolder.renew(this.#login);
    // RNFR was judged by the former rights; RNTO looks at its target only.
    control.settings.renameFrom = undefined;
  }

  #withdraw(reason: Denial): void {
    const reference = recordRefusal(this.#control, reason);
    const farewell = reply('unavailable', `Login no longer permitted, reference ${reference}.`);
    this.#control.end(endings[reason.code] ?? 'login-withdrawn', farewell);
  }
}
