/** SELECT and GET DATA (SP 800-73-4 part 2 sections 3.1.1 and 3.1.2). */
import type { ApplicationState } from './application-state.ts';
import type { CommandApdu } from './command-apdu.ts';
import { applicationIdentifier } from './data-objects.ts';
import { pivAlgorithms } from './piv-key.ts';
import { answered, type ResponseApdu, refusedWith } from './status-word.ts';
import { encodeTlv, readTlvs } from './tlv.ts';

/** ISO/IEC 7816-5: the part that names who registered the application; no shorter name selects it. */
const registeredIdentifierOctets = 5;
const proprietaryExtension = applicationIdentifier.subarray(registeredIdentifierOctets);
const tagList = 0x5c;

/** Part 2 tables 3 to 5. */
const applicationPropertyTemplate = encodeTlv(
  0x61,
  encodeTlv(0x4f, proprietaryExtension),
  encodeTlv(0x79, encodeTlv(0x4f, applicationIdentifier.subarray(0, registeredIdentifierOctets))),
  encodeTlv(0x50, Buffer.from('cardgate virtual card', 'latin1')),
  encodeTlv(
    0xac,
    ...Object.values(pivAlgorithms).map(({ identifier }) => encodeTlv(0x80, Buffer.of(identifier))),
    encodeTlv(0x06, Buffer.of(0x00)),
  ),
);

/** By the whole name, without its version, or by any beginning of it (ISO/IEC 7816-4 section 8.2.2.2). */
export function select(state: ApplicationState, { p1, p2, data }: CommandApdu): ResponseApdu {
  if (p1 !== 0x04 || p2 !== 0x00) return refusedWith('incorrectParameter');
  const isOurs =
    data.length >= registeredIdentifierOctets && applicationIdentifier.subarray(0, data.length).equals(data);
  // An application that is not there leaves the selected one and its security status as they are.
  if (!isOurs) return refusedWith('notFound');
  state.selected = true;
  return answered(applicationPropertyTemplate);
}

export function getData(state: ApplicationState, { p1, p2, data }: CommandApdu): ResponseApdu {
  if (p1 !== 0x3f || p2 !== 0xff) return refusedWith('incorrectParameter');
  const [list, ...others] = readTlvs(data) ?? [];
  if (list?.tag !== tagList || list.value.length === 0 || list.value.length > 3 || others.length > 0) {
    return refusedWith('incorrectData');
  }
  const object = state.dataObjects.get(list.value.readUIntBE(0, list.value.length));
  return object === undefined ? refusedWith('notFound') : answered(object);
}
