/** Decides whether a protected data connection comes from the client of its control connection. Absence never equals absence. */
import { z } from 'zod';
import { type Denial, denial } from '../../denial.ts';
import type { Facts } from '../../explanation/steps.ts';
import type { Decoded } from '../../settings/decoded.ts';
import { iis } from '../../settings/iis-name.ts';

export const dataChannelSecurity = z
  .strictObject({
    /** `session` alone breaks clients that do not resume. */
    dataChannelBinding: z
      .enum(['certificateOrSession', 'certificate', 'session'])
      .default('certificateOrSession')
      .describe('How a data connection proves that it belongs to the control connection'),
    /** Clients that never resume, Java and Python among them, can prove nothing but their address there. */
    dataChannelBindingWithoutCertificate: z
      .enum(['session', 'address'])
      .default('session')
      .describe(
        'The same where the control connection has no certificate. session: as dataChannelBinding says; address: any client at its address',
      ),
    matchClientAddressForPasv: z
      .literal(true)
      .default(true)
      .describe('Data connections must come from the client’s address')
      .meta(iis('ftpServer/security/dataChannelSecurity@matchClientAddressForPasv')),
    matchClientAddressForPort: z
      .literal(true)
      .default(true)
      .describe('PORT and EPRT must name the client’s address')
      .meta(iis('ftpServer/security/dataChannelSecurity@matchClientAddressForPort')),
  })
  .prefault({});

type DataChannelSecurity = Decoded<typeof dataChannelSecurity>;
export type DataChannelBinding = DataChannelSecurity['dataChannelBinding'];

export interface DataPeerEvidence {
  /** DER of the end entity certificate of the control connection. */
  readonly controlCertificate: Buffer | undefined;
  /** DER of the end entity certificate of the data connection, fresh or out of the resumed session. */
  readonly dataCertificate: Buffer | undefined;
  readonly resumed: boolean;
  /**
   * Whether a stranger may hold a session of this context: a full handshake on a data connection that proved nothing got
   * one under TLS 1.2 before it could be refused. From then on resumption alone proves nothing.
   */
  readonly strangerMayResume: boolean;
}

export type DataPeerJudgement =
  | { readonly proven: true; readonly facts: Facts }
  | { readonly proven: false; readonly denial: Denial };

/**
 * The connection comes from the address of the client; that has been looked at before.
 * @returns a denial that says what was shown and what the setting demands
 */
export function judgeDataPeer(
  { dataChannelBinding: binding, dataChannelBindingWithoutCertificate: withoutCertificate }: DataChannelSecurity,
  evidence: DataPeerEvidence,
): DataPeerJudgement {
  const { controlCertificate, dataCertificate, resumed, strangerMayResume } = evidence;
  const isAddressEnough = controlCertificate === undefined && withoutCertificate === 'address';
  const sameCertificate =
    controlCertificate !== undefined && dataCertificate !== undefined && controlCertificate.equals(dataCertificate);
  // Tickets of this context are given out on data connections too; the certificate inside tells whose they are.
  const sameSession = resumed && (controlCertificate === undefined ? !strangerMayResume : sameCertificate);
  const proofs: Readonly<Record<DataChannelBinding, boolean>> = {
    certificate: sameCertificate,
    session: sameSession,
    certificateOrSession: sameCertificate || sameSession,
  };
  const facts: Facts = { binding: isAddressEnough ? 'address' : binding, resumed, sameCertificate };
  if (isAddressEnough || proofs[binding]) return { proven: true, facts };
  const shown =
    dataCertificate === undefined ? 'no certificate' : sameCertificate ? 'the same certificate' : 'another certificate';
  const handshake = resumed ? 'resumed a TLS session' : 'made a full TLS handshake';
  const settings =
    controlCertificate === undefined
      ? `dataChannelBinding is ${binding}, dataChannelBindingWithoutCertificate ${withoutCertificate}`
      : `dataChannelBinding is ${binding}`;
  const detail = `The data connection ${handshake} with ${shown}; ${settings}.`;
  return { proven: false, denial: denial('data-certificate-mismatch', detail, facts) };
}
