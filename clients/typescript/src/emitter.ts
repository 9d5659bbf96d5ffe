/** Listeners by the name of what they listen to; `Events` says what each name carries. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  /** Adds a listener. Returns a function that removes it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // Wrapped, so that a function which is added twice is called twice and removed once.
    const entry = (event: Events[Name]): void => listener(event);
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  /** Calls the listeners, in the order in which they were added. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as (event: Events[Name]) => void)(event);
      } catch (error) {
        // A listener's fault is the application's to see, but must not stop the client half-way.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
