/** What the command loop asks of its connection, said by the parts that know it. */
import { answerCommand } from '../command.ts';
import type { LoopConnection } from './command-loop.ts';
import type { ConnectionTimers } from './connection-timers.ts';
import type { Control } from './control.ts';
import type { ControlTransport } from './control-transport.ts';
import type { ReplyWriter } from './reply-writer.ts';

export interface LoopParts {
  readonly replies: ReplyWriter;
  readonly timers: ConnectionTimers;
  readonly transport: ControlTransport;
}

export function loopEvents(control: Control, { replies, timers, transport }: LoopParts): LoopConnection {
  return {
    isEnding: () => control.isEnding,
    isTransferring: () => control.isTransferring,
    hasReplyBegun: () => replies.hasBegun,
    run: (command) => answerCommand(control, command),
    send: (answer) => control.send(answer),
    sendOctets: (octets) => replies.write(octets),
    end: (reason, farewell) => control.end(reason, farewell),
    commandArrived: () => timers.commandArrived(),
    awaitCommand: () => timers.awaitCommand(control.session.state === 'authenticated'),
    pauseReading: () => transport.socket.pause(),
    resumeReading: () => transport.resume(),
  };
}
