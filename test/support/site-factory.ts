/** Sites for the tests of one file, each closed at the end of the test that started it. */
import { afterEach } from 'vitest';
import { type ProtocolSite, type SiteChanges, startSite, type TestIdentities } from './protocol-site.ts';

export function siteFactory(identities: TestIdentities): (changes?: SiteChanges) => Promise<ProtocolSite> {
  const sites: ProtocolSite[] = [];
  afterEach(async () => {
    await Promise.all(sites.splice(0).map((site) => site.close()));
  });
  return async (changes = {}) => {
    const site = await startSite(identities, changes);
    sites.push(site);
    return site;
  };
}
