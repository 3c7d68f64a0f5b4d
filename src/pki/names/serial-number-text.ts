/** The one spelling of a certificate's serial number for people: in records, answers, explanations and commands. */

/** Hexadecimal in lower case, in whole octets and without DER's sign octet, as `openssl x509 -serial` has it in upper case. */
export function serialNumberText(serialNumber: bigint): string {
  const digits = (serialNumber < 0n ? -serialNumber : serialNumber).toString(16);
  const octets = digits.padStart(digits.length + (digits.length % 2), '0');
  return serialNumber < 0n ? `-${octets}` : octets;
}
