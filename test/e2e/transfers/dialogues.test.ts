/**
 * The dialogues of test/protocol/dialogues, played against FTPS servers of Debian: each differs from cardgate where the dialogue says so,
 * and nowhere else. They need root, and scripts/bench/peers to fetch them; the cases of one that is missing are skipped.
 */
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { comparedServers } from '../../support/dialogues/compared-servers.ts';
import type { Dialogue, DialogueCase } from '../../support/dialogues/dialogue.ts';
import { dialogueFiles } from '../../support/dialogues/dialogue-files.ts';
import { faultsOf } from '../../support/dialogues/dialogue-judge.ts';
import { type PlayedServer, play } from '../../support/dialogues/dialogue-player.ts';
import { type FtpPeer, hasPeer, startPeer } from '../../support/ftp-peers.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

type Faults = ReadonlyMap<DialogueCase, readonly string[]>;

/** A server may fail by itself: vsftpd now and then answers 426 to an upload that it was sent whole. */
const attempts = 3;

let pki: TestPki;
let folder: string;
beforeAll(async () => {
  pki = await createTestPki();
  folder = await mkdtemp(join(tmpdir(), 'cardgate-dialogues-'));
  await chmod(folder, 0o755);
});
afterAll(async () => {
  await pki?.remove();
  await rm(folder, { recursive: true, force: true });
});

describe.each(comparedServers)('$name', ({ name, version, settings }) => {
  const isRoot = process.getuid?.() === 0;
  const missing = !isRoot ? 'it needs root' : hasPeer(name) ? undefined : 'scripts/bench/peers has not fetched it';
  let peer: FtpPeer | undefined;
  let played: PlayedServer | undefined;
  beforeAll(async () => {
    if (missing !== undefined) return;
    peer = await startPeer(name, folder, pki, settings);
    const { certificateFile, keyFile } = await pki.issuePerson({ name: peer.user });
    const [cert, key] = await Promise.all([certificateFile, keyFile].map((file) => readFile(file, 'utf8')));
    played = { ...peer, certificate: { cert, key } };
  });
  afterAll(() => peer?.stop());

  it.skipIf(missing !== undefined)('is of the version that the documents name', () => {
    expect(peer?.version.startsWith(version)).toBe(true);
  });

  describe.each(dialogueFiles())(`$name${missing === undefined ? '' : ` (skipped: ${missing})`}`, ({ dialogue }) => {
    let faults: Faults;
    beforeAll(async () => {
      if (played) faults = await compare(dialogue, played);
    });

    it.skipIf(missing !== undefined).each(dialogue.cases)('$title', (one) => {
      expect(faults.get(one)).toEqual([]);
    });
  });
});

async function compare(dialogue: Dialogue, peer: PlayedServer): Promise<Faults> {
  for (let left = attempts; ; left -= 1) {
    const findings = await play(dialogue, peer);
    const faults: Faults = new Map(
      dialogue.cases.map((one) => [one, faultsOf(one, peer.name, findings.get(one) ?? [])]),
    );
    if (left === 1 || [...faults.values()].every(({ length }) => length === 0)) return faults;
  }
}
