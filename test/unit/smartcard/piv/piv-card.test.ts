import { describe, expect, it } from 'vitest';
import type { PivKey } from '../../../../src/smartcard/piv/piv-key.ts';
import { encodeTlv, readTlvs } from '../../../../src/smartcard/piv/tlv.ts';
import { echoKey, failingKey, puk, right, rsaInput, rsaKey, select, softwareCard } from './software-card.ts';

/** The commands of a GENERAL AUTHENTICATE, chained where its data is longer than 255 octets. */
function authenticate(algorithm: string, slot: string, challenge: Buffer): readonly string[] {
  const data = encodeTlv(0x7c, encodeTlv(0x82), encodeTlv(0x81, challenge));
  const parts: Buffer[] = [];
  for (let start = 0; start < data.length; start += 255) parts.push(data.subarray(start, start + 255));
  return parts.map((part, index) => {
    const isLast = index === parts.length - 1;
    const length = part.length.toString(16).padStart(2, '0');
    return `${isLast ? '00' : '10'}87${algorithm}${slot}${length}${part.toString('hex')}${isLast ? '00' : ''}`;
  });
}

const hash = Buffer.alloc(32, 7);
const sign256 = (slot: string) => authenticate('11', slot, hash)[0]!;
const getData = (tag: string) =>
  `00cb3fff${(tag.length / 2 + 2).toString(16).padStart(2, '0')}5c0${tag.length / 2}${tag}00`;

describe('the application is selected', () => {
  it.each([
    ['by its full name', '00a404000ba00000030800001000010000'],
    ['without its version', '00a4040009a0000003080000100000'],
    ['by who registered it', '00a4040005a00000030800'],
  ])('%s, and tells its version and algorithms', async (_rule, command) => {
    const { data, statusWord } = await softwareCard().ask(command);
    expect(statusWord).toBe('9000');
    const [template] = readTlvs(data)!;
    expect(template!.tag).toBe(0x61);
    const objects = readTlvs(template!.value)!;
    expect(objects[0]).toEqual({ tag: 0x4f, value: Buffer.from('000010000100', 'hex') });
    const algorithms = readTlvs(objects.find(({ tag }) => tag === 0xac)!.value)!;
    expect(algorithms.filter(({ tag }) => tag === 0x80).map(({ value }) => value[0])).toEqual([0x07, 0x05, 0x11, 0x14]);
  });

  it.each([
    ['another application', '00a4040005a000000151', '6a82'],
    ['too short a name', '00a4040004a0000003', '6a82'],
    ['a longer name', '00a404000ca00000030800001000010000', '6a82'],
    ['a file instead', '00a40000023f00', '6a86'],
  ])('but not by %s', async (_rule, command, statusWord) => {
    expect(await softwareCard().send(command)).toBe(statusWord);
  });

  it('and stays so, with its PIN verified, when a reader asks for one that is not there', async () => {
    const card = softwareCard();
    await card.send(select);
    await card.send(right);
    expect(await card.send('00a4040005a000000151')).toBe('6a82');
    expect(await card.send('00200080')).toBe('9000');
  });

  it('before it does anything else', async () => {
    const { send } = softwareCard();
    for (const command of [getData('5fc102'), right, sign256('9a'), '00fd000000'])
      expect(await send(command)).toBe('6985');
  });
});

describe('data objects', () => {
  it.each([
    ['the card holder unique identifier', '5fc102', 0x53],
    ['the card capability container', '5fc107', 0x53],
    ['the discovery object', '7e', 0x7e],
    ['the certificate for PIV authentication', '5fc105', 0x53],
  ])('%s is read, in parts where it is long', async (_rule, tag, container) => {
    const card = softwareCard();
    await card.send(select);
    const { data, statusWord } = await card.ask(getData(tag));
    expect(statusWord).toBe('9000');
    expect(readTlvs(data)).toMatchObject([{ tag: container }]);
  });

  it('come back whole, whatever part of them the reader asks for at once', async () => {
    const card = softwareCard();
    await card.send(select);
    const whole = await card.ask(getData('5fc105'));
    const first = await card.send(getData('5fc105').replace(/00$/, '10'));
    expect(first).toHaveLength(2 * 16 + 4);
    expect(first.slice(-4)).toBe('6100');
    let rest = first.slice(0, -4);
    for (;;) {
      const answer = await card.send('00c00000f0');
      rest += answer.slice(0, -4);
      if (answer.endsWith('9000')) break;
    }
    expect(rest).toBe(whole.data.toString('hex'));
  });

  it('say that the PIN of the application, and nothing else, opens the card', async () => {
    const card = softwareCard();
    await card.send(select);
    const { data } = await card.ask(getData('7e'));
    expect(data.toString('hex')).toContain('5f2f024000');
  });

  it('count the retired keys with certificates', async () => {
    const card = softwareCard({ 154: rsaKey, 130: echoKey('P-256'), 131: echoKey('P-384') });
    await card.send(select);
    expect((await card.ask(getData('5fc10c'))).data.toString('hex')).toContain('c10102c20100');
    expect((await card.ask(getData('5fc10e'))).statusWord).toBe('9000');
  });

  it.each([
    ['an object that the card does not have', getData('5fc10a'), '6a82'],
    ['the history of keys where none is retired', getData('5fc10c'), '6a82'],
    ['no tag', '00cb3fff025c00', '6a80'],
    ['a tag of four octets', '00cb3fff065c045fc10511', '6a80'],
    ['two lists of tags', '00cb3fff065c017e5c017e', '6a80'],
    ['something that is no list of tags', '00cb3fff0353017e', '6a80'],
    ['another file', '00cb3ffe035c017e', '6a86'],
  ])('cannot be asked by %s', async (_rule, command, statusWord) => {
    const { send } = softwareCard();
    await send(select);
    expect(await send(command)).toBe(statusWord);
  });

  it('that wait for GET RESPONSE are gone after any other command', async () => {
    const { send } = softwareCard();
    await send(select);
    expect((await send(getData('5fc105'))).slice(-4, -2)).toBe('61');
    await send('00200080');
    expect(await send('00c0000000')).toBe('6985');
  });
});

