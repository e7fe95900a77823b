// The last step of the tutorial: several workers, which share the database and broadcast to each other.
import cluster from 'node:cluster';
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

const count = Number(values.workers);
const addresses = [];
cluster.on('listening', (worker, { port }) => {
  addresses.push(`http://127.0.0.1:${port}`);
  if (addresses.length === count) {
    console.log(`listening on ${addresses.join(' ')}`);
  } else {
    cluster.fork();
  }
});
cluster.fork(); // One after the other: the first creates the table.

process.once('SIGTERM', () => {
  for (const worker of Object.values(cluster.workers)) {
    worker.process.kill('SIGTERM');
  }
});
