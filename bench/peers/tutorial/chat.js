// The chat of the socket.io tutorial (https://socket.io/docs/v4/tutorial), rewritten: every message is inserted into
// SQLite, then broadcast, then acked, and a client that connects gets every row after the last one it saw.
// "bench:" marks what the benchmark adds to the tutorial.
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createAdapter } from '@socket.io/cluster-adapter';
import { Server } from 'socket.io';
import { open } from 'sqlite';
import sqlite3 from 'sqlite3';

const SQLITE_CONSTRAINT = 19;

const { values } = parseArgs({
  options: { database: { type: 'string', default: 'chat.db' }, wal: { type: 'boolean', default: false } },
});

const database = await open({ filename: values.database, driver: sqlite3.Database });
if (values.wal) {
  // bench: the same with a write-ahead log. Otherwise it uses a rollback journal, also with synchronous = FULL.
  await database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
}
await database.exec(`
  CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_offset TEXT UNIQUE,
    content TEXT
  )`);

const server = createServer();
const io = new Server(server, { connectionStateRecovery: {}, ...(cluster.isWorker && { adapter: createAdapter() }) });

io.on('connection', async (socket) => {
  const { reads, serverOffset } = socket.handshake.auth;
  if (reads) {
    // bench: senders that do not read cost no deliveries.
    socket.join('readers');
  }

  socket.on('chat message', async (text, clientOffset, ack) => {
    let inserted;
    try {
      inserted = await database.run('INSERT INTO messages (content, client_offset) VALUES (?, ?)', text, clientOffset);
    } catch (error) {
      if (error.errno === SQLITE_CONSTRAINT) {
        ack(); // It is already stored.
      }
      return; // Without an ack the client tries again.
    }

    io.to('readers').emit('chat message', text, inserted.lastID);
    ack();
  });

  // bench: without an offset, or with a negative one, nothing is replayed; the tutorial replays everything.
  if (!socket.recovered && serverOffset >= 0) {
    await database.each('SELECT id, content FROM messages WHERE id > ?', [serverOffset], (error, row) => {
      socket.emit('chat message', row.content, row.id);
    });
  }
});

// bench: the database is complete when the process has ended.
process.once('SIGTERM', async () => {
  io.close();
  await database.close();
  process.exit(0);
});

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  if (!cluster.isWorker) {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  }
});
