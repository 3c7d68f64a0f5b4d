/**
 * Every reason for which cardgate refuses, in one closed table: where it arises, what the FTP client is told, how loud the
 * audit record is, what it means and what an administrator does about it. docs/reference/denials.md and `cardgate explain` print it.
 */
import type { Facts, Stage } from './explanation/steps.ts';

export interface DenialEntry {
  readonly stage: Stage;
  /** FTP reply code (RFC 959, RFC 2228, RFC 4217). */
  readonly reply: 421 | 425 | 426 | 451 | 522 | 530 | 550;
  /** The IIS FTP sub-status an administrator may know from there; 0 where IIS has none. */
  readonly subStatus: number;
  /** `notice`: happens every day. `warning`: an administrator must mend something. `alert`: may be an attack. */
  readonly level: 'notice' | 'warning' | 'alert';
  readonly meaning: string;
  readonly remedy: string;
}

export const denialTable = {
  'certificate-missing': {
    stage: 'connection',
    reply: 530,
    subStatus: 47,
    level: 'notice',
    meaning: 'The client presented no certificate, or did not present it in a full TLS handshake.',
    remedy: 'Insert the card and select its logon certificate in the client; check that the client sends it.',
  },
  'authentication-disabled': {
    stage: 'connection',
    reply: 530,
    subStatus: 36,
    level: 'warning',
    meaning: 'The site has no authentication method enabled that this login could use.',
    remedy: 'Enable clientCertAuthentication for the site and set clientCertificatePolicy to CertAllow or CertRequire.',
  },
  'password-not-accepted': {
    stage: 'connection',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The client offered a password; this site logs people in by certificate only.',
    remedy: 'Configure the client to use the smart card; remove stored passwords from it.',
  },
  'certificate-malformed': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'alert',
    meaning: 'The certificate is not strict DER as X.509 demands, or an identity in it cannot be read without doubt.',
    remedy: 'Have the certificate issued again; report the issuing CA if it makes such certificates.',
  },
  'path-not-found': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'warning',
    meaning: 'No certification path leads from the certificate to a trust anchor of the site.',
    remedy:
      'Add the issuing CA to intermediates, or its root to trustAnchors, if that CA may issue logon certificates.',
  },
  'path-budget-exceeded': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'alert',
    meaning: 'Looking for a certification path took more work than one login may cost.',
    remedy: 'Look at the certificates the client sent: cross-signed cycles or huge name constraints are an attack.',
  },
  'signature-invalid': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'alert',
    meaning: 'A signature on the certification path does not verify with the issuer’s key.',
    remedy: 'The certificate was altered or comes from another CA of the same name; find out which.',
  },
  'algorithm-not-acceptable': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'warning',
    meaning: 'A certificate on the path uses a signature algorithm or a key that is too weak or not known.',
    remedy: 'Have the certificate issued with at least SHA-256 and RSA-2048 or P-256.',
  },
  'certificate-expired': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'notice',
    meaning: 'A certificate on the path is past its notAfter.',
    remedy: 'Renew the certificate on the card; if it is a CA, install the new CA certificate.',
  },
  'certificate-not-yet-valid': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'notice',
    meaning: 'A certificate on the path is before its notBefore.',
    remedy: 'Check the clock of the gateway and of the CA.',
  },
  'basic-constraints-violated': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'alert',
    meaning: 'A certificate that is not a CA signed another, or a path is longer than its CA allows.',
    remedy: 'If the CA is genuine its certificate is wrong; otherwise an attacker abused an end-entity key.',
  },
  'key-usage-violated': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'warning',
    meaning: 'The key usage extension does not allow what the key was used for.',
    remedy: 'Choose the authentication certificate of the card, not the one for encryption.',
  },
  'extended-key-usage-missing': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'notice',
    meaning: 'The certificate, or a CA above it, is not for the purposes this site requires.',
    remedy: 'Choose the logon certificate of the card; compare requiredExtendedKeyUsage with what the CA issues.',
  },
  'name-constraints-violated': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'alert',
    meaning: 'A CA on the path may not issue certificates for a name in this certificate.',
    remedy: 'The CA issued outside its permission: report it; do not widen the constraint without its owner.',
  },
  'certificate-policy-not-acceptable': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'notice',
    meaning: 'After policy processing the path is valid for none of the certificate policies the site accepts.',
    remedy: 'Compare acceptedPolicies with the policy OIDs of the certificate.',
  },
  'issuer-not-acceptable': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'notice',
    meaning: 'The path is valid, but the site does not accept certificates of this issuing CA.',
    remedy: 'Choose the logon certificate of the card; compare acceptedIssuers with the SHA-256 of the issuing CA.',
  },
  'critical-extension-unknown': {
    stage: 'certificate',
    reply: 530,
    subStatus: 48,
    level: 'warning',
    meaning: 'A certificate on the path has a critical extension that cardgate does not process.',
    remedy: 'RFC 5280 forbids to use it; ask the CA what the extension is for.',
  },
  'certificate-revoked': {
    stage: 'revocation',
    reply: 530,
    subStatus: 48,
    level: 'alert',
    meaning: 'A certificate on the path is revoked.',
    remedy: 'Collect the card; issue a new one if the person may still log in.',
  },
  'revocation-unknown': {
    stage: 'revocation',
    reply: 530,
    subStatus: 48,
    level: 'warning',
    meaning: 'No current and authentic evidence says whether a certificate on the path is revoked.',
    remedy: 'Make the CRL reachable or list it in crlFiles; look at the retrieval errors in the record.',
  },
  'mapping-none': {
    stage: 'mapping',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The certificate is valid, but no mapping rule leads from it to an account.',
    remedy: 'Add the mapping to the account (cardgate explain prints what was searched), or add a rule.',
  },
  'mapping-weak': {
    stage: 'mapping',
    reply: 530,
    subStatus: 35,
    level: 'warning',
    meaning: 'An account was found only by a name in the certificate, and the name is not proven strong enough.',
    remedy:
      'Issue certificates with the SID extension, map by issuer and serial, or pin issuer and policy in the rule.',
  },
  'mapping-ambiguous': {
    stage: 'mapping',
    reply: 530,
    subStatus: 35,
    level: 'alert',
    meaning: 'The certificate leads to more than one account.',
    remedy: 'Remove the mapping from all but one of the accounts in the record; one of them may have been planted.',
  },
  'sid-mismatch': {
    stage: 'mapping',
    reply: 530,
    subStatus: 35,
    level: 'alert',
    meaning: 'The security identifier in the certificate is not that of the account the certificate leads to.',
    remedy: 'Treat it as an attack until explained: a mapping was planted or an account was remade.',
  },
  'name-mismatch': {
    stage: 'mapping',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'USER names another account than the one the certificate is mapped to.',
    remedy: 'Log in with the account’s own name; see loginNames in the record.',
  },
  'directory-unavailable': {
    stage: 'directory',
    reply: 421,
    subStatus: 35,
    level: 'warning',
    meaning: 'No directory server answered in time.',
    remedy: 'Check the directory servers, the network, the bind account and the CA of their certificates.',
  },
  'mapping-service-unavailable': {
    stage: 'mapping',
    reply: 421,
    subStatus: 35,
    level: 'warning',
    meaning: 'No mapping service answered in time with an answer that can be believed.',
    remedy: 'Check the mapping services, the network, and the certificates both sides present to each other.',
  },
  'directory-answer-invalid': {
    stage: 'directory',
    reply: 530,
    subStatus: 35,
    level: 'alert',
    meaning: 'The directory returned an entry that does not match what was asked, or that cannot be read.',
    remedy: 'Compare the value in the record: case or accent folding, a broken attribute, or a false server.',
  },
  'account-disabled': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The account is disabled.',
    remedy: 'Enable the account in the directory if the person may log in.',
  },
  'account-locked': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The account is locked out.',
    remedy: 'Unlock the account, or wait for the end of the lockout.',
  },
  'account-expired': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The account is past its expiry date.',
    remedy: 'Extend the account in the directory if the person may log in.',
  },
  'account-logon-hours': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The account may not log in at this hour.',
    remedy: 'Change logonHours of the account (it is in UTC) if the person may log in now.',
  },
  'account-type-not-allowed': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'warning',
    meaning: 'The account is not a person’s: a computer, a trust, or a temporary duplicate.',
    remedy: 'Map the certificate to the account of a person.',
  },
  'account-workstation-not-allowed': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The account may log in from certain workstations only, and the gateway is not one of them.',
    remedy: 'Add the gateway to userWorkstations of the account, or let the person log in by card.',
  },
  'account-smartcard-required': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The account is for smart cards only, and the login came by password.',
    remedy: 'Log in with the card; clear SMARTCARD_REQUIRED if the account may use its password.',
  },
  'account-smartcard-not-required': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The site admits only accounts that cannot log in anywhere without a smart card, and this one can.',
    remedy: 'Set SMARTCARD_REQUIRED at the account, or clear requireSmartcardRequired of the site.',
  },
  'account-not-found': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'No account has the name that came with the password.',
    remedy: 'Check the spelling in the record; a name must be the account’s own, letter by letter.',
  },
  'account-name-ambiguous': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'alert',
    meaning: 'More than one account has the name that came with the password.',
    remedy: 'Log in with DOMAIN\\name or the user principal name; make names unique over the directories of the site.',
  },
  'password-missing': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The site wants a password with the certificate, and this caller cannot give one.',
    remedy: 'Use a site with authentication: certificate for callers that show certificates only.',
  },
  'password-wrong': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The directory does not accept the password.',
    remedy: 'Type the password again; reset it if it is forgotten.',
  },
  'password-expired': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The password has expired.',
    remedy: 'Change the password at a workstation, then log in again.',
  },
  'password-change-required': {
    stage: 'account',
    reply: 530,
    subStatus: 35,
    level: 'notice',
    meaning: 'The password must be changed before it may be used.',
    remedy: 'Change the password at a workstation, then log in again.',
  },
  'password-throttled': {
    stage: 'connection',
    reply: 530,
    subStatus: 35,
    level: 'alert',
    meaning: 'Too many wrong passwords came for this account or from this address; no password is tried for a while.',
    remedy:
      'Look at the refusals before this one; denyByFailure says how many and for how long. Places where the account logged in before stay open.',
  },
  'not-authorized': {
    stage: 'authorization',
    reply: 530,
    subStatus: 1,
    level: 'notice',
    meaning: 'No authorization rule of the site lets this account in.',
    remedy: 'Add the account or one of its groups to the site’s authorization rules.',
  },
  'home-unavailable': {
    stage: 'authorization',
    reply: 530,
    subStatus: 33,
    level: 'warning',
    meaning: 'The account has no home directory that can be used.',
    remedy: 'Create the directory named in the record, or set userIsolation so that it is made at login.',
  },
  'account-changed': {
    stage: 'account',
    reply: 421,
    subStatus: 0,
    level: 'notice',
    meaning: 'The login of a running session leads to another account, directory or account name than when it began.',
    remedy: 'Let the client log in again. If the account was not renamed, moved or replaced, look at its mapping.',
  },
  'home-changed': {
    stage: 'authorization',
    reply: 421,
    subStatus: 0,
    level: 'notice',
    meaning: 'The account of a running session has another home directory than when the session began.',
    remedy: 'Let the client log in again; it then works in the new home.',
  },
  'access-denied': {
    stage: 'authorization',
    reply: 550,
    subStatus: 0,
    level: 'notice',
    meaning: 'A client that is logged in asked for a file or directory that it may not use.',
    remedy:
      'If the client may use it: see the authorization rules, the permissions of the file, and whether a link leads out of the home.',
  },
  'too-many-failures': {
    stage: 'connection',
    reply: 421,
    subStatus: 35,
    level: 'alert',
    meaning: 'Too many logins were refused on one control connection.',
    remedy: 'See the refusals before this one in the audit trail; they name the cause.',
  },
  'tls-required': {
    stage: 'connection',
    reply: 530,
    subStatus: 24,
    level: 'notice',
    meaning: 'The client tried to log in without TLS.',
    remedy: 'Configure the client for explicit FTPS (AUTH TLS), or use the implicit port.',
  },
  'tls-handshake-failed': {
    stage: 'connection',
    reply: 421,
    subStatus: 32,
    level: 'notice',
    meaning: 'The TLS handshake on the control connection failed or took too long.',
    remedy:
      'See the error in the record: protocol version, cipher suite, the card’s signature algorithm, or a wrong PIN.',
  },
  'internal-fault': {
    stage: 'connection',
    reply: 421,
    subStatus: 35,
    level: 'alert',
    meaning: 'A fault in cardgate itself stopped the login; the client was not let in.',
    remedy: 'Find the reference in the log, where the fault is described, and report it.',
  },
  'audit-unwritable': {
    stage: 'connection',
    reply: 421,
    subStatus: 35,
    level: 'alert',
    meaning: 'The audit trail cannot be written, and audit.whenUnwritable refuses logins without a record.',
    remedy: 'Make room on the disk of audit.file, and see its permissions; the log says what is wrong.',
  },
  'data-certificate-mismatch': {
    stage: 'data-channel',
    reply: 522,
    subStatus: 49,
    level: 'alert',
    meaning: 'The data connection did not prove that it comes from the client of the control connection.',
    remedy:
      'Make the client resume its TLS session or send the same certificate on data connections. For clients without a certificate that never resume, set dataChannelBindingWithoutCertificate.',
  },
  'data-address-mismatch': {
    stage: 'data-channel',
    reply: 425,
    subStatus: 38,
    level: 'alert',
    meaning: 'A data connection came from another address than the control connection.',
    remedy: 'If this was not an attack: the client’s network must use one address for all its connections.',
  },
  'data-tls-failed': {
    stage: 'data-channel',
    reply: 522,
    subStatus: 32,
    level: 'notice',
    meaning: 'The TLS handshake on the data connection failed or took too long.',
    remedy: 'See the error in the record; a card that waits for its PIN at every handshake is the usual cause.',
  },
  'file-system-unresponsive': {
    stage: 'connection',
    reply: 451,
    subStatus: 0,
    level: 'alert',
    meaning: 'A file operation got no answer of the file system within operationTimeout and was given up.',
    remedy: 'Look at the network share, the FUSE mount or the disk behind the home; what was asked may still happen.',
  },
  'data-connection-reset': {
    stage: 'data-channel',
    reply: 425,
    subStatus: 0,
    level: 'notice',
    meaning: 'A data connection was reset before cardgate accepted it, so that its address is not known.',
    remedy: 'Look at the client and at firewalls between: something ends its data connections at once.',
  },
  'data-channel-silent': {
    stage: 'data-channel',
    reply: 426,
    subStatus: 15,
    level: 'notice',
    meaning: 'The client neither sent nor acknowledged an octet on the data connection for dataChannelTimeout.',
    remedy: 'Look at the client and the network; raise dataChannelTimeout if clients pause for so long.',
  },
  'data-channel-slow': {
    stage: 'data-channel',
    reply: 426,
    subStatus: 50,
    level: 'notice',
    meaning: 'The client moved fewer octets on the data connection than minBytesPerSecond demands.',
    remedy: 'Look at the network; lower minBytesPerSecond if such slow clients are to be served.',
  },
  'passive-ports-exhausted': {
    stage: 'data-channel',
    reply: 425,
    subStatus: 0,
    level: 'warning',
    meaning: 'Every port of the passive range is taken, so that no data connection can be offered.',
    remedy:
      'Widen lowDataChannelPort to highDataChannelPort, in the firewall too: one port for each transfer at a time.',
  },
  'descriptors-exhausted': {
    stage: 'data-channel',
    reply: 425,
    subStatus: 0,
    level: 'alert',
    meaning: 'The process or the system has no file descriptor left, so that no data connection can be offered.',
    remedy: 'Raise the limit on open files (LimitNOFILE of the service) or lower maxConnections.',
  },
  'passive-listener-failed': {
    stage: 'data-channel',
    reply: 425,
    subStatus: 0,
    level: 'warning',
    meaning: 'The system refused a listener for data connections.',
    remedy:
      'See errno in the record: an address that was taken away, a port that needs a privilege, a security module.',
  },
} as const satisfies Record<string, DenialEntry>;

export type DenialCode = keyof typeof denialTable;

/** One refusal: the code says what, the facts say of whom and with which values. Facts are for the operator only. */
export interface Denial {
  readonly code: DenialCode;
  /** One sentence with the particulars of this case; never sent to the client. */
  readonly detail: string;
  readonly facts: Facts;
}

export function denial(code: DenialCode, detail: string, facts: Facts = {}): Denial {
  return { code, detail, facts };
}

export function denialEntry(code: DenialCode): DenialEntry {
  return denialTable[code];
}
