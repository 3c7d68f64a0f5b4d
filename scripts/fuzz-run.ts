/**
 * Mutated certificates, CRLs and OCSP responses through the parsers, and some of them, signed again so that the signature is no
 * shelter, through validation from end to end. Only a MalformedError or a refusal is an answer; anything else stops the run.
 */

import { sign } from 'node:crypto';
import { unrecorded } from '../src/explanation/steps.ts';
import { silentLogger } from '../src/operations/log.ts';
import { defaultAlgorithmPolicy } from '../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../src/pki/certificate/certificate.ts';
import { parseCrl } from '../src/pki/crl/crl.ts';
import { CrlEntries, indexCrlEntries } from '../src/pki/crl/crl-entries.ts';
import { MalformedError } from '../src/pki/encoding/malformed-error.ts';
import { oids } from '../src/pki/encoding/oids.ts';
import { subjectIdentity } from '../src/pki/names/subject-identity.ts';
import { parseOcspResponse } from '../src/pki/ocsp/ocsp-response.ts';
import { createCertificateValidator } from '../src/pki/path/certificate-validator.ts';
import { cpuMilliseconds } from '../test/support/cpu-time.ts';
import { bitString, integer, objectIdentifier, octetString, sequence, utf8 } from '../test/support/der-builder.ts';
import {
  crlEntry,
  days,
  distributionPoint,
  emailName,
  extension,
  type Issued,
  intermediate,
  issueCrl,
  nameConstraints,
  now,
  otherName,
  person,
  root,
  subjectAltName,
} from '../test/support/handmade-certificates.ts';
import { issueOcsp, wrapOcsp } from '../test/support/ocsp-answer.ts';
import { pathSettingsOf, revocationBy } from '../test/support/validation-settings.ts';
import { ChainGenerator, randomNumbers } from './chain-generator.ts';
import { DerMutator } from './mutate-der.ts';

export interface FuzzResult {
  readonly inputs: Readonly<Record<Kind, number>>;
  /** Inputs that a parser took. */
  readonly parsed: Readonly<Record<Kind, number>>;
  readonly validations: number;
  /** Validations that ended with `valid`. */
  readonly valid: number;
  readonly slowestMs: number;
  /** Heap after the last collection less that after the first tenth; 0 without --expose-gc. */
  readonly heapGrowthOctets: number;
}

type Kind = 'certificate' | 'crl' | 'ocsp';

const kinds: readonly Kind[] = ['certificate', 'certificate', 'crl', 'ocsp'];
/** The share of inputs that go through validation as well, which costs ten times as much. */
const validatedShare = 0.06;
/** Milliseconds of processor time that no input may take, even the second time, when the first was a pause of the collector. */
export const maximumInputMs = 20;

/** @throws Error that names seed, number and octets of an input that was not answered rightly */
export async function fuzz(seed: number, count: number, onProgress?: (done: number) => void): Promise<FuzzResult> {
  const world = makeWorld(seed);
  const random = randomNumbers(seed + 1);
  const mutators: Readonly<Record<Kind, DerMutator>> = {
    certificate: new DerMutator(random, world.seeds.certificate),
    crl: new DerMutator(random, world.seeds.crl),
    ocsp: new DerMutator(random, world.seeds.ocsp),
  };
  const inputs = { certificate: 0, crl: 0, ocsp: 0 };
  const parsed = { certificate: 0, crl: 0, ocsp: 0 };
  let validations = 0;
  let valid = 0;
  let slowestMs = 0;
  let firstHeap = 0;
  for (let number = 0; number < count; number++) {
    const kind = kinds[Math.floor(random() * kinds.length)] ?? 'certificate';
    const seeds = world.seeds[kind];
    const original = seeds[Math.floor(random() * seeds.length)] ?? Buffer.alloc(0);
    const mutated = mutators[kind].mutate(original);
    const validates = random() < validatedShare;
    const input = validates ? world.signAgain(kind, mutated) : mutated;
    inputs[kind] += 1;
    try {
      let elapsed = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < 5 && elapsed > maximumInputMs; attempt++) {
        const start = cpuMilliseconds();
        const isParsed = parse(kind, input);
        if (validates && (await world.validate(kind, input)) === 'valid' && attempt === 0) valid += 1;
        elapsed = Math.min(elapsed, cpuMilliseconds() - start);
        if (attempt === 0 && isParsed) parsed[kind] += 1;
      }
      if (validates) validations += 1;
      slowestMs = Math.max(slowestMs, elapsed);
      if (elapsed > maximumInputMs) throw new Error(`it took ${elapsed.toFixed(1)} ms`);
    } catch (error) {
      throw new Error(`seed ${seed}, input ${number}, ${kind}: ${input.toString('hex')}`, { cause: error });
    }
    if ((number + 1) % Math.ceil(count / 10) === 0) {
      globalThis.gc?.();
      if (firstHeap === 0) firstHeap = process.memoryUsage().heapUsed;
      onProgress?.(number + 1);
    }
  }
  globalThis.gc?.();
  const heapGrowthOctets = globalThis.gc ? process.memoryUsage().heapUsed - firstHeap : 0;
  return { inputs, parsed, validations, valid, slowestMs, heapGrowthOctets };
}

