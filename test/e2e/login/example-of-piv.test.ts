/** The example of methods-of-login.md as it stands there: the PIV authentication certificate logs in, and that of card authentication does not. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../../scripts/reference/documents.ts';
import { extendedKeyUsages } from '../../../src/smartcard/authority/certificate-extensions.ts';
import { fileIdentity } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

const pivAuthentication = '2.16.840.1.101.3.2.1.3.13';
const cardAuthentication = '2.16.840.1.101.3.2.1.3.17';
const { smartCardLogon, clientAuth, pivCardAuth } = extendedKeyUsages;

/** Certificates of one card. */
const certificates = {
  'piv-authentication': { policies: [pivAuthentication], extendedKeyUsage: [clientAuth, smartCardLogon] },
  'card-authentication': { policies: [cardAuthentication], extendedKeyUsage: [pivCardAuth] },
  'card-policy': { policies: [cardAuthentication], extendedKeyUsage: [clientAuth, smartCardLogon] },
  'card-purpose': { policies: [pivAuthentication], extendedKeyUsage: [pivCardAuth] },
} as const;

/** The settings of the example, below its heading. */
function exampleSite(): Readonly<Record<string, unknown>> {
  const page = readFileSync(join(root, 'docs/administration/methods-of-login.md'), 'utf8');
  const [, text = ''] = /^## Example: the PIV[\s\S]*?^```yaml\n([\s\S]*?)^```/mu.exec(page) ?? [];
  return parse(text).sites[0];
}

let pki: TestPki;
let world: LoginWorld;
let people: Readonly<
  Record<string, { readonly certificateFile: string; readonly keyFile: string; readonly der: Buffer }>
>;
beforeAll(async () => {
  pki = await createTestPki();
  people = Object.fromEntries(
    await Promise.all(
      Object.entries(certificates).map(
        async ([name, { policies, extendedKeyUsage }]) =>
          [name, await pki.issuePerson({ name, policies, extendedKeyUsage: [...extendedKeyUsage] })] as const,
      ),
    ),
  );
  const fingerprints = Object.values(people).map(({ der }) => createHash('sha256').update(der).digest('hex'));
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates: fingerprints }]);
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  world = await startLoginWorld({ pki, directories: [directory], files, rules, site: exampleSite() });
});
afterAll(async () => {
  await world?.stop();
  await pki?.remove();
});

describe('a card', () => {
  it.each<[keyof typeof certificates, string]>([
    ['piv-authentication', 'granted'],
    ['card-authentication', 'extended-key-usage-missing'],
    ['card-policy', 'certificate-policy-not-acceptable'],
    ['card-purpose', 'extended-key-usage-missing'],
  ])('that shows %s: %s', async (name, outcome) => {
    const person = people[name];
    if (!person) expect.fail('no such certificate');
    const before = world.logins('ada').length;
    await curl(world.session('ada', fileIdentity(person), '1.3', [{ do: 'list', path: '/' }]));
    await expect.poll(() => world.logins('ada').length).toBeGreaterThan(before);
    const login = world.logins('ada').at(-1);
    expect(login?.denial?.code ?? login?.outcome).toBe(outcome);
  });
});
