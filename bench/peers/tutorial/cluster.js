// The last step of the tutorial: several workers, which share the database and broadcast to each other.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setupPrimary } from '@socket.io/cluster-adapter';

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2' },
    database: { type: 'string', default: 'chat.db' },
    wal: { type: 'boolean', default: false },
  },
});

cluster.setupPrimary({
  exec: fileURLToPath(new URL('chat.js', import.meta.url)),
  args: ['--database', values.database, ...(values.wal ? ['--wal'] : [])],
});
setupPrimary();

// Each worker has a port of its own, as in the tutorial, which uses 3000 and the next ones.
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const addresses = [];
while (addresses.length < Number(values.workers)) {
  const port = await freePort();
  await once(cluster.fork({ PORT: port }), 'listening'); // The first creates the table.
  addresses.push(`http://127.0.0.1:${port}`);
}
console.log(`listening on ${addresses.join(' ')}`);

process.once('SIGTERM', () => {
  for (const worker of Object.values(cluster.workers)) {
    worker.process.kill('SIGTERM');
  }
});
