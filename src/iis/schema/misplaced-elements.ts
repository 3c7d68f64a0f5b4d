/** Elements that people’s files have where IIS does not look for them, with the place where they belong. */

/** Path where an element is found, below `site`’s ftpServer or `configuration` -> the place where it has a meaning. */
export const rightPlaces: Readonly<Record<string, string>> = {
  'ftpServer/security/authorization':
    'system.ftpServer/security/authorization in a location element with the path of the site',
  'ftpServer/security/ipSecurity':
    'system.ftpServer/security/ipSecurity in a location element with the path of the site',
  'ftpServer/security/requestFiltering':
    'system.ftpServer/security/requestFiltering in a location element with the path of the site',
  'ftpServer/authorization': 'system.ftpServer/security/authorization in a location element with the path of the site',
  'ftpServer/authentication': 'ftpServer/security/authentication of the site',
  'ftpServer/ssl': 'ftpServer/security/ssl of the site',
  'ftpServer/sslClientCertificates': 'ftpServer/security/sslClientCertificates of the site',
  'ftpServer/commandFiltering': 'ftpServer/security/commandFiltering of the site',
  'ftpServer/dataChannelSecurity': 'ftpServer/security/dataChannelSecurity of the site',
  'ftpServer/security/userIsolation': 'ftpServer/userIsolation of the site',
  'ftpServer/security/denyByFailure': 'system.ftpServer/security/authentication/denyByFailure',
  'ftpServer/security/authentication/denyByFailure': 'system.ftpServer/security/authentication/denyByFailure',
  'system.ftpServer/security/ssl': 'ftpServer/security/ssl of the site, or of siteDefaults',
  'system.ftpServer/security/sslClientCertificates':
    'ftpServer/security/sslClientCertificates of the site, or of siteDefaults',
  'system.ftpServer/security/commandFiltering': 'ftpServer/security/commandFiltering of the site, or of siteDefaults',
  'system.ftpServer/security/dataChannelSecurity':
    'ftpServer/security/dataChannelSecurity of the site, or of siteDefaults',
  'system.ftpServer/security/authentication/anonymousAuthentication': 'ftpServer/security/authentication of the site',
  'system.ftpServer/security/authentication/basicAuthentication': 'ftpServer/security/authentication of the site',
  'system.ftpServer/security/authentication/clientCertAuthentication': 'ftpServer/security/authentication of the site',
  'system.ftpServer/authorization': 'system.ftpServer/security/authorization',
  'system.ftpServer/ipSecurity': 'system.ftpServer/security/ipSecurity',
  'system.ftpServer/requestFiltering': 'system.ftpServer/security/requestFiltering',
  'system.ftpServer/userIsolation': 'ftpServer/userIsolation of the site, or of siteDefaults',
};

/** Path of an element with an attribute -> the place where the attribute has a meaning. */
export const rightPlacesOfAttributes: Readonly<Record<string, string>> = {
  'system.ftpServer/firewallSupport@externalIp4Address': 'ftpServer/firewallSupport of the site, or of siteDefaults',
  'ftpServer/firewallSupport@lowDataChannelPort': 'system.ftpServer/firewallSupport',
  'ftpServer/firewallSupport@highDataChannelPort': 'system.ftpServer/firewallSupport',
  'site@allowUTF8': 'ftpServer of the site',
};