describe('a key', () => {
  it('of RSA works on what comes in a chain, and its answer comes in parts', async () => {
    const card = softwareCard();
    const challenge = Buffer.concat([Buffer.of(0, 1), Buffer.alloc(254, 0x55)]);
    await card.send(select);
    await card.send(right);
    const [first, last] = authenticate('07', '9a', challenge);
    expect(await card.send(first!)).toBe('9000');
    const { data, statusWord } = await card.ask(last!);
    expect(statusWord).toBe('9000');
    const [template] = readTlvs(data)!;
    const [response] = readTlvs(template!.value)!;
    expect([template!.tag, response!.tag]).toEqual([0x7c, 0x82]);
    expect(rsaInput(response!.value)).toEqual(challenge);
    expect(card.events.slice(-2)).toEqual([
      { kind: 'signature-asked', slot: '9a' },
      { kind: 'signature', slot: '9a' },
    ]);
  });

  it('that fails says so, and the card goes on', async () => {
    const { send, events } = softwareCard({ 154: failingKey });
    await send(select);
    await send(right);
    expect(await send(sign256('9a'))).toBe('6f00');
    expect(events.at(-1)).toEqual({ kind: 'token-failure', message: 'CKR_DEVICE_ERROR' });
    expect(await send('00200080')).toBe('9000');
  });

  it('of a card without power does not work', async () => {
    let operations = 0;
    const key: PivKey = { algorithm: 'P-256', operate: (data) => Buffer.from([operations++, ...data]) };
    const { send } = softwareCard({ 154: key }, { beforeSignature: async () => false });
    await send(select);
    await send(right);
    expect(await send(sign256('9a'))).toBe('6f00');
    expect(operations).toBe(0);
  });

  const template = (hex: string) => `0087119a${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`;
  it.each([
    ['of another slot than the card has', sign256('9d'), '6a86'],
    ['with another algorithm than its own', authenticate('14', '9a', hash)[0]!, '6a86'],
    ['for administration', '0087039b047c028000', '6a86'],
    ['on more than a hash', authenticate('11', '9a', Buffer.alloc(33))[0]!, '6a80'],
    ['on nothing', template('7c0482008100'), '6a80'],
    ['for key agreement', template(encodeTlv(0x7c, encodeTlv(0x82), encodeTlv(0x85, hash)).toString('hex')), '6a80'],
    ['without being asked for a response', template(encodeTlv(0x7c, encodeTlv(0x81, hash)).toString('hex')), '6a80'],
    ['with a response in the question', template(`7c06820101${'8101aa'}`), '6a80'],
    ['in no template', template('82008101aa'), '6a80'],
    ['in two templates', template('7c0582008101aa7c00'), '6a80'],
  ])('does not work %s', async (_rule, command, statusWord) => {
    const { send, events } = softwareCard({ 154: echoKey('P-256') });
    await send(select);
    await send(right);
    expect(await send(command)).toBe(statusWord);
    expect(events).toEqual([{ kind: 'pin-right' }]);
  });

  it('of RSA takes exactly as many octets as its modulus', async () => {
    for (const octets of [255, 257]) {
      const { send } = softwareCard();
      await send(select);
      await send(right);
      const [first, last] = authenticate('07', '9a', Buffer.alloc(octets));
      await send(first!);
      expect(await send(last!)).toBe('6a80');
    }
  });
});

