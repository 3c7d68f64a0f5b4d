/**
 * TLS 1.3 without a network: octets of the server in, octets for the server out, and what happens in between told to its
 * driver. It has no timers, no buffers of its own but one record and one message, and throws at the first fault.
 */
import { type AlertName, alertName, encodeAlert } from './alerts.ts';
import { ConnectedState } from './connected-state.ts';
import { ClientHandshake, type Established, type HandshakeOptions } from './handshake/client-handshake.ts';
import { encodeHandshake, type HandshakeMessage, HandshakeReader } from './handshake/handshake-reader.ts';
import { uint } from './presentation-language.ts';
import { type ReceivedRecord, RecordLayer } from './record-layer.ts';
import { alertFor, ServerSpeaksOnlyTls12, TlsAlertReceived, TlsViolation } from './tls-error.ts';
import type { Tls13Session } from './tls13-session.ts';
import { type ContentType, maximumContentLength } from './traffic-keys.ts';

export interface EngineOutput {
  /** Octets for the server. */
  write(octets: Buffer): void;
  /** Decrypted octets of the server. */
  data(octets: Buffer): void;
  session(session: Tls13Session): void;
  /** The server sends nothing more (RFC 8446 6.1). */
  closeNotify(): void;
}

export interface EngineOptions extends HandshakeOptions {
  /** Keys are updated after so many records. */
  readonly recordsPerKey: number;
}

/** KeyUpdateRequest (RFC 8446 4.6.3). */
const updateNotRequested = 0;
const updateRequested = 1;

/** With these an old server answers a ClientHello in which it finds no version or no suite it knows. */
const alertsOfOldServers: readonly string[] = ['protocol_version', 'handshake_failure'];

export class TlsEngine {
  readonly #options: EngineOptions;
  readonly #output: EngineOutput;
  readonly #records = new RecordLayer();
  readonly #messages = new HandshakeReader();
  readonly #connected = new ConnectedState();
  readonly #handshake: ClientHandshake;
  #established: Established | undefined;
  #isTrusted = false;
  #hasHeardServer = false;
  #hasSentChangeCipherSpec = false;
  /** After an alert of ours, or a fatal one of the server, nothing more is said (RFC 8446 6). */
  #isSilent = false;
  #owesKeyUpdate = false;

