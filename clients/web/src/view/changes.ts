import { useEffect, useState } from "preact/hooks";

/** Something that tells of its changes. */
interface Source {
  subscribe(listener: () => void): () => void;
}

/** Draws the component again whenever the source changes. */
export function useChanges(source: Source | undefined): void {
  const [, set] = useState(0);
  useEffect(() => source?.subscribe(() => set((count) => count + 1)), [source]);
}
