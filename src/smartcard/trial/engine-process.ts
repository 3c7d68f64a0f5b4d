/**
 * The process in which the OpenSSL engine logs in to the card. It is one of its own because the engine, when a login fails,
 * prints the PIN to standard error, which leads nowhere here, and damages its memory, so that the process must not end by itself.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import { errorMessage } from '../../error-message.ts';
import { printable } from '../../operations/printable.ts';
import { CardError } from '../card/card-error.ts';
import { CardFault } from '../reader/card-fault.ts';
import { keepMemoryOutOfCoreDumps, overwriteRegisters } from '../token/core-dump.ts';
import { tlsClientFailure, tlsClientIdentity } from '../token/tls-client-identity.ts';
import { type EngineAnswer, isEngineRequest, type UnlockRequest } from './engine-protocol.ts';
import { logInWithTls12, runFtpsSession } from './ftps-session.ts';
import { finding, type TrialFinding } from './trial-findings.ts';
import { TrialEnded, TrialRecorder } from './trial-steps.ts';

keepMemoryOutOfCoreDumps();

let context: SecureContext | undefined;

function unlock({ uri, module, pin, certificateChain, trustAnchors }: UnlockRequest): EngineAnswer {
  try {
    const identity = tlsClientIdentity({ uri, module, pin, certificateChain });
    context = createSecureContext({ ...identity, ca: trustAnchors, maxVersion: 'TLSv1.2' });
    return { kind: 'unlocked' };
  } catch (error) {
    return { kind: 'refused', finding: refusalFinding(tlsClientFailure({ uri, module }, error)) };
  } finally {
    overwriteRegisters();
  }
}

function refusalFinding(error: unknown): TrialFinding {
  const text = printable(errorMessage(error));
  if (error instanceof CardFault) return finding(error.code, text);
  // Whatever OpenSSL says names neither URI nor PIN.
  return finding(error instanceof CardError ? 'tls12-engine-missing' : 'token-fault', text);
}

async function run(options: Parameters<typeof runFtpsSession>[1], secureContext: SecureContext): Promise<boolean> {
  const recorder = new TrialRecorder((step) => tell({ kind: 'step', step }));
  try {
    return await runFtpsSession(logInWithTls12(secureContext), options, recorder);
  } catch (error) {
    if (error instanceof TrialEnded) return false;
    throw error;
  }
}

function tell(answer: EngineAnswer): void {
  process.send?.(answer);
}

process.on('message', async (message) => {
  if (!isEngineRequest(message)) return;
  if (message.kind === 'unlock') tell(unlock(message));
  else if (context) tell({ kind: 'finished', works: await run(message, context) });
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
tell({ kind: 'ready' });
