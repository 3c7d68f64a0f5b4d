/**
 * From a chosen certificate to a card that signs: the PIN is asked for once and sent to the card once. Until `lock` it stays in
 * memory only for keys that want it with each signature.
 */
import { printable } from '../../operations/printable.ts';
import { encodeCertificatePem } from '../../pki/encoding/pem.ts';
import { CardError } from '../card/card-error.ts';
import { cardCredential } from '../reader/card-credential.ts';
import { CardSession } from '../reader/card-session.ts';
import { type CardSlot, type CardToken, holdsCard } from '../reader/slots.ts';
import { enterPin, type PinInput } from '../token/pin-entry.ts';
import type { SecretPin } from '../token/secret-pin.ts';
import type { Candidate } from './certificate-choice.ts';
import type { ServerWish } from './certificate-suitability.ts';
import { TrialStop } from './control-dialogue.ts';
import { EngineCard } from './engine-card.ts';
import { findingOfFailure } from './failure-findings.ts';
import { type FtpsSessionOptions, logInWithTls13, runFtpsSession } from './ftps-session.ts';
import type { ServerTrust } from './server-trust.ts';
import { type FindingCode, finding, type TrialFinding } from './trial-findings.ts';
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
  /** @returns whether everything that was tried worked. @throws TrialEnded */
  run(options: FtpsSessionOptions): Promise<boolean>;
  /** Ends the session with the card and overwrites the PIN. */
  lock(): void;
}

/** @throws TrialEnded */
export async function unlockCard(options: UnlockOptions): Promise<UnlockedCard> {
  const { candidate, version, recorder } = options;
  const session = await attempt(options, undefined, () => new CardSession(candidate.slot));
  let pin: SecretPin | undefined;
  let engine: EngineCard | undefined;
  const lock = () => {
    engine?.end();
    session.close();
    pin?.clear();
  };
  try {
    await attempt(options, session, () => checkLogin(session, options));
    const { isLoginRequired, hasProtectedAuthenticationPath: isAtReader } = session.token.pin;
    if (isLoginRequired && isAtReader) recorder.ok('pin', 'to be entered at the PIN pad of the reader now');
    if (isLoginRequired && !isAtReader) pin = await askFor(session.token, options);
    const run = await attempt(options, session, async () => {
      if (version === 'TLSv1.3') return byCredential(session, pin, options);
      engine = new EngineCard(2 * options.timeoutMilliseconds);
      return byEngine(engine, session.token, pin, options);
    });
    recorder.ok('pin', isLoginRequired ? 'accepted by the card' : 'not needed');
    return { run, lock };
  } catch (error) {
    lock();
    throw error;
  }
}

/** The card holder is not asked for a PIN in vain. @throws CardFault, TrialStop */
function checkLogin(session: CardSession, { version, allowFinalTry }: UnlockOptions): void {
  const { isLoginRequired, hasProtectedAuthenticationPath } = session.token.pin;
  if (version === 'TLSv1.2' && (hasProtectedAuthenticationPath || !isLoginRequired))
    throw new TrialStop(finding('tls12-needs-pin'));
  if (isLoginRequired) session.checkLogin({ allowFinalTry });
}

type Run = UnlockedCard['run'];

function byCredential(session: CardSession, pin: SecretPin | undefined, options: UnlockOptions): Run {
  const { candidate, certificateChain, allowFinalTry, trust, timeoutMilliseconds, recorder } = options;
  if (session.token.pin.isLoginRequired) session.login(pin ?? 'at-reader', { allowFinalTry });
  const credential = cardCredential({
    session,
    id: candidate.stored.id,
    certificateChain,
    signatureTimeoutMilliseconds: timeoutMilliseconds,
  });
  return (sessionOptions) => runFtpsSession(logInWithTls13(credential, trust.verify), sessionOptions, recorder);
}

async function byEngine(
  engine: EngineCard,
  token: CardToken,
  pin: SecretPin | undefined,
  { candidate, certificateChain, trust, recorder }: UnlockOptions,
): Promise<Run> {
  if (pin === undefined) throw new TrialStop(finding('pin-missing'));
  const request = {
    uri: objectUri(token, candidate.stored.id),
    module: candidate.slot.module.path,
    certificateChain: certificateChain.map(encodeCertificatePem).join(''),
    trustAnchors: trust.pem,
  };
  await engine.unlock(request, pin);
  pin.clear();
  const judged = (found: TrialFinding) => withPresence(found, candidate.slot);
  return (sessionOptions) =>
    engine
      .run(sessionOptions, async (step) =>
        recorder.add({ ...step, findings: await Promise.all(step.findings.map(judged)) }),
      )
      .catch(async (error: unknown) => {
        throw error instanceof TrialStop ? new TrialStop(await judged(error.finding), error) : error;
      });
}

/** What a card that is gone may look like through OpenSSL. */
const perhapsRemoved: readonly FindingCode[] = ['card-silent', 'token-fault', 'tls-failed', 'connection-lost'];

/** The process with the engine cannot tell that the card was pulled; this one has its own view of the reader. */
async function withPresence(found: TrialFinding, slot: CardSlot): Promise<TrialFinding> {
  if (!perhapsRemoved.includes(found.code) || (await holdsCard(slot))) return found;
  return finding('card-removed', found.detail);
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
async function attempt<T>(
  { recorder }: UnlockOptions,
  session: CardSession | undefined,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CardError) && !(error instanceof TrialStop)) throw error;
    const { code, detail } = findingOfFailure(error, 'login');
    const tries = code === 'pin-incorrect' && session ? triesText(session) : undefined;
    const text = [detail, tries].filter(Boolean).join(' ');
    throw recorder.ended('pin', 'the card is not unlocked', finding(code, text === '' ? undefined : text));
  }
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
