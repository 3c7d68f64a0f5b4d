import { afterEach, describe, expect, it, vi } from 'vitest';
import { CountedWarnings } from '../../../src/operations/counted-warnings.ts';
import { noticeShortage, tellShortagesTo } from '../../../src/operations/descriptor-shortage.ts';
import { type LogFields, type Logger, silentLogger } from '../../../src/operations/log.ts';
import { toStorageError } from '../../../src/storage/storage-errors.ts';

function recordingLogger() {
  const lines: { readonly event: string; readonly fields: LogFields }[] = [];
  const logger: Logger = { ...silentLogger, warn: (event, fields = {}) => void lines.push({ event, fields }) };
  return { lines, logger };
}

const systemError = (code: string) => Object.assign(new Error(`${code}: open '/f'`), { code });

describe('a shortage of file descriptors', () => {
  afterEach(() => vi.useRealTimers());

  it('is told with the first failure of a minute and counted from then on, whatever failed', () => {
    vi.useFakeTimers();
    const { lines, logger } = recordingLogger();
    const end = tellShortagesTo(logger);
    for (const code of ['EMFILE', 'ENFILE', 'EMFILE'])
      expect(noticeShortage(systemError(code), 'directory')).toBe(true);
    expect(lines.map(({ event }) => event)).toEqual(['descriptors-exhausted']);
    expect(lines[0]?.fields).toMatchObject({ during: 'directory', errno: 'EMFILE' });
    vi.advanceTimersByTime(60_000);
    expect(lines[1]).toMatchObject({ event: 'descriptors-exhausted-again', fields: { count: 2 } });
    noticeShortage(systemError('EMFILE'), 'retrieval');
    expect(lines[2]).toMatchObject({ event: 'descriptors-exhausted', fields: { during: 'retrieval' } });
    end();
  });

  it.each([
    ['the cause of another error', () => new Error('lost', { cause: systemError('EMFILE') })],
    ['one of several addresses', () => new AggregateError([systemError('ECONNREFUSED'), systemError('EMFILE')])],
    ['what the storage reports', () => toStorageError(systemError('ENFILE'), 'open /f')],
  ])('is found as %s, and counted once however many layers see it', (_case, make) => {
    const { lines, logger } = recordingLogger();
    const end = tellShortagesTo(logger);
    const error = make();
    expect([noticeShortage(error, 'one'), noticeShortage(error, 'two')]).toEqual([true, true]);
    expect(noticeShortage(new Error('outer', { cause: error }), 'three')).toBe(true);
    end();
    expect(lines).toHaveLength(1);
  });

  it('is told to a log that begins to listen, whatever came before', () => {
    noticeShortage(systemError('EMFILE'), 'before');
    const { lines, logger } = recordingLogger();
    const end = tellShortagesTo(logger);
    noticeShortage(systemError('EMFILE'), 'after');
    end();
    expect(lines.map(({ fields }) => fields['during'])).toEqual(['after']);
  });

  it('is no other error, and nothing that is no error', () => {
    expect([systemError('ENOENT'), 'EMFILE', undefined].map((error) => noticeShortage(error, 'x'))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('at the end of the process is told with what was counted so far', () => {
    const { lines, logger } = recordingLogger();
    const end = tellShortagesTo(logger);
    noticeShortage(systemError('EMFILE'), 'x');
    noticeShortage(systemError('EMFILE'), 'x');
    end();
    expect(lines.at(-1)).toMatchObject({ event: 'descriptors-exhausted-again', fields: { count: 1 } });
  });
});

it('a counted warning begins anew after its window was ended by hand', () => {
  const { lines, logger } = recordingLogger();
  const warnings = new CountedWarnings(1);
  warnings.warn(logger, 'descriptors-exhausted', {});
  warnings.endWindow();
  warnings.warn(logger, 'descriptors-exhausted', {});
  warnings.endWindow();
  expect(lines.map(({ event }) => event)).toEqual(['descriptors-exhausted', 'descriptors-exhausted']);
});
