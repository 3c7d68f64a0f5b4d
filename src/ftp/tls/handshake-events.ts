/** What Node asks its own tls.Server during a handshake, asked of one connection: TLS sessions by id, and the status of the certificate. */
import { EventEmitter } from 'node:events';
import type { SecureContext, TLSSocketOptions } from 'node:tls';
import type { CertificateStatuses } from './certificate-statuses.ts';
import type { HandshakePurpose, SessionTickets } from './session-tickets.ts';

export interface HandshakeQuestions {
  readonly context: SecureContext;
  readonly tickets: SessionTickets;
  readonly purpose: { readonly current: HandshakePurpose };
  /** Whether TLS 1.2 sessions may be kept by id. */
  readonly mayKeepId: boolean;
  /** Absent: the client is told no status. */
  readonly statuses: CertificateStatuses | undefined;
}

/** As TLSSocket takes it: a tls.Server of which Node only uses its events. Empty where it has nothing to ask: each question costs time. */
export function handshakeEvents(questions: HandshakeQuestions): Pick<TLSSocketOptions, 'server'> {
  const { context, mayKeepId, statuses } = questions;
  if (!mayKeepId && !statuses) return {};
  const events = new HandshakeEvents(context);
  if (mayKeepId) answerSessionIds(events, questions);
  if (statuses) {
    events.on('OCSPRequest', (certificate: Buffer, _issuer: Buffer | null, done: StatusAnswer) => {
      done(null, statuses.responseFor(certificate) ?? null);
    });
  }
  return { server: events as unknown as NonNullable<TLSSocketOptions['server']> };
}

type StatusAnswer = (error: Error | null, response: Buffer | null) => void;

class HandshakeEvents extends EventEmitter {
  /**
   * Where Node finds the certificate to ask about, of clients that call the server by no name or by its first. Not in its
   * documentation: a Node that looks elsewhere tells these clients no status.
   */
  readonly _sharedCreds: SecureContext;

  constructor(context: SecureContext) {
    super();
    this._sharedCreds = context;
  }
}

/** TLS 1.2 sessions by id, in the two events that Node has for them. A control connection resumes none. */
function answerSessionIds(events: HandshakeEvents, { tickets, purpose }: HandshakeQuestions): void {
  events.on('newSession', (id: Buffer, state: Buffer, done: () => void) => {
    tickets.keep(id.toString('hex'), state);
    done();
  });
  events.on('resumeSession', (id: Buffer, done: (error: Error | null, state: Buffer | null) => void) => {
    done(null, (purpose.current === 'control' ? undefined : tickets.kept(id.toString('hex'))) ?? null);
  });
}
