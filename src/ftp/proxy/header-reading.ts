/** What the octets at the beginning of a connection are as a PROXY header. */

/** `local`: the proxy speaks for itself. `unknown`: for a client whose address it does not say. */
export type ProxyHeader =
  | { readonly kind: 'client'; readonly source: string; readonly destination: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'local' };

/** `octets`: length of the header; what follows belongs to the connection. */
export type HeaderReading =
  | { readonly outcome: 'header'; readonly header: ProxyHeader; readonly octets: number }
  | { readonly outcome: 'incomplete' }
  | { readonly outcome: 'malformed'; readonly reason: string };

export const incomplete = { outcome: 'incomplete' } as const;

export function malformed(reason: string): HeaderReading {
  return { outcome: 'malformed', reason };
}
