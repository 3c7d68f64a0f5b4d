/** Logging in over the wire: what USER and PASS answer, and in which order clients may send things. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdentities, type ProtocolSite, startSite, type TestIdentities } from '../support/protocol-site.ts';

let identities: TestIdentities;
let site: ProtocolSite;
beforeAll(async () => {
  identities = await createIdentities();
  site = await startSite(identities);
});
afterAll(() => site.close());

describe('a certificate login', () => {
  it('answers USER with 230 and a superfluous PASS with 230', async () => {
    const client = await site.connect();
    await client.secure(identities.ada);
    expect((await client.command('USER ada')).code).toBe(230);
    expect((await client.command('PASS anything')).code).toBe(230);
    client.destroy();
  });
});
