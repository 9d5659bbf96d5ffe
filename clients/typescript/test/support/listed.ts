import type { Message, MessageState } from "groupcast-client";

/** Messages in the form of a list, from that of a state. */
export function listed(messages: readonly MessageState[]): Message[] {
  return messages.map(({ reactions, replies, ...message }) => ({
    ...message,
    ...(replies > 0 && { replies }),
    ...(reactions.length > 0 && { reactions: reactions.map(({ mine: _, user_ids, ...it }) => ({ ...it, user_ids: [...user_ids] })) }),
  }));
}
