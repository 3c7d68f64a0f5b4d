/** The settings of permission bits: of what clients make, and of what they may set. */
import { z } from 'zod';

const octal = (error: string) =>
  z
    .string({ error })
    .regex(/^0?[0-7]{3,4}$/u, { error })
    .transform((text) => Number.parseInt(text, 8));
const permissions = octal('must be a file mode in octal and in quotation marks, such as "0640"').refine(
  (bits) => bits <= 0o777,
  { error: 'must be a file mode of the nine permission bits, such as "0640"' },
);

/** Part of fileHandling. */
export const fileModeSettings = {
  fileMode: permissions
    .optional()
    .describe('Permission bits of new files, in octal. Without it "0640", less the umask of the service'),
  directoryMode: permissions
    .optional()
    .describe('Permission bits of new directories, in octal. Without it "0750", less the umask of the service'),
  umask: permissions
    .prefault('0000')
    .describe('Bits that new files and directories do without; SITE UMASK sets another one for a session'),
  allowedModeBits: octal('must be a file mode in octal and in quotation marks, such as "0777"')
    .prefault('0777')
    .describe(
      'Bits that SITE CHMOD and MFF may set; above the nine permission bits set-user-ID, set-group-ID and sticky. "0000" offers neither',
    ),
  allowSymbolicLinks: z
    .boolean()
    .default(false)
    .describe('SITE SYMLINK makes links to what the client may read in its home'),
};
