/** Does work while no other tab of the browser does such of the same name, where there is a way to know. */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;
  if (locks === undefined) return work();
  let isBegun = false;
  try {
    return await locks.request(name, () => {
      isBegun = true;
      return work();
    });
  } catch (error) {
    if (isBegun) throw error;
    // A page without an origin of its own, such as one in a sandbox, may not lock anything; nor does it share anything.
    return work();
  }
}
