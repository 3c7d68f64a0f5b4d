/**
 * A small file there and back: uploaded under a random name, found in the listing, downloaded, compared, deleted.
 * Nothing else in the directory is touched.
 */
import { randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { type Client, FTPError } from 'basic-ftp';
import { printablePath } from '../../operations/printable.ts';
import { findingOfFailure } from './failure-findings.ts';
import { finding } from './trial-findings.ts';
import type { TrialRecorder } from './trial-steps.ts';

export interface RoundTripOptions {
  /** Absent: the directory the login leads to. */
  readonly directory?: string;
  /** Whether a file is uploaded at all. */
  readonly write: boolean;
}

const fileOctets = 4096;
/** RFC 959: not taken, not stored without an account, name not allowed. The gateway answers 550 where only reading is permitted. */
const writeRefusals: readonly number[] = [550, 553, 532];

/** @returns whether everything that was tried worked; a directory that is read only is no fault */
export async function roundTrip(client: Client, options: RoundTripOptions, recorder: TrialRecorder): Promise<boolean> {
  const name = `cardgate-trial-${randomBytes(8).toString('hex')}.tmp`;
  const content = randomBytes(fileOctets);
  try {
    if (options.directory !== undefined) await client.cd(options.directory);
  } catch (error) {
    recorder.no('list', `the directory ${printablePath(options.directory ?? '')} cannot be entered`, [
      findingOfFailure(error, 'list'),
    ]);
    return false;
  }
  const isUploaded = options.write && (await upload(client, name, content, recorder));
  if (!options.write) recorder.skipped('upload', 'not asked for');
  if (isUploaded === 'failed') return false;
  const works = (await list(client, isUploaded ? name : undefined, recorder)) !== 'failed';
  if (!isUploaded) return works;
  const same = works && (await download(client, name, content, recorder));
  return (await remove(client, name, recorder)) && same;
}

async function upload(
  client: Client,
  name: string,
  content: Buffer,
  recorder: TrialRecorder,
): Promise<boolean | 'failed'> {
  try {
    await client.uploadFrom(Readable.from([content]), name);
    recorder.ok('upload', `${content.length} octets as ${name}`);
    return true;
  } catch (error) {
    if (error instanceof FTPError && writeRefusals.includes(error.code)) {
      recorder.skipped('upload', 'read only here', [findingOfFailure(error, 'upload')]);
      return false;
    }
    recorder.no('upload', `${name} was not taken`, [findingOfFailure(error, 'upload')]);
    return 'failed';
  }
}

async function list(client: Client, expected: string | undefined, recorder: TrialRecorder): Promise<'done' | 'failed'> {
  try {
    const entries = await client.list();
    if (expected !== undefined && !entries.some(({ name }) => name === expected)) {
      recorder.no('list', `${entries.length} entries, ${expected} not among them`, [finding('transfer-differs')]);
      return 'failed';
    }
    recorder.ok('list', `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`);
    return 'done';
  } catch (error) {
    recorder.no('list', 'the directory was not listed', [findingOfFailure(error, 'list')]);
    return 'failed';
  }
}

async function download(client: Client, name: string, content: Buffer, recorder: TrialRecorder): Promise<boolean> {
  const chunks: Buffer[] = [];
  let octets = 0;
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      octets += chunk.length;
      // Of a server that sends without end no more is kept than tells the difference.
      if (octets <= content.length) chunks.push(chunk);
      done(octets > 2 * content.length ? new Error('the server sends more than was uploaded') : null);
    },
  });
  try {
    await client.downloadTo(destination, name);
  } catch (error) {
    recorder.no('download', `${name} did not come back`, [findingOfFailure(error, 'download')]);
    return false;
  }
  if (octets === content.length && Buffer.concat(chunks).equals(content)) {
    recorder.ok('download', `${octets} octets, the same`);
    return true;
  }
  recorder.no('download', `${octets} octets, not the same`, [finding('transfer-differs')]);
  return false;
}

async function remove(client: Client, name: string, recorder: TrialRecorder): Promise<boolean> {
  try {
    await client.remove(name);
    recorder.ok('delete', name);
    return true;
  } catch (error) {
    const { detail } = findingOfFailure(error, 'delete');
    recorder.no('delete', `${name} is still there`, [finding('file-left-behind', detail)]);
    return false;
  }
}
