/** What a site says to its clients in words of its own (IIS: messages). Each may have several lines. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Decoded } from '../settings/decoded.ts';
import { iis } from '../settings/iis-name.ts';
import { messageLines } from './reply.ts';

const text = (longest: number) => z.string().max(longest);

export const messages = z
  .strictObject({
    /** Every client that connects sees it: a banner that names software or host tells them to strangers. */
    bannerMessage: text(8_192)
      .optional()
      .describe('Greeting before login; without it: cardgate ready.')
      .meta(iis('ftpServer/messages@bannerMessage')),
    suppressDefaultBanner: z
      .boolean()
      .default(false)
      .describe('Greets with no words at all where bannerMessage is not set')
      .meta(iis('ftpServer/messages@suppressDefaultBanner')),
    /** Stands before the banner; the record of each login names its SHA-256. */
    consentBanner: text(8_192)
      .min(1)
      .optional()
      .describe('What each client is told before it can log in, such as that its use is monitored'),
    greetingMessage: text(8_192)
      .default('Logged in.')
      .describe('Text after login')
      .meta(iis('ftpServer/messages@greetingMessage')),
    exitMessage: text(1_024).default('Goodbye.').describe('Text at QUIT').meta(iis('ftpServer/messages@exitMessage')),
    maxClientsMessage: text(1_024)
      .default('Too many connections.')
      .describe('Text for clients beyond maxConnections')
      .meta(iis('ftpServer/messages@maxClientsMessage')),
    /** Others stay as they are. Bytes are counted as the record of the session has them: sent by the server, received by it. */
    expandVariables: z
      .boolean()
      .default(false)
      .describe(
        'Puts values for %BytesReceived%, %BytesSent%, %SessionID%, %SiteName% and %UserName% into messages other than consentBanner',
      )
      .meta(iis('ftpServer/messages@expandVariables')),
    /** Off, other than in IIS: behind a proxy on the same host every client is local. */
    allowLocalDetailedErrors: z
      .boolean()
      .default(false)
      .describe('Clients of the loopback addresses read code and remedy of a refusal in its reply')
      .meta(iis('ftpServer/messages@allowLocalDetailedErrors')),
  })
  .prefault({});

type Messages = Decoded<typeof messages>;

/** What stands for the variables. */
export interface MessageValues {
  readonly siteName: string;
  /** Absent before a connection has begun. */
  readonly sessionId?: string;
  /** Absent before a login. */
  readonly userName?: string | undefined;
  readonly bytesSent?: number;
  readonly bytesReceived?: number;
}

type Worded = 'bannerMessage' | 'greetingMessage' | 'exitMessage' | 'maxClientsMessage';

/** @returns its lines, for a reply */
export function messageOf(settings: Messages, which: Worded, values: MessageValues): readonly string[] {
  const message = settings[which] ?? (settings.suppressDefaultBanner ? '' : 'cardgate ready.');
  return messageLines(settings.expandVariables ? expanded(message, values) : message);
}

/** The consent banner and the banner: what every client reads before it can log in. */
export function greetingLines(settings: Messages, values: MessageValues): readonly string[] {
  const banner = messageOf(settings, 'bannerMessage', values);
  return settings.consentBanner === undefined ? banner : [...messageLines(settings.consentBanner), ...banner];
}

const digests = new WeakMap<Messages, string>();

/** @returns SHA-256 of the consent banner as it is configured, lower-case hexadecimal */
export function consentDigest(settings: Messages): string | undefined {
  if (settings.consentBanner === undefined) return undefined;
  const digest = digests.get(settings) ?? createHash('sha256').update(settings.consentBanner).digest('hex');
  digests.set(settings, digest);
  return digest;
}

/** Letter case aside, as IIS has it. A value is not looked through for further variables, and ends no line. */
function expanded(message: string, values: MessageValues): string {
  return message.replace(/%(\w+)%/gu, (written, name: string) => {
    return variables[name.toLowerCase()]?.(values).replace(/[\r\n]/gu, '?') ?? written;
  });
}

/** @returns the words between percent signs in a message, without them */
export function variablesIn(message: string): readonly { readonly name: string; readonly isKnown: boolean }[] {
  return [...message.matchAll(/%(\w+)%/gu)].map(([, name = '']) => ({
    name,
    isKnown: Object.hasOwn(variables, name.toLowerCase()),
  }));
}

const variables: Readonly<Record<string, (values: MessageValues) => string>> = {
  bytesreceived: ({ bytesReceived = 0 }) => String(bytesReceived),
  bytessent: ({ bytesSent = 0 }) => String(bytesSent),
  sessionid: ({ sessionId = '' }) => sessionId,
  sitename: ({ siteName }) => siteName,
  username: ({ userName = '' }) => userName,
};
