import type { Edited, LogEntry, Message } from "./entries.js";

/** A message as all that is known of it makes it. */
export interface MessageState extends Omit<Message, "reactions" | "replies" | "last_reply_at"> {
  /** Who reacted, by emoji, both in the order in which the reactions came. There is no emoji without users. */
  readonly reactions: ReadonlyMap<string, readonly number[]>;
}

/** The last that is known of one user's reaction. */
interface LastReaction {
  emoji: string;
  userId: number;
  /** The place of the entry that says so; 0 if it was listed with the message. */
  seq: number;
  on: boolean;
}

/** What is known of one message, which may not be known itself. */
interface Known {
  message: Message | undefined;
  /** The newest content that an edit told of. */
  edit: Pick<Edited, "content" | "mentions" | "created_at"> | undefined;
  isDeleted: boolean;
  reactions: Map<string, LastReaction>;
  /** Put together from the others when it is asked for. */
  state: MessageState | undefined;
}

/**
 * What a group's log comes to: its messages as they are, with their reactions. It is fed with the entries of one log, and with messages
 * that were listed, such as those of `history` or `reset`.
 *
 * Each message keeps the newest of what was said of it, whatever came first: entries may come twice, after later ones, before the message
 * that they are about, or with the content of today as a replay has it. Nothing is forgotten, so a state grows with its group. After a
 * `reset`, begin a new one with the messages of the event.
 *
 * A list names at most 10 users for each emoji; others of older reactions are not known.
 */
export class GroupState {
  readonly #known = new Map<number, Known>();
  #sorted: Known[] | undefined;

  /** Begins with messages that were listed. */
  constructor(messages: Iterable<Message> = []) {
    for (const message of messages) this.add(message);
  }

  /** Takes an entry of the log. Those that are not about messages change nothing. */
  apply(entry: LogEntry): void {
    switch (entry.type) {
      case "message": {
        const { type: _, ...message } = entry;
        this.add(message);
        break;
      }
      case "edited":
        this.#edit(this.#of(entry.message_id), entry);
        break;
      case "deleted":
        this.#delete(this.#of(entry.message_id));
        break;
      case "reaction":
        this.#react(this.#of(entry.message_id), { ...entry, userId: entry.user_id });
        break;
      default:
        break;
    }
  }

  /** Takes a message that was listed. */
  add(message: Message): void {
    const known = this.#of(message.id);
    if (known.message === undefined) this.#sorted = undefined;
    known.message = message;
    if (message.deleted === true || known.isDeleted) this.#delete(known);
    if (message.edited_at !== undefined) this.#edit(known, { ...message, created_at: message.edited_at });
    for (const { emoji, user_ids } of message.reactions ?? []) {
      for (const userId of user_ids) this.#react(known, { emoji, userId, seq: 0, on: true });
    }
  }

  /** The message with this `id`, if it is known. */
  get(messageId: number): MessageState | undefined {
    const known = this.#known.get(messageId);
    return known && stateOf(known);
  }

  /** All messages that are known, deleted ones too, in the order of their `seq`. */
  get messages(): MessageState[] {
    this.#sorted ??= [...this.#known.values()]
      .filter(({ message }) => message !== undefined)
      .sort((one, other) => one.message!.seq - other.message!.seq);
    return this.#sorted.map((known) => stateOf(known)!);
  }

  /** What is known of a message and is about to change. */
  #of(messageId: number): Known {
    let known = this.#known.get(messageId);
    if (known === undefined) {
      known = { message: undefined, edit: undefined, isDeleted: false, reactions: new Map(), state: undefined };
      this.#known.set(messageId, known);
    }
    known.state = undefined;
    return known;
  }

  #delete(known: Known): void {
    known.isDeleted = true;
    // Nobody shall find it in the memory either.
    known.edit = undefined;
    known.reactions.clear();
    if (known.message) known.message = { ...known.message, content: "" };
  }

  #edit(known: Known, { content, mentions, created_at }: Pick<Edited, "content" | "mentions" | "created_at">): void {
    // Times of one log have one form and ascend with it. Of two entries with one time the later one may be a replay's, and so newer.
    if (known.isDeleted || (known.edit !== undefined && created_at < known.edit.created_at)) return;
    known.edit = { content, created_at, ...(mentions && { mentions }) };
  }

  #react(known: Known, { emoji, userId, seq, on }: LastReaction): void {
    if (known.isDeleted) return;
    // Neither an emoji nor a number has white space.
    const key = `${emoji} ${userId}`;
    const last = known.reactions.get(key);
    if (last === undefined || seq > last.seq) known.reactions.set(key, { emoji, userId, seq, on });
  }
}

function stateOf(known: Known): MessageState | undefined {
  if (known.message === undefined) return undefined;
  known.state ??= build(known.message, known);
  return known.state;
}

function build(message: Message, { edit, isDeleted, reactions: last }: Known): MessageState {
  const { reactions: _, replies: __, last_reply_at: ___, mentions, edited_at: ____, ...rest } = message;
  const reactions = new Map<string, number[]>();
  if (isDeleted) return { ...rest, deleted: true, reactions };
  for (const { emoji, userId, on } of [...last.values()].sort((one, other) => one.seq - other.seq)) {
    if (!on) continue;
    const users = reactions.get(emoji) ?? [];
    users.push(userId);
    reactions.set(emoji, users);
  }
  if (edit === undefined) return { ...rest, ...(mentions && { mentions }), reactions };
  const { content, mentions: editedMentions, created_at: edited_at } = edit;
  return { ...rest, content, edited_at, ...(editedMentions && { mentions: editedMentions }), reactions };
}
