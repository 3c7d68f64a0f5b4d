/** Which names of a home an absolute host path means. */
import { describe, expect, it } from 'vitest';
import { HomeLocation, namesOf } from '../../../src/storage/home-location.ts';

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
