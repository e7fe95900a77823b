# A conversation with a running service, through code that is generated without flags: conversation.rb ADDRESS
require 'securerandom'
require 'chat/v1/chat_services_pb'

include GrpcChat::V1

address = ARGV.fetch(0)
run = SecureRandom.hex(12)
room = "ruby-#{run}"
stub = ChatService::Stub.new(address, :this_channel_is_insecure, timeout: 60)
metadata = { 'user' => "ann-#{run}" }

def step(name)
  raise 'it is not so' unless yield
  puts "ok  #{name}"
rescue StandardError => e
  abort "FAILED  #{name}: #{e.message}"
end

# One stream. It collects what it reads.
class Stream
  attr_reader :joined, :messages, :caught_up, :acks, :refusals, :heartbeat

  def initialize(stub, metadata)
    @joined, @messages, @caught_up, @acks, @refusals = [], [], [], [], []
    @requests = Queue.new
    @responses = stub.chat(Enumerator.new { |out| while (request = @requests.pop) do out << request end }, metadata: metadata)
  end

  def write(**fields) = @requests << ChatRequest.new(**fields)

  def half_close = @requests << nil

  def until
    take(@responses.next) until yield
  end

  def to_end
    loop { take(@responses.next) } # Ends where the stream does; a status other than OK is raised.
  end

  private

  def take(response)
    @heartbeat ||= response.heartbeat
    @joined.concat(response.joined.to_a)
    @messages.concat(response.messages.to_a)
    @caught_up.concat(response.caught_up.to_a)
    @acks.concat(response.acks.to_a)
    @refusals.concat(response.refusals.to_a)
  end
end

ann = Stream.new(stub, metadata.merge('room' => room))
send = ->(number, text) { ann.write(sends: [Send.new(client_offset: "#{run}-#{number}", text: text)]) }

step 'the first response holds the heartbeat and Joined of the first room' do
  ann.until { ann.joined.any? }
  ann.heartbeat.interval.seconds.positive? && ann.joined[0].room == room && ann.joined[0].head_id.zero?
end

step 'sends are acked with the next ids, and delivered' do
  send.call(1, 'one')
  send.call(2, 'two')
  ann.until { ann.acks.size == 2 && ann.messages.size == 2 }
  ann.acks.map(&:id) == [1, 2] && ann.messages.map(&:text) == %w[one two]
end

step 'a repeated client offset is acked as a duplicate with the same id' do
  send.call(2, 'two')
  ann.until { ann.acks.size == 3 }
  ann.acks[2].id == 2 && ann.acks[2].duplicate
end

step 'a client offset with a different text is refused as OFFSET_REUSED' do
  send.call(2, 'another two')
  ann.until { ann.refusals.any? }
  ann.refusals[0].reason == :REASON_OFFSET_REUSED
end

step 'after half-close everything is answered and the stream ends with OK' do
  send.call(3, 'three')
  ann.half_close
  ann.to_end
  ann.acks.last.id == 3 && ann.messages.last.text == 'three'
end

step 'a client that reconnects gets exactly what it missed' do
  position = { 'last-seen-id' => '1', 'log-id' => ann.joined[0].log_id }
  bob = Stream.new(stub, position.merge('user' => 'bob', 'room' => room))
  bob.until { bob.caught_up.any? }
  bob.half_close
  bob.to_end
  bob.joined[0].resume == :RESUME_COMPLETE && bob.messages.map(&:text) == %w[two three]
end

step 'SendMessage and the stream share their client offsets' do
  # The field is called send, like a method of every object: set it in the constructor or with [].
  request = SendMessageRequest.new
  request['send'] = Send.new(room: room, client_offset: "#{run}-1", text: 'one')
  ack = stub.send_message(request, metadata: metadata).ack
  ack.id == 1 && ack.duplicate && request['send'].text == 'one'
end

step 'a refused SendMessage is ALREADY_EXISTS' do
  request = SendMessageRequest.new(send: Send.new(room: room, client_offset: "#{run}-1", text: 'another one'))
  begin
    stub.send_message(request, metadata: metadata)
    false
  rescue GRPC::AlreadyExists
    true
  end
end

step 'ListMessages returns the newest page of a room' do
  page = stub.list_messages(ListMessagesRequest.new(room: room, page_size: 2))
  page.messages.map(&:id) == [2, 3] && page.head_id == 3
end

step 'ListRooms returns the room and its newest id' do
  rooms, token = {}, ''
  loop do
    page = stub.list_rooms(ListRoomsRequest.new(page_size: 1000, page_token: token))
    page.rooms.each { |found| rooms[found.name] = found.head_id }
    token = page.next_page_token
    break if token.empty?
  end
  rooms[room] == 3
end
