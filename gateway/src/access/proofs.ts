// What a person proves who they are with: the password, and one-time passwords where they chose to have them.
import { randomBytes } from 'node:crypto';
import {
  type PasswordChange,
  Refusal,
  type TotpConfirmed,
  type TotpEnrolment,
  type TotpState,
} from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Turns } from '../lib/turns.ts';
import type { People } from './people.ts';
import type { Principal, TotpRecord, UserRecord } from './records.ts';
import { checkPassword, hashPassword, hashSecret } from './secrets.ts';
import type { SignInLimits } from './sign-in-limits.ts';
import { matchTotp, newTotpSecret, totpUri } from './totp.ts';

const recoveryCodes = 10;

export class Proofs {
  private readonly clock: Clock;
  private readonly people: People;
  private readonly limits: SignInLimits;
  private readonly turns: Turns;

  constructor(clock: Clock, people: People, limits: SignInLimits, turns: Turns) {
    this.clock = clock;
    this.people = people;
    this.limits = limits;
    this.turns = turns;
  }

  /** The user of this name and password. Throws Refusal: sign_in_failed, too_many. */
  async checkPassword(name: string, password: string, address: string): Promise<UserRecord> {
    this.limits.name(name, address);
    const user = this.people.get(name);
    // An unknown name costs the same as a wrong password, so that the time tells nothing.
    const stored = user?.password ?? this.people.anyPassword();
    const fits = stored !== undefined && (await checkPassword(password, stored));
    if (user === undefined || !fits) throw new Refusal('sign_in_failed');
    return user;
  }

  /**
   * Takes the second proof where the user has one. Returns what is to be kept of it, so that each works once; it is
   * spent when that is committed. Taken in turn. Throws Refusal: totp_needed, totp_wrong, too_many.
   */
  takeSecond({ name, totp }: UserRecord, given: string | undefined): TotpRecord | null {
    if (totp === null || !totp.active) return totp;
    if (given === undefined) throw new Refusal('totp_needed');
    this.limits.code(name);
    const spent = this.spend(totp, given);
    if (spent === null) throw new Refusal('totp_wrong');
    this.limits.codeRight(name);
    return spent;
  }

  /** All other sessions of the user end. Throws Refusal: sign_in_failed, too_many. */
  async changePassword(principal: Principal, change: PasswordChange, address: string): Promise<void> {
    const checked = await this.checkPassword(principal.name, change.old, address);
    const password = await hashPassword(change.new);
    await this.turns.take(() => this.people.replace({ ...this.unchanged(checked), password }, true, principal.hash));
  }

  totpOf({ name }: Principal): TotpState {
    const { totp } = this.people.need(name);
    return totp?.active
      ? { active: true, recoveryCodesLeft: totp.recovery.length }
      : { active: false, recoveryCodesLeft: 0 };
  }

  /** A new secret; nothing is asked for before `confirmTotp`. Throws Refusal: conflict, sign_in_failed, too_many. */
  async beginTotp({ name }: Principal, password: string, address: string): Promise<TotpEnrolment> {
    const checked = await this.checkPassword(name, password, address);
    return this.turns.take(async () => {
      const user = this.unchanged(checked);
      if (user.totp?.active) throw new Refusal('conflict', 'one-time passwords are on: remove them first');
      const secret = newTotpSecret();
      await this.people.replace({ ...user, totp: { secret, active: false, lastStep: 0, recovery: [] } }, false);
      return { secret, uri: totpUri(secret, name) };
    });
  }

  /** Throws Refusal: unprocessable, totp_wrong, too_many. */
  confirmTotp({ name }: Principal, given: string): Promise<TotpConfirmed> {
    return this.turns.take(async () => {
      const user = this.people.need(name);
      const { totp } = user;
      if (totp === null || totp.active) throw new Refusal('unprocessable', 'ask for a new secret first');
      this.limits.code(name);
      const lastStep = matchTotp(totp.secret, given, this.clock.now(), totp.lastStep);
      if (lastStep === null) throw new Refusal('totp_wrong');
      this.limits.codeRight(name);
      const codes = Array.from({ length: recoveryCodes }, newRecoveryCode);
      const recovery = codes.map(code => hashSecret(plainCode(code)));
      await this.people.replace({ ...user, totp: { ...totp, active: true, lastStep, recovery } }, false);
      return { recoveryCodes: codes };
    });
  }

  /** Throws Refusal: sign_in_failed, totp_wrong, too_many. */
  async leaveTotp({ name }: Principal, proof: { password: string; totp: string }, address: string): Promise<void> {
    const checked = await this.checkPassword(name, proof.password, address);
    await this.turns.take(async () => {
      const user = this.unchanged(checked);
      this.takeSecond(user, proof.totp);
      await this.people.replace({ ...user, totp: null }, false);
    });
  }

  /** The user as it is now, with the password that was checked. Throws Refusal('sign_in_failed'). */
  unchanged({ name, password }: UserRecord): UserRecord {
    const user = this.people.get(name);
    if (user?.password !== password) throw new Refusal('sign_in_failed');
    return user;
  }

  private spend(totp: TotpRecord, given: string): TotpRecord | null {
    const lastStep = matchTotp(totp.secret, given, this.clock.now(), totp.lastStep);
    if (lastStep !== null) return { ...totp, lastStep };
    const hash = hashSecret(plainCode(given));
    if (!totp.recovery.includes(hash)) return null;
    return { ...totp, recovery: totp.recovery.filter(known => known !== hash) };
  }
}

/** 80 random bits in four groups, as people copy them. */
function newRecoveryCode(): string {
  return randomBytes(10)
    .toString('hex')
    .replace(/(.{5})(?=.)/g, '$1-');
}

const plainCode = (code: string) => code.toLowerCase().replaceAll(/[\s-]/g, '');
