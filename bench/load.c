/*
 * The load client: one thread, one epoll loop, frames made by hand, so that the server is what is measured.
 *
 * Everything that arrives is checked: the handshake, the order, the length and the content of each message.
 * A server that drops, repeats or mixes up messages is an error here, never a fast server.
 *
 * Usage: load MODE PORT PATH PID CLIENTS MESSAGES WARMUP SIZE WINDOW PROTOCOL
 *   echo     each client keeps one message under way; MESSAGES of them in all
 *   fanout   client 0 publishes MESSAGES, WINDOW under way; all clients, itself among them, receive each
 *   chat     the clients publish MESSAGES in turn, WINDOW under way; all receive each
 *   connect  opens WARMUP clients and closes them, then opens CLIENTS as fast as the server takes them
 *   idle     opens WARMUP clients and closes them, then opens CLIENTS and waits until the memory is steady
 * PROTOCOL is what messages are wrapped in: plain, or socketio (Engine.IO 4, Socket.IO 5).
 * Prints one line of JSON. PID is the server's: its CPU time and memory are read from /proc.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  MAX_SIZE = 65000,
  MAX_HEADER = 14,
  MAX_WRAP = 64,
  HANDSHAKE_ROOM = 4096,
  CONNECTING_AT_ONCE = 64,
  PROBE_MS = 300,
  STALL_SEC = 10,
  LIMIT_SEC = 180,
  COLLECT_MS = 8000,
  SETTLE_STEP_MS = 500,
  SETTLE_STEPS = 6,
  SETTLE_MAX_STEPS = 60,
};

/* The example of RFC 6455, section 1.3, so that the right answer is known without SHA-1. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum stage { CONNECTING, UPGRADING, GREETING, OPEN, CLOSED };

struct client {
  int fd;
  enum stage stage;
  uint32_t expected;   /* number of the next message that must come */
  uint64_t sent_at;
  uint8_t *rest;       /* what came of a message that is not complete yet */
  size_t rest_length;
};

static struct client *clients;
static int client_count, open_count, connecting_count;
static int epoll_fd, port, server_pid;
static size_t size;
static const char *path;
static const char *prefix = "", *suffix = "";   /* what a message is wrapped in */
static int is_greeted;                          /* the server says more after the handshake */
static int is_closing;                      /* the end of a connection is expected */
static uint64_t progress_at;
static void no_more(int index, const uint8_t *message);
static void (*on_message)(int index, const uint8_t *message) = no_more;

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* ---- What the server used ------------------------------------------------------------------------ */

static double server_cpu(void) {
  char name[64], text[2048];
  snprintf(name, sizeof name, "/proc/%d/stat", server_pid);
  FILE *file = fopen(name, "r");
  if (!file) fail("the server has ended");
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  /* The second field is the name in brackets and may hold blanks: utime is the 12th after it. */
  char *field = strrchr(text, ')');
  for (int skip = 0; field && skip < 12; skip++) field = strchr(field + 1, ' ');
  unsigned long user, system;
  if (!field || sscanf(field, "%lu %lu", &user, &system) != 2) fail("cannot read %s", name);
  return (user + system) / (double)sysconf(_SC_CLK_TCK);
}

static long server_rss_kb(void) {
  char name[64], line[256];
  long kb = -1;
  snprintf(name, sizeof name, "/proc/%d/status", server_pid);
  FILE *file = fopen(name, "r");
  if (!file) fail("the server has ended");
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "VmRSS: %ld", &kb) == 1) break;
  fclose(file);
  if (kb < 0) fail("cannot read VmRSS of the server");
  return kb;
}

