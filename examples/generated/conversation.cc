// A conversation with a running service, through code that is generated without flags: conversation ADDRESS
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "chat/v1/chat.grpc.pb.h"

namespace v1 = chat::v1;
using Values = std::map<std::string, std::string>;

void Step(const std::string& name, const std::function<bool()>& body) {
  if (!body()) {
    std::cerr << "FAILED  " << name << std::endl;
    std::exit(1);
  }
  std::cout << "ok  " << name << std::endl;
}

std::unique_ptr<grpc::ClientContext> ContextOf(const Values& metadata) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  for (const auto& [key, value] : metadata) context->AddMetadata(key, value);
  return context;
}

// One stream. It collects what it reads: merging appends to the lists.
struct Stream {
  Stream(v1::ChatService::Stub& stub, const Values& metadata) : context(ContextOf(metadata)), call(stub.Chat(context.get())) {}

  void Send(const std::string& offset, const std::string& text) {
    v1::ChatRequest request;
    auto* send = request.add_sends();
    send->set_client_offset(offset);
    send->set_text(text);
    call->Write(request);
  }

  bool Until(const std::function<bool()>& is_there) {
    while (!is_there()) {
      v1::ChatResponse response;
      if (!call->Read(&response)) return false;
      all.MergeFrom(response);
    }
    return true;
  }

  grpc::Status ToEnd() {
    Until([] { return false; });
    return call->Finish();
  }

  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ChatRequest, v1::ChatResponse>> call;
  v1::ChatResponse all;
};

template <typename Messages>
std::vector<std::string> Texts(const Messages& messages) {
  std::vector<std::string> texts;
  for (const auto& message : messages) texts.push_back(message.text());
  return texts;
}

int main(int, char** arguments) {
  std::random_device random;
  const std::string run = std::to_string(random()) + "-" + std::to_string(random()) + "-" + std::to_string(random());
  const std::string room = "cpp-" + run;
  const auto stub = v1::ChatService::NewStub(grpc::CreateChannel(arguments[1], grpc::InsecureChannelCredentials()));
  const Values user = {{"user", "ann-" + run}};
  Stream ann(*stub, {{"user", "ann-" + run}, {"room", room}});
  const auto& all = ann.all;

  Step("the first response holds the heartbeat and Joined of the first room", [&] {
    return ann.Until([&] { return all.joined_size() > 0; }) && all.heartbeat().interval().seconds() > 0 &&
           all.joined(0).room() == room && all.joined(0).head_id() == 0;
  });

  Step("sends are acked with the next ids, and delivered", [&] {
    ann.Send(run + "-1", "one");
    ann.Send(run + "-2", "two");
    return ann.Until([&] { return all.acks_size() == 2 && all.messages_size() == 2; }) && all.acks(1).id() == 2 &&
           Texts(all.messages()) == std::vector<std::string>{"one", "two"};
  });

  Step("a repeated client offset is acked as a duplicate with the same id", [&] {
    ann.Send(run + "-2", "two");
    return ann.Until([&] { return all.acks_size() == 3; }) && all.acks(2).id() == 2 && all.acks(2).duplicate();
  });

  Step("a client offset with a different text is refused as OFFSET_REUSED", [&] {
    ann.Send(run + "-2", "another two");
    return ann.Until([&] { return all.refusals_size() > 0; }) && all.refusals(0).reason() == v1::REASON_OFFSET_REUSED;
  });

  Step("after half-close everything is answered and the stream ends with OK", [&] {
    ann.Send(run + "-3", "three");
    ann.call->WritesDone();
    return ann.ToEnd().ok() && all.acks(3).id() == 3 && all.messages(2).text() == "three";
  });

  Step("a client that reconnects gets exactly what it missed", [&] {
    Stream bob(*stub, {{"user", "bob"}, {"room", room}, {"last-seen-id", "1"}, {"log-id", all.joined(0).log_id()}});
    bob.call->WritesDone();
    return bob.ToEnd().ok() && bob.all.joined(0).resume() == v1::RESUME_COMPLETE &&
           Texts(bob.all.messages()) == std::vector<std::string>{"two", "three"};
  });

  v1::SendMessageRequest request;
  request.mutable_send()->set_room(room);
  request.mutable_send()->set_client_offset(run + "-1");

  Step("SendMessage and the stream share their client offsets", [&] {
    request.mutable_send()->set_text("one");
    v1::SendMessageResponse response;
    return stub->SendMessage(ContextOf(user).get(), request, &response).ok() && response.ack().id() == 1 && response.ack().duplicate();
  });

  Step("a refused SendMessage is ALREADY_EXISTS", [&] {
    request.mutable_send()->set_text("another one");
    v1::SendMessageResponse response;
    return stub->SendMessage(ContextOf(user).get(), request, &response).error_code() == grpc::StatusCode::ALREADY_EXISTS;
  });

  Step("ListMessages returns the newest page of a room", [&] {
    v1::ListMessagesRequest newest;
    newest.set_room(room);
    newest.set_page_size(2);
    v1::ListMessagesResponse page;
    return stub->ListMessages(ContextOf(user).get(), newest, &page).ok() && page.head_id() == 3 &&
           Texts(page.messages()) == std::vector<std::string>{"two", "three"};
  });

  Step("ListRooms returns the room and its newest id", [&] {
    std::map<std::string, int64_t> heads;
    v1::ListRoomsRequest next;
    next.set_page_size(1000);
    do {
      v1::ListRoomsResponse page;
      if (!stub->ListRooms(ContextOf(user).get(), next, &page).ok()) return false;
      for (const auto& found : page.rooms()) heads[found.name()] = found.head_id();
      next.set_page_token(page.next_page_token());
    } while (!next.page_token().empty());
    return heads[room] == 3;
  });
}
