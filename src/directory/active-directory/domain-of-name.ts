/** The DNS domain of an Active Directory object, read off the end of its distinguished name. */

/** @returns `corp.example` for `CN=Ada,OU=People,DC=corp,DC=example`; undefined when the name does not end in domain components */
export function dnsDomainOf(distinguishedName: string): string | undefined {
  const labels: string[] = [];
  for (const rdn of splitRdns(distinguishedName).reverse()) {
    const label = /^\s*DC\s*=\s*([A-Za-z0-9_-]+)\s*$/i.exec(rdn)?.[1];
    if (label === undefined) break;
    labels.unshift(label);
  }
  return labels.length > 0 ? labels.join('.') : undefined;
}

/** Splits at commas that are neither escaped nor quoted (RFC 4514, RFC 2253 4). */
function splitRdns(distinguishedName: string): string[] {
  return distinguishedName.match(/(?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|[^,\\"])+/g) ?? [];
}
