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

/** @param base what the file itself is for: locations of applicationHost.config are below the server, those of a web.config below its path */
export function readLocationPath(path: string | undefined, base: LocationPath = { at: 'server' }): LocationPath {
  if (path === undefined || path === '' || path === '.') return base;
  const segments = path.split(/[\\/]+/).filter((segment) => segment !== '');
  const isPlain = segments.join('/') === path;
  const hasDots = (names: readonly string[]) => names.some((segment) => segment === '.' || segment === '..');
  if (base.at === 'server') {
    const [site = '', ...rest] = segments;
    return { at: 'site', site, virtualPath: `/${rest.join('/')}`, isOdd: !isPlain || hasDots(rest) || site === '' };
  }
  const above = base.virtualPath === '/' ? '' : base.virtualPath;
  const isOdd = base.isOdd || !isPlain || hasDots(segments);
  return { at: 'site', site: base.site, virtualPath: `${above}/${segments.join('/')}`, isOdd };
}

/** Names of paths compare without regard to case. */
export function isAtOrBelow(path: string, above: string): boolean {
  const [inner, outer] = [path.toLowerCase(), above.toLowerCase()];
  return outer === '/' || inner === outer || inner.startsWith(`${outer}/`);
}
