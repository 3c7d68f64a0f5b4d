/** What a part of the benchmarks is given: running servers, people, local files and sizes. */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientStep, TlsVersion } from '../../test/support/clients/client-session.ts';
import { curl } from '../../test/support/clients/curl.ts';
import { type BenchPeople, type BenchServer, clientSession } from './bench-server.ts';

export interface BenchSizes {
  /** Of one big file. */
  readonly mebibytes: number;
  /** Small files in one session. */
  readonly files: number;
  readonly logins: number;
  /** Idle sessions. */
  readonly sessions: number;
  /** Logins timed at each number of downloads. */
  readonly probes: number;
  /** Client processes that the downloads of others are spread over. */
  readonly floodProcesses: number;
  readonly rounds: number;
  readonly tlsVersions: readonly TlsVersion[];
  /** Whether ftplib leaves Nagle's algorithm on, as it does by itself. */
  readonly nagle: boolean;
}

export interface Bench {
  /** cardgate first. */
  readonly servers: readonly BenchServer[];
  readonly people: BenchPeople;
  readonly sizes: BenchSizes;
  /** For local files. */
  readonly folder: string;
}

/** @returns path of a local file that does not compress */
export async function makeFile(bench: Bench, name: string, bytes: number): Promise<string> {
  const path = join(bench.folder, name);
  const file = await open(path, 'w');
  const block = randomBytes(Math.min(bytes, 1_048_576));
  for (let written = 0; written < bytes; written += block.length) await file.write(block);
  await file.close();
  return path;
}

/** One run of curl: the steps in one session. */
export async function runCurl(
  bench: Bench,
  server: BenchServer,
  tls: TlsVersion,
  steps: readonly ClientStep[],
): Promise<void> {
  const { exitCode, stderr } = await curl(clientSession(bench.people, server, tls, steps));
  if (exitCode !== 0) throw new Error(`curl: ${stderr}`);
}
