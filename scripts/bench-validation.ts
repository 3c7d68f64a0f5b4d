#!/usr/bin/env node
/**
 * What validation costs: a chain of three certificates beside node:crypto's X509Certificate in the same run, a CRL of 100,000
 * entries, and the worst chains a peer may send. Fails when a limit is broken. Run: node scripts/bench-validation.ts
 */
import { verify, X509Certificate } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { unrecorded } from '../src/explanation/steps.ts';
import { parseCrl } from '../src/pki/crl/crl.ts';
import { CrlEntries, indexCrlEntries } from '../src/pki/crl/crl-entries.ts';
import { oids } from '../src/pki/encoding/oids.ts';
import { collectGarbage } from '../test/support/collect-garbage.ts';
import { integer, objectIdentifier, octetString, sequence } from '../test/support/der-builder.ts';
import {
  ca,
  caUsage,
  commonName,
  crlEntry,
  distributionPoint,
  emailName,
  extension,
  issue,
  issueCrl,
  person,
  root,
  subjectAltName,
} from '../test/support/handmade-certificates.ts';
import { type Keys, newKeys, newRsaKeys } from '../test/support/keys.ts';
import { codeOf, validatorFor } from '../test/unit/pki/validator.ts';
import { hostileChains } from './hostile-chains.ts';

const limits = { beyondSignaturesMs: 0.15, indexMs: 150, keptMebibytes: 12, hostileMs: 20 };
const failures: string[] = [];

