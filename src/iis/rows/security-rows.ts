/** What becomes of every attribute below `ftpServer/security` of a site. */
import { asDuration, inNumbers, type SettingRow } from './setting-row.ts';

export const securityRows: readonly SettingRow[] = [
  {
    iis: 'ftpServer/security/ssl@serverCertHash',
    fate: 'different',
    setting: 'ssl.serverCertificate',
    why: 'a store of Windows has no counterpart: certificate and key are PEM files',
  },
  {
    iis: 'ftpServer/security/ssl@serverCertStoreName',
    fate: 'different',
    setting: 'ssl.serverCertificate',
    why: 'it says where to export the certificate from',
  },
  {
    iis: 'ftpServer/security/ssl@ssl128',
    fate: 'leftOut',
    why: 'no suite below 128 bits is offered, whatever the file says',
    carry: () => ({ value: undefined }),
  },
  {
    iis: 'ftpServer/security/ssl@controlChannelPolicy',
    fate: 'same',
    setting: 'ssl.controlChannelPolicy',
  },
  {
    iis: 'ftpServer/security/ssl@dataChannelPolicy',
    fate: 'same',
    setting: 'ssl.dataChannelPolicy',
  },
  {
    iis: 'ftpServer/security/sslClientCertificates@clientCertificatePolicy',
    fate: 'different',
    setting: 'sslClientCertificates.clientCertificatePolicy',
    why: 'the default is CertRequire',
  },
  {
    iis: 'ftpServer/security/sslClientCertificates@validationFlags',
    fate: 'same',
    setting: 'sslClientCertificates.validationFlags',
  },
  {
    iis: 'ftpServer/security/sslClientCertificates@revocationFreshnessTime',
    fate: 'same',
    setting: 'sslClientCertificates.revocationFreshnessTime',
    carry: asDuration(0, 24 * 86_400),
  },
  {
    iis: 'ftpServer/security/sslClientCertificates@revocationUrlRetrievalTimeout',
    fate: 'different',
    setting: 'sslClientCertificates.revocationUrlRetrievalTimeout',
    why: 'the default is shorter, and a minute the most: a person waits for the login meanwhile',
    carry: asDuration(1, 60),
  },
  {
    iis: 'ftpServer/security/sslClientCertificates@useActiveDirectoryMapping',
    fate: 'different',
    setting: 'mapping.rules',
    why: 'mapping rules say how a certificate leads to an account; those of Windows are one rule set',
  },
  {
    iis: 'ftpServer/security/authentication/anonymousAuthentication@enabled',
    fate: 'same',
    setting: 'authentication.anonymousAuthentication.enabled',
  },
  {
    iis: 'ftpServer/security/authentication/anonymousAuthentication@userName',
    fate: 'different',
    setting: 'authentication.anonymousAuthentication.userName',
    why: 'what records call anonymous clients; no account of Windows is logged on',
  },
  ...['password', 'defaultLogonDomain', 'logonMethod'].map(
    (name): SettingRow => ({
      iis: `ftpServer/security/authentication/anonymousAuthentication@${name}`,
      fate: 'leftOut',
      why: 'no account of Windows is logged on',
    }),
  ),
  {
    iis: 'ftpServer/security/authentication/basicAuthentication@enabled',
    fate: 'different',
    setting: 'authentication.mode',
    why: 'certificateOrPassword or certificateAndPassword; the directory checks the password',
  },
  {
    iis: 'ftpServer/security/authentication/basicAuthentication@defaultLogonDomain',
    fate: 'different',
    setting: 'directories',
    why: 'the directories of the site hold its accounts',
  },
  {
    iis: 'ftpServer/security/authentication/basicAuthentication@logonMethod',
    fate: 'leftOut',
    why: 'no account of Windows is logged on',
  },
  {
    iis: 'ftpServer/security/authentication/clientCertAuthentication@enabled',
    fate: 'different',
    setting: 'authentication.clientCertAuthentication.enabled',
    why: 'the default is true; it needs no other setting but clientCertificatePolicy',
  },
  {
    iis: 'ftpServer/security/authentication/customAuthentication/providers/add@name',
    fate: 'leftOut',
    why: 'a provider is a program for Windows; accounts of IIS Manager and ASP.NET go into a directory or a file of accounts',
  },
  {
    iis: 'ftpServer/security/authentication/customAuthentication/providers/add@enabled',
    fate: 'leftOut',
    why: 'as the provider',
  },
  {
    iis: 'ftpServer/security/customAuthorization/provider@name',
    fate: 'leftOut',
    why: 'a provider is a program for Windows, and replaced all rules: the site lets no account in',
  },
  {
    iis: 'ftpServer/security/customAuthorization/provider@enabled',
    fate: 'leftOut',
    why: 'as the provider',
  },
  {
    iis: 'ftpServer/security/commandFiltering@maxCommandLine',
    fate: 'same',
    setting: 'commandFiltering.maxCommandLine',
    carry: inNumbers(512, 65_536),
  },
  { iis: 'ftpServer/security/commandFiltering@allowUnlisted', fate: 'same', setting: 'commandFiltering.allowUnlisted' },
  {
    iis: 'ftpServer/security/commandFiltering/add@command',
    fate: 'same',
    setting: 'commandFiltering.commands[].command',
  },
  {
    iis: 'ftpServer/security/commandFiltering/add@allowed',
    fate: 'same',
    setting: 'commandFiltering.commands[].allowed',
  },
  ...['matchClientAddressForPort', 'matchClientAddressForPasv'].map(
    (name): SettingRow => ({
      iis: `ftpServer/security/dataChannelSecurity@${name}`,
      fate: 'different',
      setting: `dataChannelSecurity.${name}`,
      why: 'it cannot be turned off',
      carry: (value) => ({
        value: undefined,
        ...(value === false && { lost: 'data connections from other addresses are refused' }),
      }),
    }),
  ),
];
