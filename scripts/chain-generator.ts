/** Random certification paths from a seed: right in most respects, wrong in none, one or a few. For the comparison with OpenSSL. */
import { createHash } from 'node:crypto';
import { oids } from '../src/pki/encoding/oids.ts';
import {
  boolean,
  implicit,
  integer,
  name,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  utf8,
} from '../test/support/der-builder.ts';
import {
  days,
  directoryName,
  dnsName,
  emailName,
  extension,
  type Issued,
  issue,
  nameConstraints,
  purposes,
  subjectAltName,
  uriName,
} from '../test/support/handmade-certificates.ts';
import { ed25519Keys, type Keys, newKeys, newRsaKeys, p384Keys } from '../test/support/keys.ts';

export interface GeneratedChain {
  readonly endEntity: Buffer;
  readonly intermediates: readonly Buffer[];
  readonly root: Buffer;
  /** What is unusual about it, in words that explanations of differences look for. */
  readonly features: ReadonlySet<string>;
}

/** A number from 0 to 1 (1 excluded), the same sequence for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Weights: how often a key of this kind is taken. */
const keyKinds: readonly (readonly [string, number, () => Keys])[] = [
  ['p256', 12, newKeys],
  ['rsa2048', 3, () => newRsaKeys(2048)],
  ['rsa1024', 0.3, () => newRsaKeys(1024)],
  ['sha1', 0.3, () => newRsaKeys(2048, 'sha1')],
  ['p384', 1, p384Keys],
  ['ed25519', 1, ed25519Keys],
];

const keysOfKind = 6;

