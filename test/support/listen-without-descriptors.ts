/** A process of its own that opens files until it may open no more, asks for a passive port then, and prints what was recorded. */
import { closeSync, openSync } from 'node:fs';
import { listeningChannel } from './listening-channel.ts';

// Everything the first call loads is loaded then.
const first = listeningChannel('127.0.0.1');
await first.channel.listen();
first.channel.close('it has loaded what it needs');

const opened: number[] = [];
try {
  for (;;) opened.push(openSync('/dev/null', 'r'));
} catch {
  const { channel, refusals } = listeningChannel('127.0.0.1');
  const { outcome } = await channel.listen();
  for (const descriptor of opened) closeSync(descriptor);
  console.log(JSON.stringify({ outcome, refusals }));
}