  constructor(options: EngineOptions, output: EngineOutput) {
    this.#options = options;
    this.#output = output;
    this.#handshake = new ClientHandshake(options, {
      send: (message) => this.#send('handshake', message),
      sendChangeCipherSpec: () => this.#sendChangeCipherSpec(),
      protectReading: (keys) => {
        this.#records.readKeys = keys;
      },
      protectWriting: (keys) => {
        this.#records.writeKeys = keys;
      },
    });
  }

  get established(): Established | undefined {
    return this.#established;
  }

  get sessions(): readonly Tls13Session[] {
    return this.#connected.sessions;
  }

  get isResumed(): boolean {
    return this.#handshake.provenServer?.isResumed === true;
  }

  /** The server's Finished was right, and its certificates are not judged yet: `verifyServer` is due, and no `step` before. */
  get isServerToBeVerified(): boolean {
    return this.#handshake.provenServer !== undefined && !this.#isTrusted;
  }

  /** Sends the ClientHello. */
  start(): void {
    this.#handshake.start();
  }

  /** Takes octets off the connection; `step` works on them. */
  add(octets: Buffer): void {
    this.#records.add(octets);
  }

  /** Takes one record. @returns whether there was a whole one @throws TlsError */
  step(): boolean {
    const record = this.#records.next();
    if (!record) return false;
    this.#take(record);
    if (this.#established && this.#records.recordsRead === this.#options.recordsPerKey)
      this.#updateKeys(updateRequested);
    return true;
  }

  async verifyServer(): Promise<void> {
    await this.#handshake.verifyServer();
    this.#isTrusted = true;
  }

  /** Sends the client's part of the handshake; application data may follow. The server must have been verified. */
  async answer(): Promise<void> {
    const established = await this.#handshake.answer();
    if (!this.#isSilent) this.#established = established;
  }

  /** Octets of application data as records. @param octets at most 2^14 */
  seal(octets: Buffer): Buffer {
    if (this.#records.recordsWritten >= this.#options.recordsPerKey) this.#updateKeys(updateNotRequested);
    return this.#records.seal('application_data', octets);
  }

  /** Answers a request of the server for new keys; for many requests once, so call it when the connection takes octets. */
  payKeyUpdate(): void {
    if (this.#owesKeyUpdate && this.#established) this.#updateKeys(updateNotRequested);
  }

  /** Says that nothing more will be sent. */
  close(): void {
    this.#alert('close_notify');
  }

  /** Tells the server of a fault found here. @param otherwise the alert for errors that name none */
  fail(error: unknown, otherwise: AlertName): void {
    const name = alertFor(error, otherwise);
    // RFC 8446 6.1: user_canceled alone ends nothing.
    if (name === 'user_canceled') this.#send('alert', encodeAlert(name));
    this.#alert(name === 'user_canceled' ? 'close_notify' : name);
  }

  /** Forgets keys and input. */
  wipe(): void {
    this.#isSilent = true;
    this.#records.wipe();
  }

  #take({ type, content }: ReceivedRecord): void {
    if (type === 'alert') this.#takeAlert(content);
    else if (type === 'handshake') this.#takeFragment(content);
    else this.#takeData(content);
  }

  #takeData(content: Buffer): void {
    if (this.#messages.isWithinMessage || !this.#handshake.provenServer)
      throw new TlsViolation('unexpected_message', 'application data came where a handshake message was due');
    this.#connected.sawData(content.length);
    if (content.length > 0) this.#output.data(content);
  }

  #takeAlert(content: Buffer): void {
    if (content.length !== 2) throw new TlsViolation('decode_error', 'its alert is not two octets');
    const name = alertName(content.readUInt8(1));
    if (name === 'close_notify') {
      this.#records.stopReading();
      this.#output.closeNotify();
      return;
    }
    if (name === 'user_canceled') {
      // It only announces the close_notify that follows (RFC 8446 6.1).
      this.#connected.sawData(0);
      return;
    }
    this.#isSilent = true;
    if (!this.#hasHeardServer && alertsOfOldServers.includes(name))
      throw new ServerSpeaksOnlyTls12(`it answered the ClientHello with the alert ${name}`);
    throw new TlsAlertReceived(name);
  }

  #takeFragment(content: Buffer): void {
    this.#messages.add(content);
    for (let message = this.#messages.next(); message; message = this.#messages.next()) {
      this.#hasHeardServer = true;
      if (this.#handshake.provenServer) this.#takeLaterMessage(message);
      else this.#handshake.receive(message);
      if (keyChanging.includes(message.type) && this.#messages.isWithinMessage)
        throw new TlsViolation('unexpected_message', `more follows its ${message.type} in the same record`);
    }
    if (this.#handshake.provenServer) this.#records.forbidChangeCipherSpec();
  }

  #takeLaterMessage(message: HandshakeMessage): void {
    switch (message.type) {
      case 'new_session_ticket': {
        const session = this.#connected.takeTicket(message, this.#established, this.#options.now());
        if (session) this.#output.session(session);
        return;
      }
      case 'key_update':
        if (this.#connected.takeKeyUpdate(message)) this.#owesKeyUpdate = true;
        this.#records.updateReadKeys();
        return;
      default:
        throw new TlsViolation('unexpected_message', `it sent ${message.type} after its Finished`);
    }
  }

  #updateKeys(request: number): void {
    this.#owesKeyUpdate = false;
    this.#send('handshake', encodeHandshake('key_update', uint(1, request)));
    this.#records.updateWriteKeys();
  }

  #sendChangeCipherSpec(): void {
    if (!this.#hasSentChangeCipherSpec) this.#send('change_cipher_spec', uint(1, 1));
    this.#hasSentChangeCipherSpec = true;
  }

  #alert(name: AlertName): void {
    this.#send('alert', encodeAlert(name));
    this.#isSilent = true;
  }

  #send(type: ContentType, content: Buffer): void {
    if (this.#isSilent) return;
    for (let start = 0; start < content.length; start += maximumContentLength)
      this.#output.write(this.#records.seal(type, content.subarray(start, start + maximumContentLength)));
  }
}

/** After these the server's next record is under other keys (RFC 8446 5.1). */
const keyChanging: readonly string[] = ['server_hello', 'finished', 'key_update'];
