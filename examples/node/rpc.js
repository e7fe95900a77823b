// The contract as it is loaded, and what a program can read in an error.
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

export const chatStub = (address) => stub(loaded.chat.v1.ChatService, address);

export const healthStub = (address) => stub(loaded.grpc.health.v1.Health, address);

/** Call metadata from { user, room, … }; what is undefined is left out. */
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

/** The details of a final status by the names of their types: ErrorInfo, BadRequest, RetryInfo. */
export function errorDetails(error) {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!bytes) return {};
  const { details } = definition['google.rpc.Status'].deserialize(bytes);
  const known = details.filter((detail) => '@type' in detail); // Of other types, only the bytes are there.
  return Object.fromEntries(known.map((detail) => [detail['@type'].split('.').at(-1), detail]));
}

/** Of a google.protobuf.Duration. */
export const milliseconds = ({ seconds, nanos }) => Number(seconds) * 1000 + nanos / 1e6;

// With subchannels of its own, so that a new stub connects at once: gRPC's own backoff would come on top of the client's.
const stub = (Service, address) =>
  new Service(address.replace(/^http:\/\//, ''), grpc.credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
