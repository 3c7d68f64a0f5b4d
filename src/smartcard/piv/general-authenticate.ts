/**
 * GENERAL AUTHENTICATE (SP 800-73-4 part 2 section 3.2.4) with a private key: signatures, and RSA decryption, which is the
 * same operation. There is no key agreement, no administration key and no mutual authentication.
 */
import { errorMessage } from '../../error-message.ts';
import type { ApplicationState } from './application-state.ts';
import type { CommandApdu } from './command-apdu.ts';
import { type PinPolicy, slotName } from './key-slot.ts';
import { type PivAlgorithmName, pivAlgorithms } from './piv-key.ts';
import { answered, type ResponseApdu, refusedWith } from './status-word.ts';
import { encodeTlv, readTlvs } from './tlv.ts';

/** Part 2 table 7. */
const dynamicAuthenticationTemplate = 0x7c;
const tags = { challenge: 0x81, response: 0x82 } as const;

function isPermitted(state: ApplicationState, policy: PinPolicy): boolean {
  switch (policy) {
    case 'never':
      return true;
    case 'once':
      return state.verified;
    case 'always':
      return state.verified && state.justVerified;
  }
}

/** The challenge of a template that holds it and asks for a response; undefined for any other template. */
function readChallenge(data: Buffer): Buffer | undefined {
  const [template, ...others] = readTlvs(data) ?? [];
  if (template?.tag !== dynamicAuthenticationTemplate || others.length > 0) return undefined;
  const objects = readTlvs(template.value) ?? [];
  const [challenge, response] = [tags.challenge, tags.response].map((tag) => objects.find((one) => one.tag === tag));
  return objects.length === 2 && response?.value.length === 0 ? challenge?.value : undefined;
}

function fits(challenge: Buffer, algorithm: PivAlgorithmName): boolean {
  const { kind, octets } = pivAlgorithms[algorithm];
  return kind === 'rsa' ? challenge.length === octets : challenge.length > 0 && challenge.length <= octets;
}

export async function generalAuthenticate(
  state: ApplicationState,
  { p1, p2, data }: CommandApdu,
): Promise<ResponseApdu> {
  const held = state.slots.get(p2);
  if (held === undefined || p1 !== pivAlgorithms[held.key.algorithm].identifier)
    return refusedWith('incorrectParameter');
  if (!isPermitted(state, held.slot.pinPolicy)) return refusedWith('securityStatusNotSatisfied');
  const challenge = readChallenge(data);
  if (challenge === undefined || !fits(challenge, held.key.algorithm)) return refusedWith('incorrectData');
  state.justVerified = false;
  const slot = slotName(held.slot);
  state.tell({ kind: 'signature-asked', slot });
  if (!(await state.beforeSignature(held.slot))) return refusedWith('failure');
  try {
    const response = await held.key.operate(challenge);
    state.tell({ kind: 'signature', slot });
    return answered(encodeTlv(dynamicAuthenticationTemplate, encodeTlv(tags.response, response)));
  } catch (error) {
    state.tell({ kind: 'token-failure', message: errorMessage(error) });
    return refusedWith('failure');
  }
}
