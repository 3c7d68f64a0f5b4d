/** Uploads arrive whole or not at all, whatever the client does with its TLS: the reason for the withholding socket. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Transfer } from '../../src/operations/audit.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { openData, openTcp, type TlsIdentity } from '../support/control-client.ts';
import { neverReadingUpload } from '../support/never-reading-client.ts';
import { createIdentities, type ProtocolSite, startSite, type TestIdentities } from '../support/protocol-site.ts';

let identities: TestIdentities;
let site: ProtocolSite;
beforeAll(async () => {
  identities = await createIdentities();
  site = await startSite(identities);
});
afterAll(() => site.close());

const megabyte = 1024 * 1024;

describe('a client that writes 1 MB over TLS and closes without ever reading', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`has every upload stored whole: ${version}, full handshakes, 10 of 10`, async () => {
      const client = await site.loggedIn({ minVersion: version, maxVersion: version });
      for (let run = 0; run < 10; run += 1) {
        const content = randomBytes(megabyte);
        const port = await client.passive();
        client.write(`STOR never-reads-${run}\r\n`);
        await neverReadingUpload({ port, version, ...identities.ada, content });
        expect((await client.reply()).code).toBeLessThan(200);
        expect((await client.reply()).code).toBe(226);
        expect((await readFile(join(site.home, `never-reads-${run}`))).equals(content)).toBe(true);
      }
      client.destroy();
    });
  }
});
