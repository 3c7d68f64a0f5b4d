/** What the process says to its caller when it ends. */
export const exitCode = {
  done: 0,
  /** The certificate, the login or the card operation was refused, or the service could not do its work. */
  refused: 1,
  /** Bad usage or bad configuration; nothing was started. */
  usage: 2,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
