// Text mode on Bun's own publish and subscribe: same paths and frames, nothing stored, no join lines.
const server = Bun.serve({
  hostname: process.env.HOST ?? "127.0.0.1",
  port: Number(process.env.PORT ?? 8000),
  fetch(request, server) {
    const [, ws, kind, group, user] = new URL(request.url).pathname.split("/");
    if (ws === "ws" && kind === "group" && user) {
      const data = { group: decodeURIComponent(group), user: decodeURIComponent(user) };
      if (server.upgrade(request, { data })) return;
    }
    return Response.json({ status: "ok" });
  },
  websocket: {
    perMessageDeflate: false,
    open(socket) {
      socket.subscribe(socket.data.group);
    },
    message(socket, content) {
      server.publish(socket.data.group, `${socket.data.user}: ${content}`);
    },
  },
});

console.log(`listening on ${server.url}`);
