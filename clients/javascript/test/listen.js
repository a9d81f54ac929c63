import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { Peer } from "./fake-server.js";

/**
 * Serves a FakeServer on a free port of this machine, over real HTTP and real WebSockets.
 * @param {import("./fake-server.js").FakeServer} server
 * @returns {Promise<{url: string, close: () => void}>}
 */
export async function listen(server) {
  const http = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const { status, headers, body } = server.answer(request.method ?? "GET", url, request.headers.authorization, text);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
  const sockets = new WebSocketServer({ server: http, path: "/ws/" });
  sockets.on("connection", (socket) => {
    const peer = new Peer(server, {
      send: (text) => socket.send(text),
      close: (code, reason) => (code === 1006 ? socket.terminate() : socket.close(code, reason)),
    });
    socket.on("message", (data) => peer.hear(String(data)));
    socket.on("close", () => peer.gone());
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (http.address());
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      sockets.close();
      http.closeAllConnections();
      http.close();
    },
  };
}
