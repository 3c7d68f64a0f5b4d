/**
 * Whether a peer still takes part in its transfer: octets it has sent, or has acknowledged, over the newest span of time. None at
 * all is silence, fewer than the least rate is a transfer too slow to be worth its place. Time in which the server itself
 * kept the peer waiting, for a disk, is never counted against the peer.
 */
import type { Socket } from 'node:net';
import type { DenialCode } from '../../denial.ts';
import type { Decoded } from '../../settings/decoded.ts';
import { duration } from '../../settings/duration.ts';
import { iis } from '../../settings/iis-name.ts';
import { count } from '../../settings/values.ts';
import { unacknowledgedOctets } from './unacknowledged-octets.ts';

export const paceSettings = {
  /** The span over which octets are counted, too, and the grace before anything is enforced. */
  dataChannelTimeout: duration('1s', '1h')
    .prefault('30s')
    .describe(
      'Data connection without an octet sent or acknowledged by the client, or not used at all, is closed after',
    )
    .meta(iis('ftpServer/connections@dataChannelTimeout')),
  minBytesPerSecond: count(0, 1_000_000_000)
    .default(240)
    .describe('A transfer slower than this, on average over dataChannelTimeout, is cut; 0 cuts none')
    .meta(iis('ftpServer/connections@minBytesPerSecond')),
};

export type PaceSettings = Decoded<typeof paceSettings>;

/** The peer is to blame for the end of its transfer. */
export class PaceError extends Error {
  override readonly name = 'PaceError';
  readonly code: Extract<DenialCode, 'data-channel-silent' | 'data-channel-slow'>;
  /** What the client is told. */
  readonly answer: string;
  constructor(code: PaceError['code'], answer: string, message: string) {
    super(message);
    this.code = code;
    this.answer = answer;
  }
}

/** Looks taken in each span. */
const looksPerSpan = 6;
/** More than the buffers of any kernel hold: a peer that moved so much since the last look has acknowledged some of it. */
const beyondBuffers = 16 * 1024 * 1024;

interface Look {
  readonly at: number;
  /** Octets that went in or out, as far as the kernel took them. */
  readonly passed: number;
  /** Those of them that the peer is known to have sent or acknowledged. */
  readonly moved: number;
}

export class TransferPace {
  readonly #socket: Socket;
  readonly #settings: PaceSettings;
  readonly #direction: 'in' | 'out';
  readonly #timer: NodeJS.Timeout;
  readonly #fail: (error: PaceError) => void;
  #looks: Look[] = [];
  #inflated = 0;
  /** What the server has the peer wait for now. */
  #held = 0;
  #isStopped = false;
  /** Whether the kernel's table has ever shown the connection. */
  #isInTable = false;
  readonly #begin: Look;

  /** Begins to watch. @param fail is called once at most */
  constructor(socket: Socket, direction: 'in' | 'out', settings: PaceSettings, fail: (error: PaceError) => void) {
    this.#socket = socket;
    this.#direction = direction;
    this.#settings = settings;
    this.#fail = fail;
    const passed = this.#passed();
    this.#begin = { at: performance.now(), passed, moved: passed };
    this.#looks.push(this.#begin);
    this.#timer = setInterval(() => void this.#look(), settings.dataChannelTimeout / looksPerSpan);
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  /** Compressed octets count as what comes of them: a slow source of text that compresses well is no slow peer. */
  inflated(octets: number): void {
    this.#inflated += octets;
  }

  /** Awaits something of the server's own, for which the peer has to wait. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held += 1;
    try {
      return await work;
    } finally {
      this.#held -= 1;
    }
  }

  async #look(): Promise<void> {
    if (this.#held > 0) {
      this.#looks = [];
      return;
    }
    const at = performance.now();
    const passed = this.#passed();
    const last = this.#looks.at(-1);
    // A fast transfer costs no look at the kernel's table.
    if (last && passed - last.passed > beyondBuffers) {
      this.#looks = [];
      return;
    }
    // Octets that the kernel took after the table was read seem acknowledged at once, and the peer to move backwards later.
    const notBefore = last?.passed === passed ? undefined : at;
    const waiting = this.#direction === 'out' ? await unacknowledgedOctets(this.#socket, notBefore) : 0;
    // The transfer may have ended while the table was read.
    if (this.#isStopped || !this.#isKnown(waiting)) return;
    this.#judge({ at, passed, moved: passed - (waiting ?? 0) });
  }

  /**
   * The kernel walks over its sockets in steps, and while others come and go it may leave one out. A look without it takes all octets for
   * acknowledged, and against that the peer seems to move backwards: so it counts only where there never was another.
   */
  #isKnown(waiting: number | undefined): boolean {
    if (this.#direction === 'in') return true;
    if (waiting === undefined) return !this.#isInTable;
    if (!this.#isInTable) this.#looks = this.#looks.filter((look) => look === this.#begin);
    this.#isInTable = true;
    return true;
  }

  #judge(look: Look): void {
    const { dataChannelTimeout, minBytesPerSecond } = this.#settings;
    this.#looks.push(look);
    while (this.#looks[1] && look.at - this.#looks[1].at >= dataChannelTimeout) this.#looks.shift();
    const [first = look] = this.#looks;
    const span = look.at - first.at;
    if (span < dataChannelTimeout) return;
    const octets = look.moved - first.moved;
    const seconds = (span / 1000).toFixed(1);
    if (octets <= 0) {
      const answer = 'Nothing moved on the data connection for too long; the transfer is not complete';
      this.#end(new PaceError('data-channel-silent', answer, `the peer moved no octet for ${seconds} s`));
    } else if (octets < (minBytesPerSecond * span) / 1000) {
      const answer = 'The transfer was too slow and is not complete';
      const reason = `the peer moved ${octets} octets in ${seconds} s; the least is ${minBytesPerSecond} a second`;
      this.#end(new PaceError('data-channel-slow', answer, reason));
    }
  }

  #end(error: PaceError): void {
    this.stop();
    this.#fail(error);
  }

  /** Node counts a write when it begins and calls back when its end is with the kernel; libuv knows what lies between. */
  #passed(): number {
    if (this.#direction === 'in') return Math.max(this.#socket.bytesRead, this.#inflated);
    const { _handle: handle } = this.#socket as { readonly _handle?: KernelSide | null };
    return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
  }
}

/** What net.Socket itself reads off its handle for its own timeout; not in Node's documentation. */
interface KernelSide {
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}
