/** What the server answers to its admins, as it is on the wire. */

import type { Member, User } from "groupcast-client";

/** How many times were not above a bound in seconds. */
export interface Bucket {
  readonly le: number;
  readonly count: number;
}

/** How the server is. What only grows does so since it began. */
export interface Status {
  readonly version: string;
  readonly commit: string;
  readonly store: string;
  readonly uptime_s: number;
  readonly connections: { readonly text: number; readonly json: number };
  readonly messages_committed: number;
  readonly deliveries: number;
  readonly queue_messages: number;
  readonly outbox_bytes: number;
  readonly lagged: number;
  readonly dropped_sockets: Readonly<Record<string, number>>;
  readonly commit_seconds: { readonly count: number; readonly sum: number; readonly buckets: readonly Bucket[] };
  readonly logins: Readonly<Record<string, number>>;
  readonly process?: {
    readonly resident_bytes: number;
    readonly cpu_seconds: number;
    readonly threads: number;
    readonly open_files?: number;
    readonly open_files_max?: number;
  };
}

export interface UserRow extends User {
  readonly email: string;
  readonly is_admin: boolean;
  readonly sessions: number;
  readonly online: boolean;
}

export interface GroupRow {
  readonly id: number;
  readonly name: string;
  readonly is_private: boolean;
  readonly topic: string;
  readonly join: string;
  readonly members: number;
  readonly online: number;
  readonly head_seq: number;
}

export interface SessionRow {
  readonly id: number;
  readonly user: User;
  readonly created_at: string;
  readonly renewed_at: string;
  readonly client: string;
  readonly sockets: number;
  readonly current: boolean;
}

export interface KeyRow {
  readonly id: number;
  readonly name: string;
  readonly scope: string;
  /** `user`, `any` or `server`. */
  readonly as: string;
  readonly username?: string;
  readonly created_at: string;
}

export interface SettingRow {
  readonly name: string;
  readonly value: string;
  readonly source: string;
}

/** A ban or a mute. */
export interface SanctionRow extends User {
  readonly reason?: string;
  readonly until?: string;
  readonly created_at: string;
}

export type MemberRow = Member;
