/** What a control connection has of its site, and has anew where it comes to another. */
import type { Socket } from 'node:net';
import { plainAddress } from '../../operations/network.ts';
import { DataChannel } from '../data/data-channel.ts';
import type { SiteEntry } from '../listening/served-site.ts';
import type { Control } from './control.ts';
import { recordRefusal } from './control-audit.ts';

export function partsOf({ options, peers, kin }: SiteEntry, control: Control, raw: Socket) {
  const { id: connectionId, remoteAddress } = control;
  const data = new DataChannel({
    site: options.site,
    // Where this process listens; behind a proxy the client knows another address.
    localAddress: plainAddress(raw.localAddress ?? ''),
    peerAddress: remoteAddress,
    onRefusal: (refusal) => recordRefusal(control, refusal),
    onConnected: (socket) => control.siteLog?.dataChannel(socket),
  });
  return { options, peers, kin, log: options.logger.with({ connectionId, remoteAddress }), data };
}

export type ServingParts = ReturnType<typeof partsOf>;
