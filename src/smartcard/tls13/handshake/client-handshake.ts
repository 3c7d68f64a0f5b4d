/**
 * The client's side of a TLS 1.3 handshake (RFC 8446 2, A.1) as a chain of steps: each knows which messages may come and what
 * has been agreed so far. It sends through a transport and never touches the network itself.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { CipherSuite } from '../cipher-suites.ts';
import type { CertificateRequest, CredentialChooser, SignatureScheme } from '../client-credential.ts';
import { TlsViolation } from '../tls-error.ts';
import { isResumable, type ServerVerification, type TicketOrigin, type Tls13Session } from '../tls13-session.ts';
import { TrafficKeys } from '../traffic-keys.ts';
import { commonSignatureScheme, encodeClientCertificate, signedCertificateVerify } from './client-flight.ts';
import { encodeClientHello } from './client-hello.ts';
import type { ExtensionName } from './extensions.ts';
import { encodeHandshake, type HandshakeMessage, type HandshakeType } from './handshake-reader.ts';
import { firstGroups, groups, type KeyShare } from './key-exchange.ts';
import { finishedVerifyData, KeySchedule, type TrafficSecrets } from './key-schedule.ts';
import {
  checkCertificateVerify,
  checkEncryptedExtensions,
  publicKeyOf,
  readCertificate,
  readCertificateRequest,
} from './server-flight.ts';
import { type HelloRetryRequest, readServerHello, type ServerHello } from './server-hello.ts';
import { Transcript } from './transcript.ts';

export interface HandshakeOptions {
  /** A DNS name in ASCII; undefined: no server_name is sent. */
  readonly serverName: string | undefined;
  readonly verifyServer: ServerVerification;
  readonly chooseCredential: CredentialChooser | undefined;
  readonly session: Tls13Session | undefined;
  /** Milliseconds. */
  now(): number;
}

/** What a handshake asks of the connection it runs on. */
export interface HandshakeTransport {
  send(message: Buffer): void;
  /** For middleboxes (RFC 8446 D.4); only the first call sends anything. */
  sendChangeCipherSpec(): void;
  protectReading(keys: TrafficKeys): void;
  protectWriting(keys: TrafficKeys): void;
}

/** What a handshake that is over leaves behind. */
export interface Established extends TicketOrigin {
  /** What the client signed with; undefined when it did not. */
  readonly signatureScheme: SignatureScheme | undefined;
}

/** What a server has proven with its Finished. Its certificate is still to be judged by `verifyServer`. */
export interface ProvenServer {
  readonly suite: CipherSuite;
  /** DER; after a resumption those of the session. */
  readonly certificates: readonly Buffer[];
  readonly isResumed: boolean;
}

type HandshakeStep = Partial<Record<HandshakeType, (message: HandshakeMessage) => HandshakeStep>>;

interface Attempt {
  readonly shares: readonly KeyShare[];
  readonly cookie?: Buffer | undefined;
  readonly session: Tls13Session | undefined;
  /** The suite of the HelloRetryRequest that this attempt follows. */
  readonly retriedWith?: CipherSuite;
}

interface Agreement {
  readonly suite: CipherSuite;
  readonly schedule: KeySchedule;
  readonly secrets: TrafficSecrets;
  readonly offered: ReadonlySet<ExtensionName>;
  /** The session that is resumed. */
  readonly session: Tls13Session | undefined;
  readonly request?: CertificateRequest;
}

interface ServerFinished extends ProvenServer, Pick<Agreement, 'schedule' | 'secrets' | 'request'> {
  readonly clientApplicationSecret: Buffer;
}

const illegal = (message: string) => new TlsViolation('illegal_parameter', message);

export class ClientHandshake {
  readonly #options: HandshakeOptions;
  readonly #transport: HandshakeTransport;
  readonly #transcript = new Transcript();
  readonly #random = randomBytes(32);
  readonly #sessionId = randomBytes(32);
  #step: HandshakeStep = {};
  #serverFinished: ServerFinished | undefined;

  constructor(options: HandshakeOptions, transport: HandshakeTransport) {
    this.#options = options;
    this.#transport = transport;
  }

  /** Undefined until the server's Finished was right. */
  get provenServer(): ProvenServer | undefined {
    return this.#serverFinished;
  }

