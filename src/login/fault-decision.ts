/** What a login comes to when deciding it failed: a refusal in every case. */
import { type Denial, denial } from '../denial.ts';
import { DirectoryAnswerError, DirectoryUnavailableError } from '../directory/directory.ts';

/** A directory that does not answer, or answers nonsense, is foreseen; everything else is a fault of our own. Neither lets a client in. */
export function decisionForFault(error: unknown): {
  readonly outcome: 'denied' | 'unavailable';
  readonly denial: Denial;
} {
  if (error instanceof DirectoryUnavailableError) {
    return { outcome: 'unavailable', denial: denial('directory-unavailable', error.message, error.facts) };
  }
  if (error instanceof DirectoryAnswerError) {
    return { outcome: 'denied', denial: denial('directory-answer-invalid', error.message, error.facts) };
  }
  return {
    outcome: 'unavailable',
    denial: denial('internal-fault', 'The login ended in a fault; the log has its description.'),
  };
}
