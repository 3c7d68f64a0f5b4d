/**
 * The whole trial in its order: cards, server, certificate, PIN, login, a file there and back. Each step is told as it is
 * taken; the PIN is not asked for before it is clear that a certificate can work.
 */
import type { Clock } from '../../clock.ts';
import { printable } from '../../operations/printable.ts';
import { certificateChain } from '../reader/certificate-chain.ts';
import type { CardInventory } from './card-inventory.ts';
import { type Candidate, chooseCertificate } from './certificate-choice.ts';
import { type ServerWish, suitabilityFindings } from './certificate-suitability.ts';
import { summarize, summaryHeading, summaryLines, userNameOf } from './certificate-summary.ts';
import { TrialStop } from './control-dialogue.ts';
import { type KnownIssuers, knownIssuers } from './known-issuers.ts';
import { lookAtCards } from './look-at-cards.ts';
import type { RoundTripOptions } from './round-trip.ts';
import type { ServerAddress } from './server-address.ts';
import { probeServer } from './server-probe.ts';
import type { ServerTrust } from './server-trust.ts';
import { finding, isDoubt } from './trial-findings.ts';
import { TrialEnded, type TrialRecorder } from './trial-steps.ts';
import { type PinChoice, unlockCard } from './unlock-card.ts';

export interface CardTrialOptions {
  /** Paths of PKCS#11 modules, the preferred one first. */
  readonly modules: readonly string[];
  /** Part of the name of a reader or card. */
  readonly slot?: string;
  /** Id, label or SHA-256 of a certificate. */
  readonly certificate?: string;
  readonly address: ServerAddress;
  readonly trust: ServerTrust;
  /** DER of certificates between the card's and the root. */
  readonly intermediates: readonly Buffer[];
  /** Default: the certificate's own name. */
  readonly user?: string;
  readonly pin: PinChoice;
  readonly allowFinalTry: boolean;
  readonly transfer: RoundTripOptions;
  readonly timeoutMilliseconds: number;
  readonly clock: Clock;
}

/** @returns whether the card can log in and transfer files; the recorder knows why not */
export async function tryCard(options: CardTrialOptions, recorder: TrialRecorder): Promise<boolean> {
  let inventory: CardInventory | undefined;
  try {
    inventory = lookAtCards(options, recorder);
    const wish = await probeServer({ ...options, recorder });
    const candidate = chooseCandidate(inventory, wish, options, recorder);
    return await tryCertificate(candidate, inventory, wish, options, recorder);
  } catch (error) {
    if (error instanceof TrialEnded) return false;
    throw error;
  } finally {
    inventory?.close();
  }
}

/** Shows what there is and what speaks against each certificate by itself. @returns whether one of them can log in */
export function showCards(
  options: Pick<CardTrialOptions, 'modules' | 'slot' | 'intermediates' | 'clock'>,
  recorder: TrialRecorder,
): boolean {
  let inventory: CardInventory | undefined;
  try {
    inventory = lookAtCards(options, recorder);
    return candidatesOf(inventory, undefined, options, recorder).some(({ findings }) => findings.every(isDoubt));
  } catch (error) {
    if (error instanceof TrialEnded) return false;
    throw error;
  } finally {
    inventory?.close();
  }
}

function candidatesOf(
  inventory: CardInventory,
  wish: ServerWish | undefined,
  options: Pick<CardTrialOptions, 'intermediates' | 'clock'> & { readonly trust?: ServerTrust },
  recorder: TrialRecorder,
): readonly Candidate[] {
  const now = options.clock.now();
  const issuers: KnownIssuers = knownIssuers([
    ...inventory.certificates.map(({ stored }) => stored.der),
    ...options.intermediates,
    ...(options.trust?.authorities ?? []),
    ...(wish?.serverChain ?? []),
  ]);
  return inventory.certificates.map((found) => {
    const findings = suitabilityFindings(found, { wish, issuers, now });
    const summary = summarize(found);
    if (findings.every(isDoubt)) recorder.ok('certificate', summaryHeading(summary), summaryLines(summary), findings);
    else recorder.no('certificate', summaryHeading(summary), findings, summaryLines(summary));
    return { ...found, findings };
  });
}

function chooseCandidate(
  inventory: CardInventory,
  wish: ServerWish,
  options: CardTrialOptions,
  recorder: TrialRecorder,
): Candidate {
  const choice = chooseCertificate(candidatesOf(inventory, wish, options, recorder), options.certificate);
  if ('refusal' in choice) throw recorder.ended('choice', 'no certificate is used', choice.refusal);
  recorder.ok('choice', summaryHeading(summarize(choice.chosen)));
  return choice.chosen;
}

async function tryCertificate(
  candidate: Candidate,
  inventory: CardInventory,
  wish: ServerWish,
  options: CardTrialOptions,
  recorder: TrialRecorder,
): Promise<boolean> {
  const { address, timeoutMilliseconds, transfer } = options;
  const user = options.user ?? (candidate.certificate && userNameOf(candidate.certificate));
  if (user === undefined) throw recorder.ended('login', 'no name to log in with', finding('user-name-missing'));
  const sameCard = inventory.certificates.filter(({ slot }) => slot === candidate.slot).map(({ stored }) => stored.der);
  const chain = certificateChain(candidate.stored.der, [...sameCard, ...options.intermediates]);
  const card = await unlockCard({ ...options, candidate, certificateChain: chain, version: wish.version, recorder });
  try {
    const doubts = candidate.findings.filter(isDoubt);
    return await card.run({ address, user, timeoutMilliseconds, transfer, doubts }).catch((error: unknown) => {
      if (!(error instanceof TrialStop)) throw error;
      throw recorder.ended('login', printable(user), error.finding);
    });
  } finally {
    card.lock();
  }
}
