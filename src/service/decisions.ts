/** Decisions under way: so many at once and no more, and none that a caller waits for without end. */
import { RefusedRequest } from './refused-request.ts';
import type { MappingServiceSettings } from './service-settings.ts';

/** A decision that comes too late for its caller goes on, is recorded, and keeps its place until then. */
type DecisionLimits = Pick<MappingServiceSettings, 'maximumDecisions' | 'decisionTimeout'>;

export class Decisions {
  readonly #limits: DecisionLimits;
  #underWay = 0;

  constructor(limits: DecisionLimits) {
    this.#limits = limits;
  }

  /** @throws RefusedRequest when there are too many already, or `decision` takes too long */
  async take<T>(decision: () => Promise<T>): Promise<T> {
    if (this.#underWay >= this.#limits.maximumDecisions) throw new RefusedRequest('overloaded');
    this.#underWay += 1;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RefusedRequest('decision-timeout')), this.#limits.decisionTimeout);
    });
    const decided = decision().finally(() => {
      this.#underWay -= 1;
    });
    try {
      return await Promise.race([decided, late]);
    } finally {
      clearTimeout(timer);
      // When it was late no caller waits for it any more, not even for its failure.
      decided.catch(() => undefined);
    }
  }
}
