/**
 * Paths as the loosest file system compares them: without regard to letter case, to composed and decomposed accents, to
 * invisible characters, and to dots and spaces at the end of a name. Equal here means suspect; the disk must confirm it.
 */
const invisible = /\p{Default_Ignorable_Code_Point}/gu;
const ascii = /^[\0-\u007f]*$/u;
const trailing = /[. ]+(?=\/|$)/gu;

/**
 * @param path or name, decoded
 * @returns for comparison only: it names nothing on the disk
 */
export function foldedPath(path: string): string {
  return foldedName(path).replace(trailing, '');
}

/** As `foldedPath`, with the dots and spaces at the end of names. */
export function foldedName(path: string): string {
  // What most names are of folds to its small letters alone: directories of a million names are looked through by this.
  if (ascii.test(path)) return path.toLowerCase();
  const folded = path.normalize('NFKD').replace(invisible, '').toUpperCase().toLowerCase();
  return folded.normalize('NFKD');
}
