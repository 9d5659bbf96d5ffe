/** Programs by what stands in their `User-Agent`, those that name others too before these. */
const PROGRAMS = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/Chrom(?:e|ium)\//, "Chrome"],
  [/Safari\//, "Safari"],
] as const;

const SYSTEMS = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
] as const;

/** What a client calls itself, for people. */
export function programOf(client: string): string {
  const program = PROGRAMS.find(([pattern]) => pattern.test(client))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(client))?.[1];
  if (program) return system ? `${program} on ${system}` : program;
  return client === "" ? "unnamed" : client.slice(0, 60);
}