describe('the PIN must have been verified', () => {
  const works = /9000$/;
  const refusal = /^6982$/;
  it.each([
    ['9a', 'not at all', [], refusal],
    ['9a', 'once', [right], works],
    ['9a', 'some commands ago', [right, getData('7e'), select], works],
    ['9a', 'once, for a second signature', [right, sign256('9a')], works],
    ['9a', 'and not forgotten again', [right, '0020ff80'], refusal],
    ['9a', 'after the wrong one', [right, '0020008008313131313131ffff'], refusal],
    ['9c', 'not at all', [], refusal],
    ['9c', 'right before', [right], works],
    ['9c', 'before another command', [right, getData('7e')], refusal],
    ['9c', 'before a signature with another key', [right, sign256('9a')], refusal],
    ['9c', 'for each of two signatures', [right, sign256('9c')], refusal],
    ['9c', 'again for the second signature', [right, sign256('9c'), right], works],
    ['9d', 'not at all', [], refusal],
    ['9d', 'some commands ago', [right, getData('7e')], works],
    ['9e', 'never', [], works],
    ['82', 'not at all', [], refusal],
    ['82', 'some commands ago', [right, getData('7e')], works],
  ])('for a signature with %s: %s', async (slot, _rule, before, expected) => {
    const references = [0x9a, 0x9c, 0x9d, 0x9e, 0x82];
    const { send } = softwareCard(Object.fromEntries(references.map((one) => [one, echoKey('P-256')])));
    for (const command of [select, ...before]) await send(command);
    expect(await send(sign256(slot))).toMatch(expected);
  });

  it('anew after a reset, which forgets the selection too', async () => {
    const { card, send } = softwareCard({ 154: echoKey('P-256') });
    await send(select);
    await send(right);
    card.reset();
    expect(await send(sign256('9a'))).toBe('6985');
    await send(select);
    expect(await send(sign256('9a'))).toBe('6982');
  });
});

describe('a chain of commands', () => {
  const challenge = Buffer.alloc(256, 1);
  it('that another command interrupts has no effect, and the other one has', async () => {
    const { send, events } = softwareCard();
    await send(select);
    await send(right);
    const [first, last] = authenticate('07', '9a', challenge);
    await send(first!);
    expect(await send('00200080')).toBe('9000');
    expect(await send(last!)).toBe('6a80');
    expect(events).toEqual([{ kind: 'pin-right' }]);
  });

  it('for another key does not go on with the first part of the old one', async () => {
    const { send } = softwareCard({ 154: rsaKey, 157: rsaKey });
    await send(select);
    await send(right);
    await send(authenticate('07', '9a', challenge)[0]!);
    expect(await send(authenticate('07', '9d', challenge)[1]!)).toBe('6a80');
  });

  it('that is too long is refused and forgotten', async () => {
    const { send } = softwareCard();
    await send(select);
    const part = `1087079aff${'00'.repeat(255)}`;
    const answers: string[] = [];
    for (let octets = 0; octets <= 4096; octets += 255) answers.push(await send(part));
    expect(answers.slice(0, -1).every((answer) => answer === '9000')).toBe(true);
    expect(answers.at(-1)).toBe('6a84');
    expect(await send(part)).toBe('9000');
  });

  it('is for keys only', async () => {
    const { send } = softwareCard();
    await send(select);
    expect(await send(`1020008008${'31'.repeat(8)}`)).toBe('6884');
    expect(await send('00200080')).toBe('63c3');
  });
});

describe('a command is refused', () => {
  it.each([
    ['shorter than its header', '00cb3f', '6700'],
    ['without octets', '', '6700'],
    ['longer than it says', '00200080013131ff', '6700'],
    ['shorter than it says', '0020008008313131', '6700'],
    ['of extended length', '00cb3fff000003017eff0000', '6700'],
    ['under secure messaging', '0c20008008313131313131ffff', '6882'],
    ['on another logical channel', '0120008008313131313131ffff', '6881'],
    ['of a foreign class', '8020008008313131313131ffff', '6e00'],
    ['that writes an object', '00db3fff055c035fc105', '6d00'],
    ['that makes a key', '0047009a05ac03800111', '6d00'],
    ['of another part of an answer', '00c0000100', '6a86'],
  ])('%s', async (_rule, command, statusWord) => {
    const { send } = softwareCard();
    await send(select);
    expect(await send(command)).toBe(statusWord);
    expect(await send('00200080')).toBe('63c3');
  });
});

it('the card says that it is a YubiKey 5, without which OpenSC offers no ECDSA', async () => {
  const { card, send } = softwareCard();
  await send(select);
  expect(card.answerToReset.toString('latin1')).toContain('YubiKey');
  expect(await send('00fd000000')).toBe('0502079000');
  expect(await send('00f8000000')).toMatch(/^[0-9a-f]{8}9000$/);
});

it.each([
  ['a PIN of five digits', { pin: '12345' }],
  ['a PIN with a letter', { pin: '12345a' }],
  ['a PIN of nine digits', { pin: '123456789' }],
  ['a short PUK', { puk: puk.slice(1) }],
  ['no tries', { pinTries: 0 }],
  ['more tries than a status word can tell', { pukTries: 16 }],
])('there is no card with %s', (_rule, options) => {
  expect(() => softwareCard(undefined, options)).toThrow(RangeError);
});