/** Whether the parser took it. @throws whatever is not a MalformedError */
function parse(kind: Kind, input: Buffer): boolean {
  try {
    if (kind === 'certificate') subjectIdentity(parseCertificate(input));
    else if (kind === 'ocsp') parseOcspResponse(input, 'fuzz');
    else {
      const { entries, issuer, issuingDistributionPoint, thisUpdate } = parseCrl(input, 'fuzz');
      const tables = indexCrlEntries(entries, issuer.key, issuingDistributionPoint?.indirectCrl === true);
      new CrlEntries(entries, tables).find(issuer.key, Buffer.of(7), thisUpdate);
    }
    return true;
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}

function makeWorld(seed: number) {
  const anchor = root('Root');
  const authority = intermediate(anchor, 'Issuing');
  const holder = person(authority, personExtensions(), { serial: 7 });
  const certificates = certificateSeeds(seed, anchor, [authority, holder]);
  const crls = crlSeeds(authority);
  const ocsp = ocspSeeds(authority, anchor);
  const common = {
    trustAnchors: [parseCertificate(anchor.der)],
    intermediates: [],
    settings: pathSettingsOf({ requiredExtendedKeyUsage: [oids.clientAuth], acceptedPolicies: [] }),
    algorithms: defaultAlgorithmPolicy,
    clock: { now: () => now },
    logger: silentLogger,
  };
  const offline = createCertificateValidator({
    ...common,
    crls: [],
    revocation: revocationBy({ mode: 'none', freshness: 0 }),
  });
  const rootCrl = { file: 'root', der: issueCrl(anchor) };
  return {
    seeds: { certificate: certificates, crl: crls, ocsp },
    /** The signature is made right where the input still has three parts. */
    signAgain: (kind: Kind, input: Buffer): Buffer => signAgain(kind, input, authority),
    validate: async (kind: Kind, input: Buffer): Promise<string> => {
      if (kind === 'certificate') {
        const asHolder = await offline.validate([input, authority.der], unrecorded);
        // The same octets as a CA above the holder.
        const asAuthority = await offline.validate([holder.der, input, authority.der], unrecorded);
        return asAuthority.outcome === 'valid' ? asHolder.outcome : 'invalid';
      }
      try {
        const evidence = kind === 'crl' ? [rootCrl, { file: 'fuzz', der: input }] : [rootCrl];
        const files = kind === 'ocsp' ? [{ file: 'fuzz', der: input }] : [];
        const validator = createCertificateValidator({
          ...common,
          crls: evidence,
          revocation: revocationBy({ mode: 'check', freshness: 0, ocsp: { files } }),
        });
        return (await validator.validate([holder.der, authority.der], unrecorded)).outcome;
      } catch (error) {
        if (error instanceof MalformedError) return 'malformed';
        throw error;
      }
    },
  };
}

function personExtensions(): readonly Buffer[] {
  return [
    subjectAltName(
      otherName(oids.userPrincipalName, utf8('ada@corp.example')),
      emailName('ada@corp.example'),
      otherName(oids.smtpUtf8Mailbox, utf8('ädä@corp.example')),
    ),
    distributionPoint('http://pki.example/issuing.crl'),
    extension(oids.certificatePolicies, sequence(sequence(objectIdentifier('1.2.3.1')))),
    extension(
      oids.securityIdentifierExtension,
      sequence(otherName(oids.securityIdentifier, octetString(Buffer.from('S-1-5-21-1-2-3-1104')))),
    ),
  ];
}

function certificateSeeds(seed: number, anchor: Issued, issued: readonly Issued[]): readonly Buffer[] {
  const generator = new ChainGenerator(seed);
  const chains = Array.from({ length: 40 }, (_, index) => generator.generate(index));
  const constrained = intermediate(anchor, 'Constrained', [
    nameConstraints([emailName('corp.example')], [otherName(oids.userPrincipalName, utf8('@bad.example'))]),
  ]);
  return [
    ...[anchor, ...issued, constrained].map(({ der }) => der),
    ...chains.flatMap(({ root: top, intermediates, endEntity }) => [top, ...intermediates, endEntity]),
  ];
}

function crlSeeds(authority: Issued): readonly Buffer[] {
  const number = (value: number) => extension(oids.crlNumber, integer(value));
  const reason = extension(oids.reasonCode, Buffer.of(0x0a, 1, 1));
  const scope = extension(oids.issuingDistributionPoint, sequence(Buffer.of(0x84, 1, 0xff)), true);
  const issuer = extension(
    oids.certificateIssuer,
    sequence(Buffer.concat([Buffer.of(0xa4, authority.subject.length), authority.subject])),
    true,
  );
  return [
    issueCrl(authority),
    issueCrl(authority, { entries: [crlEntry(9, [reason]), crlEntry(10)], extensions: [number(4)] }),
    issueCrl(authority, { entries: [crlEntry(9, [issuer]), crlEntry(10, [reason])], extensions: [number(5), scope] }),
    issueCrl(authority, { extensions: [number(6), extension(oids.deltaCrlIndicator, integer(4), true)] }),
    issueCrl(authority, { entries: Array.from({ length: 60 }, (_, index) => crlEntry(1000 + index, [reason])) }),
  ];
}

function ocspSeeds(authority: Issued, anchor: Issued): readonly Buffer[] {
  const good = { issuer: authority, serial: 7, thisUpdate: days(-1), nextUpdate: days(1) };
  return [
    issueOcsp(good),
    issueOcsp({ ...good, hash: 'sha256', responderId: 'byName', nonce: Buffer.alloc(16, 3) }),
    issueOcsp({ ...good, status: { revokedAt: days(-2), reason: 1 }, certificates: [authority.der] }),
    issueOcsp({ ...good, status: 'unknown', certificates: [anchor.der, authority.der] }),
  ];
}

/** SEQUENCE { tbs, algorithm, signature }: a right signature over whatever the first part is now. */
function signAgain(kind: Kind, input: Buffer, { keys }: Issued): Buffer {
  const inner = kind === 'ocsp' ? basicResponseOf(input) : input;
  const tbs = inner && firstPart(inner);
  if (!tbs) return input;
  const ecdsa = sequence(objectIdentifier(oids.ecdsaWithSha256));
  const again = sequence(tbs, ecdsa, bitString(sign('sha256', tbs, keys.privateKey)));
  return kind === 'ocsp' ? wrapOcsp(again) : again;
}

function basicResponseOf(input: Buffer): Buffer | undefined {
  // OCTET STRING of more than 255 octets, behind the OID of basic responses.
  const at = input.indexOf(Buffer.of(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01, 0x04, 0x82));
  return at < 0 ? undefined : input.subarray(at + 13);
}

function firstPart(bytes: Buffer): Buffer | undefined {
  const header = (offset: number): readonly [number, number] | undefined => {
    const first = bytes[offset + 1];
    if (first === undefined) return undefined;
    if (first < 0x80) return [offset + 2, first];
    const octets = first & 0x7f;
    if (octets === 0 || octets > 3 || offset + 2 + octets > bytes.length) return undefined;
    return [offset + 2 + octets, bytes.readUIntBE(offset + 2, octets)];
  };
  const outer = header(0);
  const inner = outer && header(outer[0]);
  return outer && inner && bytes.subarray(outer[0], inner[0] + inner[1]);
}
