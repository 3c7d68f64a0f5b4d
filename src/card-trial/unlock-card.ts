/**
 * From a chosen certificate to a card that signs: the PIN is asked for once and sent to the card once. Until `lock` it stays in
 * memory only for keys that want it with each signature.
 */
import { printable } from '../operations/printable.ts';
import { CardError } from '../smartcard/card-error.ts';
import { enterPin, type PinInput } from '../smartcard/pin-entry.ts';
import { cardCredential } from '../smartcard/reader/card-credential.ts';
import { CardFault } from '../smartcard/reader/card-fault.ts';
import { CardSession } from '../smartcard/reader/card-session.ts';
import type { CardToken } from '../smartcard/reader/slots.ts';
import type { SecretPin } from '../smartcard/secret-pin.ts';
import type { Candidate } from './certificate-choice.ts';
import type { ServerWish } from './certificate-suitability.ts';
import { findingOfFailure } from './failure-findings.ts';
import {
  engineContext,
  type FtpsSession,
  type FtpsSessionOptions,
  openTls12Session,
  openTls13Session,
} from './ftps-session.ts';
import type { ServerTrust } from './server-trust.ts';
import { type Finding, finding } from './trial-findings.ts';
import type { TrialRecorder } from './trial-steps.ts';

/** As `PinInput`; the prompt at the terminal is made here, since it names the card. */
export type PinChoice = Exclude<PinInput, { readonly from: 'terminal' }> | { readonly from: 'terminal' };

export interface UnlockOptions {
  readonly candidate: Candidate;
  /** DER, the certificate of the candidate first. */
  readonly certificateChain: readonly Buffer[];
  readonly version: ServerWish['version'];
  readonly pin: PinChoice;
  readonly allowFinalTry: boolean;
  readonly trust: ServerTrust;
  readonly timeoutMilliseconds: number;
  readonly recorder: TrialRecorder;
}

export interface UnlockedCard {
  openSession(options: FtpsSessionOptions): Promise<FtpsSession>;
  /** Ends the session with the card and overwrites the PIN. */
  lock(): void;
}

/** @throws TrialEnded */
export async function unlockCard(options: UnlockOptions): Promise<UnlockedCard> {
  const { candidate, allowFinalTry, recorder, version } = options;
  const session = attempt(options, undefined, () => new CardSession(candidate.slot));
  const { token } = session;
  const isAtReader = token.pin.hasProtectedAuthenticationPath;
  let pin: SecretPin | undefined;
  const lock = () => {
    session.close();
    pin?.clear();
  };
  try {
    if (version === 'TLSv1.2' && isAtReader)
      throw recorder.ended('pin', 'entered at the PIN pad', finding('pin-pad-needs-tls13'));
    if (token.pin.isLoginRequired) {
      attempt(options, session, () => session.checkLogin({ allowFinalTry }));
      if (isAtReader) recorder.ok('pin', 'to be entered at the PIN pad of the reader now');
      else pin = await askFor(token, options);
    }
    const openSession = attempt(options, session, () =>
      version === 'TLSv1.3' ? byCredential(session, pin, options) : byEngine(token, pin, options),
    );
    recorder.ok('pin', pin === undefined && !isAtReader ? 'not needed' : 'accepted by the card');
    return { openSession, lock };
  } catch (error) {
    lock();
    throw error;
  }
}

type OpenSession = UnlockedCard['openSession'];

function byCredential(session: CardSession, pin: SecretPin | undefined, options: UnlockOptions): OpenSession {
  const { candidate, certificateChain, allowFinalTry, timeoutMilliseconds } = options;
  const { isLoginRequired } = session.token.pin;
  if (isLoginRequired) session.login(pin ?? 'at-reader', { allowFinalTry });
  const credential = cardCredential({
    session,
    id: candidate.stored.id,
    certificateChain,
    signatureTimeoutMilliseconds: timeoutMilliseconds,
  });
  return (sessionOptions) => openTls13Session(sessionOptions, credential);
}

function byEngine(token: CardToken, pin: SecretPin | undefined, options: UnlockOptions): OpenSession {
  const { candidate, certificateChain, trust } = options;
  if (pin === undefined) throw new CardFault('pin-not-set');
  const uri = objectUri(token, candidate.stored.id);
  const context = engineContext({ uri, module: candidate.slot.module.path, certificateChain }, pin, trust);
  pin.clear();
  return (sessionOptions) => openTls12Session(sessionOptions, context);
}

/** RFC 7512 section 2.3: all that tells this key from any other in the readers. */
function objectUri({ label, serialNumber }: CardToken, id: Buffer): string {
  const octets = [...id].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join('');
  return `pkcs11:token=${encodeURIComponent(label)};serial=${encodeURIComponent(serialNumber)};id=${octets}`;
}

async function askFor(token: CardToken, { pin, recorder }: UnlockOptions): Promise<SecretPin> {
  try {
    return await enterPin(
      pin.from === 'terminal' ? { from: 'terminal', prompt: `PIN of the card "${printable(token.label)}": ` } : pin,
    );
  } catch (error) {
    if (!(error instanceof CardError)) throw error;
    throw recorder.ended('pin', printable(error.message), finding('pin-missing', printable(error.remedy)));
  }
}

/** Runs what may fail because of the card, and tells how near the PIN is to its lock when it does. */
function attempt<T>({ recorder }: UnlockOptions, session: CardSession | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CardError)) throw error;
    throw recorder.ended('pin', 'the card is not unlocked', cardFinding(error, session));
  }
}

function cardFinding(error: CardError, session: CardSession | undefined): Finding {
  if (!(error instanceof CardFault)) return finding('tls12-engine-missing', printable(error.message));
  const { code, detail } = findingOfFailure(error, 'login');
  const tries = error.code === 'pin-incorrect' && session ? triesText(session) : undefined;
  return finding(code, [detail, tries].filter(Boolean).join(' '));
}

/** The standard has three flags for the tries left, no number (PKCS #11 section 3.2). */
function triesText(session: CardSession): string {
  try {
    const { isLocked, isFinalTry, isCountLow } = session.pinState();
    if (isLocked) return 'The PIN is locked now.';
    if (isFinalTry) return 'ONE try is left before the PIN locks.';
    return isCountLow ? 'Fewer tries are left than before.' : 'How many tries are left the card does not say.';
  } catch {
    // The card may be gone by now; that it refused the PIN is what counts.
    return '';
  }
}
