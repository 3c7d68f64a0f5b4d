/** RETR: a file to the client, as the type of the session has it. */
import type { ReadableFile } from '../../storage/storage.ts';
import type { Control, Portion } from '../control/control.ts';
import type { AuthenticatedSession } from '../control/session.ts';
import type { OctetConversion } from '../data/octet-conversion.ts';
import { carryOut } from '../data/transfer.ts';
import { recordTransfer } from '../data/transfer-audit.ts';
import { answeringFailures, pathArgument } from '../file-access.ts';
import { conversionOf, isText, rangeNotPossible } from './conversions.ts';
import { takePortion } from './restart.ts';
import { shorterFile, textPosition } from './text-files.ts';
import { isObstructed, lacksDataConnection, openedToRead } from './transfer-opening.ts';

export async function retrieve(control: Control, argument: string, session: AuthenticatedSession): Promise<void> {
  const portion = takePortion(control);
  const path = pathArgument(control, argument);
  if (path === undefined || isObstructed(control)) return;
  await answeringFailures(control, async () => {
    const file = await openedToRead(control, session, { operation: 'retrieve', path });
    try {
      const sending = await sendingOf(control, file, portion);
      if (!sending || lacksDataConnection(control)) return;
      const { opening, start, end = file.facts.size, conversion } = sending;
      const result = await carryOut(control, { opening, direction: 'sending' }, async (connection) => {
        await connection.sendFile({ readInto: file.readInto, start, end }, conversion);
        return { offset: portion.offset, end: portion.end, ...(conversion && { fileBytes: end - start }) };
      });
      control.bytesSent += result.bytes;
      recordTransfer(control, session, { operation: 'retrieve', path, ...result });
    } finally {
      await file.close();
    }
  });
}

interface Sending {
  /** Text of the reply. Some clients read a size out of parentheses, so there is one only where it is what will come. */
  readonly opening: string;
  /** Octets of the file before the first that is sent. */
  readonly start: number;
  /** Octets of the file up to the last that is sent; default: all. */
  readonly end?: number;
  readonly conversion?: OctetConversion | undefined;
}

/** @returns undefined after the client was told that its transfer cannot start there */
async function sendingOf(control: Control, file: ReadableFile, portion: Portion): Promise<Sending | undefined> {
  const { size } = file.facts;
  if (portion.end !== undefined) return rangeOf(control, size, portion.offset, portion.end);
  const { offset } = portion;
  if (isText(control)) {
    const position = await textPosition(control, file, offset);
    const conversion = position && conversionOf(control, position.lines);
    return position && { opening: 'Sending the text.', start: position.readFrom, conversion };
  }
  if (offset > size) {
    control.send(shorterFile);
    return undefined;
  }
  const conversion = conversionOf(control);
  return {
    opening: conversion ? 'Sending the file.' : `Sending the file (${size - offset} bytes).`,
    start: offset,
    conversion,
  };
}

/** draft-bryan-ftp-range-09 4.3: of a range only what the file has is sent, and nothing where it has none of it. */
function rangeOf(control: Control, size: number, offset: number, wantedEnd: number): Sending | undefined {
  if (conversionOf(control)) {
    control.send(rangeNotPossible);
    return undefined;
  }
  const start = Math.min(offset, size);
  const end = Math.min(wantedEnd, size);
  return { opening: `Sending the file (${end - start} bytes).`, start, end };
}
