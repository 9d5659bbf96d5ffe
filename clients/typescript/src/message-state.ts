import type { Edited, LogEntry, Message, Reaction } from "./entries.js";
import { Reactions } from "./reactions.js";
import type { ReactionState } from "./reactions.js";

/** A message as it is, with all that stands beside it. The object changes never; another one takes its place. */
export interface MessageState extends Omit<Message, "reactions" | "replies"> {
  readonly reactions: readonly ReactionState[];
  /** Messages in the thread that begins with it, without deleted ones. */
  readonly replies: number;
}

/** What is known of one message. */
export class KnownMessage {
  #message: Message;
  #reactions: Reactions;
  #view: MessageState | undefined;

  constructor(message: Message) {
    this.#message = plain(message);
    this.#reactions = new Reactions(message.reactions);
  }

  /** Without what stands beside it. */
  get message(): Readonly<Message> {
    return this.#message;
  }

  /** Whether only the server can tell what stands beside it. */
  get isVague(): boolean {
    return this.#reactions.isVague;
  }

  /** Takes it as it was listed anew. */
  list(message: Message): void {
    const isDeleted = message.deleted ?? this.#message.deleted;
    this.#message = isDeleted ? deleted(message) : plain(message);
    this.#reactions = isDeleted ? new Reactions() : new Reactions(message.reactions, this.#reactions);
    this.#view = undefined;
  }

  edit({ content, mentions, created_at }: Pick<Edited, "content" | "mentions" | "created_at">): void {
    const { deleted: isDeleted, edited_at = "", mentions: _, ...rest } = this.#message;
    // Times of a log have one form and never descend. A list or a replay may have been ahead of this entry.
    if (isDeleted || created_at < edited_at) return;
    this.#message = { ...rest, content, edited_at: created_at, ...(mentions && { mentions }) };
    this.#view = undefined;
  }

  delete(): void {
    // Nobody shall find it in the memory either.
    this.#message = deleted(this.#message);
    this.#reactions = new Reactions();
    this.#view = undefined;
  }

  react(reaction: Pick<Reaction, "emoji" | "user_id" | "on" | "seq">, me: number): void {
    if (this.#message.deleted) return;
    this.#reactions.apply(reaction, me);
    this.#view = undefined;
  }

  /** Takes another name of its sender or its group, if an entry tells of one. Returns whether it does. */
  rename(entry: LogEntry): boolean {
    const names =
      entry.type === "group" && entry.name !== undefined ? { group_name: entry.name }
      : entry.type === "member" && entry.change === "erased" && entry.member.id === this.#message.user_id
        ? { username: entry.member.username }
      : undefined;
    if (names === undefined) return false;
    this.#message = { ...this.#message, ...names };
    this.#view = undefined;
    return true;
  }

  /** The thread that begins with it has changed. */
  touch(): void {
    this.#view = undefined;
  }

  /** As it is shown, with the answers that there are in its thread. */
  view(me: number, answers: Iterable<KnownMessage>): MessageState {
    if (this.#view === undefined) {
      let replies = 0;
      let last_reply_at = "";
      for (const { message } of answers) {
        if (message.deleted) continue;
        replies += 1;
        if (message.created_at > last_reply_at) last_reply_at = message.created_at;
      }
      const reactions = this.#reactions.view(me);
      this.#view = { ...this.#message, reactions, replies, ...(replies > 0 && { last_reply_at }) };
    }
    return this.#view;
  }
}

/** A message without what stands beside it. */
function plain({ reactions: _, replies: __, last_reply_at: ___, ...message }: Message): Message {
  return message;
}

function deleted(message: Message): Message {
  const { mentions: _, edited_at: __, ...rest } = plain(message);
  return { ...rest, content: "", deleted: true };
}
