/** What every Node process that cardgate starts is told, besides its own work. */

/** No debugger upon SIGUSR1: it gives the process, and what it knows of a card, to any other of the same user. */
export const childNodeArguments: readonly string[] = process.allowedNodeEnvironmentFlags.has('--disable-sigusr1')
  ? ['--disable-sigusr1']
  : [];
