/**
 * ipSecurity by name against a real name server: a name counts only where it leads back to the address, and a name server that says
 * nothing, or is gone, lets no client in by its name.
 */
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemTimer } from '../../../src/clock.ts';
import { ipSecurity } from '../../../src/ftp/admission/ip-security.ts';
import { chosenNameServers, ReverseNameCache } from '../../../src/ftp/admission/reverse-names.ts';
import { type ChildServer, startChildServer } from '../../support/child-server.ts';
import { freePort } from '../../support/free-ports.ts';
import { createIdentities, type ProtocolSite } from '../../support/protocol-site.ts';
import { siteFactory } from '../../support/site-factory.ts';

const dnsmasq = '/usr/sbin/dnsmasq';
const siteWith = siteFactory(await createIdentities());

const served = '220 Ready.';
const refused = '421 Your address is not served here, reference.';

/** Zones of its own; it asks no other server, and answers no name that is not here. */
const records = [
  '--local=/example/',
  '--local=/127.in-addr.arpa/',
  '--host-record=client.trusted.example,127.0.0.2',
  '--ptr-record=2.0.0.127.in-addr.arpa,client.trusted.example',
  // The owner of this address claims a name that is not its own.
  '--ptr-record=3.0.0.127.in-addr.arpa,client.trusted.example',
  // And this one a name that nothing has.
  '--ptr-record=4.0.0.127.in-addr.arpa,absent.trusted.example',
  '--host-record=client.other.example,127.0.0.5',
  '--ptr-record=5.0.0.127.in-addr.arpa,client.other.example',
  '--ptr-record=6.0.0.127.in-addr.arpa,CLIENT.Trusted.EXAMPLE',
  '--host-record=capitals.trusted.example,127.0.0.7',
  '--ptr-record=7.0.0.127.in-addr.arpa,Capitals.Trusted.Example',
];

async function greeting({ port }: ProtocolSite, localAddress: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  const octets = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
  });
  socket.destroy();
  return octets
    .toString()
    .replace(/reference [\w-]+/u, 'reference')
    .trim();
}

describe.skipIf(!existsSync(dnsmasq))(`names of clients, by a name server (${dnsmasq} has to be installed)`, () => {
  let server: ChildServer;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    server = await startChildServer({
      command: dnsmasq,
      args: [
        ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--no-daemon', '--pid-file='],
        ...[`--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces', '--user=root', '--group='],
        ...records,
      ],
      diesWithParentBy: 'signal',
      ready: { host: '127.0.0.1', port },
    });
  });
  afterAll(() => server?.stop());

  const start = (settings: object) =>
    siteWith({
      ipSecurity: ipSecurity.parse({ reverseNameTimeout: '5s', ...settings }),
      reverseNames: new ReverseNameCache(chosenNameServers([`127.0.0.1:${port}`]), systemTimer),
    });

  it.each([
    ['leads back to it', '127.0.0.2', served],
    ['leads to another address', '127.0.0.3', refused],
    ['leads nowhere', '127.0.0.4', refused],
    ['is of another domain', '127.0.0.5', refused],
    ['leads to another address, in capitals', '127.0.0.6', refused],
    ['leads back to it, in capitals', '127.0.0.7', served],
    ['does not exist', '127.0.0.8', refused],
  ])('an address whose name %s', async (_what, address, expected) => {
    const site = await start({ allowUnlisted: false, entries: [{ domainName: '*.trusted.example', allowed: true }] });
    expect(await greeting(site, address)).toBe(expected);
  });

  it('a name that is denied is denied by whatever an address claims', async () => {
    const site = await start({ entries: [{ domainName: '*.trusted.example' }] });
    expect(await greeting(site, '127.0.0.2')).toBe(refused);
    expect(await greeting(site, '127.0.0.3')).toBe(refused);
    expect(await greeting(site, '127.0.0.5')).toBe(served);
  });

  it('a name server that hangs lets no client in by its name, and holds it up no longer than reverseNameTimeout', async () => {
    const settings = { allowUnlisted: false, reverseNameTimeout: '300ms' };
    const site = await start({ ...settings, entries: [{ domainName: '*.trusted.example', allowed: true }] });
    await server.freeze();
    try {
      expect(await greeting(site, '127.0.0.2')).toBe(refused);
    } finally {
      server.signal('SIGCONT');
    }
  });
});