static double own_cpu(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return use.ru_utime.tv_sec + use.ru_stime.tv_sec +
         (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

/* ---- Messages ------------------------------------------------------------------------------------ */

static uint8_t payload[MAX_SIZE];

/* Numbers a message as text: who, then which. What follows is the same in all. */
static const uint8_t *make_payload(uint32_t who, uint64_t which) {
  static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
  for (int at = 3; at >= 0; at--, who >>= 6) payload[at] = digits[who & 63];
  for (int at = 9; at >= 4; at--, which >>= 6) payload[at] = digits[which & 63];
  return payload;
}

/* Sends one masked text frame. */
static void send_payload(int index, const uint8_t *message) {
  static uint8_t wrapped[MAX_SIZE + MAX_WRAP], frame[MAX_SIZE + MAX_WRAP + MAX_HEADER];
  static uint32_t mask_seed = 0x9e3779b9;
  size_t head = strlen(prefix), tail = strlen(suffix), length = head + size + tail, at = 0;
  memcpy(wrapped, prefix, head);
  memcpy(wrapped + head, message, size);
  memcpy(wrapped + head + size, suffix, tail);
  frame[at++] = 0x81;
  if (length < 126) {
    frame[at++] = 0x80 | length;
  } else {
    frame[at++] = 0x80 | 126;
    frame[at++] = length >> 8;
    frame[at++] = length & 255;
  }
  mask_seed = mask_seed * 1664525 + 1013904223;
  uint8_t mask[4];
  memcpy(mask, &mask_seed, 4);
  memcpy(frame + at, mask, 4);
  at += 4;
  for (size_t i = 0; i < length; i++) frame[at + i] = wrapped[i] ^ mask[i & 3];
  at += length;
  /* So little is under way at a time that the kernel always has room for it. */
  if (write(clients[index].fd, frame, at) != (ssize_t)at) fail("the server has stopped reading");
}

static void send_pong(struct client *client, const uint8_t *data, size_t length) {
  uint8_t frame[6 + 125] = {0x8a, 0x80 | length};
  memcpy(frame + 6, data, length);
  if (write(client->fd, frame, 6 + length) != (ssize_t)(6 + length)) fail("a pong was not taken");
}

/* Sends a short text, masked with zeros. */
static void send_text(struct client *client, const char *text) {
  uint8_t frame[6 + 125] = {0x81, 0x80 | strlen(text)};
  ssize_t length = 6 + strlen(text);
  memcpy(frame + 6, text, strlen(text));
  if (write(client->fd, frame, length) != length) fail("a text was not taken");
}

/* Handles what belongs to Engine.IO and Socket.IO and is no message; returns whether it was that. */
static int take_packet(struct client *client, const uint8_t *text, size_t length) {
  if (!is_greeted || length == 0) return 0;
  if (text[0] == '0') send_text(client, "40");
  else if (text[0] == '2') send_text(client, "3");
  else if (length >= 2 && !memcmp(text, "40", 2)) {
    client->stage = OPEN;
    open_count++;
    connecting_count--;
  } else return 0;
  return 1;
}

/* Hands on a message without what it is wrapped in. */
static void take_message(int index, const uint8_t *text, size_t length) {
  size_t head = strlen(prefix), tail = strlen(suffix);
  if (take_packet(&clients[index], text, length)) return;
  if (length != head + size + tail)
    fail("client %d: a message of %zu bytes, expected %zu", index, length, head + size + tail);
  if (memcmp(text, prefix, head) || memcmp(text + head + size, suffix, tail))
    fail("client %d: a message that is not wrapped as it was", index);
  on_message(index, text + head);
}

/* Handles the complete frames of some bytes; returns how many bytes those are. */
static size_t take_frames(int index, const uint8_t *bytes, size_t length) {
  struct client *client = &clients[index];
  size_t at = 0;
  while (length - at >= 2) {
    const uint8_t *frame = bytes + at;
    size_t payload_length = frame[1], header = 2;
    if (frame[1] == 126) {
      if (length - at < 4) break;
      payload_length = frame[2] << 8 | frame[3];
      header = 4;
    } else if (frame[1] > 126) {
      fail("client %d: a masked or huge frame", index);
    }
    int opcode = frame[0] & 15;
    if (!(frame[0] & 0x80) || frame[0] & 0x70) fail("client %d: a fragmented frame", index);
    if (opcode > 2 && payload_length > 125) fail("client %d: a long control frame", index);
    if (length - at < header + payload_length) break;
    if (opcode == 1) take_message(index, frame + header, payload_length);
    else if (opcode == 9) send_pong(client, frame + header, payload_length);
    else if (opcode == 8 && is_closing) client->stage = CLOSED;
    else if (opcode == 8)
      fail("client %d: the server closed with %d", index,
           payload_length < 2 ? 1005 : frame[header] << 8 | frame[header + 1]);
    else fail("client %d: a frame of type %d, expected text", index, opcode);
    at += header + payload_length;
  }
  return at;
}

/* ---- Connections --------------------------------------------------------------------------------- */

static void watch(int index, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.u32 = index};
  if (epoll_ctl(epoll_fd, operation, clients[index].fd, &event)) fail("epoll: %s", strerror(errno));
}

static void begin_connect(int index) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket: %s", strerror(errno));
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
    fail("connect: %s", strerror(errno));
  clients[index] = (struct client){.fd = fd, .stage = CONNECTING, .rest = clients[index].rest};
  watch(index, EPOLL_CTL_ADD, EPOLLOUT);
  connecting_count++;
}

