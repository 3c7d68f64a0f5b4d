/**
 * `cardgate verify --json-lines`: a request of JSON on each line in, a result on each line out, in order. One request is held at a
 * time, lines are bounded, and a bad line is answered and passed over, so that a fleet of cards of any size runs through.
 */
import { hash } from 'node:crypto';
import { certificatesIn, crlsIn, type NamedDer, ocspResponsesIn, type Read } from './verify-material.ts';
import { oidOf, purposeOf, revocationChoices, timeOf, type VerifySettings } from './verify-request.ts';
import { VerifyUsageError } from './verify-usage-error.ts';
import { createVerifier, type Verifier, verificationJson } from './verify-validation.ts';

export interface LineTools {
  /** What lines leave out. */
  readonly defaults: VerifySettings;
  readonly now: () => Date;
  /** Resolves when there is room for more. */
  readonly write: (text: string) => Promise<void>;
}

/** Enough for sixteen certificates, some CAs and a CRL of ten thousand entries in base 64. */
const maximumLineOctets = 4 * 1024 * 1024;
/** Settings seen lately, whose CAs and CRLs are parsed and whose CA signatures are known. */
const maximumVerifiers = 4;

/** @returns whether every line was a certificate that is valid */
export async function verifyLines(input: AsyncIterable<Buffer>, tools: LineTools): Promise<boolean> {
  const verifiers = new Map<string, Verifier>();
  let allValid = true;
  let number = 0;
  for await (const line of boundedLines(input)) {
    number += 1;
    if (line !== undefined && line.trim() === '') continue;
    const result = await answer(line, tools, verifiers);
    allValid &&= result.valid;
    await tools.write(`${JSON.stringify({ line: number, ...result.json })}\n`);
  }
  return allValid;
}

async function answer(line: string | undefined, { defaults, now }: LineTools, verifiers: Map<string, Verifier>) {
  try {
    if (line === undefined) throw new VerifyUsageError(`the line is longer than ${maximumLineOctets} octets`);
    const { id, certificate, ...rest } = requestOf(line);
    const peerCertificates = derList(certificate, 'certificate');
    const key = hash('sha256', JSON.stringify(rest));
    const verifier = verifiers.get(key) ?? createVerifier(settingsOf(rest, defaults), now);
    keep(verifiers, key, verifier);
    const verification = await verifier.verify(peerCertificates);
    const json = { ...(id !== undefined && { id }), ...verificationJson(verification, false) };
    return { valid: verification.outcome === 'valid', json };
  } catch (error) {
    if (!(error instanceof VerifyUsageError)) throw error;
    return { valid: false, json: { valid: false, error: error.message } };
  }
}

/** What was used last stands last; the first goes when there are too many. */
function keep(verifiers: Map<string, Verifier>, key: string, verifier: Verifier): void {
  verifiers.delete(key);
  verifiers.set(key, verifier);
  const [oldest] = verifiers.keys();
  if (verifiers.size > maximumVerifiers && oldest !== undefined) verifiers.delete(oldest);
}

type Request = Readonly<Record<string, unknown>>;

const fields: ReadonlySet<string> = new Set([
  'id',
  'certificate',
  'trustAnchors',
  'untrusted',
  'crls',
  'ocsp',
  'at',
  'policies',
  'requireExplicitPolicy',
  'inhibitPolicyMapping',
  'inhibitAnyPolicy',
  'eku',
  'revocation',
]);

function requestOf(line: string): { readonly id?: unknown; readonly certificate?: unknown } & Request {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    throw new VerifyUsageError('the line is not JSON');
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    throw new VerifyUsageError('the line is not a JSON object');
  const unknown = Object.keys(request).find((name) => !fields.has(name));
  if (unknown !== undefined)
    throw new VerifyUsageError(`there is no field "${unknown}"; there are ${[...fields].join(', ')}`);
  return { ...request };
}

function settingsOf(request: Request, defaults: VerifySettings): VerifySettings {
  const given = <T>(name: string, read: (value: unknown) => T, fallback: T): T =>
    request[name] === undefined ? fallback : read(request[name]);
  const leftOut = [...defaults.leftOut];
  const material = <T>(name: string, read: (given: readonly NamedDer[]) => Read<T>, fallback: readonly T[]) => {
    if (request[name] === undefined) return fallback;
    const result = read(namedDer(request[name], name));
    leftOut.push(...result.leftOut);
    return result.found;
  };
  const at = given('at', (value) => timeOf(text(value, 'at')), defaults.at);
  const revocation = given('revocation', revocationChoice, defaults.revocation);
  return {
    trustAnchors: material('trustAnchors', certificatesIn, defaults.trustAnchors),
    untrusted: material('untrusted', certificatesIn, defaults.untrusted),
    crls: material('crls', crlsIn, defaults.crls),
    ocspResponses: material('ocsp', ocspResponsesIn, defaults.ocspResponses),
    leftOut,
    ...(at && { at }),
    policies: given('policies', (value) => texts(value, 'policies').map(oidOf), defaults.policies),
    requireExplicitPolicy: given(
      'requireExplicitPolicy',
      flag('requireExplicitPolicy'),
      defaults.requireExplicitPolicy,
    ),
    inhibitPolicyMapping: given('inhibitPolicyMapping', flag('inhibitPolicyMapping'), defaults.inhibitPolicyMapping),
    inhibitAnyPolicy: given('inhibitAnyPolicy', flag('inhibitAnyPolicy'), defaults.inhibitAnyPolicy),
    purposes: given('eku', (value) => texts(value, 'eku').map(purposeOf), defaults.purposes),
    ...(revocation && { revocation }),
  };
}

function revocationChoice(value: unknown) {
  const choice = revocationChoices.find((known) => known === value);
  if (!choice) throw new VerifyUsageError(`revocation is not one of ${revocationChoices.join(', ')}`);
  return choice;
}

function namedDer(value: unknown, name: string): readonly NamedDer[] {
  return derList(value, name).map((der, index) => ({ file: `${name}[${index}]`, der }));
}

const flag =
  (name: string) =>
  (value: unknown): boolean => {
    if (typeof value !== 'boolean') throw new VerifyUsageError(`${name} is neither true nor false`);
    return value;
  };

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new VerifyUsageError(`${name} is not a string`);
  return value;
}

function texts(value: unknown, name: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((entry) => text(entry, name));
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** One string of base 64, or a list of them. */
function derList(value: unknown, name: string): readonly Buffer[] {
  if (value === undefined) throw new VerifyUsageError(`${name} is missing`);
  return texts(value, name).map((entry) => {
    if (entry === '' || !base64.test(entry)) throw new VerifyUsageError(`${name} is not base 64 of DER`);
    return Buffer.from(entry, 'base64');
  });
}

/** The lines of a stream; undefined for one that is too long, which is not kept. */
async function* boundedLines(input: AsyncIterable<Buffer>): AsyncGenerator<string | undefined, void> {
  let parts: Buffer[] = [];
  let octets = 0;
  const take = () => {
    const line = octets > maximumLineOctets ? undefined : Buffer.concat(parts).toString('utf8');
    parts = [];
    octets = 0;
    return line;
  };
  const add = (part: Buffer) => {
    octets += part.length;
    if (octets > maximumLineOctets) parts = [];
    else parts.push(part);
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (octets > 0) yield take();
}
