/**
 * Everything a card trial can find, as one closed table: what it means and what the person with the card, or the help desk,
 * does about it. Texts on the screen, `--json` and the tests all come from here.
 */
import { cardFaults } from '../reader/card-fault.ts';

interface FindingEntry {
  /** One sentence: what it means. */
  readonly meaning: string;
  /** One sentence: what to do. */
  readonly remedy: string;
}

const cardsAndModules = {
  'module-none': {
    meaning: 'No PKCS#11 module was found in the usual places.',
    remedy:
      'Install the software of the card (for most cards "apt-get install opensc"), or name its module with --module.',
  },
  'binding-missing': {
    meaning: 'This installation of cardgate has no access to PKCS#11 modules.',
    remedy: 'Install python3, make and g++, then run "npm install pkcs11js" where cardgate is installed.',
  },
  'reader-none': {
    meaning: 'No card reader was found.',
    remedy: 'Plug the reader in and check that the smart-card service (pcscd) runs.',
  },
  'card-none': {
    meaning: 'There is no card that can be used in any reader.',
    remedy: 'Insert the card, chip first; if there are several readers, see --list.',
  },
  'slot-unknown': {
    meaning: 'No reader or card is called what --slot says.',
    remedy: 'Repeat with a part of a name that --list shows.',
  },
  'certificate-none': {
    meaning: 'The card holds no certificate.',
    remedy: 'Ask the card issuer to personalize the card; a new card comes without certificates.',
  },
  'certificate-unknown': {
    meaning: 'No certificate on the cards matches --certificate.',
    remedy: 'Repeat with an id, a label or the beginning of a SHA-256 that --list shows.',
  },
  'certificate-ambiguous': {
    meaning: 'Several certificates are equally good, and the trial does not guess.',
    remedy: 'Name one of them with --certificate, or its card with --slot.',
  },
  'certificate-unsuitable': {
    meaning: 'The server accepts no certificate on the cards, so the trial did not ask for the PIN.',
    remedy: 'See what stands at each certificate above.',
  },
  'user-name-missing': {
    meaning: 'The certificate holds no name that could be given to USER.',
    remedy: 'Give the name of the account with --user.',
  },
  'pin-missing': {
    meaning: 'No PIN was given.',
    remedy: 'Enter the PIN at the terminal, or give it with --pin-file or --pin-stdin.',
  },
} as const satisfies Record<string, FindingEntry>;

const certificates = {
  'certificate-unreadable': {
    meaning: 'The certificate is not strict DER as X.509 demands.',
    remedy: 'Have the certificate issued again; report the issuing CA if it makes such certificates.',
  },
  'certificate-of-authority': {
    meaning: 'This is the certificate of a CA, not of a person.',
    remedy: 'Nothing is to be done: cards often carry the certificates of their issuers.',
  },
  'certificate-expired': {
    meaning: 'The certificate is past its end.',
    remedy: 'Renew the certificate on the card; if the dates look right, the clock of this computer is wrong.',
  },
  'certificate-not-yet-valid': {
    meaning: 'The certificate is not valid yet.',
    remedy: 'Check the clock of this computer, then wait for the beginning of the certificate.',
  },
  'purpose-missing': {
    meaning: 'The certificate is for neither client authentication nor smart-card logon (extended key usage).',
    remedy:
      'Choose the logon certificate of the card. If the card has no such certificate, have one issued with clientAuth or smartCardLogon.',
  },
  'key-usage-wrong': {
    meaning: 'The key usage of the certificate does not include digitalSignature.',
    remedy: 'Choose the authentication certificate of the card, not the one for encryption.',
  },
  'key-weak': {
    meaning: 'The key is shorter than 2048 bits (RSA) or of a kind that servers do not accept any more.',
    remedy: 'Have a card issued with RSA-2048 or longer, P-256, P-384 or Ed25519.',
  },
  'issuer-not-wanted': {
    meaning: 'The server names the authorities it accepts, and the certificate comes from none of them.',
    remedy: 'Choose another certificate; or have the authority of this one added to trustAnchors of the site.',
  },
  'issuer-unknown': {
    meaning:
      'Whether the certificate comes from an authority the server accepts cannot be told: certificates between are missing.',
    remedy: 'If the login fails, repeat with --intermediate and the certificates of the issuing authorities.',
  },
  'signature-scheme-not-wanted': {
    meaning: 'The key cannot sign in any way that the server accepts (signature_algorithms).',
    remedy: 'Choose a certificate with another kind of key; or have the signature algorithms of the site extended.',
  },
} as const satisfies Record<string, FindingEntry>;

