/** The person a card is made for: what is known of the person, checked, and as the variables that profiles refer to. */
import { CardError } from './card-error.ts';
import type { VariableName } from './card-profile.ts';

export interface Person {
  /** Default: the name of the card. */
  readonly commonName?: string;
  /** `name@domain`. */
  readonly userPrincipalName?: string;
  /** `S-1-5-21-…`, as the directory shows it. */
  readonly sid?: string | undefined;
  readonly mail?: string;
  /** Ten digits: the person identifier of the Department of Defense. */
  readonly edipi?: string;
  /** Default: `cardgate trial`. */
  readonly organization?: string;
}

interface PersonRule {
  readonly fact: keyof Person;
  readonly pattern: RegExp;
  readonly what: string;
  readonly remedy: string;
}

const text = /^[^\p{Cc}]{1,64}$/u;

const rules: readonly PersonRule[] = [
  { fact: 'commonName', pattern: text, what: 'common name', remedy: 'Use 1 to 64 characters.' },
  { fact: 'organization', pattern: text, what: 'organization', remedy: 'Use 1 to 64 characters.' },
  {
    fact: 'sid',
    pattern: /^S-1-\d{1,14}(-\d{1,10}){1,15}$/,
    what: 'security identifier',
    remedy: 'Write it as the directory shows it: S-1-5-21-….',
  },
  {
    fact: 'userPrincipalName',
    pattern: /^[^\p{Cc}@]+@[^\p{Cc}@]+$/u,
    what: 'user principal name',
    remedy: 'Write it as name@domain.',
  },
  {
    fact: 'mail',
    pattern: /^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/,
    what: 'mail address',
    remedy: 'Write it as name@domain.',
  },
  { fact: 'edipi', pattern: /^\d{10}$/, what: 'EDIPI', remedy: 'Write its ten digits.' },
];

/** @throws CardError for the first fact that cannot be one */
export function checkPerson(person: Person): void {
  for (const { fact, pattern, what, remedy } of rules) {
    const value = person[fact];
    if (value !== undefined && !pattern.test(value)) throw new CardError(`"${value}" is no ${what}.`, remedy);
  }
}

/** How to give the variable that a profile wants and the person lacks. */
const options: Readonly<Partial<Record<VariableName, string | undefined>>> = {
  upn: '--upn',
  upnDomain: '--upn',
  sid: '--sid',
  nextSid: '--sid',
  mail: '--mail',
  edipi: '--edipi',
};

export class ProfileVariables {
  readonly #values: Readonly<Partial<Record<VariableName, string | undefined>>>;

  /** @param uuid 16 octets that are this card's own */
  constructor(name: string, person: Person, uuid: Buffer) {
    const { userPrincipalName: upn, sid, mail, edipi, organization = 'cardgate trial' } = person;
    this.#values = {
      name,
      commonName: person.commonName ?? name,
      organization,
      uuid: uuidText(uuid),
      upn,
      upnDomain: upn?.slice(upn.indexOf('@') + 1),
      sid,
      nextSid: sid === undefined ? undefined : nextSid(sid),
      mail,
      edipi,
    };
  }

  /**
   * Fills a template in.
   * @returns undefined when it has an optional variable that is not known
   * @throws CardError when one that it needs is not known
   */
  fill(template: string): string | undefined {
    let missing = false;
    const filled = template.replace(/\{(\w+)(\??)\}/g, (_whole, name: VariableName, optional: string) => {
      const value = this.#values[name];
      if (value !== undefined) return value;
      if (optional === '') {
        throw new CardError(`This card profile needs {${name}}.`, `Give it with ${options[name] ?? 'an option'}.`);
      }
      missing = true;
      return '';
    });
    return missing ? undefined : filled;
  }

  fillAll(templates: readonly string[]): readonly string[] {
    return templates.map((template) => this.fill(template)).filter((text) => text !== undefined);
  }
}

/** RFC 9562 5.4: version 4. */
function uuidText(octets: Buffer): string {
  const uuid = Buffer.from(octets);
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x40;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  const hex = uuid.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The account that was made after this one in the same domain. */
function nextSid(sid: string): string {
  const cut = sid.lastIndexOf('-') + 1;
  return `${sid.slice(0, cut)}${Number(sid.slice(cut)) + 1}`;
}
