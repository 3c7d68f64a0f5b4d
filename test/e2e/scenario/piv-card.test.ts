/** Every scenario through a PIV card in a PC/SC reader: curl asks OpenSC, OpenSC asks pcscd, and the virtual card signs. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Card, certificateIn, findCard } from '../../../src/smartcard/card/card.ts';
import { startVirtualReader } from '../../../src/smartcard/reader/virtual-reader.ts';
import type { Scenario } from '../../../src/smartcard/scenario/scenario.ts';
import { findScenario, scenarios } from '../../../src/smartcard/scenario/scenarios.ts';
import { cardgate } from '../../support/built-program.ts';
import { cardTests } from '../../support/card-tests.ts';
import { runClient } from '../../support/clients/run-client.ts';
import { attemptLogin, expectOutcome } from '../../support/scenario-login.ts';
import { type RunningScenario, startScenario } from '../../support/scenario-world.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

const tests = await cardTests('through a PIV card', { reader: true, engine: true, programs: ['curl', 'ldapadd'] });
let slapd: Slapd;
let scratch: string;
let original: string;

beforeAll(async () => {
  if (tests.skip) return;
  slapd = await startSlapd();
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-piv-scenarios-'));
  original = join(scratch, 'original.bin');
  await writeFile(original, randomBytes(100_001));
});

afterAll(async () => {
  await slapd?.stop();
  if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
});

/**
 * Every login that is granted, and the first that is denied. A PIV card has no place for a key of 1024 bits, and libp11 cannot give the PIN again
 * for each signature, as the signature key wants it; try-card can.
 */
function chosen({ expectations }: Scenario) {
  const usable = expectations.filter(({ card, slot }) => card !== 'weak-key' && slot !== '9C');
  const denied = usable.find(({ outcome }) => 'denied' in outcome);
  return usable.filter((expectation) => 'granted' in expectation.outcome || expectation === denied);
}

describe.skipIf(tests.skip).each(scenarios)(`$name${tests.note}`, (scenario) => {
  let running: RunningScenario;

  beforeAll(async () => {
    running = await startScenario(scenario, { store: 'openLdap', slapd });
  });
  afterAll(() => running?.stop());

  it.each(chosen(scenario))('$card, USER $user: $because', async (expectation) => {
    const { cards: directory } = running.world;
    const { pinFile } = await findCard(directory, expectation.card);
    const pin = readFileSync(pinFile, 'utf8');
    const reader = await startVirtualReader({ directory, card: expectation.card, pin });
    const signatures: string[] = [];
    reader.events.on('card', (event) => {
      if (event.kind === 'signature') signatures.push(event.slot);
    });
    try {
      await reader.insert();
      const through = (card: Card, slot: string) => ({
        identity: {
          kind: 'card' as const,
          pin,
          card: {
            ...card,
            uri: `pkcs11:id=%${certificateIn(card, slot).id}`,
            module: reader.environment.PKCS11_MODULE_PATH,
          },
        },
        env: reader.environment,
      });
      expectOutcome(expectation, await attemptLogin(running, expectation, { original, scratch, through }));
      expect(signatures).toContain(expectation.slot?.toLowerCase() ?? '9a');
    } finally {
      await reader.stop();
    }
  });
});

describe.skipIf(tests.skip)(`the signature key of a CAC, which wants its PIN for each signature${tests.note}`, () => {
  it('logs in with try-card under the EDIPI', async () => {
    const running = await startScenario(findScenario('cac-two-upns'), { store: 'file' });
    const directory = running.world.cards;
    const { pinFile } = await findCard(directory, 'roe');
    const reader = await startVirtualReader({ directory, card: 'roe', pin: readFileSync(pinFile, 'utf8') });
    try {
      await reader.insert();
      const place = [`ftp://localhost:${running.port}`, '--cacert', running.rootFile, '--pin-file', pinFile];
      const which = ['--module', reader.environment.PKCS11_MODULE_PATH, '--certificate', '02', '--user', 'richard.roe'];
      const [program, main] = cardgate;
      const trial = await runClient(program, [main, 'try-card', ...place, ...which], { env: reader.environment });
      expect(trial, trial.stdout).toMatchObject({ exitCode: 0 });
      expect(running.logins('richard.roe').at(-1)).toMatchObject({
        outcome: 'granted',
        rule: 'by-upn-of-the-edipi',
        account: { name: 'richard.roe' },
      });
    } finally {
      await reader.stop();
      await running.stop();
    }
  });
});
