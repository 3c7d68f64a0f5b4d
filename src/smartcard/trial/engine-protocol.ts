/** What the trial and the process with the OpenSSL engine say to each other, as JSON over the channel between them. */
import type { FtpsSessionOptions } from './ftps-session.ts';
import { type TrialFinding, trialFindings } from './trial-findings.ts';
import { stepNames, type TrialStep } from './trial-steps.ts';

/** The first thing the process is told. The channel is a pair of sockets: no other process can read the PIN on it. */
export interface UnlockRequest {
  readonly kind: 'unlock';
  /** RFC 7512 URI of token and key. */
  readonly uri: string;
  /** Path of the PKCS#11 module. */
  readonly module: string;
  readonly pin: string;
  /** PEM, the end entity first. */
  readonly certificateChain: string;
  /** PEM: who may vouch for the server. */
  readonly trustAnchors: string;
}

/** The second and last. */
interface SessionRequest extends FtpsSessionOptions {
  readonly kind: 'session';
}

export type EngineRequest = UnlockRequest | SessionRequest;

export type EngineAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unlocked' }
  | { readonly kind: 'refused'; readonly finding: TrialFinding }
  | { readonly kind: 'step'; readonly step: TrialStep }
  | { readonly kind: 'finished'; readonly works: boolean };

function hasKind(message: unknown): message is { readonly kind: unknown } & Readonly<Record<string, unknown>> {
  return typeof message === 'object' && message !== null && 'kind' in message;
}

export function isEngineRequest(message: unknown): message is EngineRequest {
  return hasKind(message) && (message.kind === 'unlock' || message.kind === 'session');
}

export function isEngineAnswer(message: unknown): message is EngineAnswer {
  if (!hasKind(message)) return false;
  switch (message.kind) {
    case 'ready':
    case 'unlocked':
      return true;
    case 'refused':
      return isFinding(message['finding']);
    case 'step':
      return isStep(message['step']);
    case 'finished':
      return typeof message['works'] === 'boolean';
    default:
      return false;
  }
}

function isFinding(value: unknown): value is TrialFinding {
  if (typeof value !== 'object' || value === null || !('code' in value)) return false;
  return typeof value.code === 'string' && Object.hasOwn(trialFindings, value.code);
}

function isStep(value: unknown): value is TrialStep {
  if (typeof value !== 'object' || value === null || !('step' in value) || !('findings' in value)) return false;
  const { step, findings } = value;
  return (
    typeof step === 'string' && Object.hasOwn(stepNames, step) && Array.isArray(findings) && findings.every(isFinding)
  );
}
