/** Which names of a home an absolute host path means. */
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HomeLocation } from '../../../src/storage/home-location.ts';
import { namesOf } from '../../../src/storage/names.ts';
import { createTemporaryHome, type TemporaryHome } from './temporary-home.ts';

describe('a host path', () => {
  it.each<[string, string, string | undefined]>([
    ['the home itself is its root', '/srv/ada', '/'],
    ['below the home keeps its names', '/srv/ada/in/x', '/in/x'],
    ['a neighbour whose name begins alike lies outside', '/srv/adam/in', undefined],
    ['what lies above lies outside', '/srv', undefined],
  ])('%s', (_rule, host, expected) => expect(new HomeLocation('/srv/ada').virtualPath(host)).toBe(expected));

  it('lies below the root of the file system, with one slash', () => {
    const whole = new HomeLocation('/');
    expect([whole.virtualPath('/'), whole.virtualPath('/etc/x'), whole.hostPath('/etc/x')]).toEqual([
      '/',
      '/etc/x',
      '/etc/x',
    ]);
  });

  it('is made of the home and a virtual path', () =>
    expect(new HomeLocation('/srv/ada').hostPath('/in/x')).toBe('/srv/ada/in/x'));

  it('has no names that mean nothing', () => expect(namesOf('//a/./b/..')).toEqual(['a', 'b', '..']));
});

describe('the target of an absolute link', () => {
  let place: TemporaryHome;
  let location: HomeLocation;
  beforeEach(async () => {
    place = await createTemporaryHome();
    location = await HomeLocation.of(place.home);
    await symlink(dirname(place.home), join(place.outside, 'roundabout'));
    await mkdir(join(place.home, 'in'));
  });
  afterEach(() => place.remove());

  it.each([
    ['the home', '/', '', []],
    ['below it', '/in//./x', '', ['in', 'x']],
    ['by a link above the home', '/home', 'roundabout', []],
    ['below it, by a link above the home', '/home/in/x', 'roundabout', ['in', 'x']],
  ])('in the home is %s', async (_what, path, way, names) => {
    const target = way === '' ? `${place.home}${path}` : `${place.outside}/${way}${path}`;
    expect(await location.segmentsOf(target)).toEqual(names);
  });

  it.each([
    ['what is there', '/secret.txt', false],
    ['what is not there', '/none', false],
    ['what is in no directory', '/none/x', true],
  ])('outside is refused: %s', async (_what, path, hasCause) => {
    const error = await location.segmentsOf(`${place.outside}${path}`).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'StorageError', kind: 'outside' });
    expect(error.cause !== undefined).toBe(hasCause);
  });
});