static void send_upgrade(int index) {
  char request[1024];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Key: " KEY "\r\n"
                        "Sec-WebSocket-Version: 13\r\n\r\n",
                        path, port);
  if (length >= (int)sizeof request) fail("the path is too long");
  if (write(clients[index].fd, request, length) != length) fail("connect: %s", strerror(errno));
  clients[index].stage = UPGRADING;
  watch(index, EPOLL_CTL_MOD, EPOLLIN);
}

/* Handles the answer to the upgrade, once complete; returns how many bytes it has. */
static size_t take_handshake(int index, const uint8_t *bytes, size_t length) {
  const uint8_t *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (!end) {
    if (length > HANDSHAKE_ROOM / 2) fail("the answer to the upgrade is too long");
    return 0;
  }
  size_t taken = end + 4 - bytes;
  if (length < 12 || memcmp(bytes, "HTTP/1.1 101", 12))
    fail("the server refused: %.*s", (int)strcspn((const char *)bytes, "\r"), bytes);
  if (!memmem(bytes, taken, ACCEPT, strlen(ACCEPT))) fail("Sec-WebSocket-Accept is wrong");
  if (is_greeted) {
    clients[index].stage = GREETING;
  } else {
    clients[index].stage = OPEN;
    open_count++;
    connecting_count--;
  }
  return taken;
}

static void drop(int index) {
  close(clients[index].fd);
  clients[index].stage = CLOSED;
  clients[index].rest_length = 0;
  open_count--;
}

static void read_from(int index) {
  static uint8_t bytes[1 << 18];
  struct client *client = &clients[index];
  size_t length = client->rest_length, at = 0;
  if (length) memcpy(bytes, client->rest, length);
  ssize_t count = read(client->fd, bytes + length, sizeof bytes - length);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0 && is_closing) {
    drop(index);
    return;
  }
  if (count <= 0) fail("client %d: the connection broke", index);
  length += count;
  if (client->stage == UPGRADING) at = take_handshake(index, bytes, length);
  if (client->stage >= GREETING) at += take_frames(index, bytes + at, length - at);
  client->rest_length = length - at;
  if (client->rest_length == 0) return;
  if (!client->rest) client->rest = malloc(HANDSHAKE_ROOM + MAX_SIZE + MAX_WRAP + MAX_HEADER);
  memcpy(client->rest, bytes + at, client->rest_length);
}

/* One turn of the loop. */
static void turn(int timeout_ms) {
  struct epoll_event events[512];
  int count = epoll_wait(epoll_fd, events, 512, timeout_ms);
  for (int at = 0; at < count; at++) {
    int index = events[at].data.u32;
    if (clients[index].stage == CONNECTING) send_upgrade(index);
    else read_from(index);
  }
}

static void turns_for(int ms) {
  uint64_t until = now() + ms * 1000000ull;
  for (uint64_t time = now(); time < until; time = now()) turn((until - time) / 1000000 + 1);
}

/* Fails when nothing has come for too long. */
static void check_stall(const char *what, uint64_t got, uint64_t wanted) {
  if (now() - progress_at < STALL_SEC * 1000000000ull) return;
  fail("stalled: nothing came for %d s, after %llu of %llu %s", STALL_SEC, (unsigned long long)got,
       (unsigned long long)wanted, what);
}

