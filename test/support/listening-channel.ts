/** A data channel of no control connection, for what it does before any transfer. */
import type { Denial } from '../../src/denial.ts';
import { DataChannel } from '../../src/ftp/data/data-channel.ts';
import { ftpSettings } from './ftp-settings.ts';

export function listeningChannel(localAddress: string) {
  const refusals: Denial[] = [];
  const channel = new DataChannel({
    site: ftpSettings({ dataChannelSecurity: { dataChannelBinding: 'certificate' } }),
    localAddress,
    peerAddress: '127.0.0.1',
    onConnected: () => undefined,
    onRefusal: (refusal) => {
      refusals.push(refusal);
      return '0000-0000';
    },
  });
  return { channel, refusals };
}
