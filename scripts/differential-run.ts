/** Generated chains before `openssl verify` and before our validator: who accepts what, and why the two differ where they do. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unrecorded } from '../src/explanation/steps.ts';
import { silentLogger } from '../src/operations/log.ts';
import { defaultAlgorithmPolicy } from '../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../src/pki/certificate/certificate.ts';
import { MalformedError } from '../src/pki/encoding/malformed-error.ts';
import { oids } from '../src/pki/encoding/oids.ts';
import { createCertificateValidator } from '../src/pki/path/certificate-validator.ts';
import { now } from '../test/support/handmade-certificates.ts';
import { pathSettingsOf, revocationBy } from '../test/support/validation-settings.ts';
import { ChainGenerator, type GeneratedChain } from './chain-generator.ts';
import { explanationOf } from './differential-explanations.ts';

/** The initial settings of RFC 5280 6.1.1 in turn, with OpenSSL's words for them. */
interface Inputs {
  readonly policies: readonly string[];
  readonly explicit: boolean;
  readonly inhibitMapping: boolean;
  readonly inhibitAny: boolean;
}

const settings: readonly Inputs[] = [
  { policies: [], explicit: false, inhibitMapping: false, inhibitAny: false },
  { policies: ['1.2.3.1'], explicit: true, inhibitMapping: false, inhibitAny: false },
  { policies: ['1.2.3.1', '1.2.3.2'], explicit: true, inhibitMapping: true, inhibitAny: false },
  { policies: ['1.2.3.2'], explicit: true, inhibitMapping: false, inhibitAny: true },
];

export interface Difference {
  readonly index: number;
  /** `accepted`, or code and detail of the refusal. */
  readonly ours: string;
  /** `accepted`, or OpenSSL's errors. */
  readonly theirs: string;
  readonly features: readonly string[];
  /** Absent: not known yet. */
  readonly explanation?: string;
}

export interface Comparison {
  readonly chains: number;
  readonly bothAccept: number;
  readonly bothRefuse: number;
  readonly differences: readonly Difference[];
}

const largestBatch = 250;

/** @param seed the same seed gives the same chains, apart from their keys */
export async function compareWithOpenssl(seed: number, count: number): Promise<Comparison> {
  const generator = new ChainGenerator(seed);
  const differences: Difference[] = [];
  let bothAccept = 0;
  let bothRefuse = 0;
  const batch = Math.min(largestBatch, Math.ceil(count / settings.length));
  for (let start = 0; start < count; start += batch) {
    const inputs = settings[(start / batch) % settings.length];
    if (!inputs) throw new RangeError('no settings');
    const size = Math.min(batch, count - start);
    const chains = Array.from({ length: size }, (_, offset) => generator.generate(start + offset));
    const theirs = await askOpenssl(chains, inputs);
    for (const [offset, chain] of chains.entries()) {
      const our = await verdictOf(chain, inputs);
      const their = theirs[offset] ?? 'no answer';
      const [weAccept, theyAccept] = [our === 'accepted', their === 'accepted'];
      if (weAccept && theyAccept) bothAccept += 1;
      else if (!weAccept && !theyAccept) bothRefuse += 1;
      else {
        const difference = {
          index: start + offset,
          ours: our,
          theirs: their,
          features: [...chain.features, ...(inputs.inhibitAny ? ['initial inhibit of anyPolicy'] : [])],
        };
        const explanation = explanationOf(difference);
        differences.push({ ...difference, ...(explanation !== undefined && { explanation }) });
      }
    }
  }
  return { chains: count, bothAccept, bothRefuse, differences };
}

async function verdictOf({ endEntity, intermediates, root }: GeneratedChain, inputs: Inputs): Promise<string> {
  try {
    const validator = createCertificateValidator({
      trustAnchors: [parseCertificate(root)],
      intermediates: [],
      crls: [],
      settings: pathSettingsOf({
        requiredExtendedKeyUsage: [oids.clientAuth],
        acceptedPolicies: inputs.policies,
        requireExplicitPolicy: inputs.explicit,
        inhibitPolicyMapping: inputs.inhibitMapping,
        inhibitAnyPolicy: inputs.inhibitAny,
      }),
      algorithms: defaultAlgorithmPolicy,
      revocation: revocationBy({ mode: 'none', freshness: 0 }),
      clock: { now: () => now },
      logger: silentLogger,
    });
    const result = await validator.validate([endEntity, ...intermediates], unrecorded);
    return result.outcome === 'valid' ? 'accepted' : `${result.denial.code}: ${result.denial.detail}`;
  } catch (error) {
    if (error instanceof MalformedError) return `certificate-malformed: ${error.message}`;
    throw error;
  }
}

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

/** One process for a whole batch: the names of each chain are its own, so they do not get into each other's way. */
async function askOpenssl(chains: readonly GeneratedChain[], inputs: Inputs): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'cardgate-differential-'));
  try {
    const file = (name: string) => join(directory, name);
    await writeFile(file('roots'), chains.map(({ root }) => pem(root)).join(''));
    await writeFile(file('untrusted'), chains.flatMap(({ intermediates }) => intermediates.map(pem)).join('') || ' ');
    await Promise.all(chains.map(({ endEntity }, index) => writeFile(file(`end-entity-${index}`), pem(endEntity))));
    const hasIntermediates = chains.some(({ intermediates }) => intermediates.length > 0);
    const output = await openssl([
      ...['verify', '-no-CApath', '-no-CAstore', '-attime', String(now.getTime() / 1000), '-CAfile', file('roots')],
      ...(hasIntermediates ? ['-untrusted', file('untrusted')] : []),
      ...['-purpose', 'sslclient', '-auth_level', '2', '-x509_strict', '-policy_check'],
      // With no policy at all OpenSSL grants none when a CA requires one.
      ...(inputs.policies.length > 0 ? inputs.policies : [oids.anyPolicy]).flatMap((policy) => ['-policy', policy]),
      ...(inputs.explicit ? ['-explicit_policy'] : []),
      ...(inputs.inhibitMapping ? ['-inhibit_map'] : []),
      ...(inputs.inhibitAny ? ['-inhibit_any'] : []),
      ...chains.map((_, index) => file(`end-entity-${index}`)),
    ]);
    return answersIn(output, directory, chains.length);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function openssl(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    // It ends with 2 when it refuses any, which is the rule here.
    execFile('openssl', args, { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 }, (error, stdout, stderr) => {
      if (error && typeof error.code === 'string') reject(error);
      else resolve(`${stderr}\n${stdout}`);
    });
  });
}

/** Errors stand above the line that names their file. */
function answersIn(output: string, directory: string, count: number): readonly string[] {
  const answers = Array.from({ length: count }, () => 'no answer');
  let errors: string[] = [];
  for (const line of output.split('\n')) {
    const lookup = /^error \d+ at (\d+) depth lookup: (.*)$/.exec(line);
    const named = line.includes(`${directory}/end-entity-`) ? /end-entity-(\d+)(.*)$/.exec(line) : null;
    if (lookup) errors.push(`${lookup[2]} (depth ${lookup[1]})`);
    if (!named) continue;
    answers[Number(named[1])] = named[2] === ': OK' ? 'accepted' : errors.join('; ') || line;
    errors = [];
  }
  return answers;
}
