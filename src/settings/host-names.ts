/** Names of hosts and domains: RFC 1123 2.1, and underscores, which some domains of Windows have. */

const names = String.raw`[A-Za-z\d_](?:[A-Za-z\d_-]*[A-Za-z\d_])?(?:\.[A-Za-z\d_](?:[A-Za-z\d_-]*[A-Za-z\d_])?)*`;

export const domainName = new RegExp(`^(?=.{1,253}$)${names}$`);

/** With a letter, so that no address is one. */
export const hostName = new RegExp(`^(?=.{1,253}$)(?=.*[A-Za-z])${names}$`);
