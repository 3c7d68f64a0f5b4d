/** VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER (SP 800-73-4 part 2 sections 3.2.1 to 3.2.3). */
import type { ApplicationState } from './application-state.ts';
import type { CommandApdu } from './command-apdu.ts';
import { isPaddedPin, type ReferenceData, referenceOctets } from './reference-data.ts';
import { answered, type ResponseApdu, refusedWith, verificationFailed } from './status-word.ts';

/** Part 1 table 4a. There is neither a global PIN nor biometry nor a pairing code. */
const keyReferences = { pin: 0x80, puk: 0x81 } as const;
const resetStatus = 0xff;

/** What the command says to `candidate` when it is not right; undefined when it is. */
function comparison(
  state: ApplicationState,
  which: keyof typeof keyReferences,
  candidate: Buffer,
): ResponseApdu | undefined {
  const reference: ReferenceData = state[which];
  const result = reference.compare(candidate);
  if (result === 'right') return undefined;
  if (result === 'blocked') {
    state.tell({ kind: `${which}-blocked` });
    return refusedWith('blocked');
  }
  state.verified = false;
  state.tell({ kind: `${which}-wrong`, triesLeft: reference.triesLeft });
  return verificationFailed(reference.triesLeft);
}

/** How far the PIN is from being verified: what VERIFY without data asks. */
function pinStatus({ verified, pin }: ApplicationState): ResponseApdu {
  if (verified) return answered();
  return pin.triesLeft === 0 ? refusedWith('blocked') : verificationFailed(pin.triesLeft);
}

/** A PIN of the wrong form costs a try like any other that is wrong, which the standard allows. */
export function verify(state: ApplicationState, { p1, p2, data }: CommandApdu): ResponseApdu {
  if (p2 !== keyReferences.pin) return refusedWith('referenceNotFound');
  if (p1 !== 0 && p1 !== resetStatus) return refusedWith('incorrectParameter');
  if (p1 === resetStatus) {
    if (data.length > 0) return refusedWith('incorrectData');
    state.verified = false;
    return answered();
  }
  if (data.length === 0) return pinStatus(state);
  const failure = comparison(state, 'pin', data);
  if (failure !== undefined) return failure;
  state.verified = true;
  state.justVerified = true;
  state.tell({ kind: 'pin-right' });
  return answered();
}

/** The two values of sixteen octets; undefined for any other number of octets. */
function twoReferences(data: Buffer): readonly [first: Buffer, second: Buffer] | undefined {
  return data.length === 2 * referenceOctets
    ? [data.subarray(0, referenceOctets), data.subarray(referenceOctets)]
    : undefined;
}

export function changeReferenceData(state: ApplicationState, { p1, p2, data }: CommandApdu): ResponseApdu {
  if (p1 !== 0) return refusedWith('incorrectParameter');
  const which = p2 === keyReferences.pin ? 'pin' : p2 === keyReferences.puk ? 'puk' : undefined;
  if (which === undefined) return refusedWith('referenceNotFound');
  const references = twoReferences(data);
  // Before the comparison: what cannot be set must not cost a try (part 2 section 3.2.2).
  if (references === undefined || (which === 'pin' && !isPaddedPin(references[1]))) return refusedWith('incorrectData');
  const failure = comparison(state, which, references[0]);
  if (failure !== undefined) return failure;
  state[which].replace(references[1]);
  if (which === 'pin') state.verified = true;
  state.tell({ kind: `${which}-changed` });
  return answered();
}

/** The PUK sets a new PIN with all its tries; it does not stand for the PIN. */
export function resetRetryCounter(state: ApplicationState, { p1, p2, data }: CommandApdu): ResponseApdu {
  if (p1 !== 0) return refusedWith('incorrectParameter');
  if (p2 !== keyReferences.pin) return refusedWith('referenceNotFound');
  const references = twoReferences(data);
  if (references === undefined || !isPaddedPin(references[1])) return refusedWith('incorrectData');
  const failure = comparison(state, 'puk', references[0]);
  if (failure !== undefined) return failure;
  state.pin.replace(references[1]);
  state.tell({ kind: 'pin-reset' });
  return answered();
}
