/** The refusals of data connections that can be neither had nor taken, with what an administrator needs to know of each. */
import { type Denial, denial } from '../../denial.ts';
import { hasPortRange, type PassivePorts } from './firewall-support.ts';
import type { PassiveOutcome } from './passive-listener.ts';

export function foreign(address: string, peerAddress: string): Denial {
  return denial('data-address-mismatch', 'A connection to the passive port came from elsewhere.', {
    dataAddress: address,
    controlAddress: peerAddress,
  });
}

export function broken(peerAddress: string): Denial {
  const detail = 'A connection to the passive port was reset before it was accepted; its address is not known.';
  return denial('data-connection-reset', detail, { controlAddress: peerAddress });
}

export function noListener(
  outcome: Exclude<PassiveOutcome, { outcome: 'listening' }>,
  address: string,
  firewallSupport: PassivePorts,
): Denial {
  const { lowDataChannelPort: low, highDataChannelPort: high } = firewallSupport;
  const range = hasPortRange(firewallSupport) ? `${low}-${high}` : 'of the system';
  if (outcome.outcome === 'exhausted') {
    const detail = `Every passive port ${range} on ${address} is taken.`;
    return denial('passive-ports-exhausted', detail, { address, ports: range, tried: outcome.tried });
  }
  const { errno } = outcome;
  const detail = `The system gave no listener on ${address}, ports ${range}: ${errno}.`;
  const code = errno === 'EMFILE' || errno === 'ENFILE' ? 'descriptors-exhausted' : 'passive-listener-failed';
  return denial(code, detail, { address, ports: range, errno });
}

/** @param errno of the attempt to connect to the client's port */
export function noActiveConnection(from: string, to: string, port: number, errno: string): Denial {
  const isShortage = errno === 'EMFILE' || errno === 'ENFILE';
  const detail = `No connection to the client’s port ${port} could be made: ${errno}.`;
  const facts = { localAddress: from, address: to, port, errno };
  return denial(isShortage ? 'descriptors-exhausted' : 'active-connection-failed', detail, facts);
}
