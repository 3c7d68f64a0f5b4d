/** The course of a transfer: what stands against it, one opening and one final reply, and what its record says. */
import { describe, expect, it } from 'vitest';
import { denial } from '../../../src/denial.ts';
import type { Control } from '../../../src/ftp/control/control.ts';
import type { Opened } from '../../../src/ftp/data/data-attempt.ts';
import type { DataConnection } from '../../../src/ftp/data/data-connection.ts';
import { carryOut, missingDataConnection, transferObstacle } from '../../../src/ftp/data/transfer.ts';
import { PaceError } from '../../../src/ftp/data/transfer-pace.ts';
import { TransferRefused } from '../../../src/ftp/data/transfer-refused.ts';
import type { Reply } from '../../../src/ftp/reply.ts';
import type { AuditRecord } from '../../../src/operations/audit.ts';
import { StorageError, type StorageErrorKind } from '../../../src/storage/storage.ts';
import { ftpSettings } from '../../support/ftp-settings.ts';
import { recordingTrail } from '../../support/recording-trail.ts';

type Policy = 'SslAllow' | 'SslRequire' | 'SslDeny';

interface Circumstances {
  readonly policy?: Policy;
  readonly protection?: 'C' | 'P';
  readonly isPrepared?: boolean;
  readonly hasExpired?: boolean;
  readonly hasArrived?: boolean;
  readonly auditIsFull?: boolean;
  readonly opened?: Opened;
  /** When the client sends something more; by itself it has already. */
  readonly heard?: Promise<void>;
  readonly uploadEndDelay?: number;
}

function controlWith({ policy = 'SslRequire', protection = 'P', ...more }: Circumstances = {}) {
  const sent: Reply[] = [];
  const records: AuditRecord[] = [];
  const logged: unknown[] = [];
  const asked: string[] = [];
  const abort = new AbortController();
  const aborted: string[] = [];
  let now = 1000;
  const connection = {
    facts: { protection: 'P', binding: 'session' },
    transferred: 0,
    abort: ({ message }: Error) => void aborted.push(message),
  };
  const trail = recordingTrail((record) => void records.push(record));
  const opened: Opened = more.opened ?? { outcome: 'open', connection: connection as unknown as DataConnection };
  const control = {
    id: 'c-1',
    binding: 'b',
    remoteAddress: '127.0.0.1',
    session: { state: 'connected' },
    options: {
      site: ftpSettings({
        ssl: { dataChannelPolicy: policy },
        fileHandling: { uploadEndDelay: more.uploadEndDelay ?? 60_000 },
      }),
      timer: () => now,
      audit: { ...trail, transferObstacle: more.auditIsFull ? 'the disk is full' : undefined },
    },
    log: { info: (event: string, facts: object) => void logged.push({ event, ...facts }) },
    data: {
      protection,
      isPrepared: more.isPrepared ?? true,
      hasExpired: more.hasExpired ?? false,
      hasArrived: more.hasArrived ?? false,
      open: async (direction: string, signal: AbortSignal) => {
        asked.push(direction);
        expect(signal).toBe(abort.signal);
        now += 70;
        return opened;
      },
    },
    heardAgain: () => more.heard ?? Promise.resolve(),
    send: (reply: Reply) => void sent.push(reply),
    runTransfer: (work: (signal: AbortSignal) => unknown) => work(abort.signal),
  };
  const passing = (milliseconds: number) => {
    now += milliseconds;
  };
  return { control: control as unknown as Control, sent, records, logged, asked, abort, aborted, connection, passing };
}

const texts = (replies: readonly Reply[]) => replies.map(({ code, lines }) => `${code} ${lines.join(' ')}`);
const download = { opening: 'Here it comes.', direction: 'sending' } as const;

describe('against a transfer stands', () => {
  const unprotected = '521 Data connections must be protected here; PBSZ 0 and PROT P first.';
  const protectedOne = '521 Data connections are never protected here; PROT C first.';
  it.each<[string, Circumstances, string]>([
    ['an unprotected data channel where it must be protected', { protection: 'C' }, unprotected],
    ['a protected one where it must not be', { policy: 'SslDeny' }, protectedOne],
    ['that no record of it can be kept', { auditIsFull: true }, '451 Not possible at the moment; try again later.'],
    [
      'the record rather than the protection',
      { protection: 'C', auditIsFull: true },
      '451 Not possible at the moment; try again later.',
    ],
  ])('%s', (_rule, circumstances, expected) => {
    const obstacle = transferObstacle(controlWith(circumstances).control);
    expect(obstacle && texts([obstacle])).toEqual([expected]);
  });

  it.each<[Policy, 'C' | 'P']>([
    ['SslRequire', 'P'],
    ['SslAllow', 'P'],
    ['SslAllow', 'C'],
    ['SslDeny', 'C'],
  ])('nothing under %s with PROT %s', (policy, protection) => {
    expect(transferObstacle(controlWith({ policy, protection }).control)).toBeUndefined();
    expect(transferObstacle(controlWith({ policy, protection, hasExpired: true }).control)).toBeUndefined();
  });
});

