import { Component, createRef } from "preact";
import type { ComponentChildren, JSX } from "preact";

interface LogProps {
  /** Holds the log as long as it is there. */
  handle: { current: Log | null };
  /** Whose log it is: another one begins at its own place. */
  id: number;
  children: ComponentChildren;
  hasOlder: boolean;
  showOlder: () => Promise<void>;
  /** Whether there are messages below those that are drawn. */
  hasNewer: boolean;
  showNewer: () => void;
  /** The newest is in sight, or not any more. */
  atEnd: (isAtEnd: boolean) => void;
}

/** Where the reader is: an element in sight, and how far below the upper edge it is. */
interface Anchor {
  element: Element;
  top: number;
}

/** So near to the end counts as at the end, in pixels. */
const END_PX = 48;

/** So near to the beginning older messages are listed, and so near to the end of what is drawn newer ones are drawn. */
const BEGINNING_PX = 900;

/** What there is below what is in sight, in pixels. */
function below(box: Element): number {
  return box.scrollHeight - box.clientHeight - box.scrollTop;
}

/**
 * The messages of a group. It stays at its end if it is there, and else with what is being read, whatever comes, goes or changes above and
 * below.
 */
export class Log extends Component<LogProps> {
  readonly #box = createRef<HTMLDivElement>();
  readonly #list = createRef<HTMLDivElement>();
  #isAtEnd = true;
  #isListing = false;
  #observer: ResizeObserver | undefined;
  /** Begins at the line of what is new, if that is there. */
  #begins = true;

  override componentDidMount(): void {
    this.props.handle.current = this;
    this.#begin();
    this.#observer = new ResizeObserver(() => this.#hold());
    this.#observer.observe(this.#box.current!);
    this.#observer.observe(this.#list.current!);
  }

  override componentWillUnmount(): void {
    this.#observer?.disconnect();
    this.props.handle.current = null;
  }

  override getSnapshotBeforeUpdate(): Anchor | null {
    return this.#isAtEnd ? null : this.#anchor();
  }

  override componentDidUpdate(before: LogProps, _: unknown, anchor: Anchor | null): void {
    const box = this.#box.current!;
    if (before.id !== this.props.id) {
      this.#begins = true;
      this.#isAtEnd = true;
    }
    if (this.#begins) {
      this.#begin();
    } else if (this.#isAtEnd && !this.props.hasNewer) {
      box.scrollTop = box.scrollHeight;
    } else if (anchor?.element.isConnected) {
      box.scrollTop += anchor.element.getBoundingClientRect().top - box.getBoundingClientRect().top - anchor.top;
    }
    this.#fill();
  }

  /** Shows the newest. */
  toEnd(): void {
    const box = this.#box.current;
    if (!box) return;
    box.scrollTop = box.scrollHeight;
    this.#note();
  }

  /** Shows a message, in the middle. Returns whether it is there. */
  show(messageId: number): boolean {
    const article = this.#box.current?.querySelector<HTMLElement>(`#m${messageId}`);
    if (!article) return false;
    this.#begins = false;
    this.#isAtEnd = false;
    article.scrollIntoView({ block: "center" });
    article.focus({ preventScroll: true });
    this.#note();
    return true;
  }

  override render({ children, hasOlder }: LogProps): JSX.Element {
    return (
      <div class="log" role="log" aria-label="Messages" aria-live="polite" tabIndex={0} ref={this.#box} onScroll={this.#note} onKeyDown={this.#move}>
        <div class="list" ref={this.#list}>
          {hasOlder ? <p class="beginning">Loading earlier messages …</p> : <p class="beginning">This is where it begins.</p>}
          {children}
        </div>
      </div>
    );
  }

  #begin(): void {
    const box = this.#box.current!;
    if (!box.querySelector("article")) return;
    this.#begins = false;
    const line = box.querySelector<HTMLElement>(".new-line");
    box.scrollTop = line ? line.offsetTop - box.clientHeight / 3 : box.scrollHeight;
    this.#note();
  }

  #anchor(): Anchor | null {
    const box = this.#box.current;
    if (!box) return null;
    const { top } = box.getBoundingClientRect();
    const articles = box.querySelectorAll("article");
    // The first that is in sight, by halves: they are in order.
    let low = 0;
    let high = articles.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (articles[middle]!.getBoundingClientRect().bottom > top) high = middle;
      else low = middle + 1;
    }
    const element = articles[low];
    return element ? { element, top: element.getBoundingClientRect().top - top } : null;
  }

  /** The box or what is in it has another height. */
  #hold(): void {
    const box = this.#box.current;
    if (box && this.#isAtEnd && !this.#begins) box.scrollTop = box.scrollHeight;
    this.#fill();
  }

  /** From message to message by arrows. */
  readonly #move = (event: KeyboardEvent): void => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const article = event.target as Element;
    if (step === undefined || article.tagName !== "ARTICLE") return;
    const articles = [...this.#box.current!.querySelectorAll<HTMLElement>("article")];
    const next = articles[articles.indexOf(article as HTMLElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };

  /** Puts the keyboard onto the last message. */
  focusLast(): void {
    [...(this.#box.current?.querySelectorAll("article") ?? [])].at(-1)?.focus();
  }

  readonly #note = (): void => {
    const box = this.#box.current;
    if (!box) return;
    this.#isAtEnd = !this.props.hasNewer && below(box) <= END_PX;
    this.props.atEnd(this.#isAtEnd);
    this.#fill();
  };

  #fill(): void {
    const box = this.#box.current;
    if (!box || this.#begins) return;
    if (this.props.hasNewer && below(box) < BEGINNING_PX) {
      this.props.showNewer();
      return;
    }
    if (this.#isListing || !this.props.hasOlder || box.scrollTop > BEGINNING_PX) return;
    this.#isListing = true;
    void this.props.showOlder().finally(() => {
      // When they are drawn.
      setTimeout(() => {
        this.#isListing = false;
        if (this.#box.current) this.#fill();
      }, 50);
    });
  }
}
