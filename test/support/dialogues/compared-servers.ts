/** The servers that dialogues are compared with, as Debian 12 has them, and what their configuration is to allow. */
export const comparedServers = [
  {
    name: 'vsftpd',
    title: 'vsftpd',
    version: '3.0.3',
    settings: {
      require_cert: 'NO',
      delay_failed_login: 0,
      ascii_upload_enable: 'YES',
      ascii_download_enable: 'YES',
      ls_recurse_enable: 'YES',
    },
  },
  {
    name: 'proftpd',
    title: 'ProFTPD',
    version: '1.3.8',
    settings: { TLSVerifyClient: 'optional', AllowStoreRestart: 'on' },
  },
] as const;
