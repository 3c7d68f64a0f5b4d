/** The alerts of TLS (RFC 8446 section 6, IANA "TLS Alerts") and what those a server may send mean to the card holder. */

const alerts = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  inappropriate_fallback: 86,
  user_canceled: 90,
  missing_extension: 109,
  unsupported_extension: 110,
  unrecognized_name: 112,
  bad_certificate_status_response: 113,
  unknown_psk_identity: 115,
  certificate_required: 116,
  no_application_protocol: 120,
} as const;

export type AlertName = keyof typeof alerts;

export function isAlertName(name: unknown): name is AlertName {
  return typeof name === 'string' && Object.hasOwn(alerts, name);
}

const names = new Map<number, AlertName>(
  Object.keys(alerts)
    .filter(isAlertName)
    .map((name) => [alerts[name], name]),
);

/** The registered name of an alert; `alert_<number>` for one that is not in the table. */
export function alertName(code: number): AlertName | `alert_${number}` {
  return names.get(code) ?? `alert_${code}`;
}

/** AlertDescription with its level (RFC 8446 6): warning for the two closure alerts, fatal for the rest. */
export function encodeAlert(name: AlertName): Buffer {
  const isClosure = name === 'close_notify' || name === 'user_canceled';
  return Buffer.from([isClosure ? 1 : 2, alerts[name]]);
}

const remedies: Partial<Record<AlertName, string>> = {
  handshake_failure:
    'The server accepts neither the key of this certificate nor the algorithms offered: ask who runs it.',
  bad_certificate:
    'The server refuses this certificate: ask who runs it why, or choose another certificate of the card.',
  unsupported_certificate: 'The server does not know this kind of key: choose another certificate of the card.',
  certificate_revoked: 'The certificate was revoked: ask for a new card.',
  certificate_expired: 'The certificate is past its end: renew it; or the clock of the server is wrong.',
  certificate_unknown:
    'The server refuses this certificate: ask who runs it why, or choose another certificate of the card.',
  unknown_ca: 'The server does not trust who issued this certificate: ask who runs it to add the issuing authority.',
  access_denied: 'The server knows the certificate and refuses it: ask who runs it.',
  decrypt_error: 'The server could not verify the signature: the certificate may not belong to the key on the card.',
  certificate_required: 'The server wants a certificate: insert the card and choose its logon certificate.',
  unrecognized_name: 'The server does not answer to this name: check the address.',
};

/** One sentence: what the holder of the card does about an alert of the server. */
export function alertRemedy(name: string): string {
  return (isAlertName(name) ? remedies[name] : undefined) ?? 'Ask who runs the server; its log says why.';
}
