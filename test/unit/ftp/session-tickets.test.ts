/** Whose TLS sessions are resumed, and what OpenSSL is answered for each ticket. */
import { describe, expect, it } from 'vitest';
import { type HandshakePurpose, SessionKin, SessionTickets } from '../../../src/ftp/tls/session-tickets.ts';

const iv = Buffer.alloc(16);
const none = 0;
const usable = 1;
const renewed = 2;

function sessions() {
  const kin = new SessionKin();
  return { kin, own: new SessionTickets(kin), other: new SessionTickets(kin) };
}

const nameOf = ({ keyName }: SessionTickets) => Buffer.from(keyName, 'hex');

describe('the sessions of a server', () => {
  it('have a context name and key names of their own, which cannot be guessed', () => {
    const { kin, own, other } = sessions();
    const names = [kin.contextName, new SessionKin().contextName, own.keyName, other.keyName];
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/u);
    expect(new Set(names).size).toBe(4);
  });

  it('seal with keys of their own', () => {
    const { own, other } = sessions();
    const keysOf = (tickets: SessionTickets) =>
      tickets
        .callback(() => 'control', false)(nameOf(tickets), iv, true)
        .slice(1, 3) as readonly Buffer[];
    const keys = [...keysOf(own), ...keysOf(other)];
    for (const key of keys) expect(key).toHaveLength(16);
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(4);
  });
});

describe('a session', () => {
  it('resumes what it gave out itself, with a login or without', () => {
    const { own } = sessions();
    expect(own.honours(own.keyName)).toBe(true);
    own.owner = 'ada';
    expect(own.honours(own.keyName)).toBe(true);
  });

  it.each([
    ['both belong to one owner', 'ada', 'ada', true],
    ['they belong to two', 'ada', 'bob', false],
    ['the other has no owner', 'ada', undefined, false],
    ['it has none itself', undefined, 'ada', false],
    ['neither has one', undefined, undefined, false],
  ])('resumes that of another where %s', (_rule, owner, otherOwner, expected) => {
    const { own, other } = sessions();
    own.owner = owner;
    other.owner = otherOwner;
    other.keep('aa', Buffer.from('state'));
    expect(own.honours(other.keyName)).toBe(expected);
    expect(own.kept('aa')?.toString()).toBe(expected ? 'state' : undefined);
  });

  it('resumes nothing of a key or an id that no session has', () => {
    const { own } = sessions();
    own.owner = 'ada';
    expect([own.honours('00'.repeat(16)), own.kept('aa')]).toEqual([false, undefined]);
  });

  it('is resumed no more when it is over', () => {
    const { kin, own, other } = sessions();
    own.owner = 'ada';
    other.owner = 'ada';
    other.keep('aa', Buffer.from('state'));
    other.close();
    expect([own.honours(other.keyName), own.kept('aa'), kin.kept.size, kin.issuers.size]).toEqual([
      false,
      undefined,
      0,
      1,
    ]);
    expect(own.honours(own.keyName)).toBe(true);
  });

  it('keeps the newest 64 without tickets', () => {
    const { kin, own } = sessions();
    for (let id = 0; id < 70; id += 1) own.keep(`id-${id}`, Buffer.of(id));
    expect(kin.kept.size).toBe(64);
    expect([own.kept('id-5'), own.kept('id-6'), own.kept('id-69')]).toEqual([undefined, Buffer.of(6), Buffer.of(69)]);
  });
});

describe('a new ticket', () => {
  it.each<[HandshakePurpose, boolean, number]>([
    ['control', true, usable],
    ['control', false, usable],
    ['sending', true, usable],
    ['sending', false, usable],
    ['receiving', false, usable],
    // The client does not read it, and unread octets turn its FIN into RST.
    ['receiving', true, none],
  ])('for %s, under TLS 1.3: %s, is answered %i', (purpose, isTls13, expected) => {
    const { own } = sessions();
    const [answer, hmac, aes, name, vector] = own.callback(() => purpose, isTls13)(Buffer.alloc(16), iv, true);
    expect([answer, hmac?.length, aes?.length, name?.toString('hex')]).toEqual([expected, 16, 16, own.keyName]);
    const [, , , , next] = own.callback(() => purpose, isTls13)(Buffer.alloc(16), iv, true);
    expect(vector).toHaveLength(16);
    expect(next?.equals(vector!)).toBe(false);
  });
});

describe('a ticket that is shown', () => {
  it.each<[HandshakePurpose, boolean, number]>([
    ['control', true, none],
    ['control', false, none],
    ['receiving', true, usable],
    ['receiving', false, usable],
    ['sending', false, usable],
    // One ticket serves one connection there (RFC 8446 C.4).
    ['sending', true, renewed],
  ])('for %s, under TLS 1.3: %s, is answered %i', (purpose, isTls13, expected) => {
    const { own } = sessions();
    const [answer, hmac, aes] = own.callback(() => purpose, isTls13)(nameOf(own), iv, false);
    const [, ownHmac, ownAes] = own.callback(() => purpose, isTls13)(nameOf(own), iv, true);
    expect(answer).toBe(expected);
    // Node copies keys of this length whatever the answer is.
    const expectedKeys = expected === none ? [Buffer.alloc(16), Buffer.alloc(16)] : [ownHmac, ownAes];
    expect([hmac, aes]).toEqual(expectedKeys);
  });

  it('by another session of the same owner is opened with the keys of that', () => {
    const { own, other } = sessions();
    own.owner = 'ada';
    other.owner = 'ada';
    const opened = own.callback(() => 'receiving', false)(nameOf(other), iv, false);
    const [, hmac, aes] = other.callback(() => 'receiving', false)(nameOf(other), iv, true);
    expect(opened).toEqual([usable, hmac, aes]);
  });

  it.each(['of another owner', 'of no session'])('%s is worth none', (whose) => {
    const { own, other } = sessions();
    own.owner = 'ada';
    other.owner = 'bob';
    const name = whose === 'of no session' ? Buffer.alloc(16, 7) : nameOf(other);
    const answer = own.callback(() => 'sending', true)(name, iv, false);
    expect(answer).toEqual([none, Buffer.alloc(16), Buffer.alloc(16)]);
  });
});
