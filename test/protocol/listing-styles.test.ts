/** showFlags over the wire: LIST, STAT and SYST agree on the style, and the free space stands before the end of the reply. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { download } from '../support/file-transfers.ts';
import { createIdentities, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

async function start(...showFlags: NonNullable<NonNullable<SiteChanges['directoryBrowse']>['showFlags']>) {
  const site = await siteWith({ directoryBrowse: { showFlags } });
  await mkdir(join(site.home, 'd'));
  await writeFile(join(site.home, 'f'), '12345');
  await symlink('f', join(site.home, 'l'));
  const client = await site.loggedIn();
  return { client, list: (line: string) => download(client, identities.ada, line) };
}

const dos = { d: / {7}<DIR> {10}d$/mu, f: / {20}5 f$/mu, l: / {20}0 l$/mu };
const unix = { d: /^drwx/mu, f: /^-rw.* 5 \w{3} /mu, l: /^lrwx.* l -> f/mu };

describe('a site that shows lines of MS-DOS', () => {
  it('shows them by LIST and STAT, and SYST says so', async () => {
    const { client, list } = await start('UseGmtTime');
    const text = (await list('LIST')).content.toString().replaceAll('\r', '');
    const status = (await client.command('STAT /')).text;
    for (const line of Object.values(dos)) {
      expect(text).toMatch(line);
      expect(status).toMatch(line);
    }
    expect((await client.command('SYST')).text).toBe('215 Windows_NT');
  });

  it('shows names by NLST and facts by MLSD as before', async () => {
    const { list } = await start();
    expect((await list('NLST')).content.toString().split('\r\n').sort()).toEqual(['', 'd', 'f', 'l']);
    expect((await list('MLSD')).content.toString()).toMatch(/^type=file;size=5;/mu);
  });
});

it('a site that shows lines of UNIX does so by default, and SYST says so', async () => {
  const { client, list } = await start('StyleUnix', 'UseGmtTime');
  const text = (await list('LIST')).content.toString();
  for (const line of Object.values(unix)) expect(text).toMatch(line);
  expect((await client.command('SYST')).text).toBe('215 UNIX Type: L8');
});

describe('DisplayAvailableBytes', () => {
  const space = /^226-Directory has [\d,]+ bytes of disk space available\.\n226 Transfer complete\.$/u;
  it.each(['LIST', 'LIST d', 'LIST f', 'LIST *', 'LIST -R'])(
    'tells them before the end of the reply to %s',
    async (line) => {
      const { list } = await start('StyleUnix', 'DisplayAvailableBytes');
      expect((await list(line)).text).toMatch(space);
    },
  );

  it.each(['NLST', 'MLSD', 'RETR f'])('tells nothing at the end of %s', async (line) => {
    const { list } = await start('StyleUnix', 'DisplayAvailableBytes');
    expect((await list(line)).text).toBe('226 Transfer complete.');
  });

  it('tells nothing where the site does not show them', async () => {
    const { list } = await start('StyleUnix');
    expect((await list('LIST')).text).toBe('226 Transfer complete.');
  });
});
