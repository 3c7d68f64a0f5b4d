/** The logins of one site: every decision leaves exactly one audit record, and none is granted whose record did not arrive. */
import { millisecondsSince, type Timer } from '../clock.ts';
import { type DenialCode, denial } from '../denial.ts';
import { unrecorded } from '../explanation/steps.ts';
import type { AuditTrail, LoginAttempt } from '../operations/audit.ts';
import type { Logger } from '../operations/log.ts';
import { printable } from '../operations/printable.ts';
import { createReference } from '../operations/reference.ts';
import type { Milliseconds } from '../settings/units.ts';
import type { LastObjection, Login, LoginFacts, LoginRequest, Standing, Verdict } from './authenticator.ts';
import type { Decide } from './decision.ts';
import { evenly } from './even-delay.ts';
import type { Occasion } from './login-policy.ts';
import type { MappedAccount, Progress } from './login-progress.ts';
import { type GrantedLogin, standingOf } from './login-recheck.ts';
import type { ExplainedRequest, StandingRequest } from './login-request.ts';

export interface SiteLoginParts {
  readonly audit: AuditTrail;
  readonly logger: Logger;
  readonly timer: Timer;
  /** To which the time until a password is refused is rounded up, so that it tells nothing about the account; absent where no passwords are taken. */
  readonly failureDelay?: Milliseconds;
}

/** A login that is decided: a client that could be asked for a password was not asked. */
type Decided = Exclude<Progress<Login>, { readonly outcome: 'password-required' }>;

/** A verdict with what led to it. */
export interface Resolution {
  readonly verdict: Exclude<Verdict<Login>, { readonly outcome: 'password-required' }>;
  /** As it went into the audit trail. */
  readonly record: LoginAttempt;
  readonly mapped?: MappedAccount | undefined;
}

/** None of its methods rejects: a fault inside becomes `unavailable` with code `internal-fault`. */
export class SiteLogin {
  readonly #decide: Decide;
  readonly #parts: SiteLoginParts;

  constructor(decide: Decide, parts: SiteLoginParts) {
    this.#decide = decide;
    this.#parts = parts;
  }

  /** For a client that is connected here; a password it is asked for leaves no record until it has come. */
  authenticate(request: LoginRequest, objection?: LastObjection): Promise<Verdict<Login>> {
    const work = async (): Promise<Verdict<Login>> => {
      const startedAt = this.#parts.timer();
      const obstacle = this.#parts.audit.loginObstacle;
      const occasion = { purpose: 'login', steps: unrecorded } as const;
      const progress = obstacle === undefined ? await this.#decide(request, occasion) : unrecordable(obstacle);
      if (progress.outcome === 'password-required') return { outcome: 'password-required' };
      const decided = objection === undefined ? progress : await unlessObjected(progress, objection);
      return (await this.#concluded(decided, request, startedAt)).verdict;
    };
    const isGuess = ({ outcome }: Verdict<Login>) => outcome === 'denied' && request.password !== undefined;
    return evenly(this.#parts.failureDelay, work, isGuess);
  }

  /** For a caller who shows what led to the verdict, or hands it on, and has no client to ask for a password. */
  async resolve(request: ExplainedRequest, occasion: Occasion): Promise<Resolution> {
    const startedAt = this.#parts.timer();
    const obstacle = this.#parts.audit.loginObstacle;
    const progress = obstacle === undefined ? await this.#decide(request, occasion) : unrecordable(obstacle);
    if (progress.outcome !== 'password-required') return this.#concluded(progress, request, startedAt);
    const detail = 'The certificate leads to an account, and the site wants its password as well.';
    const refused: Decided = { ...progress, outcome: 'denied', denial: denial('password-missing', detail) };
    return this.#concluded(refused, request, startedAt);
  }

  /** A login that was granted, by this or by a former configuration, once more. Leaves no record. */
  async recheck(request: StandingRequest, granted: GrantedLogin): Promise<Standing | undefined> {
    const { authenticationMethod: method } = granted;
    const progress = await this.#decide(request, { purpose: 'recheck', steps: unrecorded, method });
    return standingOf(progress, granted, request.connectionId, this.#parts.logger);
  }

  async #concluded(decided: Decided, request: ExplainedRequest, startedAt: number): Promise<Resolution> {
    const { audit, logger } = this.#parts;
    let conclusion = decided;
    let record = this.#write(conclusion, request, startedAt);
    if (conclusion.outcome === 'passed' && !(await audit.arrived())) {
      const { reference: _, ...findings } = conclusion.findings;
      const obstacle = `the login ${record.reference} was granted, and its record did not arrive in time`;
      conclusion = { ...unrecordable(obstacle), findings };
      record = this.#write(conclusion, request, startedAt);
    }
    const { reference } = record;
    const { fault, findings } = conclusion;
    if (fault !== undefined) {
      logger.error('login-fault', { reference, connectionId: request.connectionId, error: fault });
    }
    return { verdict: verdictOf(conclusion, record), record, mapped: findings.mapped };
  }

  #write(decided: Decided, request: ExplainedRequest, startedAt: number): LoginAttempt {
    const { mapped: _, reference = createReference(), ...findings } = decided.findings;
    const record: LoginAttempt = {
      event: 'login',
      outcome: decided.outcome === 'passed' ? 'granted' : decided.outcome,
      reference,
      binding: request.binding,
      connectionId: request.connectionId,
      remoteAddress: request.remoteAddress,
      proxyAddress: request.proxyAddress,
      claimedName: printable(request.claimedName ?? ''),
      caller: request.caller === undefined ? undefined : printable(request.caller),
      tls: request.tls,
      consentSha256: request.consentSha256,
      ...findings,
      ...(decided.outcome !== 'passed' && { denial: decided.denial }),
      durationMilliseconds: millisecondsSince(startedAt, this.#parts.timer),
    };
    this.#parts.audit.write(record);
    return record;
  }
}

async function unlessObjected(decided: Decided, objection: LastObjection): Promise<Decided> {
  if (decided.outcome !== 'passed') return decided;
  const refusal = await objection(decided.proof, decided.findings);
  return refusal ? { outcome: 'denied', denial: refusal, findings: decided.findings } : decided;
}

function verdictOf(decided: Decided, record: LoginAttempt): Resolution['verdict'] {
  const { reference } = record;
  const facts = loginFacts(record);
  if (decided.outcome === 'passed') return { outcome: 'granted', login: decided.proof, reference, facts };
  return { outcome: decided.outcome, denial: decided.denial, reference, facts };
}

/** A status that was refused for is no evidence, and stands in the denial alone. */
function loginFacts({ certificate, evidence, account, denial: refusal }: LoginAttempt): LoginFacts {
  const status = evidence?.find(({ certificateSha256 }) => certificateSha256 === certificate?.sha256)?.status;
  const refused = refusal && statusesRefused[refusal.code];
  return { certificate, revocation: refused ?? status, account: account?.distinguishedName };
}

const statusesRefused: Readonly<Partial<Record<DenialCode, string>>> = {
  'certificate-revoked': 'revoked',
  'revocation-unknown': 'unknown',
};

/** No auditor finds a login without a record. */
function unrecordable(obstacle: string) {
  const detail = `No record can be written: ${obstacle}.`;
  return { outcome: 'unavailable', denial: denial('audit-unwritable', detail), findings: {} } as const;
}
