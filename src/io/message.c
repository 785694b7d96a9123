/*
 * Messages between processes over SOCK_SEQPACKET: the kernel keeps them whole and in order, and
 * carries descriptors. What arrives is trusted as little as a browser: the process at the other end
 * may have been taken over.
 */
#include "io/message.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NUMBER_SIZE 8 /* bytes, the lowest first */
#define LENGTH_SIZE 4

/* Room for a few of the peer's descriptors, so that those that nobody asked for can be closed; the
 * kernel drops what has no room. */
#define DESCRIPTORS_MAX 8

#define SOCKET_BUFFER (1 << 20)

static void put_bytes(struct pk_buf *out, uint64_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		pk_buf_char(out, (char)(unsigned char)(number >> (8 * i)));
}

void message_put_number(struct pk_buf *out, uint64_t number)
{
	put_bytes(out, number, NUMBER_SIZE);
}

void message_put_str(struct pk_buf *out, struct pk_str text)
{
	if (text.len > MESSAGE_MAX) {
		out->overflow = true;
		return;
	}
	put_bytes(out, text.len, LENGTH_SIZE);
	pk_buf_put(out, text);
}

struct message_reader message_reader(struct pk_str message)
{
	return (struct message_reader){.left = message};
}

/* The next `size` bytes, or none and bad. */
static struct pk_str take(struct message_reader *reader, size_t size)
{
	const struct pk_str taken = pk_str_first(reader->left, size);

	if (reader->bad || taken.len < size) {
		reader->bad = true;
		return PK_STR("");
	}
	reader->left = pk_str_from(reader->left, size);
	return taken;
}

static uint64_t take_bytes(struct message_reader *reader, size_t size)
{
	const struct pk_str taken = take(reader, size);
	uint64_t number = 0;

	for (size_t i = 0; i < taken.len; i++)
		number |= (uint64_t)(unsigned char)taken.ptr[i] << (8 * i);
	return number;
}

uint64_t message_number(struct message_reader *reader)
{
	return take_bytes(reader, NUMBER_SIZE);
}

struct pk_str message_str(struct message_reader *reader, size_t max)
{
	const size_t len = take_bytes(reader, LENGTH_SIZE);

	if (len > max)
		reader->bad = true;
	return take(reader, len);
}

bool message_done(const struct message_reader *reader)
{
	return !reader->bad && reader->left.len == 0;
}

/* The kernel may grant less than this; a full socket is message_send()'s to report. */
static void widen(int socket)
{
	const int size = SOCKET_BUFFER;

	(void)setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

bool message_pair(int ret_fd[static 2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ret_fd) < 0)
		return false;
	widen(ret_fd[0]);
	widen(ret_fd[1]);
	return true;
}

/* An empty datagram would be read as the end of the connection. */
bool message_send(int socket, struct pk_str message, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {(void *)(uintptr_t)message.ptr, message.len};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t sent;

	if (message.len == 0 || message.len > MESSAGE_MAX)
		return false;
	if (fd != -1) {
		header.msg_control = control;
		header.msg_controllen = sizeof(control);

		struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)message.len;
}

/* Collects the descriptors that came; gives their number. */
static size_t collect(struct msghdr *header, int fds[static DESCRIPTORS_MAX])
{
	size_t count = 0;

	for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
			continue;

		const size_t here = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < here && count < DESCRIPTORS_MAX; i++, count++)
			memcpy(&fds[count], CMSG_DATA(at) + i * sizeof(int), sizeof(int));
	}
	return count;
}

static void close_from(const int *fds, size_t start, size_t count)
{
	for (size_t i = start; i < count; i++)
		close(fds[i]);
}

enum message_receipt message_receive(int socket, void *memory, struct pk_str *ret, int *ret_fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
	struct iovec part = {memory, MESSAGE_MAX};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	int fds[DESCRIPTORS_MAX];
	ssize_t got;

	if (ret_fd)
		*ret_fd = -1;
	do
		got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? MESSAGE_NONE : MESSAGE_CLOSED;

	const size_t count = collect(&header, fds);

	if (got == 0 || count > 1 || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		close_from(fds, 0, count);
		return MESSAGE_CLOSED;
	}
	if (ret_fd && count == 1)
		*ret_fd = fds[0];
	else
		close_from(fds, 0, count);
	*ret = (struct pk_str){memory, (size_t)got};
	return MESSAGE_GOT;
}
