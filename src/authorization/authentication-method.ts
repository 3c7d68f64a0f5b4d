/** By what a client proves whose login it is. */

/** `certificate`: what the card holds. `password`: that of the directory account. `anonymous`: nothing is proved. */
export const authenticationMethods = ['certificate', 'certificateAndPassword', 'password', 'anonymous'] as const;

export type AuthenticationMethod = (typeof authenticationMethods)[number];
