// A conversation with a running service, through code that is generated without flags: java Conversation ADDRESS

import grpcchat.v1.ChatRequest;
import grpcchat.v1.ChatResponse;
import grpcchat.v1.ChatServiceGrpc;
import grpcchat.v1.ListMessagesRequest;
import grpcchat.v1.ListRoomsRequest;
import grpcchat.v1.Message;
import grpcchat.v1.Reason;
import grpcchat.v1.Resume;
import grpcchat.v1.Send;
import grpcchat.v1.SendMessageRequest;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.HashMap;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

public final class Conversation {
    private static void step(String name, Callable<Boolean> body) {
        try {
            if (!body.call()) {
                throw new IllegalStateException("it is not so");
            }
            System.out.println("ok  " + name);
        } catch (Exception error) {
            System.err.println("FAILED  " + name + ": " + error);
            System.exit(1);
        }
    }

    /** One stream. It collects what it reads: merging appends to the lists. */
    private static final class Stream implements StreamObserver<ChatResponse> {
        final ChatResponse.Builder all = ChatResponse.newBuilder();
        final StreamObserver<ChatRequest> requests;
        private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();

        Stream(ChatServiceGrpc.ChatServiceStub stub, String... metadata) {
            requests = stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers(metadata))).chat(this);
        }

        void send(String offset, String text) {
            Send.Builder send = Send.newBuilder().setClientOffset(offset).setText(text);
            requests.onNext(ChatRequest.newBuilder().addSends(send).build());
        }

        /** Reads until the condition is true; false if the stream has ended with OK. */
        boolean until(BooleanSupplier isThere) throws InterruptedException {
            while (!isThere.getAsBoolean()) {
                Object event = events.poll(60, TimeUnit.SECONDS);
                if (!(event instanceof ChatResponse)) {
                    if (event != Status.OK) {
                        throw new IllegalStateException("the stream ended: " + event);
                    }
                    return false;
                }
                all.mergeFrom((ChatResponse) event);
            }
            return true;
        }

        @Override
        public void onNext(ChatResponse response) {
            events.add(response);
        }

        @Override
        public void onError(Throwable error) {
            events.add(error);
        }

        @Override
        public void onCompleted() {
            events.add(Status.OK);
        }
    }

    private static Metadata headers(String... keysAndValues) {
        Metadata metadata = new Metadata();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            metadata.put(Metadata.Key.of(keysAndValues[i], Metadata.ASCII_STRING_MARSHALLER), keysAndValues[i + 1]);
        }
        return metadata;
    }

    private static List<String> texts(List<Message> messages) {
        return messages.stream().map(Message::getText).toList();
    }

    public static void main(String[] arguments) {
        String run = UUID.randomUUID().toString();
        String room = "java-" + run;
        ManagedChannel channel = ManagedChannelBuilder.forTarget(arguments[0]).usePlaintext().build();
        ChatServiceGrpc.ChatServiceStub streams = ChatServiceGrpc.newStub(channel);
        ChatServiceGrpc.ChatServiceBlockingStub calls = ChatServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers("user", "ann-" + run)));
        Stream ann = new Stream(streams, "user", "ann-" + run, "room", room);
        ChatResponse.Builder all = ann.all;

        step("the first response holds the heartbeat and Joined of the first room", () ->
            ann.until(() -> all.getJoinedCount() > 0) && all.getHeartbeat().getInterval().getSeconds() > 0
                && all.getJoined(0).getRoom().equals(room) && all.getJoined(0).getHeadId() == 0);

        step("sends are acked with the next ids, and delivered", () -> {
            ann.send(run + "-1", "one");
            ann.send(run + "-2", "two");
            return ann.until(() -> all.getAcksCount() == 2 && all.getMessagesCount() == 2) && all.getAcks(1).getId() == 2
                && texts(all.getMessagesList()).equals(List.of("one", "two"));
        });

        step("a repeated client offset is acked as a duplicate with the same id", () -> {
            ann.send(run + "-2", "two");
            return ann.until(() -> all.getAcksCount() == 3) && all.getAcks(2).getId() == 2 && all.getAcks(2).getDuplicate();
        });

        step("a client offset with a different text is refused as OFFSET_REUSED", () -> {
            ann.send(run + "-2", "another two");
            return ann.until(() -> all.getRefusalsCount() > 0) && all.getRefusals(0).getReason() == Reason.REASON_OFFSET_REUSED;
        });

        step("after half-close everything is answered and the stream ends with OK", () -> {
            ann.send(run + "-3", "three");
            ann.requests.onCompleted();
            return !ann.until(() -> false) && all.getAcks(3).getId() == 3 && all.getMessages(2).getText().equals("three");
        });

        step("a client that reconnects gets exactly what it missed", () -> {
            Stream bob = new Stream(
                streams, "user", "bob", "room", room, "last-seen-id", "1", "log-id", all.getJoined(0).getLogId());
            bob.requests.onCompleted();
            return !bob.until(() -> false) && bob.all.getJoined(0).getResume() == Resume.RESUME_COMPLETE
                && texts(bob.all.getMessagesList()).equals(List.of("two", "three"));
        });

        Send.Builder one = Send.newBuilder().setRoom(room).setClientOffset(run + "-1").setText("one");

        step("SendMessage and the stream share their client offsets", () -> {
            var ack = calls.sendMessage(SendMessageRequest.newBuilder().setSend(one).build()).getAck();
            return ack.getId() == 1 && ack.getDuplicate();
        });

        step("a refused SendMessage is ALREADY_EXISTS", () -> {
            try {
                calls.sendMessage(SendMessageRequest.newBuilder().setSend(one.setText("another one")).build());
                return false;
            } catch (StatusRuntimeException error) {
                return error.getStatus().getCode() == Status.Code.ALREADY_EXISTS;
            }
        });

        step("ListMessages returns the newest page of a room", () -> {
            var page = calls.listMessages(ListMessagesRequest.newBuilder().setRoom(room).setPageSize(2).build());
            return texts(page.getMessagesList()).equals(List.of("two", "three")) && page.getHeadId() == 3;
        });

        step("ListRooms returns the room and its newest id", () -> {
            var heads = new HashMap<String, Long>();
            String token = "";
            do {
                var page = calls.listRooms(ListRoomsRequest.newBuilder().setPageSize(1000).setPageToken(token).build());
                page.getRoomsList().forEach(found -> heads.put(found.getName(), found.getHeadId()));
                token = page.getNextPageToken();
            } while (!token.isEmpty());
            return heads.getOrDefault(room, 0L) == 3;
        });

        channel.shutdownNow();
    }
}
