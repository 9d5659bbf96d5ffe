import type { GroupInfo, OwnGroup } from "./api-types.js";
import { Backoff } from "./backoff.js";
import { Emitter } from "./emitter.js";
import type { GroupId, Message } from "./entries.js";
import type { OwnMark } from "./frames.js";
import type { OpenGroup, OpenOptions } from "./open-group.js";

/** Waits between questions for the own groups, in milliseconds, as long as something is not known. */
const REFRESH_MS = { firstMs: 200, maxMs: 30_000 };

/** A group that the user belongs to, as it is. */
export interface OwnGroupState {
  readonly group: Readonly<Partial<GroupInfo>> & { readonly id: GroupId };
  readonly role: string | undefined;
  /** `undefined` before the server has told. */
  readonly mark: OwnMark | undefined;
  readonly lastMessage: Readonly<Message> | undefined;
  /** The group, if it is open; what is told of others is as of the last question. */
  readonly open: OpenGroup | undefined;
}

/** What the own groups ask of their client. */
export interface OwnGroupsHost {
  ownGroups(): Promise<OwnGroup[]>;
  open(groupId: GroupId, options: OpenOptions, own: OwnGroup): Promise<OpenGroup>;
  /** How many groups may be open. */
  groupsMax(): number;
  failed(error: unknown): void;
}

/** The groups that the user belongs to, with names, marks and newest messages; those with the newest messages first. */
export class OwnGroups {
  readonly #host: OwnGroupsHost;
  readonly #events = new Emitter<{ change: OwnGroups }>();
  readonly #open = new Map<GroupId, { open: OpenGroup; ends: (() => void)[] }>();
  readonly #backoff = new Backoff(REFRESH_MS, () => 1);
  #rows = new Map<GroupId, OwnGroup>();
  #refreshing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #following: OpenOptions | undefined;
  /** Connections and questions so far: what was asked before the newest connection has to be asked again. */
  #connections = 0;
  #asked = 0;
  /** Whether there are groups that were not told of. */
  #isOutdated = false;
  #isTelling = false;
  #isStopped = false;

  /** Made by `Client`, as `client.groups`. */
  constructor(host: OwnGroupsHost) {
    this.#host = host;
  }

  /** Calls back after changes, once for all that came together. Returns a function that ends this. */
  subscribe(listener: (groups: OwnGroups) => void): () => void {
    return this.#events.on("change", listener);
  }

  /** All that are known. */
  get all(): OwnGroupState[] {
    return [...this.#rows.values()].map((row) => {
      const { id } = row.group;
      const open = this.#open.get(id)?.open;
      if (open === undefined) return { ...ofRow(row), open };
      const { state } = open;
      return { group: { ...state.group, id }, role: state.role, mark: state.mark, lastMessage: state.lastMessage, open };
    });
  }

  /** Asks the server for them. What is open is kept right without; other groups, and groups that are new, are as of the last question. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      this.#clarify();
    });
    return this.#refreshing;
  }

  /**
   * Asks for them, and opens them, as many as the server lets one socket read; and those that come with later questions too. None of their
   * messages are listed before `older` is called, unless `page` says so.
   */
  async follow(options: Omit<OpenOptions, "position"> = {}): Promise<void> {
    this.#following = { page: 0, ...options };
    await this.refresh();
  }

  /** A group was opened; called by the client. */
  add(open: OpenGroup): void {
    const { id } = open.subscription.group;
    const ends = [
      open.state.subscribe(() => {
        this.#clarify();
        this.#changed();
      }),
      open.subscription.on("message", (message) => {
        if (!("ephemeral" in message)) this.#first(id);
      }),
    ];
    this.#open.set(id, { open, ends });
    this.#clarify();
  }

  /** The group is not read any more; called by the client. */
  closed(open: OpenGroup): void {
    const { id } = open.subscription.group;
    const entry = this.#open.get(id);
    if (entry?.open !== open) return;
    this.#open.delete(id);
    for (const end of entry.ends) end();
  }

  /** The user belongs to a group more; called by the client. */
  added(): void {
    this.#isOutdated = this.#following !== undefined || this.#rows.size > 0;
    this.#clarify();
  }

  /** The user belongs to a group no more; called by the client. */
  removed(groupId: GroupId): void {
    if (this.#rows.delete(groupId)) this.#changed();
  }

  /** There is a connection: what was missed while there was none may be more than what stands in a log; called by the client. */
  connected(): void {
    this.#connections += 1;
    this.#backoff.reset();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#clarify();
  }

  /** Asks for nothing any more; called by the client. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #refresh(): Promise<void> {
    const connections = this.#connections;
    const readings = new Map([...this.#open].map(([id, { open }]) => [id, open.state.begin()]));
    let rows: OwnGroup[];
    const isOutdated = this.#isOutdated;
    this.#isOutdated = false;
    try {
      rows = await this.#host.ownGroups();
      this.#asked = connections;
      for (const row of rows) readings.get(row.group.id)?.own(row);
    } catch (error) {
      this.#isOutdated ||= isOutdated;
      throw error;
    } finally {
      for (const reading of readings.values()) reading.cancel();
    }
    this.#rows = new Map(rows.map((row) => [row.group.id, row]));
    this.#changed();
    if (!this.#following) return;
    const closed = rows.filter(({ group }) => !this.#open.has(group.id)).slice(0, this.#host.groupsMax() - this.#open.size);
    await Promise.all(closed.map((row) => this.#follow(row, this.#following!)));
    // What came with the answers is told a turn later, of each group by itself: who waits for this hears of what comes then in its order.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  async #follow(row: OwnGroup, options: OpenOptions): Promise<void> {
    // The state begins with what is told of that place.
    await this.#host.open(row.group.id, { ...options, position: { epoch: "", seq: row.head_seq } }, row);
  }

  /** Moves a group to the front, since it has the newest message. */
  #first(id: GroupId): void {
    const row = this.#rows.get(id);
    if (row === undefined || this.#rows.keys().next().value === id) return;
    this.#rows.delete(id);
    this.#rows = new Map([[id, row], ...this.#rows]);
    this.#changed();
  }

  /** Asks the server, soon, for what only it can tell. */
  #clarify(): void {
    const isMissed = this.#asked < this.#connections && (this.#open.size > 0 || this.#following !== undefined);
    const isVague = isMissed || this.#isOutdated || [...this.#open.values()].some(({ open }) => open.state.isMarkVague);
    if (!isVague) this.#backoff.reset();
    if (!isVague || this.#timer !== undefined || this.#refreshing || this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.refresh().catch((error: unknown) => this.#host.failed(error));
    }, this.#backoff.next());
  }

  #changed(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setTimeout(() => {
      this.#isTelling = false;
      this.#events.emit("change", this);
    }, 0);
  }
}

function ofRow({ group, role, last_message, read_seq: seq, unread, mentions, capped = false }: OwnGroup): Omit<OwnGroupState, "open"> {
  return { group, role, mark: { seq, unread, mentions, capped }, lastMessage: last_message ?? undefined };
}
