/**
 * The worst a peer can send: at most sixteen certificates and 100 KiB, made to cost as much time as possible. Some need a CA
 * below the trust anchor that is in the hands of the attacker, which is the stronger position. For bench-validation and fuzzing.
 */
import { oids } from '../src/pki/encoding/oids.ts';
import {
  explicit,
  implicit,
  name,
  objectIdentifier,
  type Rdn,
  sequence,
  text,
  utf8,
} from '../test/support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
  directoryName,
  dnsName,
  emailName,
  extension,
  type Issued,
  issue,
  type Keys,
  nameConstraints,
  newKeys,
  otherName,
  person,
  root,
  subjectAltName,
  uriName,
} from '../test/support/handmade-certificates.ts';
import { ecKeys, ed448Keys } from '../test/support/keys.ts';

export interface HostileChain {
  readonly name: string;
  readonly anchor: Issued;
  readonly peer: readonly Buffer[];
}

const anchor = root('Anchor');
const list = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const chain = (label: string, ...certificates: readonly Issued[]): HostileChain => ({
  name: label,
  anchor,
  peer: certificates.map(({ der: bytes }) => bytes),
});

const policies = (values: readonly string[]): Buffer =>
  extension(oids.certificatePolicies, sequence(...values.map((oid) => sequence(objectIdentifier(oid)))));
const mappings = (pairs: readonly (readonly [string, string])[]): Buffer =>
  extension(oids.policyMappings, sequence(...pairs.map((pair) => sequence(...pair.map(objectIdentifier)))));

/** CAs of one name, each endEntityExtras by the next: every certificate has fifteen possible issuers, and one signature fits. */
function mirror(label: string, keys: readonly Keys[]): HostileChain {
  const subject = commonName('Mirror');
  const signer = (index: number): Issued => ({ subject, keys: keys[index % keys.length]!, der: Buffer.alloc(0) });
  const ring = keys.map((pair, index) =>
    issue(subject, signer(index + 1), { keys: pair, extensions: [ca(), caUsage] }),
  );
  return chain(label, person(signer(0)), ...ring);
}

/** Every CA endEntityExtras by every other, so that there are thousands of ways through. */
function mesh(): HostileChain {
  const authorities = list(4, (index) => ({
    subject: commonName(`Mesh ${index}`),
    keys: newKeys(),
    der: Buffer.alloc(0),
  }));
  const crossed = authorities.flatMap((issuer) =>
    authorities
      .filter((authority) => authority !== issuer)
      .map(({ subject, keys }) => issue(subject, issuer, { keys, extensions: [ca(), caUsage] })),
  );
  return chain('mesh of cross-signed CAs', person(authorities[0]!), ...crossed);
}

/** Pairs of certificates of one CA one above the other: 2^7 paths, all of which reach the trust anchor and are validated. */
function ladder(
  label: string,
  extras: (depth: number, variant: number) => readonly Buffer[],
  endEntityExtras: readonly Buffer[],
  variants = 2,
): HostileChain {
  const depths = Math.floor(15 / variants);
  const keys = list(depths, newKeys);
  const subject = (depth: number) => commonName(`Rung ${depth}`);
  const rungs = list(depths, (depth) =>
    list(variants, (variant) => {
      const issuer =
        depth === depths - 1 ? anchor : { subject: subject(depth + 1), keys: keys[depth + 1]!, der: Buffer.alloc(0) };
      return issue(subject(depth), issuer, {
        keys: keys[depth]!,
        extensions: [ca(), caUsage, ...extras(depth, variant)],
      });
    }),
  ).flat();
  return chain(label, person({ subject: subject(0), keys: keys[0]!, der: Buffer.alloc(0) }, endEntityExtras), ...rungs);
}

const narrowAbove =
  (top: number) =>
  (depth: number): readonly Buffer[] =>
    depth === top ? [nameConstraints([dnsName('a.example')])] : [];

/** One CA whose constraints meet a person with many names. */
function constrained(label: string, excluded: readonly Buffer[], names: readonly Buffer[]): HostileChain {
  const bomb = issue(commonName('Bomb'), anchor, { extensions: [ca(), caUsage, nameConstraints([], excluded)] });
  return chain(label, person(bomb, [subjectAltName(...names)]), bomb);
}

const policyList = (prefix: string, count: number) => list(count, (index) => `1.2.${prefix}.${index}`);

/** Every depth names 256 policies and maps each to one of the next depth. */
const policyRung = (depth: number): readonly Buffer[] => [
  policies(policyList(String(depth), 128)),
  mappings(list(128, (index) => [`1.2.${depth}.${index}`, `1.2.${depth - 1}.${index}`])),
];

