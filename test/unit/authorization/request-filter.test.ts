/** Names as request filtering compares them: by whatever spelling a file system may take for the same name. */
import { describe, expect, it } from 'vitest';
import { requestFilterOf } from '../../../src/authorization/request-filter.ts';
import { requestFiltering } from '../../../src/authorization/request-filtering.ts';

const filterOf = (settings: Parameters<typeof requestFiltering.parse>[0]) =>
  requestFilterOf(requestFiltering.parse(settings));

describe('requestFiltering', () => {
  it('that refuses nothing is no filter, and costs nothing', () => {
    expect(filterOf({})).toBeUndefined();
    expect(filterOf({ fileExtensions: { extensions: [{ fileExtension: '.txt', allowed: true }] } })).toBeUndefined();
  });

  it('makes one filter of one section', () => {
    const section = requestFiltering.parse({ hiddenSegments: ['x'] });
    expect(requestFilterOf(section)).toBe(requestFilterOf(section));
  });

  it.each([
    [
      'Geheim',
      ['geheim', 'GEHEIM', 'geheim.', 'geheim ', 'ge\u00adheim', 'ge\u200bheim'],
      ['geheime', 'g', 'geheim.txt'],
    ],
    ['Größe', ['größe', 'GRÖSSE', 'gro\u0308ße'], ['grosse']],
    ['_vti_bin', ['_VTI_BIN', '_vti_bin...'], ['vti_bin']],
  ])('hides %s by any spelling, and no other name', (segment, hidden, shown) => {
    const filter = filterOf({ hiddenSegments: [segment] });
    for (const name of hidden) {
      expect(filter?.hides(name), name).toBe(true);
      expect(filter?.refusal(`/a/${name}/b`, 'unknown')?.code, name).toBe('hidden-segment');
    }
    for (const name of shown) expect(filter?.hides(name), name).toBe(false);
  });

  it.each([
    ['/a.exe', 'file', true],
    ['/a.EXE. .', 'file', true],
    ['/a.e\u00adxe', 'file', true],
    ['/a.exe', 'directory', false],
    ['/a.exe/b', 'file', false],
    ['/exe', 'file', false],
    ['/.exe', 'file', true],
    ['/a.txt.exe', 'file', true],
    ['/a.exe.txt', 'file', false],
  ] as const)('of extension .exe: %s as a %s is refused: %s', (path, kind, isRefused) => {
    const filter = filterOf({ fileExtensions: { extensions: [{ fileExtension: 'exe', allowed: false }] } });
    expect(filter?.refusal(path, kind) !== undefined).toBe(isRefused);
  });

  it.each([
    ['/b/', ['/b', '/a/b', '/A/B'], ['/a', '/ab', '/']],
    ['b/c', ['/b', '/ab', '/x/B'], ['/a', '/b/x', '/']],
    ['a/b/c', ['/a', '/a/b', '/xa'], ['/b', '/a/x']],
  ])(
    'of sequence %s: a directory on the way to it stays where it is, and others do not',
    (sequence, fixed, movable) => {
      const filter = filterOf({ denyUrlSequences: [sequence] });
      for (const path of fixed) expect(filter?.refusalToMove(path)?.code, path).toBe('url-sequence-denied');
      for (const path of movable) expect(filter?.refusalToMove(path), path).toBeUndefined();
    },
  );
});
