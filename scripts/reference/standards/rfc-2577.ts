/** RFC 2577: what a server does against attacks that FTP makes easy. */
import { bySetting, done, doneAs, requirement, type Standard } from './requirement.ts';

export const rfc2577: Standard = {
  name: 'RFC 2577',
  about: 'FTP Security Considerations.',
  requirements: [
    requirement(
      '3',
      'SHOULD',
      'PORT EPRT',
      'Ports below 1024 are refused by 504, and active mode can be off.',
      bySetting('firewallSupport.activeMode', 'off by default'),
      'active-mode: to %s, by 504 and an alert',
    ),
    requirement(
      '3, 4',
      'SHOULD',
      'PASV EPSV',
      'A data connection comes from the address of the client.',
      doneAs('always'),
      'data-channel: ignores a connection from another address, records it, and still serves the client',
    ),
    requirement(
      '5',
      'SHOULD',
      'PASS USER',
      'Guessing ends after some tries: 421.',
      bySetting(
        'connections.maxLoginFailures',
        'of a connection; wrong passwords are counted by account and address besides',
      ),
      'login: ends with 421 and a record after the allowed number of refused logins',
    ),
    requirement(
      '5',
      'SHOULD',
      'PASS USER',
      'Many connections are no way around.',
      done,
      'unit/login/failure-throttle: under way count, so that many at once are no way around',
    ),
    requirement(
      '5',
      'SHOULD',
      'PASS',
      'A refused password is answered late.',
      doneAs('after a second, whatever the reason; the count of tries does the rest'),
      'unit/login/password-login: a refusal takes as long for an account that does not exist as for one that does',
    ),
    requirement(
      '6',
      'SHOULD',
      'USER PASS RETR STOR',
      'Passwords and files do not travel in the clear.',
      bySetting('ssl.controlChannelPolicy', 'TLS is demanded by default, as it is by `ssl.dataChannelPolicy`'),
      'login: USER is refused with 530 and recorded once for the connection',
    ),
    requirement(
      '7',
      'SHOULD',
      'USER',
      'No reply tells whether an account exists.',
      done,
      'login: refuses with 530 and a reference only, and says no more whatever the reason',
    ),
    requirement(
      '8',
      'SHOULD',
      'PASV EPSV',
      'Passive ports are drawn at random.',
      done,
      'passive-ports: are drawn at random from the range',
    ),
  ],
};
