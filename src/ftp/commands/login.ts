/**
 * USER and PASS: hand the certificates of the handshake, the name and, if asked for, the password to the authenticator, and
 * answer its verdict. They decide nothing themselves and tell a refused client nothing but a reference.
 */

import type { AccessRights } from '../../authorization/access-rights.ts';
import { type Denial, denial, denialEntry } from '../../denial.ts';
import { hookedStorage } from '../../hooks/hooked-storage.ts';
import type { AuthenticatedLogin, LastObjection, Verdict } from '../../login/authenticator.ts';
import { noticeShortage } from '../../operations/descriptor-shortage.ts';
import type { Storage } from '../../storage/storage.ts';
import { type Control, messageValues } from '../control/control.ts';
import { commonFacts, recordRefusal } from '../control/control-audit.ts';
import type { GrantedVerdict } from '../control/control-session.ts';
import { withLocalDetails } from '../control/local-details.ts';
import { LoginWatch } from '../control/login-watch.ts';
import type { ControlTls } from '../control/session.ts';
import { consentDigest, messageOf } from '../messages.ts';
import { type Reply, reply } from '../reply.ts';

/** `SslAllow` lets a login come without TLS; the authenticator sees that and decides. */
const withoutTls: ControlTls = { facts: { protocol: 'none', cipher: 'none' }, peerCertificates: [] };

/**
 * RFC 959 4.1.1: another USER ends the login there is, and begins one anew. It is decided as the first was, by the certificate that the
 * handshake of this connection proved: whose name is refused is logged in no more.
 */
export async function user(control: Control, name: string): Promise<void> {
  if (control.isCleared) {
    refuseClearLogin(control);
    return;
  }
  if (control.session.state === 'authenticated') control.logOut('another-user', 'parameters');
  const { session, options, settings } = control;
  if (session.state === 'plain' && options.site.ssl.controlChannelPolicy !== 'SslAllow') {
    refuseClearLogin(control);
    return;
  }
  if (control.addressRefusal) {
    refuse(control, control.addressRefusal, recordRefusal(control, control.addressRefusal));
    return;
  }
  settings.claimedName = name;
  if (options.site.authentication.replyToUser === 'passwordNeeded') askForPassword(control);
  // The authenticator knows for whom a password could help, and refuses all others before they send one.
  else await authenticate(control, name, undefined);
}

export async function pass(control: Control, password: string): Promise<void> {
  const { session, settings } = control;
  if (session.state === 'authenticated') {
    // .NET sends PASS in every case and accepts nothing but 230 here.
    control.send(reply('loggedIn', 'Logged in already.'));
    return;
  }
  const name = settings.claimedName;
  if (name === undefined) {
    control.send(reply('badSequence', 'USER first.'));
    return;
  }
  settings.claimedName = undefined;
  await authenticate(control, name, password);
}

/** RFC 1123 4.1.2.13 wants the command; no file here belongs to another account than that of the login. */
export function account(control: Control): void {
  control.send(reply('superfluous', 'No account is needed.'));
}

/** Before TLS, where the site demands TLS; recorded once for a connection, a probing client could fill the trail otherwise. */
export function refuseClearLogin(control: Control): void {
  if (!control.clearLoginReported) {
    control.clearLoginReported = true;
    recordRefusal(control, denial('tls-required', 'A command that needs TLS came before AUTH.'));
  }
  control.send(reply('notLoggedIn', 'TLS is required; use AUTH TLS.'));
}

function askForPassword(control: Control): void {
  control.send(reply('passwordNeeded', 'Password required.'));
}

async function authenticate(control: Control, claimedName: string, password: string | undefined): Promise<void> {
  const { session, options } = control;
  const tls = session.state === 'secured' ? session.tls : withoutTls;
  const request = {
    peerCertificates: tls.peerCertificates,
    claimedName,
    password,
    remoteAddress: control.remoteAddress,
    proxyAddress: control.proxyAddress,
    connectionId: control.id,
    binding: control.binding,
    tls: tls.facts,
    consentSha256: consentDigest(options.site.messages),
  };
  const verdict = await options.authenticator.authenticate(request, hookOnLogin(control, claimedName, tls));
  if (verdict.outcome !== 'password-required') control.siteLog?.decided(verdict.facts ?? {});
  if (!control.isEnding) await answer(control, verdict, password !== undefined);
}

