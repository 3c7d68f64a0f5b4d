/** The first two steps of a trial: which modules and readers there are, and which cards are in them. */
import { printable } from '../../operations/printable.ts';
import { CardError } from '../card/card-error.ts';
import { CardFault } from '../reader/card-fault.ts';
import type { CardSlot } from '../reader/slots.ts';
import { type CardInventory, takeInventory } from './card-inventory.ts';
import { finding, type TrialFinding } from './trial-findings.ts';
import type { TrialRecorder } from './trial-steps.ts';

export interface LookOptions {
  /** Paths of PKCS#11 modules, the preferred one first. */
  readonly modules: readonly string[];
  /** Part of the name of a reader or card, in any case. */
  readonly slot?: string;
}

/** @throws TrialEnded when no card with a certificate is found */
export function lookAtCards({ modules, slot }: LookOptions, recorder: TrialRecorder): CardInventory {
  if (modules.length === 0) throw recorder.ended('modules', 'no PKCS#11 module', finding('module-none'));
  const inventory = open(modules, slot, recorder);
  try {
    recordModules(inventory, recorder);
    recordCards(inventory, slot, recorder);
    return inventory;
  } catch (error) {
    inventory.close();
    throw error;
  }
}

function open(modules: readonly string[], slot: string | undefined, recorder: TrialRecorder): CardInventory {
  try {
    return takeInventory(modules, slot);
  } catch (error) {
    if (!(error instanceof CardError) || error instanceof CardFault) throw error;
    throw recorder.ended('modules', printable(error.message), finding('binding-missing'));
  }
}

function recordModules({ modules, faults }: CardInventory, recorder: TrialRecorder): void {
  const [first, ...others] = faults;
  if (modules.length === 0) throw recorder.ended('modules', 'none can be used', first ?? finding('module-none'));
  recorder.ok(
    'modules',
    modules.length === 1 ? '1 PKCS#11 module' : `${modules.length} PKCS#11 modules`,
    modules.map(({ path, description, version }) => `${path} (${printable(description)} ${version})`),
    first === undefined ? [] : [first, ...others],
  );
}

function recordCards(
  { slots, certificates, faults }: CardInventory,
  slotName: string | undefined,
  recorder: TrialRecorder,
): void {
  const details = slots.map(slotText);
  const cards = slots.filter(({ content }) => content.kind === 'card');
  const text = cards.length === 1 ? '1 card' : `${cards.length} cards`;
  if (cards.length === 0)
    throw recorder.ended('cards', 'no card that can be used', noCardFinding(slots, slotName, faults), details);
  if (certificates.length === 0) throw recorder.ended('cards', text, faults[0] ?? finding('certificate-none'), details);
  recorder.ok('cards', text, details);
}

function noCardFinding(
  slots: readonly CardSlot[],
  slotName: string | undefined,
  faults: readonly TrialFinding[],
): TrialFinding {
  if (faults[0]) return faults[0];
  if (slots.length === 0) return slotName === undefined ? finding('reader-none') : finding('slot-unknown', slotName);
  const unknown = slots.find(({ content }) => content.kind === 'unrecognized');
  return unknown ? finding('card-unrecognized', printable(unknown.description)) : finding('card-none');
}

function slotText({ description, content }: CardSlot): string {
  const reader = printable(description);
  switch (content.kind) {
    case 'empty':
      return `${reader}: empty`;
    case 'unrecognized':
      return `${reader}: a card this module does not know`;
    case 'blank':
      return `${reader}: a token with nothing on it`;
    case 'card': {
      const { label, manufacturer, model, serialNumber, pin } = content.token;
      const warnings = [
        ...(pin.isLocked ? ['PIN LOCKED'] : []),
        ...(pin.isFinalTry ? ['ONE PIN TRY LEFT'] : []),
        ...(pin.isCountLow && !pin.isFinalTry && !pin.isLocked ? ['a wrong PIN was tried before'] : []),
        ...(pin.hasProtectedAuthenticationPath ? ['PIN pad'] : []),
      ];
      const maker = [manufacturer, model].filter(Boolean).join(' ');
      const facts = [`"${label}"`, maker, `serial ${serialNumber}`, ...warnings].filter(Boolean).map(printable);
      return `${reader}: ${facts.join(', ')}`;
    }
  }
}
