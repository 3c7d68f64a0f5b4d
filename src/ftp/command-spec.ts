/** What a row of the command table says about one command. */
import type { Control } from './control/control.ts';
import type { AuthenticatedSession } from './control/session.ts';

/** A command behind another, such as SITE CHMOD. */
export interface Subcommand {
  readonly verb: string;
  /** As that of a command. */
  readonly syntax: string;
  readonly help: string;
}

/**
 * What becomes of a command that comes while a transfer runs: it waits for the end, as nearly all do; it is served at once (RFC 959
 * 4.1.3: ABOR, STAT); or it is served at once unless a command before it waits, so that its reply is not taken for that of the other.
 */
type DuringTransfer = 'waits' | 'at-once' | 'in-turn';

export interface CommandDescription {
  readonly verb: string;
  /** The older X name of the command (RFC 775), understood but not advertised. */
  readonly alias?: string;
  /** Empty: no argument. In brackets: optional. Otherwise required. */
  readonly syntax: string;
  readonly help: string;
  readonly rfc: string;
  /** Whether it may be sent before TLS where the site demands TLS; USER may, to be refused by name. */
  readonly inClear: boolean;
  readonly duringTransfer: DuringTransfer;
  /**
   * Line of FEAT (RFC 2389), without the leading space; a feature of no single command stands with the nearest.
   * Undefined where the site does not offer it.
   */
  readonly feature?: string | ((control: Control) => string | readonly string[] | undefined);
  readonly subcommands?: readonly Subcommand[];
}

/** A handler is given the state it needs, so one that needs a login cannot be run without. */
export type CommandSpec = CommandDescription &
  (
    | { readonly requires: 'nothing'; readonly run: (control: Control, argument: string) => Promise<void> | void }
    | {
        readonly requires: 'login';
        readonly run: (control: Control, argument: string, session: AuthenticatedSession) => Promise<void> | void;
      }
  );

type Options = Partial<Pick<CommandDescription, 'alias' | 'inClear' | 'duringTransfer' | 'feature' | 'subcommands'>>;
type Run<Requires extends CommandSpec['requires']> = Extract<CommandSpec, { requires: Requires }>['run'];

/** A command that needs no login. */
export function open(
  verb: string,
  syntax: string,
  help: string,
  rfc: string,
  run: Run<'nothing'>,
  options: Options = {},
): CommandSpec {
  return { requires: 'nothing', verb, syntax, help, rfc, run, inClear: false, duringTransfer: 'waits', ...options };
}

/** A command for those who are logged in. */
export function loggedIn(
  verb: string,
  syntax: string,
  help: string,
  rfc: string,
  run: Run<'login'>,
  options: Options = {},
): CommandSpec {
  return { requires: 'login', verb, syntax, help, rfc, run, inClear: false, duringTransfer: 'waits', ...options };
}

/** Its own name and the older one. */
export function verbsOf({ verb, alias }: CommandDescription): readonly string[] {
  return alias === undefined ? [verb] : [verb, alias];
}