function padded(label: string, extra: Buffer, count: number): HostileChain {
  const issuer = issue(commonName('Padded'), anchor, { extensions: [ca(), caUsage] });
  return chain(
    label,
    person(issuer, [extra]),
    ...list(count, () => issue(commonName('Padded'), anchor, { extensions: [ca(), caUsage, extra] })),
  );
}

const longLabelHost = `${'a.'.repeat(120)}example`;
const rdn = (value: string): Rdn => [[oids.commonName, utf8(value)]];

export function hostileChains(): readonly HostileChain[] {
  const dns = (count: number, prefix: string) => list(count, (index) => dnsName(`${prefix}${index}`));
  return [
    mirror('fifteen keys of one CA name, P-256', list(15, newKeys)),
    mirror(
      'the same, P-521',
      list(15, () => ecKeys('P-521')),
    ),
    mirror('the same, Ed448', list(15, ed448Keys)),
    mesh(),
    // Only the last step of each path shows that it is not valid, and no fault of the end entity itself may show it before.
    ladder('ladder of 128 paths that fail at their end', narrowAbove(6), [subjectAltName(dnsName('b.example'))]),
    ladder('the same of 243 paths', narrowAbove(4), [subjectAltName(dnsName('b.example'))], 3),
    ladder('ladder with policies mapped at every depth', policyRung, [policies(policyList('0', 128))]),
    ladder(
      'ladder with anyPolicy over many policies',
      (depth) => [policies(depth === 6 ? policyList('9', 250) : [oids.anyPolicy])],
      [policies(['1.2.8.1'])],
    ),
    ladder('ladder with constraints at every depth', () => [nameConstraints([], dns(400, 'excluded'))], [
      subjectAltName(...dns(300, 'name')),
    ]),
    constrained('dNSName: 4,000 subtrees, 900 names', dns(4000, 'x'), dns(900, 'y')),
    constrained(
      'dNSName of 120 labels',
      list(150, (index) => dnsName(`b${index}.${longLabelHost}`)),
      list(150, (index) => dnsName(`c${index}.${longLabelHost}`)),
    ),
    constrained(
      'rfc822Name: quoted strings',
      list(4000, (index) => emailName(`a@h${index}`)),
      list(100, (index) => emailName(`"${'\\a'.repeat(150)}${index}"@host`)),
    ),
    constrained(
      'a URI of 50 KiB',
      list(2000, (index) => uriName(`h${index}`)),
      [uriName(`http://${'@'.repeat(50_000)}host`)],
    ),
    constrained(
      'iPAddress: 4,000 subtrees',
      list(4000, (index) => implicit(7, Buffer.of(10, index >> 8, index & 255, 0, 255, 255, 255, 0))),
      list(900, (index) => implicit(7, Buffer.of(11, 0, index >> 8, index & 255))),
    ),
    constrained(
      'directoryName: long and alike',
      list(60, (index) => directoryName(name(rdn('x'.repeat(400)), rdn(`${index}`)))),
      list(60, (index) => directoryName(name(rdn('x'.repeat(400)), rdn(`n${index}`)))),
    ),
    constrained(
      'user principal names',
      list(1500, (index) => otherName(oids.userPrincipalName, utf8(`h${index}`))),
      list(900, (index) => otherName(oids.userPrincipalName, utf8(`u@g${index}`))),
    ),
    padded('fifteen CAs with 400 subtrees each', nameConstraints([], dns(400, 'x')), 14),
    padded(
      'fifteen CAs with 200 directory names each',
      nameConstraints(
        [],
        list(200, (index) => directoryName(name(rdn(`${index}`)))),
      ),
      14,
    ),
    padded(
      'combining characters in directory names',
      subjectAltName(...list(6, () => directoryName(name(rdn('\u0301\u0323'.repeat(256)))))),
      13,
    ),
    padded(
      'names of sixty-four RDNs',
      subjectAltName(...list(3, () => directoryName(name(...list(60, () => rdn('ü')))))),
      14,
    ),
    padded('256 policies of long OIDs', policies(list(150, (index) => `1.2.${'4294967295.'.repeat(3)}${index}`)), 13),
    padded('one extension of 60 fields', extension('1.2.3.4', sequence(...list(1000, () => text(0x0c, 'x')))), 14),
    padded(
      'explicit tags nested',
      extension(
        '1.2.3.5',
        list(1000, () => 0).reduce<Buffer>((inner) => explicit(0, inner), Buffer.of(5, 0)),
      ),
      10,
    ),
  ];
}
