import type { Member } from "./api-types.js";
import type { MemberChange, User } from "./entries.js";

/** The members of a group, from when they were listed on. */
export class Members {
  readonly #byId = new Map<number, Member>();
  #view: ReadonlyMap<number, Member> | undefined;
  #isListed = false;

  /** By number, if they were listed. The same map as long as nothing changes. */
  get byId(): ReadonlyMap<number, Member> | undefined {
    if (this.#isListed) this.#view ??= new Map(this.#byId);
    return this.#view;
  }

  clear(): void {
    this.#byId.clear();
    this.#view = undefined;
    this.#isListed = false;
  }

  /** Takes the list of all of them. */
  list(members: readonly Member[]): void {
    this.clear();
    this.#isListed = true;
    for (const member of members) this.#byId.set(member.id, member);
  }

  /** A user who was seen in the group is a member. Walking in is no entry of the log. */
  seen({ id, username }: User): void {
    if (!this.#byId.has(id)) this.#set({ id, username, role: "member" });
  }

  /** Takes an entry of the log. */
  apply({ member: { id, username }, change, role = "member" }: MemberChange): void {
    switch (change) {
      case "joined":
      case "role":
        this.#set({ id, username, role });
        break;
      case "left":
      case "kicked":
      case "banned":
      case "erased":
        if (this.#byId.delete(id)) this.#view = undefined;
        break;
      default:
        break;
    }
  }

  #set(member: Member): void {
    // Before they are listed, one would look as if there were no others.
    if (!this.#isListed) return;
    this.#byId.set(member.id, member);
    this.#view = undefined;
  }
}
