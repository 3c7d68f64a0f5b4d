/** A site that asks for the status of one person's certificate, with a network of its own whose answers and clock a test sets. */

import { recordingSteps } from '../../../../src/explanation/steps.ts';
import { silentLogger } from '../../../../src/operations/log.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import type { EvidenceRefresher } from '../../../../src/pki/retrieval/evidence-refresher.ts';
import { EvidenceStore } from '../../../../src/pki/retrieval/evidence-store.ts';
import type { RetrievalRequest, Retrieved, Retriever } from '../../../../src/pki/retrieval/retriever.ts';
import { milliseconds, octets, seconds } from '../../../../src/settings/units.ts';
import { objectIdentifier, sequence } from '../../../support/der-builder.ts';
import {
  days,
  extension,
  type Issued,
  intermediate,
  issueCrl,
  now,
  person,
  root,
  uriName,
} from '../../../support/handmade-certificates.ts';
import { issueOcsp, type OcspAnswer } from '../../../support/ocsp-answer.ts';
import type { OcspChanges, RevocationChanges } from '../../../support/validation-settings.ts';
import { codeOf, validatorFor } from '../validator.ts';

export const anchor = root();
export const middle = intermediate(anchor);
export const serial = 0xe1;
export const responder = 'http://ocsp.example';
export const responderOf = (...urls: readonly string[]) =>
  extension(
    oids.authorityInformationAccess,
    sequence(...urls.map((url) => sequence(objectIdentifier(oids.ocspAccess), uriName(url)))),
  );
/** Names the responder. */
export const holder = person(middle, [responderOf(responder)], { serial });
/** Says that the holder is good. */
export const good = { issuer: middle, serial, thisUpdate: days(-1), nextUpdate: days(1) };
const rootCrl = issueCrl(anchor);
export const goodCrl = issueCrl(middle);

/** `slow`: comes only when no login waits any longer. */
export type Answer = OcspAnswer | Buffer | 'dead' | 'slow';

export interface World extends Omit<RevocationChanges, 'ocsp' | 'retrieval'> {
  readonly ocsp?: OcspChanges;
  /** Of the intermediate and others. Default: one that is empty. */
  readonly crls?: readonly Buffer[];
  /** Of the trust anchor. Default: one that is empty. */
  readonly rootCrls?: readonly Buffer[];
  /** Certificates that the site knows besides those of the peer. */
  readonly known?: readonly Issued[];
  readonly answer?: Answer | ((request: RetrievalRequest) => Answer);
  /** Issued by the intermediate. */
  readonly peer?: Issued;
  readonly store?: EvidenceStore;
  readonly refresher?: EvidenceRefresher;
  readonly retryAfter?: number;
  readonly totalTimeout?: number;
}

export function site({
  ocsp = {},
  crls = [goodCrl],
  answer = 'dead',
  peer = holder,
  known = [],
  ...world
}: World = {}) {
  const asked: RetrievalRequest[] = [];
  const limits = new Set<number>();
  let current = answer;
  let moment = now;
  const clock = { now: () => moment };
  const retriever: Retriever = {
    retrieve: async (request, { maximumSize }, waiting): Promise<Retrieved> => {
      asked.push(request);
      limits.add(maximumSize);
      await new Promise((resolve) => setImmediate(resolve));
      const found = typeof current === 'function' ? current(request) : current;
      if (found === 'slow') await new Promise((resolve) => waiting.addEventListener('abort', resolve));
      if (found === 'dead' || found === 'slow') return { outcome: 'failed', problem: `${request.url} is dead` };
      return { outcome: 'retrieved', bytes: Buffer.isBuffer(found) ? found : issueOcsp(found) };
    },
  };
  const store = world.store ?? new EvidenceStore({ memory: octets(1_000_000), clock, logger: silentLogger });
  const {
    retryAfter = 60,
    totalTimeout = 1_000,
    store: _store,
    refresher: _refresher,
    rootCrls = [rootCrl],
    ...options
  } = world;
  const validator = validatorFor({
    anchors: [anchor],
    intermediates: known,
    crls: [...rootCrls, ...crls].map((der, index) => ({ file: `${index}.crl`, der })),
    revocation: {
      mode: 'check',
      freshness: 0,
      ...options,
      ocsp,
      retrieval: {
        retriever,
        store,
        ...(world.refresher && { refresher: world.refresher }),
        policy: { allowedHosts: [], schemes: ['http'], maximumSize: octets(1_000_000), timeout: milliseconds(1_000) },
        totalTimeout: milliseconds(totalTimeout),
        retryAfter: seconds(retryAfter),
      },
    },
    clock,
  });
  const validate = (steps = recordingSteps()) => validator.validate([peer.der, middle.der], steps);
  return {
    asked,
    limits,
    store,
    validate,
    login: async () => codeOf(await validate()),
    become: (next: World['answer']) => {
      current = next ?? 'dead';
    },
    moveTo: (time: Date) => {
      moment = time;
    },
  };
}
