/** What a test asks of a real FTP client, in one vocabulary for all of them: whom to connect to, with what identity, which steps. */
import { readFileSync } from 'node:fs';
import type { Card } from '../../../src/smartcard/card/card.ts';

interface ClientCard extends Pick<Card, 'uri' | 'module' | 'chainFile'> {
  /** Absent for a card in a reader. */
  readonly softHsmConfiguration?: string;
  /** What else the client needs to find the card. */
  readonly environment?: Readonly<Record<string, string>>;
}

export type TlsVersion = '1.2' | '1.3';

/** A certificate chain and key in files, or a card with its PIN, or nothing. */
export type ClientIdentity =
  | { readonly kind: 'files'; readonly certificateFile: string; readonly keyFile: string }
  | { readonly kind: 'card'; readonly card: ClientCard; readonly pin: string }
  | { readonly kind: 'none' };

export type ClientStep =
  | { readonly do: 'list'; readonly path: string }
  | (FileStep & { readonly do: 'upload'; readonly pause?: ClientPause })
  | (FileStep & { readonly do: 'download' });

interface FileStep {
  readonly remote: string;
  readonly local: string;
  /** TYPE A; only curl, lftp and ftplib can. Default: false. */
  readonly isText?: boolean;
}

/** A client that stands still until the test has done something; only basic-ftp can. It writes `<file>.reached` and awaits `file`. */
export interface ClientPause {
  readonly file: string;
}

export interface ClientSession {
  /** Name or address of the server. Default: localhost. */
  readonly host?: string;
  readonly port: number;
  readonly user: string;
  /** Default: empty. */
  readonly password?: string;
  /** PEM file of the root that issued the server's certificate. */
  readonly rootFile: string;
  readonly identity: ClientIdentity;
  readonly tls: TlsVersion;
  /** With TLS 1.3: TLS 1.2 is offered beside it, as clients do by themselves; only curl, lftp, Ruby and basic-ftp can. Default: false. */
  readonly offersOlderTls?: boolean;
  /** TLS from the first octet instead of AUTH TLS. Default: false. */
  readonly implicit?: boolean;
  /** Active mode instead of passive; netkit ftp knows it alone. Default: false. */
  readonly active?: boolean;
  /** Data connections without TLS behind a protected login; only curl can. Default: false. */
  readonly clearData?: boolean;
  /** After the login, before the steps. */
  readonly pauseAfterLogin?: ClientPause;
  /** Done one after the other in one FTP session; the first that fails ends it. */
  readonly steps: readonly ClientStep[];
  /** More of the environment, such as OPENSSL_CONF for a client that is to do what it does not do by itself. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: 30 seconds for the whole run. */
  readonly timeoutMs?: number;
}

export interface ClientResult {
  /** 0: every step worked. `null`: ended by a signal, such as that of the timeout. */
  readonly exitCode: number | null;
  /** Listings, in what form the client prints them. */
  readonly stdout: string;
  /** Errors, with the server's reply where the client shows it. */
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** As it stands in URLs. */
export function urlHost({ host = 'localhost' }: Pick<ClientSession, 'host'>): string {
  return host.includes(':') ? `[${host}]` : host;
}

export function fileIdentity(person: { readonly certificateFile: string; readonly keyFile: string }): ClientIdentity {
  return { kind: 'files', certificateFile: person.certificateFile, keyFile: person.keyFile };
}

/** @param pin default: the one in the card's PIN file. */
export function cardIdentity(card: Card, pin = readFileSync(card.pinFile, 'utf8')): ClientIdentity {
  const { uri, module, softHsmConfiguration, chainFile } = card;
  return { kind: 'card', card: { uri, module, softHsmConfiguration, chainFile }, pin };
}
