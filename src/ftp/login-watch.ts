/**
 * Keeps asking whether a login may go on, at the site's interval and when its certificate expires. When it may not, the session
 * and its transfer end with 421, and the audit trail says why.
 */
import type { AuthenticatedLogin } from '../login/authenticator.ts';
import { recordRefusal } from './control-audit.ts';
import { reply } from './reply.ts';
import type { Control } from './session.ts';

export function watchLogin(control: Control, login: AuthenticatedLogin): void {
  const { clock, timeouts } = control.options;
  let timer: NodeJS.Timeout;
  const schedule = () => {
    // One millisecond past the expiry: at notAfter itself the certificate is still valid (RFC 5280 4.1.2.5).
    const untilExpiry = login.validUntil ? login.validUntil.getTime() - clock.now().getTime() + 1 : 0;
    // A login without a certificate, or one that outlived its first path by a renewed CA, is asked at the interval.
    const delay = untilExpiry > 0 ? Math.min(timeouts.loginRecheck, untilExpiry) : timeouts.loginRecheck;
    timer = setTimeout(() => void check(), delay);
  };
  const isOver = () => control.isEnding || control.session.state !== 'authenticated' || control.session.login !== login;
  const check = async () => {
    if (isOver()) return;
    const refusal = await login.recheck();
    if (isOver()) return;
    if (!refusal) {
      schedule();
      return;
    }
    const reference = recordRefusal(control, refusal);
    control.end('login-withdrawn', reply('unavailable', `Login no longer permitted, reference ${reference}.`));
  };
  schedule();
  void control.closed.then(() => clearTimeout(timer));
}
