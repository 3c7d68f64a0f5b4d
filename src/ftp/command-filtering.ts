/** Which commands a site lets clients send (IIS: commandFiltering). A command is told by all its names, so that XMKD is MKD. */
import { z } from 'zod';
import { type Denial, denial } from '../denial.ts';
import type { Decoded } from '../settings/decoded.ts';
import { iis } from '../settings/iis-name.ts';
import { size } from '../settings/values.ts';

const filteredCommand = z.strictObject({
  /** Decoded to capitals. */
  command: z
    .string()
    .max(64)
    .regex(/^(?:[A-Za-z0-9]+|[Ss][Ii][Tt][Ee] [A-Za-z]+)$/u, { error: 'must be a command, such as DELE or SITE CHMOD' })
    .transform((text) => text.toUpperCase())
    .describe('Its name, or SITE and one of its commands')
    .meta(iis('ftpServer/security/commandFiltering/add@command')),
  allowed: z
    .boolean()
    .describe('Whether clients may send it')
    .meta(iis('ftpServer/security/commandFiltering/add@allowed')),
});

export const commandFiltering = z
  .strictObject({
    maxCommandLine: size(512, 65_536)
      .prefault(4_096)
      .describe('Longest command line in bytes')
      .meta(iis('ftpServer/security/commandFiltering@maxCommandLine')),
    allowUnlisted: z
      .boolean()
      .default(true)
      .describe('Whether clients may send commands that are not listed')
      .meta(iis('ftpServer/security/commandFiltering@allowUnlisted')),
    /** Where a command is listed twice, or by two of its names, false wins. */
    commands: z.array(filteredCommand).max(200).default([]).describe('Commands that clients may send or not'),
  })
  .prefault({});

export type CommandFiltering = Decoded<typeof commandFiltering>;

/** @param names all names of one command, the one that the client sent first @returns undefined where it is allowed */
export function commandRefusal(
  { allowUnlisted, commands }: CommandFiltering,
  names: readonly string[],
): Denial | undefined {
  if (allowUnlisted && commands.length === 0) return undefined;
  const entries = commands.filter(({ command }) => names.includes(command));
  const isAllowed = entries.length === 0 ? allowUnlisted : entries.every(({ allowed }) => allowed);
  if (isAllowed) return undefined;
  const [command = ''] = names;
  const why = entries.length === 0 ? 'does not list it, and allowUnlisted is false' : 'lists it as not allowed';
  return denial('command-denied', `The client sent ${command}; commandFiltering ${why}.`, { command });
}
