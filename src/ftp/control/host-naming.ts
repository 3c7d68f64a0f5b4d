/** The choice between the sites of one address and port, as commands see it. */
import type { Denial } from '../../denial.ts';
import type { FtpServerOptions } from '../server-options.ts';

/** `refused`: for this client there is no such host. `ended`: the client was told why it is not served, or is gone. */
export type Entered = 'entered' | 'refused' | 'ended';

export interface HostNaming {
  /**
   * The client names a host.
   * @param isOf whether a site has the host by its certificate or its address, where no binding has it
   * @returns whether it speaks with that host now
   */
  byHost(host: string, isOf: (options: FtpServerOptions) => boolean): Promise<Entered>;
  /** The client logs in. @returns whether it may; else it has been told */
  byLogin(): Promise<boolean>;
  /** Ends the connection of a client that logs in at another host than its own. */
  refuseLogin(refusal: Denial): void;
}
