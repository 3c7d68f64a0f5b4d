/** Which certificate of the cards a trial uses: the one a person named, or the one that is best for logging in. It never guesses among equals. */
import { printable } from '../../operations/printable.ts';
import { oids } from '../../pki/encoding/oids.ts';
import type { FoundCertificate } from './card-inventory.ts';
import { finding, isDoubt, type TrialFinding } from './trial-findings.ts';

/** A certificate and all that speaks against it. */
export interface Candidate extends FoundCertificate {
  readonly findings: readonly TrialFinding[];
}

export type Choice = { readonly chosen: Candidate } | { readonly refusal: TrialFinding };

/** The PIV key for logging in is 9A; OpenSC and YubiKey's module give its objects the id 1 (NIST SP 800-73-4 part 1, table 4b). */
const pivAuthentication = { id: '01', label: /PIV Authentication/i };
/** Keys of a card for other work: 9C wants its PIN for each signature, 9D decrypts, 9E needs no PIN. */
const otherPivLabels = /Digital Signature|Key Management|Card Authentication/i;

const shortestFingerprint = 8;
const namedFingerprint = 16;

/**
 * @param selector of `--certificate`: an id in hexadecimal, a label, or at least 8 digits of a SHA-256; absent: the best
 * @returns a candidate against which nothing but doubts speaks
 */
export function chooseCertificate(candidates: readonly Candidate[], selector?: string): Choice {
  if (candidates.length === 0) return { refusal: finding('certificate-none') };
  const selected = selector === undefined ? candidates : candidates.filter((candidate) => matches(candidate, selector));
  if (selected.length === 0) return { refusal: finding('certificate-unknown', selector) };
  const usable = selected.filter(({ findings }) => findings.every(isDoubt));
  if (usable.length === 0) return { refusal: finding('certificate-unsuitable') };
  const best = Math.max(...usable.map(merit));
  const [chosen, ...equals] = usable.filter((candidate) => merit(candidate) === best);
  if (chosen === undefined || equals.length > 0)
    return {
      refusal: finding('certificate-ambiguous', [chosen, ...equals].map((other) => other && nameOf(other)).join('; ')),
    };
  return { chosen };
}

/** What tells a certificate from all others, and how it lies on its card. */
function nameOf({ stored, certificate, slot }: FoundCertificate): string {
  const card = slot.content.kind === 'card' ? slot.content.token.label : '';
  const place = `id ${stored.id.toString('hex')} "${stored.label}" on "${card}"`;
  return printable(`${certificate?.sha256.slice(0, namedFingerprint)} (${place})`);
}

function matches({ stored, certificate }: Candidate, selector: string): boolean {
  const digits = selector.toLowerCase().replaceAll(':', '');
  return (
    stored.id.toString('hex') === digits ||
    stored.label === selector ||
    (digits.length >= shortestFingerprint && certificate?.sha256.startsWith(digits) === true)
  );
}

/** Weights of what makes a certificate the better one for logging in; each outweighs all that come after it. */
function merit({ stored, certificate, findings, slot }: Candidate): number {
  const label = stored.label;
  const isPiv = slot.content.kind === 'card' && /PIV/i.test(`${slot.content.token.label} ${slot.content.token.model}`);
  const reasons = [
    findings.length === 0,
    stored.key !== 'unseen',
    certificate?.extendedKeyUsage?.includes(oids.smartCardLogon) === true,
    pivAuthentication.label.test(label) || (isPiv && stored.id.toString('hex') === pivAuthentication.id),
    !otherPivLabels.test(label),
    certificate?.keyUsage?.has('nonRepudiation') !== true,
  ];
  return reasons.reduce((sum, isSo, index) => sum + (isSo ? 2 ** (reasons.length - index) : 0), 0);
}
