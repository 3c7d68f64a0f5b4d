import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type CertificateRevocationList, parseCrl } from '../../../../src/pki/crl/crl.ts';
import { CrlEntries, indexCrlEntries } from '../../../../src/pki/crl/crl-entries.ts';
import { KnownCrl } from '../../../../src/pki/crl/known-crl.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { crlEntry, extension, issueCrl, root } from '../../../support/handmade-certificates.ts';

setFlagsFromString('--expose_gc');
const collectGarbage: () => void = runInNewContext('gc');

const issuer = root();
const keyCompromise = extension(oids.reasonCode, Buffer.of(0x0a, 1, 1));
const serialOf = (index: number) => 0x0100_0000_0000n + BigInt(index) * 7_919n;
const octetsOf = (serial: bigint) => Buffer.from(serial.toString(16).padStart(12, '0'), 'hex');

function crlOf(count: number, last: Buffer = Buffer.alloc(0)): Buffer {
  const entries = Array.from({ length: count }, (_, index) => crlEntry(serialOf(index), [keyCompromise]));
  return issueCrl(issuer, { entries: [Buffer.concat([...entries, last])] });
}

const known = (der: Buffer, source: string) => new KnownCrl(parseCrl(der, source));

describe('the entries of a small CRL', () => {
  it('are indexed at once, and once', () => {
    const crl = known(crlOf(10), 'small');
    const entries = crl.entries();
    expect(entries).toBeInstanceOf(CrlEntries);
    expect(crl.entries()).toBe(entries);
  });
});

describe('the entries of a large CRL', () => {
  const count = 100_000;
  const der = crlOf(count);

  it('are indexed by a thread, once for all who ask, and found as those of a small one', async () => {
    const crl = known(der, 'large');
    const { issuer: name, thisUpdate } = crl.list;
    const [first, second] = [crl.entries(), crl.entries()];
    expect(first).toBeInstanceOf(Promise);
    expect(first).toBe(second);
    const entries = await first;
    expect(crl.entries()).toBe(entries);
    for (const index of [0, 1, 4_711, count - 1])
      expect(entries.find(name.key, octetsOf(serialOf(index)), thisUpdate)).toMatchObject({
        reason: 'keyCompromise',
      });
    expect(entries.find(name.key, octetsOf(serialOf(count)), thisUpdate)).toBeUndefined();
    expect(entries.find('another issuer', octetsOf(serialOf(1)), thisUpdate)).toBeUndefined();
  });

  it('do not hold up the event loop while they are indexed', async () => {
    // Microseconds of this thread, over all of its turns; the least of some runs is that without chance.
    const costOf = async (work: (crl: CertificateRevocationList) => unknown) => {
      const costs: number[] = [];
      for (let run = 0; run < 5; run += 1) {
        const crl = parseCrl(Buffer.from(der), 'large');
        const before = process.threadCpuUsage();
        await work(crl);
        const { user, system } = process.threadCpuUsage(before);
        costs.push(user + system);
      }
      return Math.min(...costs);
    };
    const handedOver = await costOf((crl) => new KnownCrl(crl).entries());
    const doneHere = await costOf(({ entries, issuer }) => indexCrlEntries(entries, issuer.key, false));
    expect(handedOver).toBeLessThan(doneHere / 2);
  });

  it('take twelve megabytes at most, the octets of the CRL included', async () => {
    collectGarbage();
    const before = process.memoryUsage();
    const crl = known(Buffer.from(der), 'large');
    const entries = await crl.entries();
    collectGarbage();
    const after = process.memoryUsage();
    const kept = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(entries.find(crl.list.issuer.key, octetsOf(serialOf(1)), crl.list.thisUpdate)).toBeDefined();
    expect(kept).toBeLessThan(12_000_000);
  });

  it('that cannot be understood are told of that CRL, and of no other', async () => {
    const critical = crlEntry(1, [extension('1.2.3.4', Buffer.alloc(1), true)]);
    const broken = known(crlOf(10_000, critical), 'broken');
    const cut = known(crlOf(10_000, Buffer.of(0x30, 0x03, 0x02, 0x01)), 'cut');
    const whole = known(crlOf(10_000), 'whole');
    const indexes = await Promise.all([broken, cut, whole, known(crlOf(9_999), 'other')].map((crl) => crl.entries()));
    expect(indexes.map(({ notUnderstood }) => notUnderstood)).toEqual([
      'CRL has an entry with the unknown critical extension 1.2.3.4',
      'CRL entry holds a value longer than itself',
      undefined,
      undefined,
    ]);
    for (const index of indexes)
      expect(index.find(whole.list.issuer.key, octetsOf(serialOf(1)), whole.list.thisUpdate)).toBeDefined();
  });
});