/** Keys are made once, for they are what takes time. */
export class ChainGenerator {
  readonly #random: () => number;
  readonly #pool = keyKinds.map(
    ([kind, weight, make]) => [kind, weight, Array.from({ length: keysOfKind }, make)] as const,
  );

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  /** @param index makes the names of this chain its own */
  generate(index: number): GeneratedChain {
    const features = new Set<string>();
    const intermediates: Issued[] = [];
    const root = this.#authority(`Root ${index}`, undefined, features, 'root');
    let issuer = root;
    const depth = this.#pick([0, 1, 1, 2, 2, 3]);
    for (let level = 0; level < depth; level++) {
      const selfIssued = level > 0 && this.#chance(0.1);
      if (selfIssued) features.add('self-issued CA');
      issuer = this.#authority(selfIssued ? issuer.subject : `CA ${index} ${level}`, issuer, features, 'intermediate');
      intermediates.push(issuer);
    }
    const endEntity = this.#endEntity(index, issuer, features);
    return {
      endEntity: endEntity.der,
      intermediates: intermediates.map(({ der: bytes }) => bytes),
      root: root.der,
      features,
    };
  }

  #authority(subject: string | Buffer, issuer: Issued | undefined, features: Set<string>, what: string): Issued {
    const keys = this.#keys(features);
    const isRoot = issuer === undefined;
    const rarely = (feature: string, chance = 0.02) => {
      const happens = this.#chance(isRoot ? chance / 2 : chance);
      if (happens) features.add(`${what}: ${feature}`);
      return happens;
    };
    const extensions: Buffer[] = [];
    if (!rarely('no basic constraints')) extensions.push(this.#basicConstraints(rarely));
    if (!rarely('no key usage'))
      extensions.push(extension(oids.keyUsage, rarely('no keyCertSign') ? namedBits(0, 6) : namedBits(5, 6), true));
    if (rarely('purposes', 0.1)) extensions.push(this.#purposes(features, what));
    if (rarely('name constraints', 0.12)) extensions.push(this.#nameConstraints(features));
    if (!isRoot) extensions.push(...this.#policies(features));
    extensions.push(...this.#odd(rarely));
    return this.#issue(
      typeof subject === 'string' ? named(subject) : subject,
      issuer,
      keys,
      extensions,
      features,
      what,
    );
  }

  #endEntity(index: number, issuer: Issued, features: Set<string>): Issued {
    const rarely = (feature: string, chance = 0.02) => {
      const happens = this.#chance(chance);
      if (happens) features.add(`end entity: ${feature}`);
      return happens;
    };
    const extensions: Buffer[] = [];
    if (!rarely('no key usage', 0.05))
      extensions.push(extension(oids.keyUsage, rarely('no digitalSignature') ? namedBits(2) : namedBits(0), true));
    if (!rarely('no purposes', 0.04)) extensions.push(this.#endEntityPurposes(rarely));
    const names = this.#names(features);
    if (names.length > 0) extensions.push(subjectAltName(...names));
    if (rarely('is a CA', 0.03)) extensions.push(extension(oids.basicConstraints, sequence(boolean(true)), true));
    if (this.#chance(0.7)) {
      const asserted = this.#some(['1.2.3.1', '1.2.3.1', '1.2.3.2', '1.2.3.3', oids.anyPolicy]);
      extensions.push(policies(asserted, features));
    }
    extensions.push(...this.#odd(rarely));
    return this.#issue(this.#endEntityName(index), issuer, this.#keys(features), extensions, features, 'end entity');
  }

  #issue(
    subject: Buffer,
    issuer: Issued | undefined,
    keys: Keys,
    extensions: readonly Buffer[],
    features: Set<string>,
    what: string,
  ): Issued {
    const dates: { notBefore?: Date; notAfter?: Date } = {};
    if (this.#chance(0.02)) dates.notAfter = days(-1);
    if (this.#chance(0.01)) dates.notBefore = days(1);
    if (dates.notAfter || dates.notBefore) features.add(`${what}: out of date`);
    const identifiers = [extension(oids.subjectKeyIdentifier, octetString(keyIdentifier(keys)))];
    if (issuer) {
      const isWrong = this.#chance(0.01);
      if (isWrong) features.add('wrong authority key identifier');
      const identifier = isWrong ? Buffer.alloc(20, 7) : keyIdentifier(issuer.keys);
      identifiers.push(extension(oids.authorityKeyIdentifier, sequence(implicit(0, identifier))));
    }
    const forged = issuer !== undefined && this.#chance(0.015);
    if (forged) features.add('wrong signature');
    const signer = forged ? { ...issuer, keys: newKeys() } : issuer;
    return issue(subject, signer, { keys, extensions: [...extensions, ...identifiers], ...dates });
  }

  #keys(features: Set<string>): Keys {
    const total = keyKinds.reduce((sum, [, weight]) => sum + weight, 0);
    let left = this.#random() * total;
    for (const [kind, weight, keys] of this.#pool) {
      left -= weight;
      if (left >= 0) continue;
      features.add(`key ${kind}`);
      return this.#pick(keys);
    }
    return newKeys();
  }

  #basicConstraints(rarely: (feature: string, chance?: number) => boolean): Buffer {
    const ca = !rarely('CA flag false');
    const pathLength = ca && rarely('path length', 0.25) ? [integer(this.#pick([0, 0, 1, 2]))] : [];
    const critical = !rarely('basic constraints not critical');
    return extension(oids.basicConstraints, sequence(...(ca ? [boolean(true)] : []), ...pathLength), critical);
  }

  #purposes(features: Set<string>, what: string): Buffer {
    const list = this.#pick<readonly string[]>([
      [oids.clientAuth],
      [oids.clientAuth, oids.serverAuth],
      [oids.serverAuth],
      [oids.anyExtendedKeyUsage],
    ]);
    if (!list.includes(oids.clientAuth)) features.add(`${what}: purposes without clientAuth`);
    if (list.includes(oids.anyExtendedKeyUsage)) features.add(`${what}: any purpose`);
    return purposes(...list);
  }

  #endEntityPurposes(rarely: (feature: string, chance?: number) => boolean): Buffer {
    if (rarely('for servers', 0.03)) return purposes(oids.serverAuth);
    if (rarely('any purpose')) return purposes(oids.anyExtendedKeyUsage);
    return purposes(oids.clientAuth, oids.smartCardLogon);
  }

  #nameConstraints(features: Set<string>): Buffer {
    features.add('name constraints');
    const bases: readonly Buffer[] = [
      dnsName('corp.example'),
      dnsName('other.example'),
      dnsName('.corp.example'),
      emailName('corp.example'),
      emailName('.corp.example'),
      emailName('ada@corp.example'),
      uriName('corp.example'),
      uriName('.corp.example'),
      directoryName(name([[oids.organizationName, utf8('Corp')]])),
      directoryName(name([[oids.organizationName, utf8('Other')]])),
      implicit(7, Buffer.from([10, 0, 0, 0, 255, 0, 0, 0])),
    ];
    const permitted = this.#chance(0.7) ? this.#some(bases) : [];
    const excluded = permitted.length === 0 || this.#chance(0.3) ? [this.#pick(bases)] : [];
    return nameConstraints(permitted, excluded);
  }

  #names(features: Set<string>): readonly Buffer[] {
    if (this.#chance(0.4)) return [];
    features.add('alternative names');
    return this.#some([
      dnsName('corp.example'),
      dnsName('a.corp.example'),
      dnsName('CORP.example'),
      dnsName('other.example'),
      dnsName('notcorp.example'),
      emailName('ada@corp.example'),
      emailName('ADA@corp.example'),
      emailName('ada@sub.corp.example'),
      uriName('https://corp.example/x'),
      uriName('https://sub.corp.example/x'),
      directoryName(name([[oids.organizationName, utf8('corp')]], [[oids.commonName, utf8('x')]])),
      implicit(7, Buffer.from([10, 1, 2, 3])),
      implicit(7, Buffer.from([192, 168, 0, 1])),
    ]);
  }

  #endEntityName(index: number): Buffer {
    const common = [[oids.commonName, utf8(`End entity ${index}`)]] as const;
    return this.#pick([
      name(common),
      name([[oids.organizationName, utf8('Corp')]], common),
      name([[oids.organizationName, utf8('CORP ')]], common),
      name([[oids.organizationName, utf8('Other')]], common),
    ]);
  }

  #policies(features: Set<string>): readonly Buffer[] {
    const found: Buffer[] = [];
    const asserted = this.#chance(0.85) ? this.#some(['1.2.3.1', '1.2.3.1', '1.2.3.2', oids.anyPolicy]) : [];
    if (asserted.length > 0) found.push(policies(asserted, features));
    if (this.#chance(0.12)) {
      features.add('policy mapping');
      if (asserted.length === 1 && asserted[0] === oids.anyPolicy) features.add('policy mapping out of anyPolicy');
      const target = this.#pick(['1.2.3.2', '1.2.3.3', ...(this.#chance(0.1) ? [oids.anyPolicy] : [])]);
      const pair = sequence(objectIdentifier(this.#pick(['1.2.3.1', '1.2.3.2'])), objectIdentifier(target));
      found.push(extension(oids.policyMappings, sequence(pair), true));
    }
    if (this.#chance(0.1)) {
      features.add('policy constraints');
      const skip = Buffer.of(this.#pick([0, 1]));
      found.push(extension(oids.policyConstraints, sequence(implicit(this.#pick([0, 1]), skip)), true));
    }
    if (this.#chance(0.06)) {
      features.add('inhibit anyPolicy');
      found.push(extension(oids.inhibitAnyPolicy, integer(this.#pick([0, 1])), true));
    }
    return found;
  }

  #odd(rarely: (feature: string, chance?: number) => boolean): readonly Buffer[] {
    const unknown = Buffer.of(0x05, 0x00);
    if (rarely('unknown critical extension', 0.015)) return [extension('1.2.3.4.5', unknown, true)];
    if (rarely('unknown extension', 0.05)) return [extension('1.2.3.4.6', unknown)];
    if (rarely('extension twice', 0.005)) return [extension('1.2.3.4.7', unknown), extension('1.2.3.4.7', unknown)];
    return [];
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #pick<T>(list: readonly T[]): T {
    const found = list[Math.floor(this.#random() * list.length)];
    if (found === undefined) throw new RangeError('nothing to pick from');
    return found;
  }

  /** One or two of a list. */
  #some<T>(list: readonly T[]): readonly T[] {
    return [...new Set([this.#pick(list), ...(this.#chance(0.4) ? [this.#pick(list)] : [])])];
  }
}

const named = (text: string): Buffer => name([[oids.organizationName, utf8('Corp')]], [[oids.commonName, utf8(text)]]);

function policies(values: readonly string[], features: Set<string>): Buffer {
  features.add('policies');
  return extension(oids.certificatePolicies, sequence(...values.map((oid) => sequence(objectIdentifier(oid)))));
}

const identifiers = new WeakMap<Keys, Buffer>();

function keyIdentifier(keys: Keys): Buffer {
  const known = identifiers.get(keys);
  if (known) return known;
  const made = createHash('sha1')
    .update(keys.publicKey.export({ format: 'der', type: 'spki' }))
    .digest();
  identifiers.set(keys, made);
  return made;
}
