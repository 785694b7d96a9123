/*
 * The messages between processes: one SOCK_SEQPACKET datagram each, a kind and then its fields in a
 * fixed order. The reader trusts nothing: a field that is not there, too long or left over makes
 * the whole message bad.
 */
#ifndef IO_MESSAGE_H
#define IO_MESSAGE_H

#include "proofkey.h"

#define MESSAGE_MAX 32768 /* bytes */

/* Writing: into a struct pk_buf of MESSAGE_MAX bytes. */
void message_put_number(struct pk_buf *out, uint64_t number);
void message_put_str(struct pk_buf *out, struct pk_str text);

/* Reading: a cursor. `bad` stays set; a bad message gives zeros and empty texts. Views point into
 * the message. */
struct message_reader {
	struct pk_str left;
	bool bad;
};

struct message_reader message_reader(struct pk_str message);
uint64_t message_number(struct message_reader *reader);
struct pk_str message_str(struct message_reader *reader, size_t max);

/* Whether everything was read and nothing was bad. */
bool message_done(const struct message_reader *reader);

/* A pair of connected, non-blocking, close-on-exec sockets; false with errno. */
bool message_pair(int ret_fd[static 2]);

/* Sends one message, with a file descriptor if `fd` is not -1; false when the other side is gone or
 * too far behind. */
bool message_send(int socket, struct pk_str message, int fd);

enum message_receipt { MESSAGE_GOT, MESSAGE_NONE, MESSAGE_CLOSED };

/* Receives into `memory` (MESSAGE_MAX bytes). `ret_fd` may be NULL (a descriptor that comes is
 * closed then), else it is -1 or the caller's. A cut-off message counts as MESSAGE_CLOSED: the
 * other side is not who it should be. */
enum message_receipt message_receive(int socket, void *memory, struct pk_str *ret, int *ret_fd);

#endif
