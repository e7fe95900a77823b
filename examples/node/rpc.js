// Loads the contract, builds call metadata and reads the details of errors.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const definition = protoLoader.loadSync(
  [
    'chat/v1/chat.proto',
    'google/rpc/status.proto',
    'google/rpc/error_details.proto',
    'grpc/health/v1/health.proto',
  ],
  {
    includeDirs: ['../../protos', '../protos'].map((path) => fileURLToPath(new URL(path, import.meta.url))),
    longs: String, // A JavaScript number is exact up to 2^53 only.
    enums: String,
    defaults: true,
    json: true, // Unpacks google.protobuf.Any.
  },
);
const loaded = grpc.loadPackageDefinition(definition);

export const status = grpc.status;

export const chatStub = (address, caFile) => stub(loaded.chat.v1.ChatService, address, caFile);

export const healthStub = (address, caFile) => stub(loaded.grpc.health.v1.Health, address, caFile);

/** Call metadata from { user, room, … }; undefined values are left out. */
export function metadata({ user, ...values }) {
  const result = new grpc.Metadata();
  if (user !== undefined) {
    if (/^[ -~]*$/.test(user)) result.set('user', user);
    else result.set('user-bin', Buffer.from(user));
  }
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) result.set(key, String(value));
  }
  return result;
}

/** The details of a final status, by type name: ErrorInfo, BadRequest, RetryInfo. */
export function errorDetails(error) {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!bytes) return {};
  const { details } = definition['google.rpc.Status'].deserialize(bytes);
  const known = details.filter((detail) => '@type' in detail); // Details of other types stay undecoded bytes.
  return Object.fromEntries(known.map((detail) => [detail['@type'].split('.').at(-1), detail]));
}

/** A google.protobuf.Duration in milliseconds. */
export const milliseconds = ({ seconds, nanos }) => Number(seconds) * 1000 + nanos / 1e6;

/** TLS for addresses that begin with https://, with the authorities of a PEM file, or without one those that Node.js trusts. */
const credentials = (address, caFile) =>
  address.startsWith('https://')
    ? grpc.credentials.createSsl(caFile ? readFileSync(caFile) : null)
    : grpc.credentials.createInsecure();

// Subchannels are not shared, so a new stub connects at once: gRPC's own back-off would add to the client's.
const stub = (Service, address, caFile) =>
  new Service(address.replace(/^https?:\/\//, ''), credentials(address, caFile), { 'grpc.use_local_subchannel_pool': 1 });
