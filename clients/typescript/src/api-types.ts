/** What the REST interface answers, as it is on the wire. */

import type { Message, User } from "./entries.js";
import type { Group } from "./frames.js";

/** A group, with all that is told of it. */
export interface GroupInfo extends Group {
  topic?: string;
  /** `open` if any user may join it, else `invite`. Absent where a name is enough. */
  join?: string;
}

/** A member of a group. */
export interface Member extends User {
  /** `owner`, `admin` or `member`. */
  role: string;
}

/** A group that the user belongs to. */
export interface OwnGroup {
  group: GroupInfo;
  /** `owner`, `admin` or `member`. */
  role: string;
  /** How far the user has read. */
  read_seq: number;
  /** The place of the newest entry of the log; all else is as of that. */
  head_seq: number;
  /** Messages of others behind that, without deleted ones; 1,000 stands for more, too. */
  unread: number;
  /** Those of them that mention the user; 1,000 stands for more, too. */
  mentions: number;
  /** One of the counts has reached its bound. */
  capped?: boolean;
  /** The newest message that is not deleted. */
  last_message: Message | null;
}

/** Where in a text something was found: first and count, in Unicode code points. */
export type Highlight = [start: number, length: number];

/** A message that was found. */
export interface Found {
  message: Message;
  /** Ascending, and apart from each other. */
  highlights: Highlight[];
}