  start(): void {
    const { session, serverName, verifyServer, now } = this.#options;
    const isOffered = session && isResumable(session, { serverName, verifyServer, now: now() });
    const shares = firstGroups.map((name) => groups[name].generate());
    this.#step = this.#sendClientHello({ shares, session: isOffered ? session : undefined });
  }

  /** Takes the next message of the server. @throws TlsViolation, ServerSpeaksOnlyTls12 */
  receive(message: HandshakeMessage): void {
    const take = this.#step[message.type];
    if (!take) {
      const due = Object.keys(this.#step).join(' or ') || 'nothing';
      throw new TlsViolation('unexpected_message', `it sent ${message.type} where ${due} was due`);
    }
    this.#step = take(message);
  }

  /** Has the certificates of a proven server judged; a resumed session was judged when it was made. */
  async verifyServer(): Promise<void> {
    const { certificates, isResumed } = this.#finished();
    if (!isResumed) await this.#options.verifyServer(certificates);
  }

  /**
   * Sends the client's flight, signed if the server asked for that, and changes to the application's keys.
   * @throws NoCommonSignatureScheme, CredentialUnusable, and whatever the credential or its chooser throws
   */
  async answer(): Promise<Established> {
    const { suite, secrets, schedule, certificates, clientApplicationSecret, request } = this.#finished();
    const { serverName, verifyServer, chooseCredential } = this.#options;
    const flight: Buffer[] = [];
    const say = (message: Buffer) => {
      this.#transcript.add(message);
      flight.push(message);
    };
    let signatureScheme: SignatureScheme | undefined;
    if (request) {
      const credential = await chooseCredential?.(request);
      signatureScheme = credential && commonSignatureScheme(credential, request);
      say(encodeClientCertificate(credential?.certificateChain ?? []));
      if (credential && signatureScheme)
        say(await signedCertificateVerify(credential, signatureScheme, this.#transcript.digest()));
    }
    say(encodeHandshake('finished', finishedVerifyData(suite, secrets.client, this.#transcript.digest())));
    for (const message of flight) this.#transport.send(message);
    this.#transport.protectWriting(new TrafficKeys(suite, clientApplicationSecret));
    const resumptionMasterSecret = schedule.resumption(this.#transcript.digest());
    return { suite, signatureScheme, resumptionMasterSecret, serverName, verifyServer, peerCertificates: certificates };
  }

  #finished(): ServerFinished {
    if (!this.#serverFinished) throw new Error('the server has not finished its part of the handshake');
    return this.#serverFinished;
  }

  #sendClientHello(attempt: Attempt): HandshakeStep {
    const { session, shares, cookie } = attempt;
    const { message, offered } = encodeClientHello({
      random: this.#random,
      sessionId: this.#sessionId,
      serverName: this.#options.serverName,
      shares,
      cookie,
      resumption: session && { session, ageMilliseconds: this.#options.now() - session.receivedAt },
      binderTranscriptHash: (truncated, { suite }) => this.#transcript.digestWith(truncated, suite.hash),
    });
    this.#transcript.add(message);
    this.#transport.send(message);
    return {
      server_hello: (answer) => {
        const hello = readServerHello(answer.body, this.#sessionId, offered);
        if (hello.kind === 'HelloRetryRequest') return this.#retry(hello, answer, attempt);
        return this.#agree(hello, answer, attempt, offered);
      },
    };
  }

  #retry({ suite, group, cookie }: HelloRetryRequest, { octets }: HandshakeMessage, attempt: Attempt): HandshakeStep {
    if (attempt.retriedWith) throw new TlsViolation('unexpected_message', 'it sent a second HelloRetryRequest');
    if (!group && !cookie) throw illegal('its HelloRetryRequest changes nothing');
    if (attempt.shares.some((share) => share.group === group))
      throw illegal('its HelloRetryRequest wants a group whose share it has');
    this.#transcript.useHash(suite.hash);
    this.#transcript.replaceByMessageHash();
    this.#transcript.add(octets);
    this.#transport.sendChangeCipherSpec();
    return this.#sendClientHello({
      shares: group ? [groups[group].generate()] : attempt.shares,
      // A PSK belongs to one hash (RFC 8446 4.2.11).
      session: attempt.session?.suite.hash === suite.hash ? attempt.session : undefined,
      retriedWith: suite,
      cookie,
    });
  }

  #agree(
    hello: ServerHello,
    message: HandshakeMessage,
    attempt: Attempt,
    offered: Agreement['offered'],
  ): HandshakeStep {
    const { suite } = hello;
    if (attempt.retriedWith && attempt.retriedWith !== suite) throw illegal('it changed the suite after its retry');
    const session = resumedSession(hello, attempt.session);
    // RFC 8446 4.2.11 and 9.2: without it a PSK is used in a mode that was not offered.
    if (!hello.share) {
      const alert = session ? 'illegal_parameter' : 'missing_extension';
      throw new TlsViolation(alert, 'its ServerHello has no key_share');
    }
    const { group, keyExchange } = hello.share;
    const share = attempt.shares.find(({ group: name }) => groups[name].code === group);
    if (!share) throw illegal('its key share is of a group for which it has no share');
    this.#transcript.useHash(suite.hash);
    this.#transcript.add(message.octets);
    const schedule = new KeySchedule(suite, session?.psk);
    const sharedSecret = share.agree(keyExchange);
    const secrets = schedule.handshake(sharedSecret, this.#transcript.digest());
    sharedSecret.fill(0);
    this.#transport.sendChangeCipherSpec();
    this.#transport.protectReading(new TrafficKeys(suite, secrets.server));
    this.#transport.protectWriting(new TrafficKeys(suite, secrets.client));
    const agreement: Agreement = { suite, schedule, secrets, offered, session };
    return { encrypted_extensions: (next) => this.#takeExtensions(next, agreement) };
  }

  #takeExtensions({ body, octets }: HandshakeMessage, agreement: Agreement): HandshakeStep {
    checkEncryptedExtensions(body, agreement.offered);
    this.#transcript.add(octets);
    // RFC 8446 4.3.2: a server that resumes a session neither proves itself by certificate nor asks for one.
    if (agreement.session) return this.#expectFinished(agreement, agreement.session.peerCertificates);
    const certificate = (next: HandshakeMessage) => this.#takeCertificate(next, agreement);
    return { certificate, certificate_request: (next) => this.#takeRequest(next, agreement) };
  }

  #takeRequest({ body, octets }: HandshakeMessage, agreement: Agreement): HandshakeStep {
    const request = readCertificateRequest(body, agreement.offered);
    this.#transcript.add(octets);
    return { certificate: (next) => this.#takeCertificate(next, { ...agreement, request }) };
  }

  #takeCertificate({ body, octets }: HandshakeMessage, agreement: Agreement): HandshakeStep {
    const certificates = readCertificate(body, agreement.offered);
    const [endEntity = Buffer.alloc(0)] = certificates;
    const key = publicKeyOf(endEntity);
    this.#transcript.add(octets);
    return {
      certificate_verify: (next) => {
        checkCertificateVerify(next.body, key, this.#transcript.digest());
        this.#transcript.add(next.octets);
        return this.#expectFinished(agreement, certificates);
      },
    };
  }

  #expectFinished(agreement: Agreement, certificates: readonly Buffer[]): HandshakeStep {
    return { finished: (message) => this.#takeFinished(message, agreement, certificates) };
  }

  #takeFinished(
    { body, octets }: HandshakeMessage,
    agreement: Agreement,
    certificates: readonly Buffer[],
  ): HandshakeStep {
    const { suite, schedule, secrets, session } = agreement;
    if (body.length !== suite.hashLength)
      throw new TlsViolation('decode_error', `its Finished has ${body.length} octets`);
    const expected = finishedVerifyData(suite, secrets.server, this.#transcript.digest());
    if (!timingSafeEqual(body, expected)) throw new TlsViolation('decrypt_error', 'its Finished is wrong');
    this.#transcript.add(octets);
    const { client, server } = schedule.application(this.#transcript.digest());
    this.#transport.protectReading(new TrafficKeys(suite, server));
    this.#serverFinished = {
      ...agreement,
      certificates,
      clientApplicationSecret: client,
      isResumed: session !== undefined,
    };
    return {};
  }
}

function resumedSession({ selectedIdentity, suite }: ServerHello, session: Tls13Session | undefined) {
  if (selectedIdentity === undefined) return undefined;
  if (selectedIdentity !== 0) throw illegal('it resumes a session that was not offered');
  if (session?.suite.hash !== suite.hash) throw illegal('it resumes a session of another hash');
  return session;
}
