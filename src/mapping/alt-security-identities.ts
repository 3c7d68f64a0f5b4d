/** The strings by which altSecurityIdentities names a certificate (MS-PKCA 3.1.5.2.1), in every spelling in real use. */
import type { Certificate } from '../pki/certificate.ts';
import { formatX500 } from './name-formats.ts';

const longestValue = 4096;

/**
 * `X509:<I>ISSUER<SR>SERIAL`, the serial's octets reversed and in hexadecimal. There are several spellings when the issuer
 * has a multi-valued RDN, or the serial number's top bit is set: its sign octet is then shown by some tools and not by others.
 * @returns none when the issuer or serial number cannot be written so
 */
export function issuerSerialValues(certificate: Certificate): readonly string[] {
  const isMultiValued = certificate.issuer.rdns.some((rdn) => rdn.length > 1);
  const joiners = isMultiValued ? ([' ', ' + '] as const) : ([' '] as const);
  const issuers = joiners.map((joiner) => formatX500(certificate.issuer, joiner));
  const serials = reversedSerials(certificate);
  return issuers
    .filter((issuer) => issuer !== '')
    .flatMap((issuer) => serials.map((serial) => `X509:<I>${issuer}<SR>${serial}`))
    .filter((value) => value.length <= longestValue);
}

/** A negative serial number (forbidden by RFC 5280 4.1.2.2) would be written like a positive one, so it has no spelling. */
function reversedSerials({ serialNumber, serialOctets }: Certificate): readonly string[] {
  if (serialNumber < 0n) return [];
  const magnitude = serialOctets.length > 1 && serialOctets[0] === 0 ? serialOctets.subarray(1) : serialOctets;
  const reversed = Buffer.from(magnitude).reverse().toString('hex');
  return magnitude.length < serialOctets.length ? [reversed, `${reversed}00`] : [reversed];
}
