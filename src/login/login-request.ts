/** A login request as those see it who need less than the whole of it. */
import { plainAddress } from '../operations/network.ts';
import type { LoginRequest } from './authenticator.ts';

/** It may leave open whom it claims to be: only `cardgate explain` makes such a request, which is no login. */
export type ExplainedRequest = Omit<LoginRequest, 'claimedName'> & { readonly claimedName: string | undefined };

/** As a running session keeps it: without the password. */
export type StandingRequest = Omit<ExplainedRequest, 'password'> & { readonly password?: never };

/**
 * Copies what a session may keep. The copy is made here, away from every closure: a closure keeps the whole request of the
 * login alive beside it, and the password in it.
 */
export function standingRequest({ password: _, ...request }: ExplainedRequest): StandingRequest {
  return request;
}

/** In its one spelling, for callers of the mapping service spell it as they like; empty where it is not known. */
export function clientAddress({ remoteAddress, isClientAddress = true }: ExplainedRequest): string {
  return isClientAddress ? plainAddress(remoteAddress) : '';
}
