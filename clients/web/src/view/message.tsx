import { Component, createRef } from "preact";
import type { JSX } from "preact";
import type { MessageState } from "groupcast-client";

import { Actions } from "./actions.js";
import { Avatar } from "./avatar.js";
import { EditBox } from "./edit-box.js";
import { Icon } from "./icon.js";
import { Reactions } from "./reactions.js";
import { Text } from "./text.js";
import type { Names } from "./text.js";
import { clockOf, fullTime, timeOf } from "./when.js";

/** What can be done with a message. The same object as long as the group is shown, so that messages are drawn again only if they change. */
export interface Deeds {
  reply(message: MessageState): void;
  edit(message: MessageState, content: string): void;
  remove(message: MessageState): void;
  keep(messageId: number): void;
  react(messageId: number, emoji: string, on: boolean): void;
  openThread(message: MessageState): void;
  jump(messageId: number): void;
  nameOf(userId: number): string;
}

export interface MessageProps {
  message: MessageState;
  /** What it answers, if that is known. */
  answered: MessageState | undefined;
  me: number;
  myName: string;
  /** Those of the group who are mentioned, with commas between them; a text, so that it compares. */
  mentioned: string;
  /** It comes soon behind another one of its sender's. */
  isFollowing: boolean;
  mayDelete: boolean;
  /** It goes in a moment, unless that is undone. */
  isGoing: boolean;
  isFound: boolean;
  deeds: Deeds;
  /** Where it stands: in a thread what it answers is plain. */
  inThread?: boolean;
}

interface State {
  isEdited: boolean;
}

/** Characters of an answered message that are shown above the answer. */
const QUOTED_MAX = 200;

/**
 * What a message answers. It is drawn by the style sheet, so that the text of a message stands in the page once: those who search the page
 * for it, or have it read to them, find the message.
 */
function Answered({ message, jump }: { message: MessageState | undefined; jump: () => void }): JSX.Element {
  const name = message?.username ?? "an earlier message";
  const what = message?.deleted ? "deleted" : (message?.content.slice(0, QUOTED_MAX) ?? "");
  return (
    <button type="button" class="answered" aria-label={`Answer to ${name}: ${what}`} onClick={jump}>
      <Icon name="reply" />
      <span class="who" data-quote={name} />
      <span class="what" data-quote={what} />
    </button>
  );
}

/** A message. */
export class MessageView extends Component<MessageProps, State> {
  override state: State = { isEdited: false };
  readonly #article = createRef<HTMLElement>();

  override shouldComponentUpdate(next: MessageProps, state: State): boolean {
    if (state !== this.state) return true;
    return (Object.keys(next) as (keyof MessageProps)[]).some((key) => next[key] !== this.props[key]);
  }

  /** Whether the keyboard is in it while it goes. */
  override getSnapshotBeforeUpdate(before: MessageProps): boolean {
    const mayUndo = ({ isGoing, message }: MessageProps): boolean => isGoing && !message.deleted;
    return mayUndo(before) && !mayUndo(this.props) && this.#article.current?.contains(document.activeElement) === true;
  }

  override componentDidUpdate(_: MessageProps, __: State, hadFocus: boolean): void {
    // What had the focus is gone.
    if (hadFocus) this.#article.current?.focus();
  }

  override render(): JSX.Element {
    const { message, answered, me, myName, mentioned, isFollowing, mayDelete, isGoing, isFound, deeds, inThread } = this.props;
    const { id, username, user_id, created_at, edited_at, deleted, content, replies, reply_to } = message;
    const isMine = user_id === me;
    const isGone = deleted === true || isGoing;
    const names: Names = { me: myName, mentioned: new Set(mentioned === "" ? [] : mentioned.split(",")) };
    const isForMe = message.mentions?.includes(me) === true;
    const { isEdited } = this.state;
    const classes = ["message", isFollowing && "following", isMine && "mine", isForMe && "for-me", isFound && "found", isGone && "gone"];
    return (
      <article
        class={classes.filter(Boolean).join(" ")}
        id={`${inThread ? "t" : "m"}${id}`}
        data-seq={message.seq}
        ref={this.#article}
        aria-label={`${username}, ${timeOf(created_at)}`}
        tabIndex={-1}
      >
        {isFollowing ? <span class="gutter" aria-hidden="true">{clockOf(created_at)}</span> : <Avatar name={username} />}
        <div class="body">
          {!inThread && reply_to !== undefined && !isGone && (
            <Answered message={answered} jump={() => deeds.jump(reply_to)} />
          )}
          <div class={isFollowing ? "unseen" : "head"}>
            <span class="name">{username}</span>{" "}
            <time dateTime={created_at} title={fullTime(created_at)}>
              {timeOf(created_at)}
            </time>
          </div>
          {isGoing && !deleted ? (
            <p class="remark">
              Deleted.{" "}
              <button type="button" class="link" autofocus ref={(button) => button?.focus()} onClick={() => deeds.keep(id)}>
                Undo
              </button>
            </p>
          ) : deleted ? (
            <p class="remark">This was deleted.</p>
          ) : isEdited ? (
            <EditBox content={content} save={this.#save} leave={this.#leave} />
          ) : (
            <div class="line">
              <Text content={content} names={names} />
              {edited_at && (
                <span class="edited" title={fullTime(edited_at)}>
                  (edited)
                </span>
              )}
              {isMine && (
                <span class="stored" role="img" aria-label="stored" title="Stored at the server">
                  <Icon name="stored" />
                </span>
              )}
            </div>
          )}
          {!isGone && <Reactions message={message} deeds={deeds} />}
          {!inThread && replies > 0 && (
            <button type="button" class="thread-link" onClick={() => deeds.openThread(message)}>
              <Icon name="thread" />
              {replies === 1 ? "1 answer" : `${replies} answers`}
            </button>
          )}
        </div>
        {!isGone && !isEdited && (
          <Actions
            message={message}
            mayEdit={isMine}
            mayDelete={isMine || mayDelete}
            deeds={deeds}
            edit={() => this.setState({ isEdited: true })}
          />
        )}
      </article>
    );
  }

  readonly #save = (content: string): void => {
    const { message, deeds } = this.props;
    if (content.trim() !== "" && content !== message.content) deeds.edit(message, content);
    this.#leave();
  };

  readonly #leave = (): void => {
    this.setState({ isEdited: false });
    const { inThread, message } = this.props;
    // Back to where the keyboard was.
    setTimeout(() => document.querySelector<HTMLElement>(`#${inThread ? "t" : "m"}${message.id} .actions [data-deed=edit]`)?.focus(), 0);
  };
}