const network = {
  'address-unknown': {
    meaning: 'The name of the server is not known.',
    remedy: 'Check the spelling of the address, and that this computer is in the right network.',
  },
  'connection-refused': {
    meaning: 'Nothing listens at this address and port.',
    remedy: 'Check the port (21 for explicit, 990 for implicit TLS) and whether the server runs.',
  },
  'connection-timeout': {
    meaning: 'The server did not answer in time.',
    remedy: 'Check the address and the firewalls between; --timeout allows more time.',
  },
  'greeting-missing': {
    meaning: 'The server took the connection and said nothing: it may expect TLS from the first octet.',
    remedy: 'Repeat with --implicit; if that does not help, check address and port.',
  },
  'connection-lost': {
    meaning: 'The server, or something on the way, ended the connection.',
    remedy: 'Try again; if it happens at the same place each time, the log of the server says why.',
  },
  'network-unreachable': {
    meaning: 'There is no way to this address from here.',
    remedy: 'Check the network, the VPN and the address.',
  },
  'not-ftp': {
    meaning: 'What answered does not speak FTP.',
    remedy: 'Check the port: 21 is usual for explicit TLS, 990 for implicit.',
  },
  'service-closed': {
    meaning: 'The server does not accept clients at the moment.',
    remedy: 'Try again later; its reply above says more.',
  },
  'tls-not-offered': {
    meaning: 'The server refuses AUTH TLS, so no certificate can be shown to it.',
    remedy: 'Have TLS enabled at the site; or use the implicit port (ftps:// with port 990).',
  },
  'tls-expected-later': {
    meaning: 'The server greeted in the clear where TLS was expected from the first octet.',
    remedy: 'Repeat with --explicit, or with ftpes:// in front of the address.',
  },
  'tls-failed': {
    meaning: 'No TLS connection came about.',
    remedy: 'Give the message above to the administrator of the server.',
  },
  'tls-refused': {
    meaning: 'The server ended the TLS connection with an alert.',
    remedy: 'Do what the alert asks for; the log of the server says more.',
  },
  'tls12-engine-missing': {
    meaning: 'The server speaks TLS 1.2 only, and this computer has no OpenSSL engine that signs with cards.',
    remedy: 'Run "apt-get install libengine-pkcs11-openssl", or have TLS 1.3 enabled at the site.',
  },
  'tls12-needs-pin': {
    meaning:
      'The server speaks TLS 1.2 only, and with that the trial needs a PIN entered at this computer, not at a PIN pad.',
    remedy: 'Have TLS 1.3 enabled at the site, or try with a reader without PIN pad.',
  },
  'server-certificate-expired': {
    meaning: 'The certificate of the server, or one above it, is past its end.',
    remedy: 'Check the clock of this computer first; then tell the administrator of the server.',
  },
  'server-certificate-not-yet-valid': {
    meaning: 'The certificate of the server, or one above it, is not valid yet.',
    remedy: 'Check the clock of this computer; then tell the administrator of the server.',
  },
  'server-certificate-wrong-name': {
    meaning: 'The certificate of the server is for another name.',
    remedy:
      'Use the name that stands in the certificate; if the name you used is right, an attacker may be in the way: do not go on.',
  },
  'server-certificate-untrusted': {
    meaning: 'This computer does not trust the authority that issued the certificate of the server.',
    remedy:
      'Give the root certificate of your organization with --cacert; do not go on if this computer knows that authority already.',
  },
  'server-certificate-invalid': {
    meaning: 'The certificate of the server cannot be accepted.',
    remedy: 'Give the message above to the administrator of the server.',
  },
  'certificate-not-wanted': {
    meaning: 'The server does not ask for a client certificate, so no card can log in to it.',
    remedy: 'Have clientCertificatePolicy of the site set to CertAllow or CertRequire.',
  },
} as const satisfies Record<string, FindingEntry>;

const session = {
  'login-refused': {
    meaning: 'TLS with the card worked, and the server refused the login.',
    remedy: 'Give the reference in the reply to the administrator: cardgate’s audit trail has the cause under it.',
  },
  'login-unavailable': {
    meaning: 'The server could not decide about the login.',
    remedy: 'Try again in some minutes; then give the reply, with its reference, to the administrator.',
  },
  'password-wanted': {
    meaning: 'The server wants a password beside the certificate; the trial has none and does not guess.',
    remedy: 'The card works as far as it goes; log in with an FTP client and the password.',
  },
  'protection-refused': {
    meaning: 'The server does not protect data connections (PBSZ 0, PROT P).',
    remedy: 'Have dataChannelPolicy of the site set to SslAllow or SslRequire.',
  },
  'data-connection-refused': {
    meaning: 'The server refused the data connection because of its TLS (522) or address (425).',
    remedy:
      'Give the reply to the administrator; between client and server no address may be translated per connection.',
  },
  'data-connection-failed': {
    meaning: 'No data connection came about, or it broke off.',
    remedy: 'Have the passive ports of the site opened in the firewalls; the reply or error above says more.',
  },
  'list-refused': {
    meaning: 'The server does not list the directory.',
    remedy: 'Have permission Read granted at the site, or name a directory with --upload-directory.',
  },
  'upload-refused': {
    meaning: 'The server does not take files here: the account is read only.',
    remedy:
      'Nothing is to be done if the account is meant to read only; else have permission Write granted at the site.',
  },
  'transfer-differs': {
    meaning: 'What was uploaded and what came back differ.',
    remedy: 'Give this report to the administrator: something on the way, or the storage, alters files.',
  },
  'file-left-behind': {
    meaning: 'The file of the trial could not be deleted.',
    remedy: 'Delete it by hand; its name is above.',
  },
  'reply-unexpected': {
    meaning: 'The server answered in a way that FTP does not provide for here.',
    remedy: 'Give the reply above to the administrator of the server.',
  },
} as const satisfies Record<string, FindingEntry>;

export const trialFindings = { ...cardFaults, ...cardsAndModules, ...certificates, ...network, ...session } as const;

export type FindingCode = keyof typeof trialFindings;

/** Those that let the trial go on: they are shown, and become the first suspect when a later step fails. */
const doubts: readonly FindingCode[] = ['issuer-unknown', 'upload-refused', 'file-left-behind'];

export interface TrialFinding {
  readonly code: FindingCode;
  /** The particulars of this case, printable. */
  readonly detail?: string;
}

export function finding(code: FindingCode, detail?: string): TrialFinding {
  return detail === undefined ? { code } : { code, detail };
}

/** Whether the trial can go on in spite of it. */
export function isDoubt({ code }: TrialFinding): boolean {
  return doubts.includes(code);
}
