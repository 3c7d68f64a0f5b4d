/** What a virtual card and its reader tell about themselves: enough for a test to count tries and signatures by. Never a PIN. */

export type CardEvent =
  | { readonly kind: 'inserted' }
  | { readonly kind: 'removed' }
  | { readonly kind: 'pin-right' }
  | { readonly kind: 'pin-wrong'; readonly triesLeft: number }
  /** The PIN was offered to a card that has no tries left; it was not compared. */
  | { readonly kind: 'pin-blocked' }
  | { readonly kind: 'pin-changed' }
  | { readonly kind: 'puk-changed' }
  | { readonly kind: 'puk-wrong'; readonly triesLeft: number }
  | { readonly kind: 'puk-blocked' }
  /** The PUK set a new PIN. */
  | { readonly kind: 'pin-reset' }
  /** A program asks for the operation of a key, which may take its time; `slot` as in `9a`. */
  | { readonly kind: 'signature-asked'; readonly slot: string }
  | { readonly kind: 'signature'; readonly slot: string }
  /** The token that holds the keys failed. */
  | { readonly kind: 'token-failure'; readonly message: string };

export interface CardStatus {
  readonly inserted: boolean;
  readonly pinTriesLeft: number;
  readonly pukTriesLeft: number;
}