static void open_clients(int count) {
  int begun = 0, reported = -1;
  is_closing = 0;
  progress_at = now();
  while (open_count < count) {
    while (begun < count && connecting_count < CONNECTING_AT_ONCE) begin_connect(begun++);
    turn(100);
    if (open_count != reported) {
      reported = open_count;
      progress_at = now();
    }
    check_stall("connections", open_count, count);
  }
}

/* Closes as a well-behaved client does, and waits for the other side. */
static void close_clients(int count) {
  static const uint8_t frame[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};
  is_closing = 1;
  progress_at = now();
  for (int index = 0; index < count; index++)
    if (write(clients[index].fd, frame, sizeof frame) < 0) fail("close: %s", strerror(errno));
  while (open_count > 0) {
    turn(100);
    check_stall("closed connections", count - open_count, count);
  }
}

/* ---- A measured stretch -------------------------------------------------------------------------- */

struct stretch {
  double server_cpu, own_cpu, seconds;
};

static struct stretch begin_stretch(void) {
  progress_at = now();
  return (struct stretch){server_cpu(), own_cpu(), now() / 1e9};
}

static struct stretch end_stretch(struct stretch begun) {
  return (struct stretch){server_cpu() - begun.server_cpu, own_cpu() - begun.own_cpu,
                          now() / 1e9 - begun.seconds};
}

/* What a run came to; what a mode does not measure stays 0. */
struct result {
  uint64_t count;
  struct stretch used;
  double p50, p99, p999;    /* us */
  long base_kb, rss_kb;
};

static void print_result(struct result result) {
  printf("{\"count\":%llu,\"seconds\":%.6f,\"serverCpu\":%.3f,\"clientCpu\":%.3f,"
         "\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"baseKb\":%ld,\"rssKb\":%ld}\n",
         (unsigned long long)result.count, result.used.seconds, result.used.server_cpu,
         result.used.own_cpu, result.p50, result.p99, result.p999, result.base_kb, result.rss_kb);
}

/* Anything that comes after the last message that was due is one too many. */
static void no_more(int index, const uint8_t *message) {
  fail("client %d: a message too many: %.10s", index, message);
}

static void check_no_more(void) {
  on_message = no_more;
  turns_for(50);
}

/* ---- echo ---------------------------------------------------------------------------------------- */

static uint64_t echo_sent, echo_got, echo_wanted;
static uint32_t *round_trips;               /* ns; null while warming up */

static void echo_next(int index) {
  struct client *client = &clients[index];
  echo_sent++;
  client->sent_at = now();
  send_payload(index, make_payload(index, client->expected));
}

static void echo_message(int index, const uint8_t *message) {
  struct client *client = &clients[index];
  uint64_t time = now();
  if (memcmp(message, make_payload(index, client->expected), size))
    fail("client %d: the echo differs from what was sent: %.10s", index, message);
  client->expected++;
  uint64_t took = time - client->sent_at;
  if (round_trips) round_trips[echo_got] = took > UINT32_MAX ? UINT32_MAX : took;
  echo_got++;
  progress_at = time;
  if (echo_sent < echo_wanted) echo_next(index);
}

static struct stretch run_echo(uint64_t messages) {
  on_message = echo_message;
  echo_sent = echo_got = 0;
  echo_wanted = messages;
  struct stretch begun = begin_stretch();
  for (int index = 0; index < client_count && echo_sent < messages; index++) echo_next(index);
  while (echo_got < messages) {
    turn(100);
    check_stall("echoes", echo_got, messages);
  }
  return end_stretch(begun);
}

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static void echo(uint64_t messages, uint64_t warmup) {
  open_clients(client_count);
  run_echo(warmup);
  round_trips = malloc(messages * sizeof *round_trips);
  struct stretch used = run_echo(messages);
  check_no_more();
  qsort(round_trips, messages, sizeof *round_trips, by_value);
  print_result((struct result){.count = messages,
                               .used = used,
                               .p50 = round_trips[messages / 2] / 1e3,
                               .p99 = round_trips[messages * 99 / 100] / 1e3,
                               .p999 = round_trips[messages * 999 / 1000] / 1e3});
}

