/**
 * Which tokens refused a PIN in this process. A wrong PIN costs one of the few tries a card has, so each login asks
 * here first, and no second try is made for any reason: another layer, a retry, a second connection.
 */

/** As much of a token as is known; at least label or serial number, as CK_TOKEN_INFO or an RFC 7512 URI has them. */
export interface TokenName {
  /** Path of the PKCS#11 module. */
  readonly module: string;
  readonly label?: string | undefined;
  readonly serialNumber?: string | undefined;
}

const refusals: TokenName[] = [];

export function recordPinRefusal(token: TokenName): void {
  if (!wasPinRefused(token)) refusals.push(token);
}

/** Whether this token refused a PIN, or may be the one that did: names that do not contradict each other are taken for the same. */
export function wasPinRefused(token: TokenName): boolean {
  return refusals.some(
    (refused) =>
      refused.module === token.module &&
      agree(refused.label, token.label) &&
      agree(refused.serialNumber, token.serialNumber),
  );
}

function agree(left: string | undefined, right: string | undefined): boolean {
  return left === undefined || right === undefined || left === right;
}