describe('the data connection is missing', () => {
  it.each<[string, Circumstances, string]>([
    ['when no passive port was asked for', { isPrepared: false }, '425 PASV or EPSV first.'],
    [
      'when the passive port was not used in time',
      { isPrepared: false, hasExpired: true },
      '425 The passive port was not used in time; PASV or EPSV again.',
    ],
  ])('%s, which stands against no file', (_rule, circumstances, expected) => {
    const { control } = controlWith(circumstances);
    expect(transferObstacle(control)).toBeUndefined();
    const missing = missingDataConnection(control);
    expect(missing && texts([missing])).toEqual([expected]);
  });

  it('no more when it is prepared', () => {
    expect(missingDataConnection(controlWith().control)).toBeUndefined();
    expect(missingDataConnection(controlWith({ hasExpired: true }).control)).toBeUndefined();
  });
});

describe('a transfer', () => {
  it.each([
    [false, '150 Here it comes.'],
    [true, '125 Here it comes.'],
  ])('opens with the reply that tells whether its connection is there: %s', async (hasArrived, opening) => {
    const { control, sent, asked, connection, passing } = controlWith({ hasArrived });
    const result = await carryOut(control, download, async () => {
      connection.transferred = 5;
      passing(30);
      return { end: 'fin', binding: 'certificate' };
    });
    expect(texts(sent)).toEqual([opening, '226 Transfer complete.']);
    expect(asked).toEqual(['sending']);
    expect(result).toEqual({
      outcome: 'complete',
      bytes: 5,
      durationMilliseconds: 100,
      facts: { protection: 'P', binding: 'certificate', end: 'fin' },
    });
  });

  it('that is given up breaks its connection, and that after its end does not', async () => {
    const { control, sent, abort, aborted } = controlWith();
    let meanwhile: readonly string[] = [];
    const result = await carryOut(control, { ...download, direction: 'receiving' }, async (_connection, signal) => {
      abort.abort();
      meanwhile = [...aborted];
      signal.throwIfAborted();
      return {};
    });
    expect(meanwhile).toEqual(['the transfer was given up']);
    expect(texts(sent).slice(1)).toEqual(['426 Transfer given up.']);
    expect(result).toMatchObject({ outcome: 'aborted', bytes: 0, facts: { binding: 'session' } });
    const later = controlWith();
    await carryOut(later.control, download, async () => ({}));
    later.abort.abort();
    expect(later.aborted).toEqual([]);
  });

  it('that was given up while its connection was opened breaks it before anything moves', async () => {
    const { control, abort, aborted } = controlWith();
    abort.abort();
    let before: readonly string[] = [];
    await carryOut(control, download, async () => {
      before = [...aborted];
      return {};
    });
    expect([...before, ...aborted]).toEqual(['the transfer was given up', 'the transfer was given up']);
  });
});

describe('a transfer without a data connection', () => {
  const none: Opened = { outcome: 'none' };
  const denied = (code: 'data-tls-failed' | 'data-certificate-mismatch'): Opened => {
    return { outcome: 'denied', denial: denial(code, 'detail'), reference: 'ABCD' };
  };
  it.each<[string, Opened, string, string]>([
    ['that was not made', none, '425 No data connection was made.', 'no-data-connection'],
    [
      'whose TLS failed',
      denied('data-tls-failed'),
      '522 TLS on the data connection failed, reference ABCD.',
      'data-tls-failed',
    ],
    [
      'that proved nothing',
      denied('data-certificate-mismatch'),
      '522 The data connection must resume the TLS session or show the certificate of the control connection, reference ABCD.',
      'data-certificate-mismatch',
    ],
  ])('%s fails, and moves nothing', async (_rule, opened, answer, refused) => {
    const { control, sent } = controlWith({ opened });
    let moved = false;
    const result = await carryOut(control, download, async () => {
      moved = true;
      return {};
    });
    expect(moved).toBe(false);
    expect(texts(sent)).toEqual(['150 Here it comes.', answer]);
    expect(result).toEqual({ outcome: 'failed', bytes: 0, durationMilliseconds: 70, facts: { refused } });
  });

  it('is answered 426 when it was given up meanwhile', async () => {
    const { control, sent, abort } = controlWith({ opened: none });
    abort.abort();
    const result = await carryOut(control, download, async () => ({}));
    expect(texts(sent).slice(1)).toEqual(['426 Transfer given up.']);
    expect(result).toMatchObject({ outcome: 'aborted', facts: { refused: 'no-data-connection' } });
  });
});

