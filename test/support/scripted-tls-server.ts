/**
 * A TLS 1.3 server written to misbehave: a script says every message, and may change, leave out or add whatever it likes. What it
 * keeps to itself is the cryptography, without which no client listens.
 */
import { createPrivateKey, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { readCertificateBlocks } from '../../src/pki/encoding/pem.ts';
import { alertName } from '../../src/smartcard/tls13/alerts.ts';
import { type CipherSuite, cipherSuiteOf, nonceLength, tagLength } from '../../src/smartcard/tls13/cipher-suites.ts';
import { extensionTypes } from '../../src/smartcard/tls13/handshake/extensions.ts';
import { HandshakeReader, handshakeTypes } from '../../src/smartcard/tls13/handshake/handshake-reader.ts';
import { groups } from '../../src/smartcard/tls13/handshake/key-exchange.ts';
import {
  finishedVerifyData,
  hkdfExpandLabel,
  KeySchedule,
  type TrafficSecrets,
} from '../../src/smartcard/tls13/handshake/key-schedule.ts';
import { certificateVerifyContent } from '../../src/smartcard/tls13/handshake/server-flight.ts';
import { Transcript } from '../../src/smartcard/tls13/handshake/transcript.ts';
import { uint, vector, WireReader } from '../../src/smartcard/tls13/presentation-language.ts';
import { RecordLayer } from '../../src/smartcard/tls13/record-layer.ts';
import { type ContentType, recordHeader, TrafficKeys } from '../../src/smartcard/tls13/traffic-keys.ts';
import { signWithKey } from './key-file-credential.ts';
import { extension, message, signatureAlgorithms, supportedVersion } from './tls-messages.ts';

export interface ServerIdentity {
  readonly chainPem: string;
  readonly privateKeyPem: string;
}

export interface HelloChanges {
  readonly legacyVersion?: number;
  readonly random?: Buffer;
  readonly sessionId?: Buffer;
  readonly suite?: number;
  readonly compression?: number;
  /** Instead of supported_versions and key_share. */
  readonly extensions?: readonly Buffer[];
  readonly more?: readonly Buffer[];
}

export class ScriptedTlsServer {
  readonly suite: CipherSuite = cipherSuiteOf(0x1301)!;
  readonly #socket: Socket;
  readonly #identity: ServerIdentity;
  readonly #records = new RecordLayer();
  readonly #messages = new HandshakeReader();
  readonly #transcript = new Transcript();
  readonly #share = groups.x25519.generate();
  #schedule = new KeySchedule(this.suite);
  #secrets: TrafficSecrets | undefined;
  #application: TrafficSecrets | undefined;
  /** legacy_session_id of the ClientHello. */
  sessionId: Buffer = Buffer.alloc(0);
  /** Types of the extensions of the last ClientHello. */
  offeredExtensions: number[] = [];
  #clientShare: Buffer = Buffer.alloc(0);
  /** Alerts of the client, by name. */
  readonly alerts: string[] = [];
  /** Application data of the client. */
  received = '';
  #writeSecret: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #wake = () => {};

  constructor(socket: Socket, identity: ServerIdentity) {
    this.#socket = socket;
    this.#identity = identity;
    socket.on('data', (octets: Buffer) => {
      this.#records.add(octets);
      this.#wake();
    });
    socket.on('end', () => this.#endInput()).on('close', () => this.#endInput());
  }

  /** Done to everything that goes out. */
  damage = (octets: Buffer): Buffer => octets;

  /** Octets, as they are. */
  raw(octets: Buffer): void {
    this.#socket.write(this.damage(octets));
  }

  /** To be called after a KeyUpdate was sent; `inner` knows only the first keys. */
  updateWriteKeys(): void {
    this.#records.updateWriteKeys();
  }

  /** Everything that `action` sends arrives at once. */
  together(action: () => void): void {
    this.#socket.cork();
    action();
    this.#socket.uncork();
  }

  /** One record under the keys of the moment. */
  record(type: ContentType, content: Buffer): void {
    this.raw(this.#records.seal(type, content));
  }

  /** One record with this TLSInnerPlaintext, whatever its type and padding. */
  inner(plaintext: Buffer): void {
    const { suite } = this;
    const key = hkdfExpandLabel(suite.hash, this.#writeSecret, 'key', Buffer.alloc(0), suite.keyLength);
    const nonce = hkdfExpandLabel(suite.hash, this.#writeSecret, 'iv', Buffer.alloc(0), nonceLength);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#records.recordsWritten) >>> 0, 8);
    const header = recordHeader('application_data', 0x0303, plaintext.length + tagLength);
    const cipher = suite.cipher(key, nonce).setAAD(header, { plaintextLength: plaintext.length });
    this.raw(Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
    // Only its place in the sequence counts.
    this.#records.seal('application_data', Buffer.alloc(0));
  }

  /** A handshake message in one record, counted in the transcript. */
  say(octets: Buffer): void {
    this.#transcript.add(octets);
    this.record('handshake', octets);
  }

  /** Counts a message that was sent in some other way. */
  count(octets: Buffer): void {
    this.#transcript.add(octets);
  }

  async readClientHello(): Promise<void> {
    const octets = await this.#nextMessage();
    this.#transcript.add(octets);
    this.#transcript.useHash(this.suite.hash);
    const reader = new WireReader(octets.subarray(4), 'ClientHello');
    reader.opaque(34);
    this.sessionId = Buffer.from(reader.vector(1));
    reader.vector(2);
    reader.vector(1);
    const extensions = new WireReader(reader.vector(2), 'extensions');
    this.offeredExtensions = [];
    while (extensions.remaining > 0) {
      const type = extensions.uint(2);
      const data = extensions.vector(2);
      this.offeredExtensions.push(type);
      if (type !== extensionTypes.key_share) continue;
      const entries = new WireReader(new WireReader(data, 'key_share').vector(2), 'key_share');
      while (entries.remaining > 0)
        if (entries.uint(2) === groups.x25519.code) this.#clientShare = Buffer.from(entries.vector(2));
        else entries.vector(2);
    }
  }

  get keyShare(): Buffer {
    return extension(extensionTypes.key_share, uint(2, groups.x25519.code), vector(2, this.#share.keyExchange));
  }

  /** A ServerHello, not sent yet. */
  hello(changes: HelloChanges = {}): Buffer {
    const extensions = changes.extensions ?? [supportedVersion, this.keyShare];
    return message(
      handshakeTypes.server_hello,
      uint(2, changes.legacyVersion ?? 0x0303),
      changes.random ?? randomBytes(32),
      vector(1, changes.sessionId ?? this.sessionId),
      uint(2, changes.suite ?? this.suite.code),
      uint(1, changes.compression ?? 0),
      vector(2, ...extensions, ...(changes.more ?? [])),
    );
  }

  /** Goes on to the handshake keys; the transcript must end with the ServerHello. */
  protect(): void {
    this.#secrets = this.#schedule.handshake(this.#share.agree(this.#clientShare), this.#transcript.digest());
    this.#writeWith(this.#secrets.server);
    this.#records.readKeys = new TrafficKeys(this.suite, Buffer.from(this.#secrets.client));
  }

  encryptedExtensions(...extensions: readonly Buffer[]): Buffer {
    return message(handshakeTypes.encrypted_extensions, vector(2, ...extensions));
  }

  certificateRequest(context = Buffer.alloc(0), extensions = [signatureAlgorithms(0x0403, 0x0804)]): Buffer {
    return message(handshakeTypes.certificate_request, vector(1, context), vector(2, ...extensions));
  }

  certificate(
    chain = readCertificateBlocks(Buffer.from(this.#identity.chainPem)),
    entryExtensions: Buffer = Buffer.alloc(0),
  ): Buffer {
    const entries = chain.map((der) => Buffer.concat([vector(3, der), vector(2, entryExtensions)]));
    return message(handshakeTypes.certificate, vector(1), vector(3, ...entries));
  }

  /** Signed over the transcript so far. */
  certificateVerify(scheme = 0x0403, key = createPrivateKey(this.#identity.privateKeyPem)): Buffer {
    const content = certificateVerifyContent('server', this.#transcript.digest());
    return message(
      handshakeTypes.certificate_verify,
      uint(2, scheme),
      vector(2, signWithKey(key, 'ecdsa_secp256r1_sha256', content)),
    );
  }

  finished(): Buffer {
    const { server } = this.#secrets!;
    return message(handshakeTypes.finished, finishedVerifyData(this.suite, server, this.#transcript.digest()));
  }

  /** Goes on to the application keys for what is sent; the transcript must end with the server's Finished. */
  protectData(): void {
    this.#application = this.#schedule.application(this.#transcript.digest());
    this.#writeWith(this.#application.server);
  }

  /** Everything up to and with Finished, as RFC 8446 has it. */
  async properFlight(): Promise<void> {
    await this.readClientHello();
    this.say(this.hello());
    this.protect();
    this.say(this.encryptedExtensions());
    this.say(this.certificate());
    this.say(this.certificateVerify());
    this.say(this.finished());
    this.protectData();
  }

  /** Reads the client's Finished and goes on to the application keys for what is received. */
  async readClientFinished(): Promise<void> {
    this.#transcript.add(await this.#nextMessage());
    this.#records.readKeys = new TrafficKeys(this.suite, Buffer.from(this.#application!.client));
  }

  /** Reads a KeyUpdate and goes on to the next keys for what is received. @returns what it asks for */
  async readKeyUpdate(): Promise<number> {
    const octets = await this.#nextMessage();
    if (octets[0] !== handshakeTypes.key_update) throw new Error(`no KeyUpdate came but ${octets.toString('hex')}`);
    this.#records.updateReadKeys();
    return octets.readUInt8(4);
  }

  async properHandshake(): Promise<void> {
    await this.properFlight();
    await this.readClientFinished();
  }

  ticket(lifetime = 3600, ticket = randomBytes(16)): Buffer {
    return message(
      handshakeTypes.new_session_ticket,
      uint(4, lifetime),
      uint(4, 7),
      vector(1, uint(1, 1)),
      vector(2, ticket),
      vector(2),
    );
  }

  end(): void {
    this.#socket.end();
  }

  /** Reads until the client ends, for its alerts. */
  async drain(): Promise<void> {
    while (await this.#readRecord());
  }

  /** The next message of the client, with its header. */
  async #nextMessage(): Promise<Buffer> {
    for (;;) {
      const octets = this.#messages.next()?.octets;
      if (octets) return Buffer.from(octets);
      if (!(await this.#readRecord())) throw new ClientGone();
    }
  }

  /** @returns false when the client has ended */
  async #readRecord(): Promise<boolean> {
    for (;;) {
      const record = this.#records.next();
      if (record?.type === 'alert') this.alerts.push(alertName(record.content.readUInt8(1)));
      if (record?.type === 'handshake') this.#messages.add(record.content);
      if (record?.type === 'application_data') this.received += record.content.toString('latin1');
      if (record || this.#hasEnded) return record !== undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #writeWith(secret: Buffer): void {
    this.#writeSecret = secret;
    this.#records.writeKeys = new TrafficKeys(this.suite, Buffer.from(secret));
  }

  #endInput(): void {
    this.#hasEnded = true;
    this.#wake();
  }
}

/** The client ended before the script did, which is what most scripts are about. */
export class ClientGone extends Error {}
