/*
 * Where the broker listens: a unix socket or a port of this machine. Anything else would carry
 * tokens over a network in the clear, and is refused.
 */
#ifndef GATEWAY_BROKER_ADDRESS_H
#define GATEWAY_BROKER_ADDRESS_H

#include "proofkey.h"

/* NULL, or what is wrong with it. */
const char *broker_address_check(struct pk_str address);

/* The path of the unix socket, or "not given" where it is a port. */
struct pk_str broker_address_path(struct pk_str address);

/* The listening socket, or -1 with a sentence in `error`. */
int broker_address_listen(const char *address, char *error, size_t error_size);

/* Takes the socket's name away again: who comes next is told at once that nobody is there. */
void broker_address_leave(const char *address);

#endif
