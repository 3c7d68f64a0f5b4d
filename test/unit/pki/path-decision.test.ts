/** Which of the paths of an end entity decides, when issuers are sought elsewhere, and what is told when none is accepted. */
import { describe, expect, it } from 'vitest';
import { type Denial, denial } from '../../../src/denial.ts';
import { recordingSteps } from '../../../src/explanation/steps.ts';
import { defaultAlgorithmPolicy } from '../../../src/pki/certificate/algorithms.ts';
import { type Certificate, parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { SignatureVerifier } from '../../../src/pki/certificate/signature.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { Budget, BudgetExceededError } from '../../../src/pki/path/budget.ts';
import { IssuerPool } from '../../../src/pki/path/issuer-pool.ts';
import { decidePath } from '../../../src/pki/path/path-decision.ts';
import type { PathInputs } from '../../../src/pki/path/path-validator.ts';
import { SignatureChecks } from '../../../src/pki/path/signature-checks.ts';
import type { IssuerSource } from '../../../src/pki/retrieval/issuer-source.ts';
import type { RevocationPolicy } from '../../../src/pki/revocation/revocation-policy.ts';
import {
  ca,
  caUsage,
  commonName,
  days,
  type Issued,
  issue,
  newKeys,
  now,
  person,
  root,
} from '../../support/handmade-certificates.ts';

const parse = ({ der }: Issued) => parseCertificate(der);
const anchor = root();
const keys = newKeys();
const ofCa = (options: object = {}, issuer = anchor) =>
  issue(commonName('CA'), issuer, { keys, extensions: [ca(), caUsage], ...options });
const middle = ofCa();
const expired = ofCa({ notAfter: days(-1) });
const holder = person(middle);
const stranger = issue(commonName('CA'), anchor, { extensions: [ca(), caUsage] });

const inputs: PathInputs = {
  time: now,
  userInitialPolicySet: new Set([oids.anyPolicy]),
  initialExplicitPolicy: false,
  initialPolicyMappingInhibit: false,
  initialAnyPolicyInhibit: false,
  purposes: [],
  endEntityKeyUsage: 'digitalSignature',
};
const evidence = [{ certificateSha256: 'x', status: 'good', method: 'crl', source: 'a.crl' }];
const accepted = { outcome: 'not-revoked', evidence };
const refused = (code: Denial['code'], facts: Denial['facts'] = {}) => ({
  outcome: 'refused',
  denial: denial(code, `It is ${code}.`, facts),
});

interface World {
  readonly endEntity?: Issued;
  readonly known?: readonly Issued[];
  readonly anchors?: readonly Issued[];
  /** Of each path that is valid otherwise. */
  readonly status?: (path: readonly Certificate[]) => object;
  /** What retrieval brings; `nothing`: it is asked in vain. Absent: there is none. */
  readonly brought?: readonly Issued[] | 'nothing';
}

async function decide({ endEntity = holder, known = [], anchors = [anchor], status = () => accepted, brought }: World) {
  const steps = recordingSteps();
  const checked: (readonly string[])[] = [];
  const sought: unknown[] = [];
  const confirmed: (readonly string[])[] = [];
  const pool = new IssuerPool(anchors.map(parse), known.map(parse));
  const budget = new Budget({ now: () => now });
  const check = async ({ certificates }: { readonly certificates: readonly Certificate[] }, search: object) => {
    checked.push(certificates.map(({ sha256 }) => sha256));
    expect(search).toMatchObject({ time: now, steps });
    return status(certificates);
  };
  const issuers = brought && {
    extend: async (...words: readonly unknown[]) => {
      sought.push(words);
      return brought === 'nothing' ? pool : new IssuerPool([], brought.map(parse), pool);
    },
    confirm: (path: readonly Certificate[]) => void confirmed.push(path.map(({ sha256 }) => sha256)),
  };
  const question = {
    endEntity: parse(endEntity),
    pool,
    inputs,
    revocation: { check } as unknown as RevocationPolicy,
    ...(issuers && { issuers: issuers as unknown as IssuerSource }),
  };
  const signatures = new SignatureChecks(new SignatureVerifier(defaultAlgorithmPolicy), budget);
  const decision = await decidePath(question, { signatures, steps });
  return { decision, steps: steps.steps, checked, sought, confirmed, pool, budget, recorder: steps };
}

const sha256Of = (...path: readonly Issued[]) => path.map((issued) => parse(issued).sha256);
const denialOf = ({ decision }: Awaited<ReturnType<typeof decide>>) =>
  decision.outcome === 'refused' ? decision.denial : undefined;

describe('a path is accepted', () => {
  it('that is valid and not revoked, with what it was believed by', async () => {
    const { decision, checked } = await decide({ known: [middle] });
    expect(decision).toMatchObject({
      outcome: 'accepted',
      path: { trustAnchor: { sha256: parse(anchor).sha256 } },
      evidence,
    });
    expect(decision.outcome === 'accepted' && [...decision.userConstrainedPolicySet]).toEqual([]);
    expect(checked).toEqual([sha256Of(holder, middle)]);
  });

  it('after one that is not valid, and after one whose status is not known', async () => {
    const other = ofCa({ serial: 7 });
    const isFirst = (path: readonly Certificate[]) => path[1]?.sha256 === parse(middle).sha256;
    const { decision, checked } = await decide({
      known: [expired, middle, other],
      status: (path) => (isFirst(path) ? refused('revocation-unknown') : accepted),
    });
    expect(decision.outcome).toBe('accepted');
    expect(checked).toEqual([sha256Of(holder, middle), sha256Of(holder, other)]);
  });

  it('after one whose CA is revoked, but not after one whose end entity is', async () => {
    const [first, other] = [middle, ofCa({ serial: 7 })];
    const revoked = (of: Issued) => (path: readonly Certificate[]) =>
      path[1]?.sha256 === parse(first).sha256 ? refused('certificate-revoked', { sha256: parse(of).sha256 }) : accepted;
    const ofCertificate = await decide({ known: [first, other], status: revoked(holder) });
    expect([denialOf(ofCertificate)?.code, ofCertificate.checked.length]).toEqual(['certificate-revoked', 1]);
    const ofAuthority = await decide({ known: [first, other], status: revoked(first) });
    expect([ofAuthority.decision.outcome, ofAuthority.checked.length]).toEqual(['accepted', 2]);
    const unknown = (path: readonly Certificate[]) =>
      path[1]?.sha256 === parse(first).sha256
        ? refused('revocation-unknown', { sha256: parse(holder).sha256 })
        : accepted;
    expect((await decide({ known: [first, other], status: unknown })).decision.outcome).toBe('accepted');
  });
});

describe('a refusal', () => {
  it('by the end entity’s own fault comes before any search, as a step and a denial', async () => {
    const old = person(middle, [], { notAfter: days(-1) });
    const found = await decide({ endEntity: old, known: [middle], brought: [middle] });
    expect(denialOf(found)).toMatchObject({ code: 'certificate-expired', facts: { sha256: parse(old).sha256 } });
    expect([found.checked, found.sought]).toEqual([[], []]);
    expect(found.steps).toEqual([
      expect.objectContaining({
        stage: 'certificate',
        check: 'validity',
        verdict: 'failed',
        facts: expect.objectContaining({ sha256: parse(old).sha256, detail: denialOf(found)?.detail }),
      }),
    ]);
  });

  it.each<[rule: string, world: World, code: string]>([
    ['is that no issuer is at hand', {}, 'path-not-found'],
    ['is that a signature does not verify, of others the more telling', { known: [stranger] }, 'signature-invalid'],
    ['is that of the path that came furthest', { known: [stranger, expired] }, 'certificate-expired'],
    [
      'is the status when that is not known',
      { known: [middle], status: () => refused('revocation-unknown') },
      'revocation-unknown',
    ],
    [
      'is the status of a path rather than the fault of another',
      { known: [expired, middle], status: () => refused('revocation-unknown') },
      'revocation-unknown',
    ],
    [
      'is the revocation of a CA',
      { known: [middle], status: () => refused('certificate-revoked', { sha256: 'x' }) },
      'certificate-revoked',
    ],
  ])('%s', async (_rule, world, code) => {
    expect(denialOf(await decide(world))?.code).toBe(code);
  });

  it('is that no path leads to a trust anchor when no branch says why', async () => {
    const [one, two] = [newKeys(), newKeys()];
    // Two CAs that certify one another, without a CA above.
    const first = issue(
      commonName('One'),
      { der: Buffer.alloc(0), subject: commonName('Two'), keys: two },
      { keys: one, extensions: [ca(), caUsage] },
    );
    const second = issue(commonName('Two'), first, { keys: two, extensions: [ca(), caUsage] });
    const endEntity = person(first);
    expect(denialOf(await decide({ endEntity, known: [first, second] }))).toMatchObject({
      code: 'path-not-found',
      detail: 'No path leads to a trust anchor.',
      facts: { sha256: parse(endEntity).sha256 },
    });
  });

  it('of each branch is a step', async () => {
    const { steps } = await decide({ known: [stranger] });
    expect(steps).toContainEqual({
      stage: 'certificate',
      check: 'path building',
      verdict: 'noted',
      facts: expect.objectContaining({
        sha256: parse(holder).sha256,
        detail: expect.stringMatching(/does not verify/),
      }),
    });
  });
});

describe('a search that costs too much', () => {
  const exhausted = () => {
    throw new BudgetExceededError('more than 100 signatures');
  };
  it('is given up, with the limit alone when nothing was refused before', async () => {
    expect(denialOf(await decide({ known: [middle], status: exhausted, brought: [middle] }))).toMatchObject({
      code: 'path-budget-exceeded',
      detail: 'The search was given up: more than 100 signatures.',
      facts: { sha256: parse(holder).sha256 },
    });
  });

  it('is given up with the best refusal before it, and no issuer is sought', async () => {
    let count = 0;
    const other = ofCa({ serial: 7 });
    const found = await decide({
      known: [middle, other],
      status: () => (count++ === 0 ? refused('revocation-unknown', { subject: 'CN=CA' }) : exhausted()),
      brought: [middle],
    });
    expect(denialOf(found)).toMatchObject({
      code: 'path-budget-exceeded',
      detail:
        'The search was given up: more than 100 signatures. Before that, the best path was refused (revocation-unknown): It is revocation-unknown.',
      facts: { before: 'revocation-unknown', beforeSubject: 'CN=CA' },
    });
    expect(found.sought).toEqual([]);
  });

  it('hides no fault of the program', async () => {
    const status = () => {
      throw new RangeError('a fault');
    };
    await expect(decide({ known: [middle], status })).rejects.toThrow(RangeError);
  });
});

describe('issuers are sought elsewhere', () => {
  it('when there is no path, and what led to one that was accepted is confirmed', async () => {
    const { decision, sought, confirmed, pool, budget, recorder } = await decide({ brought: [middle] });
    expect(decision.outcome).toBe('accepted');
    expect(sought).toEqual([
      [expect.objectContaining({ sha256: parse(holder).sha256 }), { pool, budget, steps: recorder }],
    ]);
    expect(confirmed).toEqual([sha256Of(holder, middle)]);
  });

  it.each<[rule: string, world: World, isSought: boolean, code: string | undefined]>([
    ['when the issuer that is known did not sign', { known: [stranger], brought: [middle] }, true, undefined],
    [
      'when a path is not valid, and a branch beside it lacks an issuer',
      { known: [expired, ofCa({}, root('Elsewhere'))], brought: [middle] },
      true,
      undefined,
    ],
    [
      'but not when a path is not valid, and no branch lacks one',
      { known: [expired], brought: [middle] },
      false,
      'certificate-expired',
    ],
    [
      'but not when a path was accepted, though a branch lacks one',
      { known: [ofCa({}, root('Elsewhere')), middle], brought: [middle] },
      false,
      undefined,
    ],
    [
      'but not when the status is unknown',
      { known: [middle], status: () => refused('revocation-unknown'), brought: [middle] },
      false,
      'revocation-unknown',
    ],
    [
      'but not when the end entity is revoked, though a branch lacks one',
      {
        known: [ofCa({}, root('Elsewhere')), middle],
        status: () => refused('certificate-revoked', { sha256: parse(holder).sha256 }),
        brought: [middle],
      },
      false,
      'certificate-revoked',
    ],
    ['in vain', { brought: 'nothing' }, true, 'path-not-found'],
    ['and bring what is refused for another reason', { brought: [expired] }, true, 'certificate-expired'],
  ])('%s', async (_rule, world, isSought, code) => {
    const found = await decide(world);
    expect([denialOf(found)?.code, found.sought.length]).toEqual([code, isSought ? 1 : 0]);
    expect(found.confirmed).toHaveLength(isSought && code === undefined ? 1 : 0);
  });

  it('never where there is no source', async () => {
    expect(denialOf(await decide({}))?.code).toBe('path-not-found');
  });
});