function report(what: string, value: number, unit: string, limit?: number): void {
  const verdict = limit === undefined ? '' : value <= limit ? `  (limit ${limit})` : `  EXCEEDS ${limit}`;
  if (limit !== undefined && value > limit) failures.push(what);
  process.stdout.write(`  ${what.padEnd(58)} ${value.toFixed(4).padStart(10)} ${unit}${verdict}\n`);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function timed(samples: number[], work: () => unknown): void {
  const start = performance.now();
  work();
  samples.push(performance.now() - start);
}

async function benchChain(label: string, makeKeys: () => Keys): Promise<void> {
  const policy = extension(oids.certificatePolicies, sequence(sequence(objectIdentifier('1.2.3.4'))));
  const identifier = extension(oids.subjectKeyIdentifier, octetString(Buffer.alloc(20, 1)));
  const anchor = issue(commonName('Root'), undefined, { keys: makeKeys(), extensions: [ca(), caUsage, identifier] });
  const authority = issue(commonName('Issuing'), anchor, { keys: makeKeys(), extensions: [ca(), caUsage, policy] });
  const keys = makeKeys();
  const extras = [
    policy,
    distributionPoint('http://pki.example/issuing.crl'),
    subjectAltName(emailName('a@b.example')),
  ];
  const leaves = Array.from({ length: 500 }, () => person(authority, extras, { keys }).der);
  const validator = validatorFor({ anchors: [anchor], intermediates: [authority], acceptedPolicies: ['1.2.3.4'] });
  const issuer = new X509Certificate(authority.der);
  const above = new X509Certificate(anchor.der);
  const { publicKey: issuerKey } = issuer;
  const { publicKey: anchorKey } = above;
  const ours: number[] = [];
  const signatures: number[] = [];
  const endEntityOnly: number[] = [];
  const chain: number[] = [];
  const nothingKept: number[] = [];
  for (let round = 0; round < 6; round++) {
    for (const bytes of leaves) {
      const start = performance.now();
      const result = await validator.validate([bytes], unrecorded);
      ours.push(performance.now() - start);
      if (result.outcome !== 'valid') throw new Error(codeOf(result));
      const { tbsCertificate, signature } = result.certificate.certificate;
      timed(signatures, () => verify('sha256', tbsCertificate, issuerKey, signature));
      timed(endEntityOnly, () => {
        const endEntity = new X509Certificate(bytes);
        return endEntity.checkIssued(issuer) && endEntity.verify(issuerKey);
      });
      timed(chain, () => {
        const endEntity = new X509Certificate(bytes);
        return (
          endEntity.checkIssued(issuer) &&
          endEntity.verify(issuerKey) &&
          issuer.checkIssued(above) &&
          issuer.verify(anchorKey)
        );
      });
      if (round === 5)
        timed(nothingKept, () => {
          const [endEntity, middle, top] = [bytes, authority.der, anchor.der].map((each) => new X509Certificate(each));
          if (!endEntity || !middle || !top) throw new Error('unreachable');
          return (
            endEntity.checkIssued(middle) &&
            endEntity.verify(middle.publicKey) &&
            middle.checkIssued(top) &&
            middle.verify(top.publicKey)
          );
        });
    }
  }
  // The first rounds warm the compiler.
  const settled = (values: readonly number[]) => median(values.slice(1000));
  process.stdout.write(`Chain of three certificates, ${label}, CAs kept\n`);
  report('section 6 complete, with its one signature', settled(ours), 'ms');
  report('one signature alone', settled(signatures), 'ms');
  report('beyond the signature', settled(ours) - settled(signatures), 'ms', limits.beyondSignaturesMs);
  report('X509Certificate: parse, checkIssued, verify of the chain', settled(chain), 'ms');
  report('ratio to ours (more than 1: ours is faster)', settled(chain) / settled(ours), '');
  if (settled(chain) <= settled(ours)) failures.push(`${label}: X509Certificate is faster`);
  report('X509Certificate with nothing kept', median(nothingKept), 'ms');
  report('X509Certificate: the end entity alone', settled(endEntityOnly), 'ms');
}

function benchCrl(): void {
  const anchor = root('Root');
  const reason = extension(oids.reasonCode, Buffer.of(0x0a, 1, 1));
  const serial = (index: number) => `01${(index * 2_654_435_761).toString(16).padStart(30, '0')}`;
  // One buffer, since a hundred thousand arguments are too many for a call.
  const entries = Buffer.concat(
    Array.from({ length: 100_000 }, (_, index) => crlEntry(BigInt(`0x${serial(index)}`), [reason])),
  );
  const bytes = issueCrl(anchor, { entries: [entries], extensions: [extension(oids.crlNumber, integer(1))] });
  const times: number[] = [];
  const kept: unknown[] = [];
  for (let round = 0; round < 7; round++)
    timed(times, () => indexCrlEntries(parseCrl(bytes, 'bench').entries, 'x', false));
  collectGarbage();
  const before = process.memoryUsage();
  const copy = Buffer.from(bytes);
  const crl = parseCrl(copy, 'bench');
  const index = new CrlEntries(crl.entries, indexCrlEntries(crl.entries, crl.issuer.key, false));
  kept.push(crl, index);
  collectGarbage();
  const after = process.memoryUsage();
  const mebibytes = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / 2 ** 20;
  const look: number[] = [];
  const wanted = Buffer.from(serial(77_777), 'hex');
  for (let round = 0; round < 2000; round++) timed(look, () => index.find(crl.issuer.key, wanted, crl.thisUpdate));
  if (!index.find(crl.issuer.key, wanted, crl.thisUpdate)) throw new Error('the entry is not found');
  process.stdout.write(`CRL of 100,000 entries with reasons, ${(bytes.length / 2 ** 20).toFixed(1)} MiB\n`);
  report('parse and index', median(times), 'ms', limits.indexMs);
  report('first time, before the compiler is warm', times[0] ?? 0, 'ms', limits.indexMs);
  report('kept, its own octets included', mebibytes, 'MiB', limits.keptMebibytes);
  report('look-up', median(look), 'ms');
}

async function benchHostile(): Promise<void> {
  process.stdout.write(
    'Worst chains: sixteen certificates, 100 KiB (median of 9; the first validation of each apart)\n',
  );
  for (const { name, anchor, peer } of hostileChains()) {
    const times: number[] = [];
    let verdict = '';
    for (let round = 0; round < 9; round++) {
      // A validator of its own each time, so that no remembered key or signature helps.
      const validator = validatorFor({ anchors: [anchor] });
      const start = performance.now();
      verdict = codeOf(await validator.validate(peer, unrecorded));
      times.push(performance.now() - start);
    }
    const octets = peer.reduce((sum, { length }) => sum + length, 0);
    report(
      `${name} [${peer.length}, ${Math.round(octets / 1024)} KiB, ${verdict}]`,
      median(times),
      'ms',
      limits.hostileMs,
    );
    process.stdout.write(`    first ${(times[0] ?? 0).toFixed(1)} ms, slowest ${Math.max(...times).toFixed(1)} ms\n`);
  }
}

await benchChain('RSA-2048', () => newRsaKeys(2048));
await benchChain('P-256', newKeys);
benchCrl();
await benchHostile();
process.stdout.write(failures.length === 0 ? 'all within limits\n' : `BROKEN: ${failures.join('; ')}\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