describe('a transfer that fails', () => {
  const notComplete = '426 The data connection broke; the transfer is not complete.';
  const unreadable = '451 The file could not be read or written.';
  const storage = (kind: StorageErrorKind) => new StorageError(kind, `of kind ${kind}`);

  it.each<[string, unknown, string, string?]>([
    ['its connection broke', new Error('ECONNRESET'), notComplete],
    ['something was thrown that is no error', 'odd', notComplete],
    ['its end cannot be trusted', new TransferRefused('The end is not known.'), '426 The end is not known.'],
    ['the disk is full', storage('no-space'), '452 No space left.'],
    ['the file system does not answer', storage('unresponsive'), '451 The file system does not answer.'],
    ['the file system refuses', storage('forbidden'), unreadable, 'file-permission-denied'],
    ['a rule denies', storage('denied'), unreadable, 'access-denied'],
    ['the file is gone', storage('not-found'), unreadable],
    ['the file system has a fault', storage('fault'), unreadable],
  ])('because %s says so once, and breaks the connection', async (_rule, error, answer, refused) => {
    const { control, sent, aborted, connection, logged } = controlWith();
    const result = await carryOut(control, download, async () => {
      connection.transferred = 3;
      throw error;
    });
    expect(texts(sent).slice(1)).toEqual([answer]);
    expect(aborted).toEqual(['the transfer failed']);
    const reason = error instanceof Error ? error.message : 'odd';
    expect(result).toMatchObject({ outcome: 'failed', bytes: 3, durationMilliseconds: 70 });
    expect(result.facts).toEqual({ protection: 'P', binding: 'session', reason, refused });
    expect(logged).toEqual([{ event: 'transfer-failed', error }]);
  });

  it('because it was given up is answered so, whatever was thrown', async () => {
    for (const error of [new Error('gone'), storage('no-space'), new PaceError('data-channel-slow', 'Slow', 'slow')]) {
      const { control, sent, abort, records } = controlWith();
      const result = await carryOut(control, download, async () => {
        abort.abort();
        throw error;
      });
      expect(texts(sent).slice(1)).toEqual(['426 Transfer given up.']);
      expect(result).toMatchObject({ outcome: 'aborted', facts: { reason: error.message } });
      expect(records).toEqual([]);
    }
  });

  it('because its peer is too slow has a record of its own, which the answer names', async () => {
    const { control, sent, records } = controlWith();
    const result = await carryOut(control, download, async () => {
      throw new PaceError('data-channel-slow', 'Too slow', 'the peer moved 3 octets');
    });
    const [record] = records;
    expect(records).toHaveLength(1);
    expect(record).toMatchObject({
      event: 'refusal',
      denial: { code: 'data-channel-slow', detail: 'the peer moved 3 octets' },
    });
    const reference = record?.event === 'refusal' ? record.reference : '';
    expect(texts(sent).slice(1)).toEqual([`426 Too slow, reference ${reference}.`]);
    expect(result).toMatchObject({ outcome: 'failed', facts: { refused: 'data-channel-slow' } });
  });

  it('because a file system does not answer has a record of that', async () => {
    const { control, records } = controlWith();
    await carryOut(control, download, async () => {
      throw storage('unresponsive');
    });
    expect(records).toMatchObject([{ event: 'refusal', denial: { code: 'file-system-unresponsive' } }]);
  });

  it('for want of descriptors is not logged each time', async () => {
    const { control, logged } = controlWith();
    await carryOut(control, download, async () => {
      throw Object.assign(new Error('too many'), { code: 'EMFILE' });
    });
    expect(logged).toEqual([]);
  });

  it('is given up no more', async () => {
    const { control, abort, aborted } = controlWith();
    await carryOut(control, download, async () => {
      throw new Error('gone');
    });
    abort.abort();
    expect(aborted).toEqual(['the transfer failed']);
  });
});

describe('a transfer whose connection broke', () => {
  const silent = new Promise<void>(() => undefined);
  const breaking = async (): Promise<never> => {
    throw new Error('ECONNRESET');
  };
  const turns = () => new Promise(setImmediate);

  it('is answered at once, and is recorded as aborted when its control connection ends with it', async () => {
    const { control, sent, abort } = controlWith({ heard: silent });
    const result = carryOut(control, download, breaking);
    await turns();
    expect(texts(sent).slice(1)).toEqual(['426 The data connection broke; the transfer is not complete.']);
    abort.abort();
    expect(await result).toMatchObject({ outcome: 'aborted', bytes: 0, facts: { reason: 'ECONNRESET' } });
  });

  it('is recorded as failed when its client goes on, and when that has waited long enough', async () => {
    const heard = Promise.withResolvers<void>();
    const { control } = controlWith({ heard: heard.promise });
    let isOver = false;
    const result = carryOut(control, download, breaking).finally(() => {
      isOver = true;
    });
    await turns();
    expect(isOver).toBe(false);
    heard.resolve();
    expect(await result).toMatchObject({ outcome: 'failed', facts: { reason: 'ECONNRESET' } });
    const { control: patient } = controlWith({ heard: silent, uploadEndDelay: 10 });
    expect(await carryOut(patient, download, breaking)).toMatchObject({ outcome: 'failed' });
  });

  it.each([
    ['a slow peer', new PaceError('data-channel-slow', 'Slow', 'slow')],
    ['the storage', new StorageError('no-space', 'full')],
    ['a refusal', new TransferRefused('The end is not known.')],
  ])('for the sake of %s is recorded without waiting', async (_who, error) => {
    const { control } = controlWith({ heard: silent });
    const result = await carryOut(control, download, async () => {
      throw error;
    });
    expect(result.outcome).toBe('failed');
  });
});
