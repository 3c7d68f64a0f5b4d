/** The key schedule against the traces of RFC 8448: sections 3 (a full handshake) and 4 (its resumption), every value in hexadecimal. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type CipherSuite, cipherSuiteOf } from '../../../../src/smartcard/tls13/cipher-suites.ts';
import { encodeClientHello } from '../../../../src/smartcard/tls13/handshake/client-hello.ts';
import {
  finishedVerifyData,
  hkdfExpandLabel,
  KeySchedule,
} from '../../../../src/smartcard/tls13/handshake/key-schedule.ts';
import { Transcript } from '../../../../src/smartcard/tls13/handshake/transcript.ts';
import { readSessionTicket } from '../../../../src/smartcard/tls13/tls13-session.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const suite: CipherSuite = cipherSuiteOf(0x1301)!;

const messages = {
  clientHello:
    '010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113031302010000910000000b0009000006' +
    '736572766572ff01000100000a00140012001d0017001800190100010101020103010400230000003300260024001d002099381de560e4bd43d23d' +
    '8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d0020001e040305030603020308040805080604010501060102010402' +
    '050206020202002d00020101001c00024001',
  serverHello:
    '020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00330024001d0020c9828876112095fe' +
    '66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304',
  encryptedExtensions: '080000240022000a00140012001d00170018001901000101010201030104001c0002400100000000',
  certificate:
    '0b0001b9000001b50001b0308201ac30820115a003020102020102300d06092a864886f70d01010b0500300e310c300a06035504031303727361301e' +
    '170d3136303733303031323335395a170d3236303733303031323335395a300e310c300a0603550403130372736130819f300d06092a864886f70d01' +
    '0101050003818d0030818902818100b4bb498f8279303d980836399b36c6988c0c68de55e1bdb826d3901a2461eafd2de49a91d015abbc9a95137ace' +
    '6c1af19eaa6af98c7ced43120998e187a80ee0ccb0524b1b018c3e0b63264d449a6d38e22a5fda430846748030530ef0461c8ca9d9efbfae8ea6d1d0' +
    '3e2bd193eff0ab9a8002c47428a6d35a8d88d79f7f1e3f0203010001a31a301830090603551d1304023000300b0603551d0f0404030205a0300d0609' +
    '2a864886f70d01010b05000381810085aad2a0e5b9276b908c65f73a7267170618a54c5f8a7b337d2df7a594365417f2eae8f8a58c8f8172f9319cf3' +
    '6b7fd6c55b80f21a03015156726096fd335e5e67f2dbf102702e608ccae6bec1fc63a42a99be5c3eb7107c3c54e9b9eb2bd5203b1c3b84e0a8b2f759' +
    '409ba3eac9d91d402dcc0cc8f8961229ac9187b42b4de10000',
  certificateVerify:
    '0f000084080400805a747c5d88fa9bd2e55ab085a61015b7211f824cd484145ab3ff52f1fda8477b0b7abc90db78e2d33a5c141a078653fa6bef780c' +
    '5ea248eeaaa785c4f394cab6d30bbe8d4859ee511f602957b15411ac027671459e46445c9ea58c181e818e95b8c3fb0bf3278409d3be152a3da5043e' +
    '063dda65cdf5aea20d53dfacd42f74f3',
  serverFinished: '140000209b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718',
  clientFinished: '14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61',
} as const;

const ticketBody =
  '0000001efad6aac502000000b22c035d829359ee5ff7af4ec900000000262a6494dc486d2c8a34cb33fa90bf1b0070ad3c498883c9367c09a2be785abc' +
  '55cd226097a3a982117283f82a03a143efd3ff5dd36d64e861be7fd61d2827db279cce145077d454a3664d4e6da4d29ee03725a6a4dafcd0fc67d2aea7' +
  '0529513e3da2677fa5906c5b3f7d8f92f228bda40dda721470f9fbf297b5aea617646fac5c03272e970727c621a79141ef5f7de6505e5bfbc388e93343' +
  '694093934ae4d3570008002a000400000400';

const sharedSecret = '8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d';
const psk = '4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3';

function fullHandshake() {
  const schedule = new KeySchedule(suite);
  const transcript = new Transcript();
  transcript.add(hex(messages.clientHello));
  transcript.useHash(suite.hash);
  transcript.add(hex(messages.serverHello));
  const handshake = schedule.handshake(hex(sharedSecret), transcript.digest());
  for (const name of ['encryptedExtensions', 'certificate', 'certificateVerify'] as const)
    transcript.add(hex(messages[name]));
  const serverVerifyData = finishedVerifyData(suite, handshake.server, transcript.digest());
  transcript.add(hex(messages.serverFinished));
  const application = schedule.application(transcript.digest());
  const clientVerifyData = finishedVerifyData(suite, handshake.client, transcript.digest());
  transcript.add(hex(messages.clientFinished));
  const resumption = schedule.resumption(transcript.digest());
  return { handshake, application, serverVerifyData, clientVerifyData, resumption };
}

const keyOf = (secret: Buffer) => hkdfExpandLabel('sha256', secret, 'key', Buffer.alloc(0), 16).toString('hex');
const ivOf = (secret: Buffer) => hkdfExpandLabel('sha256', secret, 'iv', Buffer.alloc(0), 12).toString('hex');

describe('RFC 8448 section 3, a full handshake', () => {
  const { handshake, application, serverVerifyData, clientVerifyData, resumption } = fullHandshake();

  it.each([
    ['c hs traffic', handshake.client, 'b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21'],
    ['s hs traffic', handshake.server, 'b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38'],
    ['c ap traffic', application.client, '9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5'],
    ['s ap traffic', application.server, 'a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643'],
    ['res master', resumption, '7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c'],
    ['Finished of the server', serverVerifyData, messages.serverFinished.slice(8)],
    ['Finished of the client', clientVerifyData, messages.clientFinished.slice(8)],
  ])('%s', (_name, value, expected) => {
    expect(value.toString('hex')).toBe(expected);
  });

  it.each([
    ['server, handshake', handshake.server, '3fce516009c21727d0f2e4e86ee403bc', '5d313eb2671276ee13000b30'],
    ['client, handshake', handshake.client, 'dbfaa693d1762c5b666af5d950258d01', '5bd3c71b836e0b76bb73265f'],
    ['server, application', application.server, '9f02283b6c9c07efc26bb9f2ac92e356', 'cf782b88dd83549aadf1e984'],
    ['client, application', application.client, '17422dda596ed5d9acd890e3c63f5051', '5b78923dee08579033e523d9'],
  ])('key and iv: %s', (_name, secret, key, iv) => {
    expect([keyOf(secret), ivOf(secret)]).toEqual([key, iv]);
  });
});

describe('RFC 8448 section 4, the resumption of that session', () => {
  const origin = {
    suite,
    resumptionMasterSecret: fullHandshake().resumption,
    serverName: 'server',
    peerCertificates: [],
    verifyServer: () => undefined,
  };

  it('the ticket gives the pre-shared key', () => {
    const session = readSessionTicket(hex(ticketBody), origin, 0);
    expect(session).toMatchObject({ psk: hex(psk), lifetimeSeconds: 30, ageAdd: 0xfad6aac5 });
    expect(session?.ticket.length).toBe(0xb2);
  });

  it.each([
    [0xffffffff, 604_800],
    [604_800, 604_800],
    [30, 30],
    [0, undefined],
  ])('a ticket that shall live %i seconds lives %s', (lifetime, expected) => {
    const body = hex(ticketBody);
    body.writeUInt32BE(lifetime, 0);
    expect(readSessionTicket(body, origin, 0)?.lifetimeSeconds).toBe(expected);
  });

  it.each([
    [0, 0xfad6aac5],
    [1234.9, 0xfad6aac5 + 1234],
    [0x05295539, 0xfffffffe],
    [0x0529553b, 0],
  ])('the age of %f ms is sent as %i', (ageMilliseconds, obfuscated) => {
    const session = readSessionTicket(hex(ticketBody), origin, 0)!;
    const { message } = encodeClientHello({
      random: Buffer.alloc(32),
      sessionId: Buffer.alloc(32),
      serverName: 'server',
      shares: [],
      cookie: undefined,
      resumption: { session, ageMilliseconds },
      binderTranscriptHash: () => Buffer.alloc(32),
    });
    const identity = message.indexOf(session.ticket);
    expect(message.readUInt32BE(identity + session.ticket.length)).toBe(obfuscated);
  });

  it('the pre-shared key gives binder key and binder', () => {
    const binderKey = new KeySchedule(suite, hex(psk)).resumptionBinderKey();
    expect(binderKey.toString('hex')).toBe('69fe131a3bbad5d63c64eebcc30e395b9d8107726a13d074e389dbc8a4e47256');
    const truncatedHelloHash = '63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14';
    expect(finishedVerifyData(suite, binderKey, hex(truncatedHelloHash)).toString('hex')).toBe(
      '3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d',
    );
  });
});

describe('the transcript', () => {
  it('counts a ClientHello that was retried by its hash alone (RFC 8446 4.4.1)', () => {
    const transcript = new Transcript();
    transcript.add(Buffer.from('first hello'));
    transcript.useHash('sha256');
    transcript.replaceByMessageHash();
    transcript.add(Buffer.from('retry'));
    const first = createHash('sha256').update('first hello').digest();
    const expected = createHash('sha256').update(hex('fe000020')).update(first).update('retry').digest('hex');
    expect(transcript.digest().toString('hex')).toBe(expected);
  });

  it('has no hash before the suite is known', () => {
    expect(() => new Transcript().digest()).toThrow('no hash');
  });
});
