/** How many messages one answer of a directory may have, to the message, and that the next answer has a count of its own. */
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LdapMessageStream } from '../../../src/directory/connection/ldap-message-stream.ts';

/** SearchResultEntry of message 3, without name and attributes. */
const entry = Buffer.from('3009020103640404003000', 'hex');
const most = 4096;

function received(...answers: readonly number[]) {
  const socket = new PassThrough();
  const stream = new LdapMessageStream(socket as unknown as Socket);
  for (const count of answers) {
    stream.beginOperation();
    socket.emit('data', Buffer.concat(Array.from({ length: count }, () => entry)));
  }
  // the test reads none, so all of them still wait
  const { failure, readableLength: messages } = stream;
  stream.destroy();
  return { failure, messages };
}

describe('one answer of a directory', () => {
  it('may have 4096 messages, and so may the next', () => {
    expect(received(most)).toEqual({ failure: undefined, messages: most });
    expect(received(most, most)).toEqual({ failure: undefined, messages: 2 * most });
  });

  it('ends the connection with the message after that, which is handed on no more', () => {
    const { failure, messages } = received(most + 1);
    expect(failure).toBe('the server sent more than 4096 messages in one answer');
    expect(messages).toBe(most);
  });
});