/* ---- fanout -------------------------------------------------------------------------------------- */

static uint64_t fan_got, fan_complete;
static uint32_t fan_base;
static int fan_window;
static int *fan_counts;                     /* deliveries of each message under way */

static void fan_message(int index, const uint8_t *message) {
  struct client *client = &clients[index];
  if (memcmp(message, make_payload(0, client->expected), size))
    fail("client %d: expected message %u, got %.10s", index, client->expected, message);
  /* Members get the messages in order, so a member is never further ahead than the window. */
  int *count = &fan_counts[(client->expected++ - fan_base) % fan_window];
  fan_got++;
  if (++*count == client_count) {
    *count = 0;
    fan_complete++;
  }
}

static struct stretch run_fanout(uint64_t messages) {
  on_message = fan_message;
  uint64_t sent = fan_got = fan_complete = 0, seen = 0;
  fan_base = clients[0].expected;
  struct stretch begun = begin_stretch();
  while (fan_complete < messages) {
    for (; sent < messages && sent - fan_complete < (uint64_t)fan_window; sent++)
      send_payload(0, make_payload(0, fan_base + sent));
    turn(100);
    if (fan_got != seen) {
      seen = fan_got;
      progress_at = now();
    }
    check_stall("deliveries", fan_got, messages * client_count);
  }
  return end_stretch(begun);
}

static uint32_t probe;
static int probed;

static void probe_message(int index, const uint8_t *message) {
  progress_at = now();
  if (memcmp(message, make_payload(1, probe), size)) return;   /* an earlier probe */
  clients[index].expected = 0;
  probed++;
}

/*
 * Being connected is not being a member: a server may add members a little later. Publishes probes until one
 * has reached all; as messages keep their order, no earlier probe is under way then. The next one waits until
 * nothing has come for a while: a slow server is not to be buried in them.
 */
static void await_members(void) {
  on_message = probe_message;
  progress_at = now();
  for (probed = 0; probed < client_count;) {
    probe++;
    probed = 0;
    send_payload(0, make_payload(1, probe));
    uint64_t sent_at = now();
    while (probed < client_count) {
      turns_for(10);
      uint64_t quiet_since = progress_at > sent_at ? progress_at : sent_at;
      if (now() - quiet_since > PROBE_MS * 1000000ull) break;
    }
    check_stall("members", probed, client_count);
  }
}

static void fanout(uint64_t messages, uint64_t warmup, int window) {
  fan_window = window;
  fan_counts = calloc(window, sizeof *fan_counts);
  open_clients(client_count);
  await_members();
  run_fanout(warmup);
  struct stretch used = run_fanout(messages);
  check_no_more();
  print_result((struct result){.count = messages * client_count, .used = used});
}

/* ---- chat ---------------------------------------------------------------------------------------- */

static uint64_t chat_got;
static uint32_t *chat_sent, *chat_heard;    /* by sender; by receiver and sender */

static void chat_message(int index, const uint8_t *message) {
  /* Who sent it is its first four digits: the order that counts is that of each sender. */
  for (int at = 0; at < client_count; at++) {
    uint32_t *heard = &chat_heard[index * client_count + at];
    if (*heard < chat_sent[at] && !memcmp(message, make_payload(at, *heard), size)) {
      (*heard)++;
      chat_got++;
      return;
    }
  }
  fail("client %d: nobody is to be heard with %.10s", index, message);
}

static struct stretch run_chat(uint64_t messages, int window) {
  on_message = chat_message;
  uint64_t sent = 0, seen = 0;
  chat_got = 0;
  struct stretch begun = begin_stretch();
  while (chat_got < messages * client_count) {
    for (; sent < messages && sent * client_count < chat_got + (uint64_t)window * client_count; sent++) {
      int who = sent % client_count;
      send_payload(who, make_payload(who, chat_sent[who]++));
    }
    turn(100);
    if (chat_got != seen) {
      seen = chat_got;
      progress_at = now();
    }
    check_stall("deliveries", chat_got, messages * client_count);
  }
  return end_stretch(begun);
}

