/** What a scenario is: cards, accounts, mapping rules and what must come of each login, told once for every kind of directory. */
import type { DenialCode } from '../../denial.ts';
import type { AltForm } from '../../mapping/rules/rule.ts';
import type { RevocationReason } from '../authority/certificate-revocation-list.ts';
import type { KeyType } from '../authority/key-type.ts';
import type { Person } from '../card/person.ts';

/** Where the accounts of a world are. */
export type AccountStore = 'file' | 'activeDirectory' | 'openLdap';

export const accountStores: readonly AccountStore[] = ['file', 'activeDirectory', 'openLdap'];

export interface ScenarioCard {
  /** Of the card; and of the person, where no common name is given. */
  readonly name: string;
  /** Name of a profile in mappings/cards. */
  readonly profile: string;
  /** Instead of the profile's. */
  readonly keyType?: KeyType;
  readonly person?: Person;
  /** The card's certificate holds the SID of this account. Active Directory chooses SIDs, so there the card waits for `--sid`. */
  readonly sidOf?: string;
  readonly policies?: readonly string[];
  readonly revoked?: RevocationReason;
}

/** A certificate on one of the cards; the slot is the first when none is named. */
export interface CertificateReference {
  readonly card: string;
  readonly slot?: string;
}

export interface ScenarioAccount {
  readonly name: string;
  readonly userPrincipalName?: string;
  /** Values of altSecurityIdentities, each made from a card's certificate. */
  readonly mappedTo?: readonly (CertificateReference & { readonly form: AltForm })[];
  /** Certificates that the account holds whole. */
  readonly holds?: readonly CertificateReference[];
  /** Last number of the SID where the scenario may choose it: in an account file and in OpenLDAP. */
  readonly rid?: number;
}

export type ExpectedOutcome = { readonly granted: string } | { readonly denied: DenialCode };

export interface Expectation extends CertificateReference {
  /** What the client says in USER. */
  readonly user: string;
  readonly outcome: ExpectedOutcome;
  /** One sentence: why. */
  readonly because: string;
}

/** What rules can refer to. */
interface RuleMaterial {
  readonly store: AccountStore;
  /** SHA-256 of the certificate of the authority that issues the cards, hexadecimal. */
  readonly issuerSha256: string;
}

export interface Scenario {
  readonly name: string;
  /** One sentence. */
  readonly title: string;
  readonly cards: readonly ScenarioCard[];
  readonly accounts: readonly ScenarioAccount[];
  /** As in a rules file. */
  rules(material: RuleMaterial): readonly object[];
  readonly expectations: readonly Expectation[];
  /** Revocation is asked of the repository of the cards over HTTP, and not of CRL files. Default: files. */
  readonly revocation?: 'repository';
}
