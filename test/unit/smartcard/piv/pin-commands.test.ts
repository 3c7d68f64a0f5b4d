import { describe, expect, it } from 'vitest';
import { padded, puk, right, select, softwareCard, verifyPin } from './software-card.ts';

const wrong = verifyPin('111111');
const tries = '00200080';
const change = (reference: '80' | '81', from: string, to: string) => `002400${reference}10${padded(from)}${padded(to)}`;
const unblock = (by: string, to: string) => `002c008010${padded(by)}${padded(to)}`;

/** Sends commands to a new card. @returns what it answered to each */
async function answers(...commands: readonly string[]): Promise<readonly string[]> {
  const { send } = softwareCard();
  await send(select);
  const answered: string[] = [];
  for (const command of commands) answered.push(await send(command));
  return answered;
}

describe('the PIN', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['has three tries', [tries], ['63c3']],
    ['costs none when right', [right, tries], ['9000', '9000']],
    ['costs one when wrong', [wrong, tries], ['63c2', '63c2']],
    ['is blocked after three wrong ones', [wrong, wrong, wrong, tries], ['63c2', '63c1', '63c0', '6983']],
    ['is refused when blocked, even if right', [wrong, wrong, wrong, right], ['63c2', '63c1', '63c0', '6983']],
    ['has all its tries again once it was right', [wrong, wrong, right, wrong], ['63c2', '63c1', '9000', '63c2']],
    ['is forgotten by a wrong one', [right, wrong, tries], ['9000', '63c2', '63c2']],
    ['is forgotten when the reader says so, at no cost', [right, '0020ff80', tries], ['9000', '9000', '63c3']],
    ['of the wrong form costs a try', [verifyPin('abcdefgh'), tries], ['63c2', '63c2']],
    ['of the wrong length costs a try', ['002000800431323334', tries], ['63c2', '63c2']],
    ['without its padding is wrong', ['0020008006313233343536', tries], ['63c2', '63c2']],
  ])('%s', async (_rule, commands, expected) => {
    expect(await answers(...commands)).toEqual(expected);
  });

  it.each([
    ['the global one', `0020000008${padded('123456')}`, '6a88'],
    ['the PUK', `0020008108${padded(puk)}`, '6a88'],
    ['a fingerprint', '00200096', '6a88'],
    ['with another first parameter', `0020018008${padded('123456')}`, '6a86'],
    ['with data where it is to be forgotten', `0020ff8008${padded('123456')}`, '6a80'],
  ])('cannot be verified as %s, which costs no try', async (_rule, command, statusWord) => {
    expect(await answers(command, tries)).toEqual([statusWord, '63c3']);
  });
});

describe('changing', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    [
      'the PIN verifies it and leaves the old one wrong',
      [change('80', '123456', '654321'), tries, '0020ff80', right, verifyPin('654321')],
      ['9000', '9000', '9000', '63c2', '9000'],
    ],
    ['the PIN without knowing it costs a try', [change('80', '111111', '654321'), tries], ['63c2', '63c2']],
    [
      'a blocked PIN is refused',
      [wrong, wrong, wrong, change('80', '123456', '654321')],
      ['63c2', '63c1', '63c0', '6983'],
    ],
    [
      'the PIN to five digits is refused, at no cost',
      [change('80', '123456', '12345'), tries, right],
      ['6a80', '63c3', '9000'],
    ],
    ['the PIN to letters is refused, at no cost', [change('80', '123456', 'abcdef'), tries], ['6a80', '63c3']],
    [
      'the PIN to one with digits after its padding is refused',
      [change('80', '123456', '123456\xff1'), tries],
      ['6a80', '63c3'],
    ],
    [
      'the PUK lets the new one unblock',
      [change('81', puk, '12345678'), unblock(puk, '654321'), unblock('12345678', '654321')],
      ['9000', '63c2', '9000'],
    ],
    [
      'the PUK without knowing it costs one of its tries',
      [change('81', '00000000', '12345678'), tries],
      ['63c2', '63c3'],
    ],
    ['one PIN of sixteen octets is refused', [`0024008008${padded('123456')}`, tries], ['6a80', '63c3']],
    ['the global PIN is refused', [`0024000010${padded('123456')}${padded('654321')}`], ['6a88']],
    ['with another first parameter is refused', [`0024018010${padded('123456')}${padded('654321')}`], ['6a86']],
  ])('%s', async (_rule, commands, expected) => {
    expect(await answers(...commands)).toEqual(expected);
  });
});

describe('the PUK', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    [
      'unblocks, sets the PIN and does not stand for it',
      [wrong, wrong, wrong, unblock(puk, '654321'), tries, right, verifyPin('654321')],
      ['63c2', '63c1', '63c0', '9000', '63c3', '63c2', '9000'],
    ],
    [
      'is blocked after three wrong ones, and then for ever',
      [
        unblock('00000000', '654321'),
        unblock('00000000', '654321'),
        unblock('00000000', '654321'),
        unblock(puk, '654321'),
      ],
      ['63c2', '63c1', '63c0', '6983'],
    ],
    [
      'costs no try where the new PIN cannot be one',
      [unblock('00000000', '1234'), unblock('00000000', '654321')],
      ['6a80', '63c2'],
    ],
    ['unblocks the PIN of the application only', [`002c000010${padded(puk)}${padded('654321')}`], ['6a88']],
    ['comes with a new PIN', [`002c008008${padded(puk)}`], ['6a80']],
    ['comes without a first parameter', [`002c018010${padded(puk)}${padded('654321')}`], ['6a86']],
  ])('%s', async (_rule, commands, expected) => {
    expect(await answers(...commands)).toEqual(expected);
  });
});

it('a reset gives no tries back', async () => {
  const { card, send } = softwareCard();
  await send(select);
  await send(wrong);
  card.reset();
  await send(select);
  expect(await send(tries)).toBe('63c2');
  expect(card.pinTriesLeft).toBe(2);
});

it('what happens to PIN and PUK is told, and neither of them', async () => {
  const { send, events } = softwareCard();
  await send(select);
  for (const command of [wrong, wrong, right, wrong, wrong, wrong, right]) await send(command);
  await send(unblock('00000000', '654321'));
  await send(unblock(puk, '654321'));
  await send(change('80', '654321', '123456'));
  await send(change('81', puk, '12345678'));
  expect(events).toEqual([
    { kind: 'pin-wrong', triesLeft: 2 },
    { kind: 'pin-wrong', triesLeft: 1 },
    { kind: 'pin-right' },
    { kind: 'pin-wrong', triesLeft: 2 },
    { kind: 'pin-wrong', triesLeft: 1 },
    { kind: 'pin-wrong', triesLeft: 0 },
    { kind: 'pin-blocked' },
    { kind: 'puk-wrong', triesLeft: 2 },
    { kind: 'pin-reset' },
    { kind: 'pin-changed' },
    { kind: 'puk-changed' },
  ]);
});
