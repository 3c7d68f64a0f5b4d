/**
 * Files that uploads write into under their own names, by APPE and by STOR behind REST: unless the site allows it, no client reads them
 * meanwhile. An upload that replaces a file is under no name until it is whole, and stands in no way.
 */

/** Of all sites of the process: they may share their files. */
export class UploadsInProgress {
  readonly #counts = new Map<string, number>();

  /** @param names of one file @returns to be called at the end of the upload */
  begin(names: readonly string[]): () => void {
    for (const name of names) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    return () => {
      for (const name of names) {
        const left = (this.#counts.get(name) ?? 1) - 1;
        if (left > 0) this.#counts.set(name, left);
        else this.#counts.delete(name);
      }
    };
  }

  /** Whether an upload writes into a file of one of these names. */
  hasAny(names: readonly string[]): boolean {
    return this.#counts.size > 0 && names.some((name) => this.#counts.has(name));
  }
}
