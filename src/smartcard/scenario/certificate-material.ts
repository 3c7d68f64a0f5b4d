/** The cards of a world as the accounts refer to them: certificates by card and slot, and the values that stand for them. */
import { altValues } from '../../mapping/stored/alt-security-identities.ts';
import { parseCertificate } from '../../pki/certificate/certificate.ts';
import { subjectIdentity } from '../../pki/names/subject-identity.ts';
import { type Card, certificateIn } from '../card/card.ts';
import type { CertificateReference, ScenarioAccount } from './scenario.ts';

export class CertificateMaterial {
  readonly #cards: ReadonlyMap<string, Card>;

  /** @param cards those that could be made; what refers to others is left out */
  constructor(cards: readonly Card[]) {
    this.#cards = new Map(cards.map((card) => [card.name, card]));
  }

  has(name: string): boolean {
    return this.#cards.has(name);
  }

  /** DER of the certificates an account holds whole. */
  certificatesOf({ holds = [] }: ScenarioAccount): readonly Buffer[] {
    return holds.map((reference) => this.#certificate(reference)).filter((der) => der !== undefined);
  }

  /** Values of an account's altSecurityIdentities. */
  valuesOf({ mappedTo = [] }: ScenarioAccount): readonly string[] {
    return mappedTo.flatMap(({ form, ...reference }) => {
      const der = this.#certificate(reference);
      if (der === undefined) return [];
      const certificate = parseCertificate(der);
      return altValues(form, certificate, subjectIdentity(certificate)).slice(0, 1);
    });
  }

  #certificate({ card: name, slot }: CertificateReference): Buffer | undefined {
    const card = this.#cards.get(name);
    if (card === undefined) return undefined;
    return (slot === undefined ? card : certificateIn(card, slot)).certificateDer;
  }
}
