// The npm package `ws` as its documentation shows it: each message is encoded once and sent to each client of the room.
import { WebSocketServer } from 'ws';

const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
const rooms = new Map();

function enter(name) {
  let room = rooms.get(name);
  if (!room) rooms.set(name, (room = { name, seq: 0, clients: new Set() }));
  return room;
}

function broadcast(room, text) {
  const message = {
    type: 'chat_message', room: room.name, seq: ++room.seq, username: 'bench-0', message: text,
    timestamp: new Date().toISOString(),
  };
  const payload = Buffer.from(JSON.stringify(message));
  for (const client of room.clients) client.send(payload, { binary: false });
}

const server = new WebSocketServer({ host: '127.0.0.1', port, backlog: 4096 });
server.on('connection', (client, request) => {
  const room = enter(request.url.split('/')[3]);
  room.clients.add(client);
  client.on('message', (data) => {
    const { message } = JSON.parse(data);
    if (message) broadcast(room, message);
  });
  client.on('close', () => room.clients.delete(client));
  client.on('error', () => client.terminate());
  client.send('{"type":"joined"}');
});
