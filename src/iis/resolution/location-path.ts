/** The path of a `location` element: the server, a site, or a path below a site. Names compare without regard to case. */

export type LocationPath =
  | { readonly at: 'server' }
  | {
      readonly at: 'site';
      /** As it is written. */
      readonly site: string;
      /** `/`, or a path below it without a slash at its end. */
      readonly virtualPath: string;
      /** IIS may or may not take such a spelling, and so it says nothing reliable. */
      readonly isOdd: boolean;
    };

export function readLocationPath(path: string | undefined): LocationPath {
  if (path === undefined || path === '' || path === '.') return { at: 'server' };
  const [site = '', ...rest] = path.split(/[\\/]+/).filter((segment) => segment !== '');
  const plain = [site, ...rest].join('/');
  const isOdd = plain !== path || rest.some((segment) => segment === '.' || segment === '..') || site === '';
  return { at: 'site', site, virtualPath: `/${rest.join('/')}`, isOdd };
}
