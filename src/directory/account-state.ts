/** Whether an account may log in now. Adapters fill the state from their attributes; the judgement is here, in AD's order. */

export interface AccountState {
  /** `person` may log in; anything else may not. */
  readonly type: 'person' | 'computer' | 'trust' | 'temporary-duplicate' | 'other';
  readonly disabled: boolean;
  /** `never-ends`: until an administrator unlocks it. */
  readonly lockedUntil?: Date | 'never-ends';
  readonly expiresAt?: Date;
  /** 168 hours of the week from Sunday 00:00 UTC, least significant bit first (MS-SAMR logonHours); absent: always. */
  readonly logonHours?: Buffer;
  readonly smartcardRequired: boolean;
}
