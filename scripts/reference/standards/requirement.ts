/** How the tables of standards say what one asks of a server, what the server does, and which test shows it. */

/** In the words of RFC 2119. Where a standard is older, MUST is for its least server, and MAY for what it leaves to the server. */
export type Level = 'MUST' | 'SHOULD' | 'MAY';

export type Conduct =
  | { readonly kind: 'done'; readonly how?: string }
  /** As the setting has it. */
  | { readonly kind: 'setting'; readonly setting: string; readonly how: string }
  /** @property code of the reply */
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string };

export interface Requirement {
  readonly section: string;
  readonly level: Level;
  /** Verbs it is about. */
  readonly commands: readonly string[];
  readonly text: string;
  readonly conduct: Conduct;
  readonly test: { readonly file: string; readonly title: string };
}

export interface Standard {
  readonly name: string;
  readonly about: string;
  readonly requirements: readonly Requirement[];
}

/**
 * @param commands verbs with spaces between them
 * @param test file without its ending, below test/protocol or with a path below test, a colon, and the title as the file has it
 */
export function requirement(
  section: string,
  level: Level,
  commands: string,
  text: string,
  conduct: Conduct,
  test: string,
): Requirement {
  const [, called = '', title = ''] = /^([\w/-]+): (.*)$/su.exec(test) ?? [];
  const file = `test/${called.includes('/') ? called : `protocol/${called}`}.test.ts`;
  return { section, level, commands: commands.split(' ').filter(Boolean), text, conduct, test: { file, title } };
}

export const done: Conduct = { kind: 'done' };

export function doneAs(how: string): Conduct {
  return { kind: 'done', how };
}

export function bySetting(setting: string, how: string): Conduct {
  return { kind: 'setting', setting, how };
}

export function refused(code: number, reason: string): Conduct {
  return { kind: 'refused', code, reason };
}
