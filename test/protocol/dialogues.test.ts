/** The dialogues in the folder beside, played against cardgate; test/e2e/transfers/dialogues.test.ts plays them against other servers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DialogueCase } from '../support/dialogues/dialogue.ts';
import { dialogueFiles } from '../support/dialogues/dialogue-files.ts';
import { faultsOf } from '../support/dialogues/dialogue-judge.ts';
import { type Finding, play } from '../support/dialogues/dialogue-player.ts';
import { createIdentities, type ProtocolSite, startSite } from '../support/protocol-site.ts';

let site: ProtocolSite;
beforeAll(async () => {
  site = await startSite(await createIdentities(), {
    sslClientCertificates: { clientCertificatePolicy: 'CertAllow' },
    dataChannelSecurity: { dataChannelBindingWithoutCertificate: 'address' },
    firewallSupport: { activeMode: true },
  });
});
afterAll(() => site.close());

describe.each(dialogueFiles())('$name', ({ dialogue }) => {
  let findings: ReadonlyMap<DialogueCase, readonly Finding[]>;
  beforeAll(async () => {
    const { port, home, identities } = site;
    const person = { user: 'ada', password: 'secret', certificate: identities.ada };
    findings = await play(dialogue, { name: 'cardgate', port, home, ...person });
  });

  it.each(dialogue.cases)('$title', (one) => {
    expect(faultsOf(one, 'cardgate', findings.get(one) ?? [])).toEqual([]);
  });
});