async function answer(control: Control, verdict: Verdict, passwordWasGiven: boolean): Promise<void> {
  switch (verdict.outcome) {
    case 'granted':
      await logIn(control, verdict);
      return;
    case 'password-required':
      if (passwordWasGiven) throw new Error('the authenticator asked for a password that it was given');
      askForPassword(control);
      return;
    case 'denied':
      refuse(control, verdict.denial, verdict.reference);
      return;
    case 'unavailable':
      control.siteLog?.refused(verdict.denial.code);
      control.end('login-unavailable', withLocalDetails(control, verdict.denial, refusal(421, verdict.reference)));
      return;
  }
}

/** A recheck does not ask again. @returns undefined where the site has no hook on logins */
function hookOnLogin(control: Control, claimedName: string, { facts: tls }: ControlTls): LastObjection | undefined {
  const { hooks } = control.options;
  if (!hooks?.has('onLogin')) return undefined;
  return async ({ accountName, directory, homeDirectory }, { certificate }) => {
    const question = { hook: 'onLogin', accountName, claimedName, directory, homeDirectory, tls, certificate } as const;
    const decision = await hooks.ask({ ...commonFacts(control), ...question });
    if (decision.outcome === 'allowed') return undefined;
    const { outcome, hook, reason } = decision;
    const code = outcome === 'refused' ? 'login-refused-by-hook' : 'login-hook-unavailable';
    return denial(code, reason, { hook, accountName });
  };
}

async function logIn(control: Control, verdict: GrantedVerdict): Promise<void> {
  const { login } = verdict;
  try {
    const storage = await control.options.openStorage(login, () => currentRights(control, login), control.options.site);
    const tooMany = sessionsRefusal(control, login);
    if (tooMany) {
      refuse(control, tooMany, recordRefusal(control, tooMany));
      return;
    }
    control.sessionHolder.logIn(verdict, hooked(control, storage), new LoginWatch(control, login));
    control.data.logIn(login);
    control.settings.workingDirectory = login.startDirectory ?? '/';
  } catch (error) {
    if (!noticeShortage(error, 'home directory')) {
      control.log.error('home-unavailable', { accountName: login.accountName, error });
    }
    const unusable = denial('home-unavailable', 'The home directory could not be opened; the log says why.', {
      accountName: login.accountName,
      homeDirectory: login.homeDirectory,
    });
    refuse(control, unusable, recordRefusal(control, unusable));
    return;
  }
  control.settings.claimedName = undefined;
  // Never 232 (RFC 2228): widespread clients fail on it or send PASS after it.
  control.send(
    reply('loggedIn', ...messageOf(control.options.site.messages, 'greetingMessage', messageValues(control))),
  );
}

/** Counted when nothing more stands between, so that two logins at once do not both find the last place free. */
function sessionsRefusal(
  { options, peers }: Control,
  { accountName, directory }: AuthenticatedLogin,
): Denial | undefined {
  const { maxSessionsPerAccount } = options.site.connections;
  if (maxSessionsPerAccount === 0) return undefined;
  let sessions = 0;
  for (const { session, isEnding } of peers) {
    if (isEnding || session.state !== 'authenticated') continue;
    if (session.login.accountName === accountName && session.login.directory === directory) sessions += 1;
  }
  if (sessions < maxSessionsPerAccount) return undefined;
  const detail = `${accountName} has ${sessions} sessions; maxSessionsPerAccount is ${maxSessionsPerAccount}.`;
  return denial('too-many-sessions', detail, { accountName, directory, sessions });
}

/** Under the hooks of the site. */
function hooked(control: Control, storage: Storage): Storage {
  const { hooks } = control.options;
  if (!hooks) return storage;
  return hookedStorage(storage, {
    has: (name) => hooks.has(name),
    ask: (question, signal) => hooks.ask({ ...commonFacts(control), ...question }, signal),
  });
}

/** Those of the session as it is, which may have been decided anew since the login. */
function currentRights({ session }: Control, login: AuthenticatedLogin): AccessRights {
  return session.state === 'authenticated' ? session.login.accessRights : login.accessRights;
}

function refuse(control: Control, why: Denial, reference: string): void {
  control.siteLog?.refused(why.code);
  control.settings.claimedName = undefined;
  control.loginFailures += 1;
  const answer = withLocalDetails(control, why, refusal(denialEntry(why.code).reply, reference));
  if (answer.code === 421) {
    control.end('login-denied', answer);
    return;
  }
  if (control.loginFailures < control.options.site.connections.maxLoginFailures) {
    control.send(answer);
    return;
  }
  const tooMany = denial('too-many-failures', `${control.loginFailures} logins were refused on this connection.`);
  control.end('too-many-failures', refusal(421, recordRefusal(control, tooMany)));
}

/** RFC 2577 section 7: the same words whatever the reason; the reference leads the operator to it. */
function refusal(code: number, reference: string): Reply {
  return { code, lines: [`Login not permitted, reference ${reference}.`] };
}
