/** Which modules, readers, cards and certificates there are, read without a PIN. What one card refuses does not hide the others. */
import { printable } from '../../operations/printable.ts';
import { type Certificate, parseCertificate } from '../../pki/certificate/certificate.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { CardFault } from '../reader/card-fault.ts';
import { CardSession } from '../reader/card-session.ts';
import type { ReaderCertificate } from '../reader/certificates.ts';
import { type CardModule, openCardModule } from '../reader/module.ts';
import { type CardSlot, listSlots } from '../reader/slots.ts';
import { finding, type TrialFinding } from './trial-findings.ts';

/** A certificate of a card, as far as it can be read. */
export interface FoundCertificate {
  readonly slot: CardSlot;
  readonly stored: ReaderCertificate;
  /** Absent when it is malformed; `fault` then says so. */
  readonly certificate?: Certificate;
  readonly fault?: TrialFinding;
  /** CKM_ values of the card. */
  readonly mechanisms: readonly number[];
}

export interface CardInventory {
  readonly modules: readonly CardModule[];
  readonly slots: readonly CardSlot[];
  readonly certificates: readonly FoundCertificate[];
  /** Modules and cards that could not be used. */
  readonly faults: readonly TrialFinding[];
  close(): void;
}

/**
 * @param paths of modules, in the order of preference: a certificate that a module before has shown is not shown again
 * @param slotName a part of the name of a reader or card, in any case; absent: all
 * @throws CardError when the PKCS#11 binding is not installed
 */
export function takeInventory(paths: readonly string[], slotName?: string): CardInventory {
  const faults: TrialFinding[] = [];
  const tolerant = <T>(work: () => readonly T[]): readonly T[] => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof CardFault)) throw error;
      faults.push(finding(error.code, printable(error.message)));
      return [];
    }
  };
  const modules = paths.flatMap((path) => tolerant(() => [openCardModule(path)]));
  const slots = modules.flatMap((module) => tolerant(() => listSlots(module))).filter(hasName(slotName));
  const seen = new Set<string>();
  const certificates = slots
    .filter(({ content }) => content.kind === 'card')
    .flatMap((slot) => tolerant(() => readSlot(slot)))
    .filter(({ stored }) => {
      const der = stored.der.toString('base64');
      return !seen.has(der) && seen.add(der);
    });
  return { modules, slots, certificates, faults, close: () => modules.forEach((module) => void module.close()) };
}

function hasName(part: string | undefined): (slot: CardSlot) => boolean {
  if (part === undefined) return () => true;
  const wanted = part.toLowerCase();
  return ({ description, content }) =>
    description.toLowerCase().includes(wanted) ||
    (content.kind === 'card' && content.token.label.toLowerCase().includes(wanted));
}

function readSlot(slot: CardSlot): readonly FoundCertificate[] {
  const session = new CardSession(slot);
  try {
    const mechanisms = session.mechanisms();
    return session.certificates().map((stored) => ({ slot, stored, mechanisms, ...parsed(stored.der) }));
  } finally {
    session.close();
  }
}

function parsed(der: Buffer): Pick<FoundCertificate, 'certificate' | 'fault'> {
  try {
    return { certificate: parseCertificate(der) };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { fault: finding('certificate-unreadable', error.message) };
  }
}
