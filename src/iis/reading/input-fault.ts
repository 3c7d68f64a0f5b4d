/** Places in files of IIS, and what is said when a file is refused as a whole: where, what, and how to mend it. */
import { printablePath } from '../../operations/printable.ts';

/** A place that an editor shows: line and column count from 1, the column in UTF-16 units. */
export interface InputPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** In another file than applicationHost.config, which is the one that is meant where no file is named. */
  readonly isOfWebConfig?: true;
}

/** @returns the place within a sentence about applicationHost.config: line and column, and before them a file that is another */
export function placeText({ file, line, column, isOfWebConfig }: InputPlace): string {
  return `${isOfWebConfig ? `${printablePath(file)}:` : ''}${line}:${column}`;
}

/** The file is refused, and nothing of it is used. */
export class InputFault extends Error {
  override readonly name = 'InputFault';
  readonly place: InputPlace;
  readonly remedy: string;
  /** Another place that the message is about, such as the first of two. */
  readonly other: InputPlace | undefined;
  constructor(place: InputPlace, message: string, remedy: string, other?: InputPlace) {
    super(message);
    this.place = place;
    this.remedy = remedy;
    this.other = other;
  }
}

/** Orders places as they follow each other in one file, files by their name. */
export function comparePlaces(one: InputPlace, other: InputPlace): number {
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return one.line - other.line || one.column - other.column;
}
