// A conversation with a running service, through code that is generated without flags: conversation ADDRESS
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	chatv1 "grpcchat/chat/v1"
)

func step(name string, body func() (bool, error)) {
	ok, err := body()
	if err == nil && !ok {
		err = fmt.Errorf("it is not so")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "FAILED  %s: %v\n", name, err)
		os.Exit(1)
	}
	fmt.Println("ok ", name)
}

// One stream. It collects what it reads.
type stream struct {
	chatv1.ChatService_ChatClient
	all chatv1.ChatResponse
}

func open(client chatv1.ChatServiceClient, ctx context.Context, values ...string) (*stream, error) {
	call, err := client.Chat(metadata.AppendToOutgoingContext(ctx, values...))
	return &stream{ChatService_ChatClient: call}, err
}

func (s *stream) send(offset, text string) error {
	return s.Send(&chatv1.ChatRequest{Sends: []*chatv1.Send{{ClientOffset: offset, Text: text}}})
}

func (s *stream) read() error {
	response, err := s.Recv()
	if err != nil {
		return err
	}
	if s.all.Heartbeat == nil {
		s.all.Heartbeat = response.Heartbeat
	}
	s.all.Joined = append(s.all.Joined, response.Joined...)
	s.all.Messages = append(s.all.Messages, response.Messages...)
	s.all.CaughtUp = append(s.all.CaughtUp, response.CaughtUp...)
	s.all.Acks = append(s.all.Acks, response.Acks...)
	s.all.Refusals = append(s.all.Refusals, response.Refusals...)
	return nil
}

func (s *stream) until(isThere func() bool) error {
	for !isThere() {
		if err := s.read(); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) toEnd() error {
	for {
		if err := s.read(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func texts(messages []*chatv1.Message) (all []string) {
	for _, message := range messages {
		all = append(all, message.Text)
	}
	return all
}

func main() {
	random := make([]byte, 12)
	rand.Read(random)
	run := hex.EncodeToString(random)
	room := "go-" + run
	offset := func(n int) string { return fmt.Sprintf("%s-%d", run, n) }

	connection, err := grpc.Dial(os.Args[1], grpc.WithInsecure())
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	client := chatv1.NewChatServiceClient(connection)
	plain, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ctx := metadata.AppendToOutgoingContext(plain, "user", "ann-"+run)
	var ann *stream

	step("the first response holds the heartbeat and Joined of the first room", func() (bool, error) {
		if ann, err = open(client, ctx, "room", room); err != nil {
			return false, err
		}
		err := ann.until(func() bool { return len(ann.all.Joined) > 0 })
		return err == nil && ann.all.Heartbeat.Interval.Seconds > 0 && ann.all.Joined[0].Room == room && ann.all.Joined[0].HeadId == 0, err
	})

	step("sends are acked with the next ids, and delivered", func() (bool, error) {
		ann.send(offset(1), "one")
		ann.send(offset(2), "two")
		err := ann.until(func() bool { return len(ann.all.Acks) == 2 && len(ann.all.Messages) == 2 })
		return err == nil && ann.all.Acks[1].Id == 2 && fmt.Sprint(texts(ann.all.Messages)) == "[one two]", err
	})

	step("a repeated client offset is acked as a duplicate with the same id", func() (bool, error) {
		ann.send(offset(2), "two")
		err := ann.until(func() bool { return len(ann.all.Acks) == 3 })
		return err == nil && ann.all.Acks[2].Id == 2 && ann.all.Acks[2].Duplicate, err
	})

	step("a client offset with a different text is refused as OFFSET_REUSED", func() (bool, error) {
		ann.send(offset(2), "another two")
		err := ann.until(func() bool { return len(ann.all.Refusals) > 0 })
		return err == nil && ann.all.Refusals[0].Reason == chatv1.Reason_REASON_OFFSET_REUSED, err
	})

	step("after half-close everything is answered and the stream ends with OK", func() (bool, error) {
		ann.send(offset(3), "three")
		ann.CloseSend()
		err := ann.toEnd()
		return err == nil && ann.all.Acks[3].Id == 3 && ann.all.Messages[2].Text == "three", err
	})

	step("a client that reconnects gets exactly what it missed", func() (bool, error) {
		bob, err := open(client, plain, "user", "bob", "room", room, "last-seen-id", "1", "log-id", ann.all.Joined[0].LogId)
		if err != nil {
			return false, err
		}
		err = bob.until(func() bool { return len(bob.all.CaughtUp) > 0 })
		bob.CloseSend()
		return err == nil && bob.all.Joined[0].Resume == chatv1.Resume_RESUME_COMPLETE &&
			fmt.Sprint(texts(bob.all.Messages)) == "[two three]", err
	})

	step("SendMessage and the stream share their client offsets", func() (bool, error) {
		response, err := client.SendMessage(ctx, &chatv1.SendMessageRequest{
			Send: &chatv1.Send{Room: room, ClientOffset: offset(1), Text: "one"}})
		return err == nil && response.Ack.Id == 1 && response.Ack.Duplicate, err
	})

	step("a refused SendMessage is ALREADY_EXISTS", func() (bool, error) {
		_, err := client.SendMessage(ctx, &chatv1.SendMessageRequest{
			Send: &chatv1.Send{Room: room, ClientOffset: offset(1), Text: "another one"}})
		return status.Code(err) == codes.AlreadyExists, nil
	})

	step("ListMessages returns the newest page of a room", func() (bool, error) {
		page, err := client.ListMessages(ctx, &chatv1.ListMessagesRequest{Room: room, PageSize: 2})
		return err == nil && fmt.Sprint(texts(page.Messages)) == "[two three]" && page.HeadId == 3, err
	})

	step("ListRooms returns the room and its newest id", func() (bool, error) {
		heads, token := map[string]int64{}, ""
		for {
			page, err := client.ListRooms(ctx, &chatv1.ListRoomsRequest{PageSize: 1000, PageToken: token})
			if err != nil {
				return false, err
			}
			for _, found := range page.Rooms {
				heads[found.Name] = found.HeadId
			}
			if token = page.NextPageToken; token == "" {
				return heads[room] == 3, nil
			}
		}
	})
}