static void chat(uint64_t messages, uint64_t warmup, int window) {
  chat_sent = calloc(client_count, sizeof *chat_sent);
  chat_heard = calloc((size_t)client_count * client_count, sizeof *chat_heard);
  open_clients(client_count);
  await_members();
  run_chat(warmup, window);
  struct stretch used = run_chat(messages, window);
  check_no_more();
  print_result((struct result){.count = messages * client_count, .used = used});
}

/* ---- connect ------------------------------------------------------------------------------------- */

static void connect_all(int warmup) {
  on_message = no_more;
  open_clients(warmup);
  close_clients(warmup);
  struct stretch begun = begin_stretch();
  open_clients(client_count);
  print_result((struct result){.count = client_count, .used = end_stretch(begun)});
}

/* ---- idle ---------------------------------------------------------------------------------------- */

/*
 * Waits until the server's memory has moved by less than 0.5 % for some time. Before that, it stands still at
 * what the handshakes left as garbage, until the server has been idle for long enough to collect it.
 */
static long settled_rss_kb(void) {
  long recent[SETTLE_STEPS];
  turns_for(COLLECT_MS);
  for (int step = 0; step < SETTLE_MAX_STEPS; step++) {
    turns_for(SETTLE_STEP_MS);
    recent[step % SETTLE_STEPS] = server_rss_kb();
    if (step < SETTLE_STEPS - 1) continue;
    long least = recent[0], most = recent[0];
    for (int at = 1; at < SETTLE_STEPS; at++) {
      if (recent[at] < least) least = recent[at];
      if (recent[at] > most) most = recent[at];
    }
    if (most - least <= most / 200) return recent[step % SETTLE_STEPS];
  }
  fail("the server's memory does not settle");
  return 0;
}

static void idle(int warmup) {
  on_message = no_more;
  /* What the first connections cost (code, pools) is paid before the count begins. */
  open_clients(warmup);
  close_clients(warmup);
  long base = settled_rss_kb();
  open_clients(client_count);
  long full = settled_rss_kb();
  print_result((struct result){.count = client_count, .base_kb = base, .rss_kb = full});
}

/* ---- The command --------------------------------------------------------------------------------- */

static void raise_file_limit(int wanted) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < (rlim_t)wanted)
    fail("%d open files are needed and %llu allowed: raise the limit (ulimit -Hn)", wanted,
         (unsigned long long)limit.rlim_max);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv) {
  if (argc != 11)
    fail("usage: load MODE PORT PATH PID CLIENTS MESSAGES WARMUP SIZE WINDOW PROTOCOL");
  const char *mode = argv[1];
  port = atoi(argv[2]);
  path = argv[3];
  server_pid = atoi(argv[4]);
  client_count = atoi(argv[5]);
  long messages = atol(argv[6]), warmup = atol(argv[7]), length = atol(argv[8]);
  int window = atoi(argv[9]);
  if (client_count < 1 || messages < 1 || warmup < 0 || window < 1) fail("a count is out of range");
  if (length < 16 || length > MAX_SIZE) fail("SIZE must be 16 to %d", MAX_SIZE);
  size = length;
  if (!strcmp(argv[10], "socketio")) {
    prefix = "42[\"m\",\"";
    suffix = "\"]";
    is_greeted = 1;
  } else if (strcmp(argv[10], "plain")) {
    fail("unknown protocol %s", argv[10]);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);         /* nobody waits for the result any more */
  signal(SIGPIPE, SIG_IGN);
  alarm(LIMIT_SEC);
  int most = warmup > client_count && (!strcmp(mode, "idle") || !strcmp(mode, "connect"))
                 ? warmup
                 : client_count;
  raise_file_limit(most + 64);
  clients = calloc(most, sizeof *clients);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  memset(payload, '.', sizeof payload);
  if (!strcmp(mode, "echo")) echo(messages, warmup);
  else if (!strcmp(mode, "fanout")) fanout(messages, warmup, window);
  else if (!strcmp(mode, "chat")) chat(messages, warmup, window);
  else if (!strcmp(mode, "connect")) connect_all(warmup);
  else if (!strcmp(mode, "idle")) idle(warmup);
  else fail("unknown mode %s", mode);
  return 0;
}
