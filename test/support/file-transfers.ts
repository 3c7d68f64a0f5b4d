/** One passive transfer after another on a control connection, with what came over the data connection and how it was answered. */
import { type ControlClient, openData, readAll, type TlsIdentity } from './control-client.ts';

export interface TransferOutcome {
  /** Text of the preliminary reply; the final one where there was none. */
  readonly opening: string;
  readonly code: number;
  readonly text: string;
}

/** @param command RETR, or whatever else sends octets @returns with `content` what came */
export async function download(
  client: ControlClient,
  identity: TlsIdentity,
  command: string,
): Promise<TransferOutcome & { readonly content: Buffer }> {
  const port = await client.passive();
  const first = await client.command(command);
  if (first.code >= 200) return { opening: first.text, code: first.code, text: first.text, content: Buffer.alloc(0) };
  const content = await readAll(await openData(port, identity));
  const { code, text } = await client.reply();
  return { opening: first.text, code, text, content };
}

/** @param parts are sent one by one, so that each is a record of TLS of its own */
export async function upload(
  client: ControlClient,
  identity: TlsIdentity,
  command: string,
  ...parts: readonly (string | Buffer)[]
): Promise<TransferOutcome> {
  const port = await client.passive();
  const first = await client.command(command);
  if (first.code >= 200) return { opening: first.text, code: first.code, text: first.text };
  const data = await openData(port, identity);
  data.resume();
  for (const part of parts) await new Promise((resolve) => void data.write(part, resolve));
  data.end();
  const { code, text } = await client.reply();
  return { opening: first.text, code, text };
}
