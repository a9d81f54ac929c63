// Socket.IO with its PostgreSQL adapter, as the adapter's README shows it, and the messages in the same database, by the pool of `pg`.
// It has no accounts, no repeated sends that are stored once, and no resume (the adapter has no connection state recovery).
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/postgres-adapter';
import pg from 'pg';
import { Server } from 'socket.io';

const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
const pool = new pg.Pool({ connectionString: argument('--postgres'), max: Number(argument('--pool')) });

await pool.query(`
  CREATE TABLE IF NOT EXISTS socket_io_attachments (id bigserial UNIQUE, created_at timestamptz DEFAULT now(), payload bytea);
  CREATE TABLE IF NOT EXISTS rooms (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE, seq bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS messages (
    room_id bigint NOT NULL REFERENCES rooms, seq bigint NOT NULL, username text NOT NULL, body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (room_id, seq))`);

// One statement, and so one transaction and one round trip; the room's row is locked until the commit. Prepared by its name.
const insert = {
  name: 'insert',
  text: `
    WITH room AS (
      INSERT INTO rooms (name, seq) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET seq = rooms.seq + 1 RETURNING id, seq)
    INSERT INTO messages (room_id, seq, username, body) SELECT id, seq, $2, $3 FROM room RETURNING seq, created_at`,
};

const http = createServer();
const io = new Server(http, {
  transports: ['websocket'],
  adapter: createAdapter(pool),
  pingInterval: 24 * 3600 * 1000, // the load side answers no pings
});

io.on('connection', (socket) => {
  const { room: joined } = socket.handshake.query;
  if (joined) {
    socket.join(joined);
    socket.emit('joined');
  }
  socket.on('send', async (room, message, answer) => {
    try {
      const username = 'bench-0';
      const { rows: [row] } = await pool.query({ ...insert, values: [room, username, message] });
      const seq = Number(row.seq);
      io.to(room).emit('message', { type: 'chat_message', room, seq, username, message, timestamp: row.created_at.toISOString() });
      answer?.(seq);
    } catch (failed) {
      answer?.({ error: failed.message });
    }
  });
});
http.listen({ host: '127.0.0.1', port: Number(argument('--port')), backlog: 4096 });
