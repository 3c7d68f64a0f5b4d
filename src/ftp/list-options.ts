/**
 * The options of `ls` that clients put before the path of LIST, NLST and STAT. No standard has them; letters that mean nothing here
 * are ignored. A name that looks like options is reached as `./-name`, or behind `--`.
 */

export interface ListOptions {
  /** Whether names that begin with a dot are shown; `.` and `..` never are. */
  readonly showsDotNames: boolean;
  readonly style: 'long' | 'names';
  readonly isRecursive: boolean;
  /** A directory is shown as an entry, not by its entries. */
  readonly showsItself: boolean;
  /** What follows a name: `/` of a directory; of `all` also `@` of a link, `*` of a program, `|` of a special file. */
  readonly marks: 'none' | 'directories' | 'all';
  /** `none`: as the file system has them. */
  readonly order: 'none' | 'name' | 'time' | 'size';
  readonly isReversed: boolean;
}

const effects: ReadonlyMap<string, Partial<ListOptions>> = new Map(
  Object.entries<Partial<ListOptions>>({
    a: { showsDotNames: true },
    A: { showsDotNames: true },
    f: { showsDotNames: true, order: 'none' },
    l: { style: 'long' },
    g: { style: 'long' },
    n: { style: 'long' },
    o: { style: 'long' },
    C: { style: 'names' },
    m: { style: 'names' },
    x: { style: 'names' },
    R: { isRecursive: true },
    d: { showsItself: true },
    F: { marks: 'all' },
    p: { marks: 'directories' },
    S: { order: 'size' },
    t: { order: 'time' },
    U: { order: 'none' },
    r: { isReversed: true },
  }),
);

const oneGroup = /^-(?<letters>[A-Za-z0-9]+)(?: +|$)/u;
const endOfOptions = /^--(?: |$)/u;

/** @param style of the command, where no letter says another */
export function parseListOptions(
  argument: string,
  style: ListOptions['style'],
): { readonly options: ListOptions; readonly called: string } {
  let letters = '';
  let called = argument;
  for (let group = oneGroup.exec(called); group; group = oneGroup.exec(called)) {
    letters += group.groups?.['letters'] ?? '';
    called = called.slice(group[0].length);
  }
  called = called.replace(endOfOptions, '');
  const wanted: ListOptions = Object.assign(
    {
      showsDotNames: false,
      // POSIX has -l win over -1.
      style: letters.includes('1') ? 'names' : style,
      isRecursive: false,
      showsItself: false,
      marks: 'none',
      order: 'none',
      isReversed: false,
    } satisfies ListOptions,
    ...Array.from(letters, (letter) => effects.get(letter)),
  );
  const order = wanted.order === 'none' && wanted.isReversed ? 'name' : wanted.order;
  return { options: { ...wanted, order }, called };
}
